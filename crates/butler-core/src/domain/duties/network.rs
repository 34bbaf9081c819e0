//! What all attesters of a rollup did, as far as it was read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::checkpoint::KnownCheckpoint;
use crate::domain::rollup::RollupClock;

/// What all attesters of the rollup did, as far as it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRates {
    /// Slots in which it was somebody's turn to propose.
    pub slots: u64,
    /// Those of them that have a checkpoint.
    pub proposed: u64,
    /// Attestations that could have been sent with the checkpoints whose transactions were read.
    pub members: u64,
    /// Those of them that were.
    pub attested: u64,
}

impl NetworkRates {
    /// What was done from the first to the last of these slots, in epochs in which it was somebody's turn.
    #[must_use]
    pub fn of(
        checkpoints: &[KnownCheckpoint],
        (first, last): (u64, u64),
        clock: &RollupClock,
        is_turn: impl Fn(u64) -> bool,
    ) -> Self {
        let mut rates = Self::default();
        for epoch in (clock.epoch_of(first)..=clock.epoch_of(last)).filter(|epoch| is_turn(*epoch)) {
            let Some(slots) = clock.slots_of(epoch) else { continue };
            let here = slots.end.min(last.saturating_add(1)).saturating_sub(slots.start.max(first));
            rates.slots = rates.slots.saturating_add(here);
        }
        let is_within = |one: &&KnownCheckpoint| {
            first <= one.slots.0 && one.slots.1 <= last && is_turn(clock.epoch_of(one.slots.0))
        };
        // After an invalidation a slot can have a second one.
        let mut proposed = BTreeSet::new();
        for one in checkpoints.iter().filter(is_within) {
            proposed.insert((one.slots, one.slot().is_none().then_some(one.block)));
            let Some(carried) = &one.carried else { continue };
            let attested = carried.committee.iter().filter(|(_, attested)| *attested);
            rates.members = rates.members.saturating_add(count(carried.committee.len()));
            rates.attested = rates.attested.saturating_add(count(attested.count()));
        }
        rates.proposed = count(proposed.len()).min(rates.slots);
        rates
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
