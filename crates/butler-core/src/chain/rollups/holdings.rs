//! What former rollups hold of ours: planned beside the reads of the canonical rollup's lists, and taken from their answers.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::book::{RollupBook, told_by};
use super::look::Look;
use super::silence::Silence;
use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::chain::stages::{CapabilityReads, ENTRY_GAS, Getter, LENGTH_LIMIT, REWARDS_GAS, RollupFigures, VIEW_GAS};
use crate::chain::witnesses::Witnesses;
use crate::client::l1::L1Client;
use crate::contracts::bindings::{gse, rollup};
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::domain::block::BlockRef;
use crate::domain::ids::Coinbase;
use crate::domain::rollup::{QueuedDeposit, RollupFacts};
use crate::domain::rollups::cut_over::FOLLOWED_SECONDS;
use crate::domain::rollups::{FormerRollup, RollupId};
use crate::text::address::checksummed;

/// So many entries of a queue of unknown length are asked for beside it: past the end the rollup answers zeros.
const PRESUMED: u64 = 8;

/// What is ours.
#[derive(Debug, Clone, Copy)]
pub(in crate::chain) struct Tracked<'a> {
    /// Every attester, as the canonical rollup has it.
    pub(in crate::chain) attesters: &'a BTreeMap<Address, AttesterView>,
    /// Every coinbase.
    pub(in crate::chain) coinbases: &'a BTreeMap<Coinbase, U256>,
    /// Every stake of our providers.
    pub(in crate::chain) delegations: &'a [Delegation],
    /// The staking escrow.
    pub(in crate::chain) gse: Address,
}

/// Reads of all former rollups.
pub(in crate::chain) struct FormerReads(Vec<OneFormer>);

/// Reads of one of them; none but that of its version where it is known to hold nothing.
struct OneFormer {
    id: RollupId,
    version: Slot<U256>,
    /// Whether everything is asked for, whatever the book says.
    is_whole: bool,
    /// Whether it was canonical until a moment ago.
    is_young: bool,
    /// With what the staking escrow says that each has there.
    views: BTreeMap<Address, (Slot<rollup::GetAttesterViewReturn>, Slot<U256>)>,
    rewards: BTreeMap<Coinbase, Slot<U256>>,
    queue: Option<(Slot<U256>, Vec<Slot<rollup::GetEntryQueueAtReturn>>)>,
    figures: Option<(RollupFigures, CapabilityReads)>,
    stakes: u64,
}

impl FormerReads {
    /// Asks what the book does not know.
    pub(in crate::chain) fn plan(
        reads: &mut Reads,
        former: &[RollupId],
        tracked: Tracked<'_>,
        (client, block): (&L1Client, &BlockRef),
        book: &RollupBook,
    ) -> Self {
        let one = |id: &RollupId| {
            let lacks = book.lacks(client, block, id.address);
            let is_young = block.timestamp.saturating_sub(book.since(id.version, block)) < FOLLOWED_SECONDS;
            OneFormer::plan(reads, *id, tracked, (book.look(client, block, id.version), is_young), lacks)
        };
        Self(former.iter().map(one).collect())
    }

    /// What each holds; asks once more where a queue is longer than was presumed.
    pub(in crate::chain) async fn take(
        self,
        answers: &Answers,
        tracked: Tracked<'_>,
        (client, block): (&L1Client, &BlockRef),
        book: &mut RollupBook,
        witnesses: &mut Witnesses,
    ) -> Result<Vec<FormerRollup>, SnapshotError> {
        let mut found = Vec::new();
        for one in self.0 {
            found.push(one.take(answers, tracked, (client, block), (book, witnesses)).await?);
        }
        Ok(found)
    }
}

