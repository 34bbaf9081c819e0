//! From what is remembered to what is told.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::content::{Content, Entry, Reading};
use super::following::Following;
use crate::chain::duties::logs::{Logged, Placed, checkpoints, unknown};
use crate::chain::duties::span::{Span, epochs_with};
use crate::domain::duties::{Done, DutiesSeen, DutyKind, Gap, KnownCheckpoint, NetworkRates, SeenProposal};

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
        let has_turns =
            |epoch: u64| self.draws.get(&epoch).is_some_and(|draw| !draw.is_hatch && !draw.draw.committee.is_empty());
        let network = match gap {
            Some(_) => NetworkRates::default(),
            None => NetworkRates::of(&checkpoints, slots, &clock, has_turns),
        };
        let running = clock.epoch_at(head.timestamp).unwrap_or_default();
        let mut duties = span.duties(&ours, Some(own));
        // Of the epoch that goes on only own proposals were asked for by now, and what waits for the next look is no trouble.
        let waiting: Vec<&Entry> = self.entries.iter().filter(|entry| entry.is_waiting()).collect();
        let is_asked = |slot: u64| !waiting.iter().any(|entry| entry.may_be_of(slot));
        duties.retain(|duty| {
            let is_over = duty.kind == DutyKind::Propose || clock.epoch_of(duty.slot) < running;
            duty.done != Done::Unread || is_over && is_asked(duty.slot)
        });
        self.note_proposals(&checkpoints, own, first.number);
        DutiesSeen {
            rollup,
            clock,
            blocks: (first.number, head.number),
            slots,
            proposals: self.proposals_at(rollup).filter(|one| own.contains(&one.proposer)).collect(),
            duties,
            network,
            hatches: self.draws.iter().filter(|(_, draw)| draw.is_hatch).map(|(epoch, _)| *epoch).collect(),
            gap,
            unread: self.unread(),
        }
    }

    /// Own proposals that are remembered, oldest first.
    pub(super) fn proposals_at(&self, rollup: Address) -> impl Iterator<Item = SeenProposal> + '_ {
        self.proposals.iter().map(move |one| one.at(rollup))
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
        let own = checkpoints.iter().filter_map(KnownCheckpoint::proposal).filter(|one| own.contains(&one.proposer));
        self.proposals.retain(|one| one.block < first);
        self.proposals.extend(own);
        self.proposals.sort_by_key(|one| (one.slot, one.block));
    }

    fn unread(&self) -> BTreeMap<H256, String> {
        let failed = self.entries.iter().filter_map(|entry| match &entry.reading {
            Reading::Failed { why, .. } => Some((entry.log.transaction_hash, why.clone())),
            Reading::Not | Reading::LeftOut(_) | Reading::Read { .. } => None,
        });
        failed.collect()
    }
}
