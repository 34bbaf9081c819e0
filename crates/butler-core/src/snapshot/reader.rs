//! The order of the reads that make a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ethers_core::types::{Address, H256};
use tokio::time::sleep;

use super::convicts::Convicts;
use super::deposits::{open_cases, own_places, owners};
use super::error::{Contract, ReadError, SnapshotError};
use super::escrow::escrow_views;
use super::ledger::{Doubt, LedgerCache, Trouble};
use super::memo::Memo;
use super::reads::Reads;
use super::remedies::{Means, Remedies, Remedy};
use super::splits::{Makers, SplitFacts};
use super::stages::{
    AttesterReads, EscrowFacts, EscrowReads, OtherProviders, ProviderHead, Registries, RegistryFacts, RollupFigures,
    RollupLists, SplitHashes,
};
use crate::client::error::{ErrorKind, RpcError};
use crate::client::l1::{BlockTag, L1Client};
use crate::contracts::proof::ProvenKey;
use crate::domain::block::BlockRef;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::{ProviderFacts, ProviderQueueEntry};
use crate::domain::rollup::QueuedDeposit;
use crate::domain::snapshot::NetworkSnapshot;
use crate::domain::split::{SplitCheck, Unconfirmed};
use crate::domain::view::{AttesterView, OnChainStatus};
use crate::store::file::StoreError;
use crate::text::address::checksummed;

/// How often a snapshot begins again when its block is reorged away.
const ATTEMPTS: u32 = 3;
/// How many blocks older a snapshot is whose only endpoint has not indexed its newest blocks.
const OLDER: u64 = 16;

/// What to read.
#[derive(Debug, Clone)]
pub struct SnapshotRequest {
    /// The block.
    pub at: BlockTag,
    /// Aztec's registry of rollups.
    pub aztec_registry: Address,
    /// The registry of staking providers.
    pub staking_registry: Address,
    /// Our providers, by id.
    pub provider_ids: BTreeSet<ProviderId>,
    /// Our providers, by admin.
    pub provider_admins: BTreeSet<Address>,
    /// Attesters to track besides those of our providers: the ones in key files.
    pub attesters: BTreeSet<Address>,
    /// Coinbases whose rewards are read besides those of our delegations: the ones in key files.
    pub coinbases: BTreeSet<Coinbase>,
    /// Publishers whose balances are read.
    pub publishers: BTreeSet<Address>,
    /// Whether the queues of all other providers are read too.
    pub with_other_providers: bool,
    /// Whether proofs of own keys that wait, in our queues and in the entry queue, and were never tried are put to the staking
    /// escrow's verifier; what it said before is told in any case, and those that compete with another deposit are always tried.
    pub with_queue_proofs: bool,
}

/// What a reader is doing, for people who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Resolving the block.
    Head,
    /// Scanning the ledger: at `block` of `last`.
    Ledger {
        /// The next block to scan.
        block: u64,
        /// The last block to scan.
        last: u64,
    },
    /// Reading contracts.
    Contracts {
        /// How many reads.
        reads: usize,
    },
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The ledger and what proves it.
    Ledger,
    /// All that a snapshot has.
    Everything,
}

/// What was read.
enum Found {
    Ledger(BlockRef, BTreeSet<ProviderId>),
    Snapshot(Box<NetworkSnapshot>),
}

/// Keys of ours that wait, with their proofs.
struct QueuedKeys {
    /// In our providers' queues, by provider and index.
    in_queues: BTreeMap<(ProviderId, u64), ProvenKey>,
    /// In the entry queue, by place: of our attesters, and what competes with them.
    waiting: BTreeMap<usize, ProvenKey>,
    /// The places there whose proofs decide which of several deposits succeeds.
    contested: BTreeSet<usize>,
    /// Keys that the escrow was asked about beside other reads.
    asked: BTreeSet<H256>,
}

/// Reads snapshots of one network, one after another.
#[derive(Debug)]
pub struct SnapshotReader {
    client: Arc<L1Client>,
    ledger: LedgerCache,
    memo: Memo,
}