impl OneFormer {
    fn plan(
        reads: &mut Reads,
        id: RollupId,
        tracked: Tracked<'_>,
        (look, is_young): (Option<&Look>, bool),
        lacks: Option<&BTreeSet<Getter>>,
    ) -> Self {
        let stakes = tracked.delegations.iter().filter(|delegation| delegation.rollup == id.address).count();
        let stakes = u64::try_from(stakes).unwrap_or(u64::MAX);
        // Nobody is on two rollups at a time.
        let elsewhere = tracked.attesters.iter().filter(|(_, view)| view.status == OnChainStatus::None);
        let attesters = elsewhere.map(|(attester, _)| *attester);
        let attesters = attesters.filter(|attester| look.is_none_or(|look| !look.attesters.contains(attester)));
        let coinbases = tracked.coinbases.keys().copied();
        let coinbases = coinbases.filter(|coinbase| look.is_none_or(|look| !look.coinbases.contains(coinbase)));
        let views = attesters.map(|attester| {
            let call = rollup::GetAttesterViewCall { attester };
            let view = reads.push_if_supported(Contract::Rollup, id.address, VIEW_GAS, call);
            let call = gse::EffectiveBalanceOfCall { instance: id.address, attester };
            (attester, (view, reads.push_if_supported(Contract::Gse, tracked.gse, GETTER_GAS, call)))
        });
        let views: BTreeMap<_, _> = views.collect();
        let rewards = coinbases.map(|coinbase| {
            let call = rollup::GetSequencerRewardsCall { coinbase: coinbase.address() };
            (coinbase, reads.push_if_supported(Contract::Rollup, id.address, REWARDS_GAS, call))
        });
        let rewards: BTreeMap<_, _> = rewards.collect();
        let wants_queue = look.is_none_or(|look| look.has_queued || look.stakes != stakes);
        let queue = wants_queue.then(|| {
            let length =
                reads.push_if_supported(Contract::Rollup, id.address, GETTER_GAS, rollup::GetEntryQueueLengthCall);
            // The place behind the last one is asked for, too: it must be empty.
            let presumed = look.map_or(PRESUMED, |look| look.queue_length.saturating_add(1));
            let entries = (0..presumed).map(|index| push_entry(reads, id.address, index)).collect();
            (length, entries)
        });
        // Of a rollup that may hold something its clock is wanted, too, and of one that own nodes still follow.
        let wants_figures = is_young || queue.is_some() || !views.is_empty();
        let figures = wants_figures.then(|| {
            let figures = RollupFigures::plan_if_supported(reads, id.address);
            (figures, CapabilityReads::plan(reads, id.address, lacks, true))
        });
        let version = reads.push_if_supported(Contract::Rollup, id.address, GETTER_GAS, rollup::GetVersionCall);
        Self { id, version, is_whole: look.is_none(), is_young, views, rewards, queue, figures, stakes }
    }

    async fn take(
        &self,
        answers: &Answers,
        tracked: Tracked<'_>,
        (client, block): (&L1Client, &BlockRef),
        (book, witnesses): (&mut RollupBook, &mut Witnesses),
    ) -> Result<FormerRollup, SnapshotError> {
        let mut silence = Silence::of(client);
        let is_it = self.check(answers, &mut silence, book)?;
        let mut found = FormerRollup::empty(self.id, book.since(self.id.version, block));
        if !is_it {
            // Nobody knows whose answers those are.
            found.untold_attesters = self.views.keys().copied().collect();
            found.untold_rewards = self.rewards.keys().copied().collect();
            found.is_queue_untold = self.queue.is_some();
            found.unread = silence.function;
            return Ok(found);
        }
        self.take_views(answers, &mut silence, &mut found)?;
        for (coinbase, slot) in &self.rewards {
            match silence.hear(answers.checked(slot, decode_rewards))? {
                Some(amount) if amount.is_zero() => {}
                Some(amount) => _ = found.pending_rewards.insert(*coinbase, amount),
                None => _ = found.untold_rewards.insert(*coinbase),
            }
        }
        let mut queue_length = None;
        let mut waiting = BTreeSet::new();
        if let Some((length, entries)) = &self.queue {
            let queue = self.queue(answers, (length, entries), (client, block), witnesses).await;
            let queue = silence.hear(queue)?;
            found.is_queue_untold = queue.is_none();
            if let Some(queue) = queue {
                queue_length = Some(u64::try_from(queue.len()).unwrap_or(u64::MAX));
                let own = queue.iter().map(|deposit| deposit.attester);
                waiting = own.filter(|attester| tracked.attesters.contains_key(attester)).collect();
                if !waiting.is_empty() {
                    found.entry_queue = queue;
                }
            }
        }
        found.unread = silence.function.take();
        if self.is_young || found.holds_stakes() || found.is_untold() {
            found.figures = self.figures(answers, (client, block), book)?.map(Box::new);
        }
        if found.unread.is_some() {
            // Whoever lacks what every version has is not taken for empty.
            book.forget_look(self.id.version);
        } else {
            self.note(&found, (queue_length, &waiting), answers, block, book);
        }
        Ok(found)
    }

