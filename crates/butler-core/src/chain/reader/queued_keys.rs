//! What the staking escrow says of keys of ours that wait.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::SnapshotReader;
use crate::chain::error::SnapshotError;
use crate::chain::escrow::escrow_views;
use crate::chain::reads::Reads;
use crate::chain::stages::{EscrowFacts, EscrowReads};
use crate::chain::witnesses::Witnesses;
use crate::contracts::proof::ProvenKey;
use crate::domain::block::BlockRef;
use crate::domain::capability::Capability;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::rollup::QueuedDeposit;

/// Keys of ours that wait, with their proofs.
pub(super) struct QueuedKeys {
    /// In our providers' queues, by provider and index.
    pub(super) in_queues: BTreeMap<(ProviderId, u64), ProvenKey>,
    /// In the entry queue, by place: of our attesters, and what competes with them.
    pub(super) waiting: BTreeMap<usize, ProvenKey>,
    /// The places there whose proofs decide which of several deposits succeeds.
    pub(super) contested: BTreeSet<usize>,
    /// Keys that the escrow was asked about beside other reads.
    pub(super) asked: BTreeSet<H256>,
}

impl SnapshotReader {
    /// Notes at each key that waits what the staking escrow says of it, where `with_queue_proofs` of new ones, too. What it does
    /// not tell.
    pub(super) async fn look_at_keys(
        &mut self,
        block: &BlockRef,
        (gse, with_queue_proofs): (Address, bool),
        keys: &QueuedKeys,
        mut facts: EscrowFacts,
        (providers, entry_queue): (&mut BTreeMap<ProviderId, ProviderFacts>, &mut Vec<QueuedDeposit>),
        witnesses: &mut Witnesses,
    ) -> Result<BTreeSet<Capability>, SnapshotError> {
        let contested = || keys.contested.iter().filter_map(|place| keys.waiting.get(place));
        let looked_at: Vec<&ProvenKey> =
            if with_queue_proofs { keys.waiting.values().collect() } else { contested().collect() };
        let is_alone = self.client.endpoints().len() == 1;
        let is_new = |digest| is_alone && self.memo.is_new(digest);
        let new = looked_at.iter().copied().filter(|key| !keys.asked.contains(&key.key_hash()));
        let mut reads = Reads::default();
        if let Some(more) = EscrowReads::plan(&mut reads, gse, new, [], is_new) {
            let answers = reads.fetch(&self.client, block).await?;
            witnesses.note(&answers);
            let EscrowFacts { cap, is_used, right, untold } = more.take(&answers)?;
            facts.cap = cap;
            facts.is_used.extend(is_used);
            facts.right.extend(right);
            facts.untold.extend(untold);
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
        Ok(facts.untold)
    }
}
