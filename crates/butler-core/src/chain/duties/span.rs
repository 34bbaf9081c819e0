//! From checkpoints and draws to duties.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use crate::domain::duties::{Duty, EpochDraw, EpochFacts, KnownCheckpoint, duties_of};
use crate::domain::rollup::RollupClock;

/// The epochs in which one of these was to do something: anybody, where it is `None`.
pub(super) fn epochs_with(draws: &BTreeMap<u64, EpochDraw>, own: Option<&BTreeSet<Address>>) -> BTreeSet<u64> {
    let is_theirs = |draw: &EpochDraw| {
        let has_own = |own: &BTreeSet<Address>| draw.draw.committee.iter().any(|member| own.contains(member));
        !draw.is_hatch && own.map_or(!draw.draw.committee.is_empty(), has_own)
    };
    draws.iter().filter(|(_, draw)| is_theirs(draw)).map(|(epoch, _)| *epoch).collect()
}

/// What is known of a span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) clock: RollupClock,
    pub(super) draws: &'a BTreeMap<u64, EpochDraw>,
    /// In the order of their logs.
    pub(super) checkpoints: &'a [KnownCheckpoint],
    /// The first and the last slot that are over and were read.
    pub(super) read: (u64, u64),
    /// Whether no log is missing.
    pub(super) is_complete: bool,
}

impl Span<'_> {
    /// The duties of these attesters in these epochs, or everybody's.
    pub(super) fn duties(&self, epochs: &BTreeSet<u64>, own: Option<&BTreeSet<Address>>) -> Vec<Duty> {
        let all: Vec<&KnownCheckpoint> = self.checkpoints.iter().collect();
        // What lies an epoch away says nothing of this one.
        let far = self.clock.epoch_slots;
        let mut duties = Vec::new();
        for epoch in epochs {
            let Some(EpochDraw { draw, .. }) = self.draws.get(epoch) else { continue };
            let slots = self.clock.slots_of(*epoch).unwrap_or_default();
            let around = all.partition_point(|one| one.slots.1.saturating_add(far) < slots.start)
                ..all.partition_point(|one| one.slots.0 < slots.end.saturating_add(far));
            let facts = EpochFacts {
                epoch: *epoch,
                draw,
                clock: &self.clock,
                checkpoints: all.get(around).unwrap_or_default(),
                read: self.read,
                is_complete: self.is_complete,
            };
            let everybody: BTreeSet<Address>;
            let own = match own {
                Some(own) => own,
                None => {
                    everybody = draw.committee.iter().copied().collect();
                    &everybody
                }
            };
            duties.extend(duties_of(&facts, own));
        }
        duties
    }
}