    fn take_views(
        &self,
        answers: &Answers,
        silence: &mut Silence,
        found: &mut FormerRollup,
    ) -> Result<(), SnapshotError> {
        let mut contradicts = false;
        for (attester, (slot, balance)) in &self.views {
            let view = silence.hear(answers.checked(slot, |answer| decode::attester_view(&answer.0)))?;
            let Some(view) = view else {
                found.untold_attesters.insert(*attester);
                continue;
            };
            // Who validates is who has a balance and no exit (`StakingLib.getStatus`).
            let validates = view.status == OnChainStatus::Validating;
            let has_balance = answers.get(balance).map_or(validates, |balance: U256| !balance.is_zero());
            if validates != has_balance && (validates || view.status == OnChainStatus::None) {
                let problem = format!("another status of {} than its balance gives it", checksummed(attester));
                let error = answers.nonsense((Contract::Rollup, self.id.address), "getAttesterView", problem);
                silence.hear::<()>(Err(error))?;
                found.untold_attesters.insert(*attester);
                contradicts = true;
            } else if view.status != OnChainStatus::None {
                found.attesters.insert(*attester, view);
            }
        }
        if contradicts {
            // A rollup that denies one that it has may deny others.
            let denied = self.views.keys().filter(|attester| !found.attesters.contains_key(attester));
            found.untold_attesters = denied.copied().collect();
        }
        Ok(())
    }

