//! What the staking escrow says of keys of ours that wait.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use super::SnapshotReader;
use crate::contracts::proof::ProvenKey;
use crate::domain::block::BlockRef;
use crate::domain::ids::ProviderId;
use crate::domain::provider::ProviderFacts;
use crate::domain::rollup::QueuedDeposit;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::escrow::escrow_views;
use crate::snapshot::reads::Reads;
use crate::snapshot::stages::{EscrowFacts, EscrowReads};

/// Keys of ours that wait, with their proofs.
pub(super) struct QueuedKeys {
    /// In our providers' queues, by provider and index.
    pub(super) in_queues: BTreeMap<(ProviderId, u64), ProvenKey>,
    /// In the entry queue, by place; only of attesters of which several deposits wait.
    pub(super) waiting: BTreeMap<usize, ProvenKey>,
}

impl SnapshotReader {
    /// Notes at each key that waits what the staking escrow says of it, where `with_queue_proofs` of new ones in our queues, too.
    pub(super) async fn look_at_keys(
        &mut self,
        block: &BlockRef,
        (gse, with_queue_proofs): (Address, bool),
        keys: &QueuedKeys,
        mut facts: EscrowFacts,
        (providers, entry_queue): (&mut BTreeMap<ProviderId, ProviderFacts>, &mut Vec<QueuedDeposit>),
    ) -> Result<(), SnapshotError> {
        let mut reads = Reads::default();
        if let Some(more) = EscrowReads::plan(&mut reads, gse, keys.waiting.values(), |_| false) {
            let EscrowFacts { cap, is_used, right: _ } = more.take(&reads.fetch(&self.client, block).await?)?;
            facts.cap = cap;
            facts.is_used.extend(is_used);
        }
        let listed: Vec<ProvenKey> = keys.in_queues.values().chain(keys.waiting.values()).copied().collect();
        let tried = if with_queue_proofs { &listed[..] } else { &listed[keys.in_queues.len()..] };
        let views = escrow_views(&self.client, block, gse, (&listed, tried), &facts, &mut self.memo).await;
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
}