impl SnapshotReader {
    /// Prepares a reader; reads nothing of the chain yet. Blocks while it reads the file beside the ledger's.
    #[must_use]
    pub fn new(client: L1Client, ledger: LedgerCache) -> Self {
        for endpoint in client.endpoints() {
            if let Some(blocks) = ledger.log_range(endpoint.name()) {
                endpoint.restore_log_range(blocks);
            }
        }
        let memo = Memo::beside(ledger.path(), ledger.key().clone());
        Self { client: Arc::new(client), ledger, memo }
    }

    /// The client, for its counters and for reads of other kinds.
    #[must_use]
    pub fn client(&self) -> &L1Client {
        &self.client
    }

    /// The same client, for readers of other things on the same chain.
    #[must_use]
    pub fn shared_client(&self) -> Arc<L1Client> {
        Arc::clone(&self.client)
    }

    /// Keeps the ledger, and what was checked beside it, on disk for the next time.
    ///
    /// # Errors
    /// See [`LedgerCache::save`].
    pub fn save_ledger(&mut self) -> Result<(), StoreError> {
        self.ledger.save()?;
        self.memo.save()
    }

    /// Forgets the ledger and what stands beside it, so that the next reading scans the chain anew.
    pub fn forget_ledger(&mut self) {
        self.ledger.forget();
        self.memo.forget();
    }

    /// The ledger as it was read last.
    #[must_use]
    pub fn ledger(&self) -> &LedgerCache {
        &self.ledger
    }

