//! One attempt at a snapshot, at one block: four dependent reads of contracts, with the ledger and splits beside them.
//!
//! Whatever does not fit ends the attempt with an error or a doubt; what is tried then is decided by whoever began it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ethers_core::types::{Address, H256};
use tokio::sync::oneshot::channel;

use super::providers::{ProviderReads, adopt, with_queues};
use super::queued_keys::QueuedKeys;
use super::unlocks::Unlocks;
use super::{Depth, Found, SnapshotReader};
use crate::chain::deposits::{open_cases, own_places, owners, resting};
use crate::chain::error::{Contract, SnapshotError};
use crate::chain::exits::{UnclearExit, causes};
use crate::chain::read_error::ReadError;
use crate::chain::reads::Reads;
use crate::chain::refunds::{RefundQuery, rested};
use crate::chain::request::{Progress, SnapshotRequest};
use crate::chain::rollups::{AddressReads, FormerReads, Tracked, date_cut_over};
use crate::chain::splits::{Makers, SplitFacts};
use crate::chain::stages::{
    AttesterReads, CapabilityReads, Claims, DelayRead, EraRead, EscrowFacts, EscrowReads, PairReads, RegistryFacts,
    RollupFigures, RollupLists, SplitHashes, UnlockReads,
};
use crate::chain::witnesses::{LogWitnesses, Witnesses};
use crate::contracts::proof::ProvenKey;
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::block::BlockRef;
use crate::domain::capability::Capability;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::split::{SplitCheck, Unconfirmed};
use crate::domain::rollups::{settle_views, sum_rewards};
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;

/// About as many reads are the rollup's own figures.
const FIGURES: usize = 20;
/// For how many keys in queues room is made at once, whatever length is told.
const MOST_QUEUED: usize = 10_000;