    /// Holds the rollup's own version against the one that it is registered by (`Registry.addRollup`): whether it is that
    /// rollup, as far as it tells. That one of several endpoints alone hears none is held against that endpoint.
    fn check(&self, answers: &Answers, silence: &mut Silence, book: &mut RollupBook) -> Result<bool, SnapshotError> {
        let own = match answers.get(&self.version) {
            Err(SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. })
                if !silence.is_alone && answers.only_giver().is_some() =>
            {
                "none".to_owned()
            }
            Ok(own) if own == self.id.version => return Ok(true),
            Ok(own) => own.to_string(),
            Err(error) => return silence.hear::<()>(Err(error)).map(|_| true),
        };
        book.forget_version(self.id.version);
        let problem = format!("{own}, and the registry has version {} there", self.id.version);
        let error = answers.nonsense((Contract::Rollup, self.id.address), "getVersion", problem);
        silence.hear::<()>(Err(error)).map(|_| false)
    }

    async fn queue(
        &self,
        answers: &Answers,
        (length, presumed): (&Slot<U256>, &[Slot<rollup::GetEntryQueueAtReturn>]),
        (client, block): (&L1Client, &BlockRef),
        witnesses: &mut Witnesses,
    ) -> Result<Vec<QueuedDeposit>, SnapshotError> {
        let length = answers.checked(length, |length| decode::length("getEntryQueueLength", length, LENGTH_LIMIT))?;
        let take = |answers: &Answers, slot: &_| {
            answers.checked(slot, |answer: rollup::GetEntryQueueAtReturn| decode::queued_deposit(&answer.0))
        };
        let told = usize::try_from(length).unwrap_or(usize::MAX);
        let is_filled = |slot: &_| matches!(answers.get(slot), Ok(rollup::GetEntryQueueAtReturn(entry)) if !entry.attester.is_zero());
        if presumed.iter().skip(told).any(is_filled) {
            let problem = format!("{length}, and more wait behind these");
            return Err(answers.nonsense((Contract::Rollup, self.id.address), "getEntryQueueLength", problem));
        }
        let mut queue = Vec::new();
        for slot in presumed.iter().take(told) {
            queue.push(take(answers, slot)?);
        }
        let mut reads = Reads::default();
        let from = u64::try_from(queue.len()).unwrap_or(u64::MAX);
        let more: Vec<_> = (from..length).map(|index| push_entry(&mut reads, self.id.address, index)).collect();
        if !more.is_empty() {
            let answers = reads.fetch(client, block).await?;
            witnesses.note(&answers);
            for slot in &more {
                queue.push(take(&answers, slot)?);
            }
        }
        Ok(queue)
    }

    fn figures(
        &self,
        answers: &Answers,
        (client, block): (&L1Client, &BlockRef),
        book: &mut RollupBook,
    ) -> Result<Option<RollupFacts>, SnapshotError> {
        let Some((figures, capabilities)) = &self.figures else { return Ok(None) };
        let is_alone = client.endpoints().len() == 1;
        let mut head = match figures.take(answers, is_alone) {
            Ok(head) => head,
            // That they are not told is told (`Capability::Figures`).
            Err(error) => return Silence::of(client).hear(Err(error)),
        };
        let lacks = capabilities.take(answers, &mut head.facts, head.active_count, is_alone)?;
        book.note_lacks(&head.facts, lacks, answers, (client, block));
        Ok(Some(head.facts))
    }

    /// Keeps what was not found.
    fn note(
        &self,
        found: &FormerRollup,
        (queue_length, waiting): (Option<u64>, &BTreeSet<Address>),
        answers: &Answers,
        block: &BlockRef,
        book: &mut RollupBook,
    ) {
        let empty = self.views.keys().filter(|attester| !found.attesters.contains_key(attester)).copied();
        let dry = self.rewards.keys().filter(|coinbase| !found.pending_rewards.contains_key(coinbase)).copied();
        let (empty, dry): (BTreeSet<Address>, BTreeSet<Coinbase>) = (empty.collect(), dry.collect());
        let before = book.last_look(self.id.version).filter(|_| !self.is_whole).cloned();
        let told = told_by(answers.only_giver(), block);
        let before = before.map(|before| Look { told: before.told.clone().and(told.clone()), ..before });
        let mut look = before.unwrap_or_else(|| Look {
            block: block.number,
            time: block.timestamp,
            told,
            attesters: BTreeSet::new(),
            coinbases: BTreeSet::new(),
            queue_length: 0,
            has_queued: false,
            stakes: self.stakes,
        });
        look.attesters.extend(empty);
        // Whoever waits there may be let in before the next look.
        look.attesters.retain(|attester| !waiting.contains(attester));
        look.coinbases.extend(dry);
        if let Some(length) = queue_length {
            look.queue_length = length;
            look.has_queued = !found.entry_queue.is_empty();
            look.stakes = self.stakes;
        }
        book.note_look(self.id.version, look);
    }
}

/// Rewards that can be: what no token has would hide the sum over all rollups.
fn decode_rewards(amount: U256) -> Result<U256, DecodeError> {
    if amount.bits() > 128 {
        return Err(DecodeError::nonsense("getSequencerRewards", "more than there are tokens"));
    }
    Ok(amount)
}

fn push_entry(reads: &mut Reads, address: Address, index: u64) -> Slot<rollup::GetEntryQueueAtReturn> {
    let call = rollup::GetEntryQueueAtCall { index: index.into() };
    reads.push_if_supported(Contract::Rollup, address, ENTRY_GAS, call)
}