    /// Reads one snapshot.
    ///
    /// # Errors
    /// See [`SnapshotError`]; nothing partial is ever returned.
    pub async fn read(
        &mut self,
        request: &SnapshotRequest,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<NetworkSnapshot, SnapshotError> {
        for endpoint in self.client.endpoints() {
            endpoint.peer().begin_look();
        }
        loop {
            if let Found::Snapshot(snapshot) =
                Box::pin(self.read_until_it_fits(request, Depth::Everything, progress)).await?
            {
                return Ok(*snapshot);
            }
        }
    }

    /// Brings the ledger up to date and holds it against the registry's counters. Returns the block and our providers.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn read_ledger(
        &mut self,
        request: &SnapshotRequest,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<(BlockRef, BTreeSet<ProviderId>), SnapshotError> {
        loop {
            if let Found::Ledger(block, own) =
                Box::pin(self.read_until_it_fits(request, Depth::Ledger, progress)).await?
            {
                return Ok((block, own));
            }
        }
    }

    async fn read_until_it_fits(
        &mut self,
        request: &SnapshotRequest,
        depth: Depth,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Found, SnapshotError> {
        self.ledger.begin_reading();
        let mut remedies = Remedies::default();
        let mut convicts = Convicts::default();
        let mut set_aside = None;
        let mut attempts = 0;
        let mut pin = None;
        // What was wrong at a newer block, while an older one is tried instead.
        let mut newer: Option<Doubt> = None;
        loop {
            let block = match pin.take() {
                Some(block) => block,
                None => self.pin(request.at, progress).await?,
            };
            let doubt = match Box::pin(self.read_at(request, depth, block, progress)).await {
                Ok(found) => return Ok(found),
                Err(ReadError::Failed(SnapshotError::Rpc(RpcError { endpoint, failure, .. })))
                    if failure.kind() == ErrorKind::BlockUnknown
                        && newer.is_none()
                        && !matches!(request.at, BlockTag::Number(_)) =>
                {
                    attempts += 1;
                    if attempts == ATTEMPTS {
                        return Err(SnapshotError::Restless { endpoint, attempts });
                    }
                    tracing::warn!(block = block.number, "block {} is gone: beginning again", block.number);
                    continue;
                }
                Err(ReadError::Failed(error)) if convicts.take(&self.client, &error) => {
                    pin = Some(block);
                    continue;
                }
                Err(ReadError::Failed(error)) => newer.take().ok_or(error)?,
                Err(ReadError::Doubted(doubt)) => newer.take().unwrap_or(doubt),
            };
            let means = Means {
                endpoints: self.client.endpoints().len(),
                has_past: self.ledger.has_past(),
                may_be_older: request.at == BlockTag::Latest && block.number > OLDER,
            };
            let remedy = remedies.next(&doubt, means);
            tracing::debug!(block = block.number, "{} at block {}: {remedy:?}", doubt.failure(), block.number);
            match remedy {
                Remedy::Again(pause) => {
                    sleep(pause).await;
                    pin = Some(block);
                }
                Remedy::SinceProven => {
                    self.ledger.forget_unproven();
                    pin = Some(block);
                }
                Remedy::Older => {
                    pin = self.pin(BlockTag::Number(block.number - OLDER), progress).await.ok();
                    newer = pin.map(|_| doubt);
                }
                Remedy::All => set_aside = Some(self.ledger.set_aside()),
                Remedy::Distrust(endpoint) => {
                    self.client.distrust(endpoint, &doubt.failure());
                    let proven = self.ledger.set_aside();
                    set_aside.get_or_insert(proven);
                }
                Remedy::GiveUp if matches!(doubt.trouble, Trouble::Terms) => {
                    self.ledger.leave_terms(&block);
                    pin = Some(block);
                }
                Remedy::GiveUp => {
                    // Of two that say different things nobody knows who is right: whoever stood back would leave the other alone.
                    let is_undecided = matches!(doubt.trouble, Trouble::Disputed { .. });
                    if let Some(giver) = doubt.giver.filter(|_| !is_undecided) {
                        self.client.distrust(giver, &doubt.failure());
                    }
                    match set_aside {
                        Some(proven) => self.ledger.take_back(proven),
                        None => self.ledger.forget_unproven(),
                    }
                    return Err(doubt.into_error(&self.client));
                }
            }
        }
    }

    async fn pin(&mut self, at: BlockTag, progress: &(dyn Fn(Progress) + Sync)) -> Result<BlockRef, SnapshotError> {
        progress(Progress::Head);
        let head = self.client.head(at, &self.ledger.anchors()).await.map_err(SnapshotError::Rpc)?;
        self.ledger.reconcile(&head.known);
        Ok(head.block)
    }

    async fn read_at(
        &mut self,
        request: &SnapshotRequest,
        depth: Depth,
        block: BlockRef,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Found, ReadError> {
        let scan_progress = |block, last| progress(Progress::Ledger { block, last });
        let needs_admins = !request.provider_admins.is_empty();
        let registries;
        if needs_admins {
            registries = self.registries(request, &request.provider_ids, block, progress).await?;
        } else {
            self.ledger.cover(&request.provider_ids);
            let reads = registries_of(&self.client, request, &request.provider_ids, block, progress);
            let scan = self.ledger.scan(&self.client, &block, &scan_progress);
            let (found, scanned) = tokio::join!(reads, scan);
            registries = found?;
            scanned?;
        }
        let RegistryFacts { rollup, next_provider, split_factory, providers: mut own, balances } = registries;
        let mut others = BTreeMap::new();
        if needs_admins || request.with_other_providers {
            others = self.other_providers(request, next_provider, &own, block, progress).await?;
        }
        if needs_admins {
            adopt(&mut own, &mut others, &request.provider_admins)?;
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
        let figures = RollupFigures::plan(&mut reads, rollup);
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
        let (answers, told, confirmed) = tokio::join!(
            reads.fetch(&self.client, &block),
            makers.told(&self.client, &delegations),
            self.ledger.confirm(&self.client, &block),
        );
        let (answers, told) = (answers?, told?);
        confirmed?;
        let rollup_head = figures.take(&answers)?;
        let mut attesters = first.views(&answers)?;
        let pending_rewards = first.rewards(&answers)?;
        let mut queues = first.queues(&answers)?;
        let hashes = hashes.take(&answers);
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
        let second = AttesterReads::plan(&mut reads, rollup, request.staking_registry, queued, [], []);
        // Where there are several endpoints, two are asked for each verdict.
        let is_alone = self.client.endpoints().len() == 1;
        let is_new = |digest| request.with_queue_proofs && is_alone && self.memo.is_new(digest);
        let asked: BTreeSet<H256> = keys.values().map(ProvenKey::key_hash).chain(self.memo.waiting().clone()).collect();
        let escrow = EscrowReads::plan(&mut reads, rollup_head.facts.gse, keys.values(), asked.iter().copied(), is_new);
        progress(Progress::Contracts { reads: reads.len() });
        let answers = reads.fetch(&self.client, &block).await?;
        let (mut entry_queue, active_set) = lists.take(&answers)?;
        attesters.extend(second.views(&answers)?);
        if let Some(attester) = active_set.iter().find(|attester| is_nowhere(attesters.get(*attester))) {
            let problem = format!("nothing is staked for {} of the active set", checksummed(attester));
            return Err(answers.nonsense((Contract::Rollup, rollup), "getAttesterView", problem).into());
        }
        let escrow = escrow.map_or(Ok(EscrowFacts::default()), |escrow| escrow.take(&answers))?;
        let places = own_places(&delegations, &attesters, &entry_queue);
        let waiting = lists.proven_keys(&answers, &places.all)?;
        drop(answers);
        let mut providers = with_queues(own, &mut queues);
        let keys = QueuedKeys { in_queues: keys, waiting, contested: places.contested, asked };
        let gse = (rollup_head.facts.gse, request.with_queue_proofs);
        self.look_at_keys(&block, gse, &keys, escrow, (&mut providers, &mut entry_queue)).await?;
        let cases = open_cases(rollup, &delegations, &attesters, &entry_queue);
        let owners = owners(&self.client, &block, rollup, &cases, &mut self.memo).await;
        drop(cases);
        for delegation in &mut delegations {
            delegation.withdrawer = owners.withdrawers.get(&delegation.log).copied();
        }
        let facts = SplitFacts {
            delegations: &delegations,
            hashes: &hashes,
            providers: &providers,
            terms: &self.ledger.terms(&own_ids, block.number),
            disputed: &self.ledger.disputed(),
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
        for delegation in &mut delegations {
            delegation.split = splits.checks.get(&delegation.coinbase).and_then(SplitCheck::confirmed).copied();
        }

        Ok(Found::Snapshot(Box::new(NetworkSnapshot {
            chain_id: self.client.chain_id(),
            block,
            rollup: rollup_head.facts,
            providers,
            other_providers: with_queues(others, &mut queues),
            entry_queue,
            active_set,
            attesters,
            delegations,
            splits: splits.checks,
            winners: owners.winners,
            dripped,
            publisher_balances: balances,
            pending_rewards,
        })))
    }

    /// Notes at each key that waits what the staking escrow says of it, where `with_queue_proofs` of new ones, too.
    async fn look_at_keys(
        &mut self,
        block: &BlockRef,
        (gse, with_queue_proofs): (Address, bool),
        keys: &QueuedKeys,
        mut facts: EscrowFacts,
        (providers, entry_queue): (&mut BTreeMap<ProviderId, ProviderFacts>, &mut Vec<QueuedDeposit>),
    ) -> Result<(), SnapshotError> {
        let contested = || keys.contested.iter().filter_map(|place| keys.waiting.get(place));
        let looked_at: Vec<&ProvenKey> =
            if with_queue_proofs { keys.waiting.values().collect() } else { contested().collect() };
        let is_alone = self.client.endpoints().len() == 1;
        let is_new = |digest| is_alone && self.memo.is_new(digest);
        let new = looked_at.iter().copied().filter(|key| !keys.asked.contains(&key.key_hash()));
        let mut reads = Reads::default();
        if let Some(more) = EscrowReads::plan(&mut reads, gse, new, [], is_new) {
            let EscrowFacts { cap, is_used, right } = more.take(&reads.fetch(&self.client, block).await?)?;
            facts.cap = cap;
            facts.is_used.extend(is_used);
            facts.right.extend(right);
        }
        self.memo.note_waiting(keys.waiting.values().map(ProvenKey::key_hash).collect());
        let listed: Vec<ProvenKey> = keys.in_queues.values().chain(keys.waiting.values()).copied().collect();
        let in_queues = keys.in_queues.values().filter(|_| with_queue_proofs);
        let tried: Vec<ProvenKey> = contested().chain(in_queues).chain(looked_at).copied().collect();
        let views = escrow_views(&self.client, block, gse, (&listed, &tried), &facts, &mut self.memo).await;
        let view = |key: Option<&ProvenKey>| key.and_then(|key| views.get(&key.digest())).copied();
        for (id, provider) in providers {
            for entry in &mut provider.queue {
                entry.escrow = view(keys.in_queues.get(&(*id, entry.index)));
            }
        }
        for (place, deposit) in entry_queue.iter_mut().enumerate() {
            deposit.escrow = view(keys.waiting.get(&place));
        }
        Ok(())
    }

    async fn registries(
        &self,
        request: &SnapshotRequest,
        providers: &BTreeSet<ProviderId>,
        block: BlockRef,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<RegistryFacts, SnapshotError> {
        registries_of(&self.client, request, providers, block, progress).await
    }

    async fn other_providers(
        &self,
        request: &SnapshotRequest,
        next_provider: u64,
        own: &BTreeMap<ProviderId, ProviderHead>,
        block: BlockRef,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<BTreeMap<ProviderId, ProviderHead>, SnapshotError> {
        let ids = (1..next_provider).filter_map(|id| ProviderId::try_from(id).ok()).filter(|id| !own.contains_key(id));
        let mut reads = Reads::default();
        let plan = OtherProviders::plan(&mut reads, request.staking_registry, ids);
        progress(Progress::Contracts { reads: reads.len() });
        let answers = reads.fetch(&self.client, &block).await?;
        plan.take(&answers)
    }
}

async fn registries_of(
    client: &L1Client,
    request: &SnapshotRequest,
    providers: &BTreeSet<ProviderId>,
    block: BlockRef,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<RegistryFacts, SnapshotError> {
    let mut reads = Reads::default();
    let plan =
        Registries::plan(&mut reads, request.aztec_registry, request.staking_registry, providers, &request.publishers);
    progress(Progress::Contracts { reads: reads.len() });
    let answers = reads.fetch(client, &block).await?;
    plan.take(&answers)
}

/// Whether the rollup knows nothing of an attester that was asked about.
fn is_nowhere(view: Option<&AttesterView>) -> bool {
    view.is_some_and(|view| view.status == OnChainStatus::None)
}

/// Moves the providers of our admins from the others to our own.
fn adopt(
    own: &mut BTreeMap<ProviderId, ProviderHead>,
    others: &mut BTreeMap<ProviderId, ProviderHead>,
    admins: &BTreeSet<Address>,
) -> Result<(), SnapshotError> {
    let ours: Vec<ProviderId> =
        others.iter().filter(|(_, head)| admins.contains(&head.facts.admin)).map(|(id, _)| *id).collect();
    for id in ours {
        own.extend(others.remove_entry(&id));
    }
    match admins.iter().find(|admin| !own.values().any(|head| head.facts.admin == **admin)) {
        Some(admin) => Err(SnapshotError::UnknownAdmin(*admin)),
        None => Ok(()),
    }
}

fn with_queues(
    heads: BTreeMap<ProviderId, ProviderHead>,
    queues: &mut BTreeMap<ProviderId, Vec<ProviderQueueEntry>>,
) -> BTreeMap<ProviderId, ProviderFacts> {
    heads
        .into_iter()
        .map(|(id, head)| (id, ProviderFacts { queue: queues.remove(&id).unwrap_or_default(), ..head.facts }))
        .collect()
}
