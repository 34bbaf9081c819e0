//! From what is remembered to what is told.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::content::{Content, Entry, Reading};
use super::following::Following;
use crate::chain::duties::logs::{Logged, Placed, checkpoints, unknown};
use crate::chain::duties::span::{Span, epochs_with};
use crate::domain::duties::{Done, DutiesSeen, DutyKind, EpochDraw, Gap, KnownCheckpoint, NetworkRates, SeenProposal};
use crate::domain::rollup::RollupClock;

impl Content {
    /// What is told of it. Own proposals are remembered.
    pub(super) fn seen(&mut self, rollup: Address, following: &Following<'_>, gap: Option<Gap>) -> DutiesSeen {
        let Following { clock, own, head, .. } = *following;
        let first = self.first().copied().unwrap_or(head);
        let checkpoints = self.checkpoints(following, gap.is_some());
        let slot = |time| clock.slot_at(time).unwrap_or_default();
        let slots = (slot(first.timestamp).saturating_add(1), slot(head.timestamp).saturating_sub(1));
        let ours = epochs_with(&self.draws, Some(own));
        let span =
            Span { clock, draws: &self.draws, checkpoints: &checkpoints, read: slots, is_complete: gap.is_none() };
        let running = clock.epoch_at(head.timestamp).unwrap_or_default();
        let mut duties = span.duties(&ours, Some(own));
        // Of the epoch that goes on only own proposals were asked for by now.
        duties.retain(|duty| {
            duty.done != Done::Unread || duty.kind == DutyKind::Propose || clock.epoch_of(duty.slot) < running
        });
        // What waits for its turn to be asked for is no trouble.
        let waiting: Vec<&Entry> = self.entries.iter().filter(|entry| entry.is_waiting()).collect();
        duties.retain(|duty| !waiting.iter().any(|entry| entry.may_be_of(duty.slot)));
        self.note_proposals(&checkpoints, own, first.number);
        DutiesSeen {
            rollup,
            clock,
            blocks: (first.number, head.number),
            slots,
            proposals: self.proposals.iter().filter(|one| own.contains(&one.proposer)).copied().collect(),
            duties,
            network: if gap.is_some() { NetworkRates::default() } else { self.network(&checkpoints, slots, &clock) },
            hatches: self.draws.iter().filter(|(_, draw)| draw.is_hatch).map(|(epoch, _)| *epoch).collect(),
            gap,
            unread: self.unread(),
        }
    }

    /// The checkpoints with what is known of each, in the order of their logs.
    fn checkpoints(&self, following: &Following<'_>, is_gap: bool) -> Vec<KnownCheckpoint> {
        let events: Vec<Placed> = self.entries.iter().map(|entry| (entry.log, entry.event)).collect();
        let after = following.pending.map(|pending| (pending, following.head.number));
        let told = if is_gap { Err(()) } else { checkpoints(&events, after).map_err(drop) };
        let logged = told.unwrap_or_else(|()| unknown(&events));
        let proposed = self.entries.iter().filter(|entry| entry.is_proposal());
        let known = |(entry, Logged { log, checkpoint, fate }): (&Entry, Logged)| KnownCheckpoint {
            number: checkpoint.number,
            slots: entry.slot().map_or(entry.slots, |slot| (slot, slot)),
            transaction: log.transaction_hash,
            block: log.block_number,
            fate,
            carried: entry.carried(&following.clock, &self.draws),
        };
        proposed.zip(logged).map(known).collect()
    }

    /// Remembers own proposals; those of blocks that were read are what they are now.
    fn note_proposals(&mut self, checkpoints: &[KnownCheckpoint], own: &BTreeSet<Address>, first: u64) {
        let own = checkpoints.iter().filter_map(|one| {
            let carried = one.carried.as_ref().filter(|carried| own.contains(&carried.proposer))?;
            Some(SeenProposal {
                number: one.number,
                slot: one.slot()?,
                proposer: carried.proposer,
                coinbase: carried.coinbase,
                transaction: one.transaction,
                block: one.block,
                fate: one.fate,
            })
        });
        self.proposals.retain(|one| one.block < first);
        self.proposals.extend(own);
        self.proposals.sort_by_key(|one| (one.slot, one.block));
    }

    fn network(&self, checkpoints: &[KnownCheckpoint], (first, last): (u64, u64), clock: &RollupClock) -> NetworkRates {
        let mut rates = NetworkRates::default();
        let is_theirs = |draw: &EpochDraw| !draw.is_hatch && !draw.draw.committee.is_empty();
        for epoch in self.draws.iter().filter(|(_, draw)| is_theirs(draw)).map(|(epoch, _)| *epoch) {
            let Some(slots) = clock.slots_of(epoch) else { continue };
            let here = slots.end.min(last.saturating_add(1)).saturating_sub(slots.start.max(first));
            rates.slots = rates.slots.saturating_add(here);
        }
        let is_counted = |one: &&KnownCheckpoint| {
            let epoch = clock.epoch_of(one.slots.0);
            one.slots.0 >= first && one.slots.1 <= last && self.draws.get(&epoch).is_some_and(is_theirs)
        };
        let mut proposed = BTreeSet::new();
        for one in checkpoints.iter().filter(is_counted) {
            proposed.insert((one.slots, one.slot().is_none().then_some(one.block)));
            let Some(carried) = &one.carried else { continue };
            let attested = carried.committee.iter().filter(|(_, attested)| *attested);
            rates.members = rates.members.saturating_add(count(carried.committee.len()));
            rates.attested = rates.attested.saturating_add(count(attested.count()));
        }
        rates.proposed = count(proposed.len()).min(rates.slots);
        rates
    }

    fn unread(&self) -> BTreeMap<H256, String> {
        let failed = self.entries.iter().filter_map(|entry| match &entry.reading {
            Reading::Failed { why, .. } => Some((entry.log.transaction_hash, why.clone())),
            Reading::Not | Reading::LeftOut(_) | Reading::Read { .. } => None,
        });
        failed.collect()
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
