//! What is remembered: logs of checkpoints with what their transactions carried, draws of epochs, and own proposals.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use crate::chain::duties::logs::Logged;
use crate::contracts::checkpoint_events::CheckpointEvent;
use crate::domain::attester::delegation::LogId;
use crate::domain::block::BlockRef;
use crate::domain::duties::{Carried, EpochDraw, Fate, SeenProposal};
use crate::domain::proposers::proposer;
use crate::domain::rollup::RollupClock;

/// Blocks whose times are remembered, so many seconds apart.
const APART: u64 = 600;
/// So often the blocks double that pass between two tries: an hour.
const MOST_DOUBLED: u8 = 8;
/// So many seconds longer what nobody told is waited for: a week.
pub(super) const LONGEST: u64 = 7 * 86_400;
/// Own proposals that are remembered: two years of an operator who proposes each half hour.
const PROPOSALS: usize = 40_000;

/// Whom a book is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    pub(super) chain_id: u64,
    pub(super) rollup: Address,
}

/// What it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    /// The time from which on it was followed, in unix seconds.
    pub(super) since: u64,
    /// Blocks whose times are known, oldest first: the first one whose logs were read, some between, and the last one.
    pub(super) anchors: Vec<BlockRef>,
    /// In the order of their logs.
    pub(super) entries: Vec<Entry>,
    pub(super) draws: BTreeMap<u64, EpochDraw>,
    /// Epochs whose draws one of several endpoints told alone: they are asked for again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) alone: BTreeSet<u64>,
    /// The escape hatch that was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hatch: Option<Address>,
    /// In the order of their slots.
    pub(super) proposals: Vec<SeenProposal>,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) log: LogId,
    pub(super) event: CheckpointEvent,
    /// The first and the last slot in which its block can have been made.
    pub(super) slots: (u64, u64),
    pub(super) reading: Reading,
}

/// What is known of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reading {
    /// It was not asked for.
    Not,
    /// It was asked for in vain.
    Failed {
        /// How often.
        tries: u8,
        /// At which block last.
        at: u64,
        /// Whether it was told and is not legible, so that waiting does not help.
        #[serde(default)]
        is_told: bool,
        /// What was wrong with it.
        why: String,
    },
    /// Nobody attested it: it is nobody's duty. Its slot.
    LeftOut(u64),
    /// What it carried.
    Read {
        slot: u64,
        proposer: Address,
        coinbase: Address,
        /// Members of the epoch's committee, by their places, for whom no attestation was sent.
        absent: Vec<u16>,
    },
}

impl Entry {
    /// Where its log stands.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.log.block_number, self.log.log_index)
    }

    /// Whether it tells of a checkpoint that was proposed.
    pub(super) fn is_proposal(&self) -> bool {
        matches!(self.event, CheckpointEvent::Proposed(_))
    }

    /// Whether it tells of a checkpoint whose transaction was never asked for.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_proposal() && self.reading == Reading::Not
    }

    /// Whether its block may be of that slot.
    pub(super) fn may_be_of(&self, slot: u64) -> bool {
        (self.slots.0..=self.slots.1).contains(&slot)
    }

    /// How often its transaction was asked for in vain.
    pub(super) fn tries(&self) -> u8 {
        if let Reading::Failed { tries, .. } = self.reading { tries } else { 0 }
    }

    /// Whether it may be asked for at that block: after each try in vain twice as many blocks pass as after the one before, and those that
    /// were asked for in vain for long are asked for together.
    pub(super) fn is_due(&self, block: u64) -> bool {
        match self.reading {
            Reading::Not => true,
            Reading::Failed { tries, at, .. } => block >> tries.min(MOST_DOUBLED) != at >> tries.min(MOST_DOUBLED),
            Reading::LeftOut(_) | Reading::Read { .. } => false,
        }
    }

    /// The checkpoint that it tells of; what became of it is not known here.
    pub(super) fn logged(&self) -> Option<Logged> {
        let CheckpointEvent::Proposed(checkpoint) = self.event else { return None };
        Some(Logged { log: self.log, checkpoint, fate: Fate::Unknown })
    }

    /// Its slot, where that is known.
    pub(super) fn slot(&self) -> Option<u64> {
        match self.reading {
            Reading::LeftOut(slot) | Reading::Read { slot, .. } => Some(slot),
            Reading::Not | Reading::Failed { .. } => (self.slots.0 == self.slots.1).then_some(self.slots.0),
        }
    }

    /// What its transaction carried, with the committee of its epoch.
    pub(super) fn carried(&self, clock: &RollupClock, draws: &BTreeMap<u64, EpochDraw>) -> Option<Carried> {
        let Reading::Read { slot, proposer, coinbase, absent } = &self.reading else { return None };
        let committee = &draws.get(&clock.epoch_of(*slot))?.draw.committee;
        let places = 0_u16..;
        let committee = committee.iter().zip(places).map(|(member, place)| (*member, !absent.contains(&place)));
        Some(Carried { proposer: *proposer, coinbase: *coinbase, committee: committee.collect() })
    }
}