impl SnapshotReader {
    /// Reads what `depth` asks for at `block`.
    pub(super) async fn read_at(
        &mut self,
        request: &SnapshotRequest,
        depth: Depth,
        block: BlockRef,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Found, ReadError> {
        let scan_progress = |block, last| progress(Progress::Ledger { block, last });
        let needs_admins = !request.provider_admins.is_empty();
        let client = Arc::clone(&self.client);
        let providers = ProviderReads { client: &client, block: &block, request, progress };
        let mut witnesses = Witnesses::new(&client);
        let (registries, versions);
        if needs_admins {
            (registries, versions) = providers.registries(&self.rollups, &mut witnesses).await?;
        } else {
            self.ledger.cover(&request.provider_ids);
            let reads = providers.registries(&self.rollups, &mut witnesses);
            let scan = self.ledger.scan(&self.client, &block, &scan_progress);
            let (found, scanned) = tokio::join!(reads, scan);
            (registries, versions) = found?;
            scanned?;
        }
        self.rollups.note_versions(versions.count());
        let claims = Claims::of(&registries);
        let RegistryFacts { rollup, next_provider, split_factory, governance, providers: mut own, balances, .. } =
            registries;
        let mut others = BTreeMap::new();
        if needs_admins || request.with_other_providers {
            others = providers.others(next_provider, &own, &mut witnesses).await?;
        }
        if needs_admins {
            adopt(&mut own, &mut others, request, &mut self.admins)?;
            self.ledger.cover(&own.keys().copied().collect());
            self.ledger.scan(&self.client, &block, &scan_progress).await?;
        }
        if !request.with_other_providers {
            others.clear();
        }
        self.ledger.prove(&own, &block)?;
        let own_ids: BTreeSet<ProviderId> = own.keys().copied().collect();
        if depth == Depth::Ledger {
            return Ok(Found::Ledger(block, own_ids));
        }
        let mut delegations = self.ledger.delegations(&own_ids, block.number);
        let makers = Makers { registry: request.staking_registry, factory: split_factory };

        let mut known = request.attesters.clone();
        known.extend(delegations.iter().map(|delegation| delegation.attester));
        let mut coinbases = request.coinbases.clone();
        coinbases.extend(delegations.iter().map(|delegation| delegation.coinbase));
        let mut reads = Reads::default();
        let queued: u64 = own.values().chain(others.values()).map(|head| head.indices.end - head.indices.start).sum();
        let queued = usize::try_from(queued).unwrap_or(usize::MAX).min(MOST_QUEUED);
        reads.reserve(FIGURES + known.len() + 2 * coinbases.len() + queued);
        let figures = RollupFigures::plan(&mut reads, rollup);
        let known_lacks = self.rollups.lacks(&self.client, &block, rollup).cloned();
        let capabilities = CapabilityReads::plan(&mut reads, rollup, known_lacks.as_ref(), false);
        let delay = DelayRead::plan(&mut reads, governance);
        let is_known =
            |version| self.rollups.has(&self.client, &block, version) && self.rollups.address(version) != Some(rollup);
        let former = AddressReads::plan(&mut reads, &versions, is_known);
        let first = AttesterReads::plan(
            &mut reads,
            rollup,
            request.staking_registry,
            known.iter().copied(),
            coinbases.iter().copied(),
            own.iter().chain(&others),
        );
        let coinbases: BTreeSet<Coinbase> = delegations.iter().map(|delegation| delegation.coinbase).collect();
        let hashes = SplitHashes::plan(&mut reads, coinbases);
        progress(Progress::Contracts { reads: reads.len() });
        // Where nothing is known yet, refunds will be asked for anyway, and beside other reads they cost no round trip.
        let refunds = if self.memo.knows_no_unrefunded() {
            RefundQuery::new(rollup, &delegations.iter().collect::<Vec<_>>())
        } else {
            None
        };
        let (along, beside_splits) = channel();
        let (answers, told, confirmed, refunds) = tokio::join!(
            reads.fetch(&self.client, &block),
            async {
                let range = refunds.as_ref().map(|refunds| refunds.range(&block));
                let (told, step) = makers.told(&self.client, &delegations, range.as_ref()).await?;
                // Who no longer waits for it reads it without.
                let _ = along.send(step);
                Ok::<_, SnapshotError>(told)
            },
            self.ledger.confirm(&self.client, &block),
            async {
                let refunds = refunds.as_ref()?;
                Some(refunds.read(&self.client, &block, Some(beside_splits), &mut self.memo).await)
            },
        );
        let (answers, told) = (answers?, told?);
        confirmed?;
        witnesses.note(&answers);
        // Where there are several endpoints, two are asked for each answer.
        let is_alone = self.client.endpoints().len() == 1;
        let mut rollup_head = figures.take(&answers, is_alone)?;
        versions.check(&rollup_head.facts, &answers)?;
        let mut lacks = capabilities.take(&answers, &mut rollup_head.facts, rollup_head.active_count, is_alone)?;
        let mut withdrawal_delay_seconds = delay.take(&answers, is_alone)?;
        let mut attesters = first.views(&answers)?;
        let mut pending_rewards = first.rewards(&answers)?;
        let former = former.take(&answers, rollup, &block, &mut self.rollups)?;
        let mut queues = first.queues(&answers)?;
        let (hashes, disputed) = (hashes.take(&answers), hashes.disputed(&answers));
        let keys = first.proven_keys(&answers, &own_ids)?;
        drop(answers);
        for id in &own_ids {
            self.ledger.prove_queue(*id, queues.get(id).map(Vec::as_slice).unwrap_or_default(), &block)?;
        }

        let queued: BTreeSet<Address> = own_ids
            .iter()
            .filter_map(|id| queues.get(id))
            .flatten()
            .map(|entry| entry.attester)
            .filter(|attester| !attesters.contains_key(attester))
            .collect();
        let mut reads = Reads::default();
        let lists = RollupLists::plan(&mut reads, &rollup_head, block.timestamp);
        let pairs = PairReads::plan(&mut reads, &rollup_head, block.timestamp);
        let second = AttesterReads::plan(&mut reads, rollup, request.staking_registry, queued, [], []);
        let is_new = |digest| request.with_queue_proofs && is_alone && self.memo.is_new(digest);
        let asked: BTreeSet<H256> = keys.values().map(ProvenKey::key_hash).chain(self.memo.waiting().clone()).collect();
        let escrow = EscrowReads::plan(&mut reads, rollup_head.facts.gse, keys.values(), asked.iter().copied(), is_new);
        let era = EraRead::plan(&mut reads, rollup, &lacks, known_lacks.as_ref());
        let mut unlocks = Unlocks { client: &client, block: &block, governance, is_alone };
        let opened = unlocks.beside((rollup, &attesters), &self.rollups);
        let unlock_reads = UnlockReads::plan(&mut reads, governance, opened.into_iter());
        let tracked = Tracked {
            attesters: &attesters,
            coinbases: &pending_rewards,
            delegations: &delegations,
            gse: rollup_head.facts.gse,
        };
        let former = FormerReads::plan(&mut reads, &former, tracked, (&self.client, &block), &self.rollups);
        progress(Progress::Contracts { reads: reads.len() });
        let answers = reads.fetch(&self.client, &block).await?;
        witnesses.note(&answers);
        let agreement = pairs.take(&answers, &rollup_head, &claims, is_alone)?;
        if !agreement.is_one_governance {
            // Whose delays those are is not known.
            (unlocks.governance, withdrawal_delay_seconds) = (None, None);
        }
        let (mut entry_queue, active_set) = lists.take(&answers)?;
        era.take(&answers, &mut rollup_head.facts, &mut lacks, is_alone)?;
        self.rollups.note_lacks(&rollup_head.facts, lacks, &answers, (&client, &block));
        unlocks.note(&unlock_reads, &answers, &mut self.rollups)?;
        let mut former_rollups =
            former.take(&answers, tracked, (&client, &block), &mut self.rollups, &mut witnesses).await?;
        if sum_rewards(&mut pending_rewards, &former_rollups).is_none() {
            let problem = "a sum over rollups that does not fit into a number";
            return Err(answers.nonsense((Contract::Rollup, rollup), "getSequencerRewards", problem).into());
        }
        attesters.extend(second.views(&answers)?);
        if let Some(problem) = misfit(&attesters, &active_set) {
            return Err(answers.nonsense((Contract::Rollup, rollup), "getAttesterView", problem).into());
        }
        let escrow = escrow.map_or(Ok(EscrowFacts::default()), |escrow| escrow.take(&answers))?;
        let mut providers = with_queues(own, &mut queues);
        let places = own_places(&delegations, &attesters, &entry_queue, &providers);
        let waiting = lists.proven_keys(&answers, &places.all)?;
        drop(answers);
        let keys = QueuedKeys { in_queues: keys, waiting, contested: places.contested, asked };
        let gse = (rollup_head.facts.gse, request.with_queue_proofs);
        let looked_at = (&mut providers, &mut entry_queue);
        let mut untold = self.look_at_keys(&block, gse, &keys, escrow, looked_at, &mut witnesses).await?;
        // The escrow of rollups that count blocks may be as old as they are.
        if rollup_head.facts.counts_checkpoints() {
            rollup_head.facts.missing.append(&mut untold);
        }
        let resting = resting(rollup, &delegations, &attesters, &entry_queue);
        let rested = rested(&self.client, &block, rollup, &resting, refunds, &mut self.memo).await;
        drop(resting);
        let cases = open_cases(rollup, &delegations, (&attesters, &entry_queue), &rested.doubtful);
        let mut owners = owners(&self.client, &block, rollup, &cases, &mut self.memo).await;
        drop(cases);
        owners.winners.extend(rested.unread.iter().map(|attester| (*attester, Winner::Unread)));
        owners.by_one.extend(&rested.by_one);
        for delegation in &mut delegations {
            delegation.withdrawer = owners.withdrawers.get(&delegation.log).copied();
        }
        let facts = SplitFacts {
            delegations: &delegations,
            hashes: &hashes,
            providers: &providers,
            terms: &self.ledger.terms(&own_ids, block.number),
            disputed: &(&self.ledger.disputed() | &disputed),
        };
        let splits = makers.judge(&self.client, told, &facts).await;
        self.ledger.note_splits(&splits.learnt, &splits.refuted);
        let dripped = self.ledger.dripped(&own_ids, block.number);
        let contradicted: BTreeSet<Coinbase> = splits
            .checks
            .iter()
            .filter(|(_, check)| check.confirmed().is_none())
            .map(|(coinbase, _)| *coinbase)
            .collect();
        let staked = active_set.iter().copied().chain(entry_queue.iter().map(|deposit| deposit.attester));
        let returned: BTreeSet<Address> = staked.filter(|attester| dripped.contains(attester)).collect();
        if !contradicted.is_empty() || !returned.is_empty() {
            self.ledger.look_again(&self.client, &block, &contradicted, &returned).await?;
        }
        let misfits = |check: &SplitCheck| {
            matches!(check.unconfirmed(), Some(Unconfirmed::OtherTerms | Unconfirmed::TermsUnknown))
        };
        if splits.checks.values().any(misfits) {
            self.ledger.doubt_terms(&block)?;
        } else {
            self.ledger.believe_terms();
        }
        settle_views(&mut attesters, &former_rollups);
        if request.with_cut_over_time {
            let (at, registry) = ((&*client, &block), request.aztec_registry);
            date_cut_over(at, registry, &rollup_head.facts, &mut former_rollups, &mut self.rollups).await;
        }
        unlocks.settle((&mut attesters, &mut former_rollups), &mut self.rollups, &mut witnesses).await?;
        let of_all = [
            (Capability::RollupList, !versions.is_told()),
            (Capability::WithdrawalDelay, withdrawal_delay_seconds.is_none()),
            (Capability::Unlocks, unlocks.is_one_untold((&attesters, &former_rollups))),
            (Capability::LatestRollup, !agreement.is_one_latest),
            (Capability::CrossChecks, !agreement.is_whole && rollup_head.facts.counts_checkpoints()),
        ];
        rollup_head.facts.missing.extend(of_all.iter().filter(|(_, is_missing)| *is_missing).map(|(what, _)| *what));
        for delegation in &mut delegations {
            delegation.split = splits.checks.get(&delegation.coinbase).and_then(SplitCheck::confirmed).copied();
        }

        let mut snapshot = Box::new(NetworkSnapshot {
            chain_id: self.client.chain_id(),
            block,
            rollup: rollup_head.facts,
            providers,
            other_providers: with_queues(others, &mut queues),
            entry_queue,
            active_set,
            former_rollups,
            attesters,
            delegations,
            splits: splits.checks,
            winners: owners.winners,
            dripped,
            publisher_balances: balances,
            pending_rewards,
            zombie_causes: BTreeMap::new(),
            withdrawal_delay_seconds,
            unconfirmed: None,
        });
        let unclear = unclear(&snapshot);
        snapshot.zombie_causes = causes(&self.client, &block, &unclear, &mut self.rollups).await;
        if witnesses.has_several() {
            witnesses.look_who_gives_logs(&self.client);
            let logs = LogWitnesses { by_two: &self.ledger.confirmed(), by_one: &owners.by_one };
            witnesses.judge(&mut snapshot, &logs, &mut self.memo);
        }
        Ok(Found::Snapshot(snapshot))
    }
}

/// Zombies of which their amounts do not tell why they are.
fn unclear(snapshot: &NetworkSnapshot) -> Vec<UnclearExit> {
    let zombies = snapshot.attesters.iter().filter(|(attester, view)| {
        view.status == OnChainStatus::Zombie && snapshot.zombie_cause(**attester) == Some(ZombieCause::Unclear)
    });
    let one = |(attester, view): (&Address, &AttesterView)| {
        let (exit, rollup) = (view.exit?, snapshot.stands_at(*attester)?.address);
        let began = ZombieCause::began(&exit, snapshot.figures_of(rollup)?)?;
        Some(UnclearExit { attester: *attester, rollup, exit, began })
    };
    zombies.filter_map(one).collect()
}

/// What of these views does not fit the active set: who validates is in it, and nobody else (`StakingLib.getStatus`).
fn misfit(attesters: &BTreeMap<Address, AttesterView>, active_set: &[Address]) -> Option<String> {
    let active: BTreeSet<&Address> = active_set.iter().collect();
    let differs = |(attester, view): &(&Address, &AttesterView)| {
        (view.status == OnChainStatus::Validating) != active.contains(attester)
    };
    let (attester, view) = attesters.iter().find(differs)?;
    let is_active = view.status == OnChainStatus::Validating;
    let (view, set) = if is_active { ("a", "lacks") } else { ("no", "has") };
    Some(format!("{view} validator's for {}, whom the active set {set}", checksummed(attester)))
}
