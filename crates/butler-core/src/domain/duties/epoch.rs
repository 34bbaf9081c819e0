//! The duties of one epoch.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

use super::checkpoint::{Carried, KnownCheckpoint};
use super::duty::{Done, Duty, DutyKind};
use super::fate::Fate;
use crate::domain::proposers::proposer;
use crate::domain::rollup::RollupClock;

/// So many slots on both sides say whether the others proposed.
const AROUND: u64 = 8;

/// How the proposers of an epoch are drawn. Nobody proposes where the committee is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The committee in its order.
    pub committee: Vec<Address>,
    /// The epoch's seed.
    pub seed: U256,
}

/// The draw of an epoch, and whether it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochDraw {
    /// The draw.
    pub draw: Draw,
    /// Whether the escape hatch was open, so that it was nobody's turn.
    pub is_hatch: bool,
}

/// What is known of an epoch with duties.
#[derive(Debug, Clone, Copy)]
pub struct EpochFacts<'a> {
    /// The epoch.
    pub epoch: u64,
    /// Its draw.
    pub draw: &'a Draw,
    /// The rollup's clock.
    pub clock: &'a RollupClock,
    /// The checkpoints of its slots, of those around it too, in the order of their logs. The last one of a slot counts.
    pub checkpoints: &'a [&'a KnownCheckpoint],
    /// The first and the last slot that are over in blocks that were all read.
    pub read: (u64, u64),
    /// Whether no log is missing: else a slot without a checkpoint is one that was not read.
    pub is_complete: bool,
}

/// The duties of these attesters in an epoch, slot by slot; of slots that are over and were read.
#[must_use]
pub fn duties_of(facts: &EpochFacts<'_>, own: &BTreeSet<Address>) -> Vec<Duty> {
    let (first, last) = facts.read;
    // A rollup may say that its epochs have any number of slots.
    let slots = facts.clock.slots_of(facts.epoch).unwrap_or_default();
    let slots = slots.start.max(first)..slots.end.min(last.saturating_add(1));
    if !facts.draw.committee.iter().any(|member| own.contains(member)) {
        return Vec::new();
    }
    let placed = facts.checkpoints.iter().filter_map(|one| Some((one.slot()?, *one)));
    let by_slot: BTreeMap<u64, &KnownCheckpoint> = placed.collect();
    let unplaced: Vec<&KnownCheckpoint> =
        facts.checkpoints.iter().copied().filter(|one| one.slot().is_none()).collect();
    let mut duties = Vec::new();
    for slot in slots {
        let here = by_slot.get(&slot).copied();
        let turn = proposer(&facts.draw.committee, facts.draw.seed, facts.epoch, slot);
        if let Some(attester) = turn.filter(|attester| own.contains(attester)) {
            let may_be = |one: &&KnownCheckpoint| (one.slots.0..=one.slots.1).contains(&slot);
            let done = match here {
                Some(_) => Done::Done,
                None if !facts.is_complete || unplaced.iter().any(may_be) => Done::Unread,
                None => missed(facts, &by_slot, slot),
            };
            duties.push(Duty { slot, attester, kind: DutyKind::Propose, done });
        }
        let Some(here) = here else { continue };
        for member in facts.draw.committee.iter().filter(|member| own.contains(*member)) {
            let done = here.carried.as_ref().map_or(Done::Unread, |carried| attested(carried, *member));
            duties.push(Duty { slot, attester: *member, kind: DutyKind::Attest, done });
        }
    }
    duties
}

/// Why nobody proposed in a slot.
fn missed(facts: &EpochFacts<'_>, by_slot: &BTreeMap<u64, &KnownCheckpoint>, slot: u64) -> Done {
    // What the one before built upon was cut away: whoever followed had nothing to build upon until the chain was mended.
    let before = by_slot.range(..slot).next_back().map(|(_, one)| one.fate);
    let is_cut = match before {
        Some(Fate::Pruned(_) | Fate::Invalidated(_)) => true,
        Some(Fate::Stands | Fate::Unknown) | None => false,
    };
    if is_cut {
        return Done::Excused;
    }
    let around = slot.saturating_sub(AROUND).max(facts.read.0)..=slot.saturating_add(AROUND).min(facts.read.1);
    let others = around.clone().filter(|other| *other != slot).count();
    let taken = by_slot.range(around).count();
    if taken.saturating_mul(2) > others { Done::MissedAlone } else { Done::MissedWithMany }
}

/// Whether a member attested, by what the proposal carried.
fn attested(carried: &Carried, member: Address) -> Done {
    match carried.committee.iter().find(|(one, _)| *one == member) {
        // The contract takes no committee but the epoch's own: this is of another one.
        None => Done::Unread,
        Some((_, true)) => Done::Done,
        Some((_, false)) => {
            let others = carried.committee.len().saturating_sub(1);
            let attested = carried.committee.iter().filter(|(_, attested)| *attested).count();
            // Three quarters of the others: a proposal needs two thirds of all to stand.
            if attested.saturating_mul(4) >= others.saturating_mul(3) {
                Done::MissedAlone
            } else {
                Done::MissedWithMany
            }
        }
    }
}
