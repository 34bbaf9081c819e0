//! What was lost by when: proposals that paid somebody else.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use super::past::Moment;
use crate::domain::duties::{Expected, SeenProposal, used};

/// What one attester lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Its first proposal that paid somebody else, and its moment.
    pub first: (SeenProposal, Moment),
    /// The last one.
    pub last: (SeenProposal, Moment),
    /// How many there are.
    pub count: u64,
    /// When it would have been told first, and how many there were by then.
    pub told: Option<(Moment, u64)>,
}

/// What all attesters lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// By attester.
    pub by_attester: BTreeMap<Address, Loss>,
    /// When each of the proposals was there, in their order.
    moments: Vec<Moment>,
}

impl Losses {
    /// Takes a proposal in, which is judged by what is expected at its moment.
    pub(super) fn note(&mut self, one: &SeenProposal, at: Moment, expected: &Expected) {
        let judged = used(one.coinbase, one.proposer, one.block, expected.get(&one.proposer).copied());
        if !judged.is_astray() {
            return;
        }
        self.moments.push(at);
        let (place, none) = ((*one, at), Loss { first: (*one, at), last: (*one, at), count: 0, told: None });
        let loss = self.by_attester.entry(one.proposer).or_insert(none);
        loss.count = loss.count.saturating_add(1);
        loss.last = place;
    }

    /// That what an attester lost is told now.
    pub(super) fn tell(&mut self, attester: &Address, at: Moment) {
        if let Some(loss) = self.by_attester.get_mut(attester) {
            let count = loss.count;
            loss.told.get_or_insert((at, count));
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.moments.len()).unwrap_or(u64::MAX)
    }

    /// How many there were up to this time, in unix seconds.
    #[must_use]
    pub fn by(&self, time: u64) -> u64 {
        u64::try_from(self.moments.partition_point(|one| one.time <= time)).unwrap_or(u64::MAX)
    }

    /// When the first of them was there, and the last one.
    #[must_use]
    pub fn span(&self) -> Option<(Moment, Moment)> {
        Some((*self.moments.first()?, *self.moments.last()?))
    }

    /// When the first of them would have been told, and how many there were by then.
    #[must_use]
    pub fn told(&self) -> Option<(Moment, u64)> {
        let first = self.by_attester.values().filter_map(|loss| Some(loss.told?.0)).min()?;
        let by_then = self.moments.partition_point(|one| one.block <= first.block);
        Some((first, u64::try_from(by_then).unwrap_or(u64::MAX)))
    }
}