impl Reading {
    /// What it is after a transaction was read.
    pub(super) fn of(slot: u64, carried: Option<&Carried>) -> Self {
        let Some(carried) = carried else { return Self::LeftOut(slot) };
        let members = carried.committee.iter().zip(0_u16..);
        let absent = members.filter(|((_, attested), _)| !attested).map(|(_, place)| place).collect();
        Self::Read { slot, proposer: carried.proposer, coinbase: carried.coinbase, absent }
    }
}

impl Content {
    /// Nothing yet, from this block on.
    pub(super) fn new(since: u64, first: BlockRef) -> Self {
        Self {
            since,
            anchors: vec![first],
            entries: Vec::new(),
            draws: BTreeMap::new(),
            alone: BTreeSet::new(),
            hatch: None,
            proposals: Vec::new(),
        }
    }

    /// The first block whose logs were read.
    pub(super) fn first(&self) -> Option<&BlockRef> {
        self.anchors.first()
    }

    /// The last one; the first one where nothing was read yet.
    pub(super) fn last(&self) -> Option<&BlockRef> {
        self.anchors.last()
    }

    /// The last block up to this height whose hash is known.
    pub(super) fn last_up_to(&self, number: u64) -> Option<&BlockRef> {
        self.anchors.iter().rfind(|anchor| anchor.number <= number)
    }

    /// Forgets all but own proposals and the last block; says whether there was more.
    pub(super) fn retire(&mut self) -> bool {
        let Some(last) = self.last().copied() else { return false };
        let retired = Self { proposals: std::mem::take(&mut self.proposals), ..Self::new(last.timestamp, last) };
        let had_more = self.anchors.len() > 1 || !self.entries.is_empty() || !self.draws.is_empty();
        *self = retired;
        had_more
    }

    /// Whether it can be what this program wrote.
    pub(super) fn is_sound(&self) -> bool {
        let places: Vec<(u64, u64)> = self.entries.iter().map(Entry::place).collect();
        !self.anchors.is_empty()
            && self.anchors.is_sorted_by(|one, next| one.number < next.number && one.timestamp <= next.timestamp)
            && places.is_sorted_by(|one, next| one < next)
            && self.entries.iter().all(|entry| entry.slots.0 <= entry.slots.1)
            && self.proposals.is_sorted_by_key(|one| one.slot)
    }

