//! Duties added up: by attester, and of all of ours.

use std::collections::BTreeMap;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::duty::{Done, Duty, DutyKind};

/// How many duties of one kind came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Done.
    pub done: u64,
    /// Missed while the others did theirs.
    pub missed_alone: u64,
    /// Missed with most of the others.
    pub missed_with_many: u64,
    /// Not counted: the chain was cut back around them.
    pub excused: u64,
    /// Could not be read.
    pub unread: u64,
}

impl Rate {
    /// Adds one.
    fn add(&mut self, done: Done) {
        let count = match done {
            Done::Done => &mut self.done,
            Done::MissedAlone => &mut self.missed_alone,
            Done::MissedWithMany => &mut self.missed_with_many,
            Done::Excused => &mut self.excused,
            Done::Unread => &mut self.unread,
        };
        *count = count.saturating_add(1);
    }

    /// How many came to that.
    #[must_use]
    pub fn of(&self, done: Done) -> u64 {
        match done {
            Done::Done => self.done,
            Done::MissedAlone => self.missed_alone,
            Done::MissedWithMany => self.missed_with_many,
            Done::Excused => self.excused,
            Done::Unread => self.unread,
        }
    }

    /// Missed ones.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed_alone.saturating_add(self.missed_with_many)
    }

    /// Those of which it is known whether they were done.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.done.saturating_add(self.missed())
    }
}

/// What one attester did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Its turns to propose.
    pub proposals: Rate,
    /// Checkpoints that it was to attest.
    pub attestations: Rate,
}

impl Tally {
    /// Those of one kind.
    #[must_use]
    pub fn of(&self, kind: DutyKind) -> &Rate {
        match kind {
            DutyKind::Propose => &self.proposals,
            DutyKind::Attest => &self.attestations,
        }
    }

    /// Adds one.
    fn add(&mut self, duty: &Duty) {
        match duty.kind {
            DutyKind::Propose => self.proposals.add(duty.done),
            DutyKind::Attest => self.attestations.add(duty.done),
        }
    }
}

/// Duties added up: of all attesters together, and of each.
#[must_use]
pub fn tally<'a>(duties: impl IntoIterator<Item = &'a Duty>) -> (Tally, BTreeMap<Address, Tally>) {
    let (mut total, mut tallies) = (Tally::default(), BTreeMap::<Address, Tally>::new());
    for duty in duties {
        total.add(duty);
        tallies.entry(duty.attester).or_default().add(duty);
    }
    (total, tallies)
}