    /// Takes events in the place of those of `replaced` ranges of blocks; what stays as it was keeps what is known of it.
    pub(super) fn replace(&mut self, replaced: &[(u64, u64)], mut new: Vec<Entry>) {
        let is_replaced = |block: u64| replaced.iter().any(|(from, to)| (*from..=*to).contains(&block));
        let (old, kept): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| is_replaced(entry.log.block_number));
        let known: BTreeMap<(u64, u64, H256), Entry> = old.into_iter().map(|entry| (key(&entry), entry)).collect();
        for entry in &mut new {
            if let Some(known) = known.get(&key(entry)).filter(|known| known.event == entry.event) {
                *entry = Entry { log: entry.log, ..known.clone() };
            }
        }
        self.entries = kept;
        self.entries.extend(new.into_iter().filter(|entry| is_replaced(entry.log.block_number)));
        self.entries.sort_by_key(Entry::place);
        self.entries.dedup_by_key(|entry| entry.place());
    }

    /// The slots in which the block of each log can have been made, by the places of the logs.
    pub(super) fn slots(&self) -> BTreeMap<(u64, u64), (u64, u64)> {
        self.entries.iter().map(|entry| (entry.place(), entry.slots)).collect()
    }

    /// Whether the draw of an epoch is known, and not by one of several endpoints alone.
    pub(super) fn is_settled(&self, epoch: u64) -> bool {
        self.draws.contains_key(&epoch) && !self.alone.contains(&epoch)
    }

    /// Whether transactions of an epoch were read by its draw.
    pub(super) fn has_read(&self, epoch: u64, clock: &RollupClock) -> bool {
        let of_epoch = |entry: &&Entry| match entry.reading {
            Reading::Read { slot, .. } => clock.epoch_of(slot) == epoch,
            Reading::Not | Reading::Failed { .. } | Reading::LeftOut(_) => false,
        };
        self.entries.iter().any(|entry| of_epoch(&entry))
    }

    /// Takes in a draw that was told again. Where it is another one, what was read by the one before is read anew.
    pub(super) fn note_draw(&mut self, epoch: u64, draw: EpochDraw, clock: &RollupClock) {
        let before = self.draws.insert(epoch, draw);
        if before.as_ref() == self.draws.get(&epoch) {
            return;
        }
        let is_here = |entry: &&mut Entry| entry.slot().is_some_and(|slot| clock.epoch_of(slot) == epoch);
        for entry in self.entries.iter_mut().filter(is_here) {
            entry.reading = Reading::Not;
        }
    }

    /// Notes that all blocks up to this one were read.
    pub(super) fn note_last(&mut self, last: BlockRef) {
        self.anchors.retain(|anchor| anchor.number < last.number);
        if let [.., before, newest] = self.anchors.as_slice()
            && newest.timestamp.saturating_sub(before.timestamp) < APART
        {
            self.anchors.pop();
        }
        self.anchors.push(last);
    }

    /// Whether an entry can be of a slot in which it was the turn of one of these.
    pub(super) fn is_own_turn(&self, entry: &Entry, clock: &RollupClock, own: &BTreeSet<Address>) -> bool {
        let (first, last) = entry.slots;
        let draws = self.draws.range(clock.epoch_of(first)..=clock.epoch_of(last)).filter(|(_, draw)| !draw.is_hatch);
        draws.map(|(epoch, EpochDraw { draw, .. })| (*epoch, draw)).any(|(epoch, draw)| {
            let slots = clock.slots_of(epoch).unwrap_or_default();
            let mut here = slots.start.max(first)..slots.end.min(last.saturating_add(1));
            here.any(|slot| {
                let turn = proposer(&draw.committee, draw.seed, epoch, slot);
                turn.is_some_and(|attester| own.contains(&attester))
            })
        })
    }

    /// Forgets what is older than that, but own proposals. What ours proposed and nobody told is waited for a week longer.
    pub(super) fn forget_before(&mut self, since: u64, clock: &RollupClock, own: &BTreeSet<Address>) {
        self.since = since;
        let is_missed = |entry: &&Entry| {
            matches!(entry.reading, Reading::Failed { is_told: false, .. }) && self.is_own_turn(entry, clock, own)
        };
        let missed = self.entries.iter().find(is_missed).and_then(|entry| clock.slot_start(entry.slots.0));
        let since = missed.map_or(since, |missed| missed.clamp(since.saturating_sub(LONGEST), since));
        let behind = self.anchors.partition_point(|anchor| anchor.timestamp <= since);
        self.anchors.drain(..behind.saturating_sub(1).min(self.anchors.len().saturating_sub(1)));
        let Some(first) = self.anchors.first().copied() else { return };
        self.entries.retain(|entry| entry.log.block_number >= first.number);
        let epoch = clock.epoch_at(first.timestamp).unwrap_or_default();
        self.draws.retain(|one, _| *one >= epoch);
        self.alone.retain(|one| *one >= epoch);
        let too_many = self.proposals.len().saturating_sub(PROPOSALS);
        self.proposals.drain(..too_many);
    }
}

fn key(entry: &Entry) -> (u64, u64, H256) {
    (entry.log.block_number, entry.log.log_index, entry.log.transaction_hash)
}
