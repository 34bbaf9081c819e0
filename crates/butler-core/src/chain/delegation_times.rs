//! When the newest delegations happened: their events name blocks, and blocks have times.
//!
//! Each block is asked for once. One that the endpoints have thrown away stays unknown, and so does its delegation.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;

use super::error::SnapshotError;
use crate::client::l1::{BlockTag, L1Client};
use crate::domain::attester::delegation::Delegation;
use crate::domain::block::BlockRef;
use crate::domain::ids::ProviderId;

/// How many delegations of one provider are dated, newest first.
const NEWEST: usize = 100;

/// Times of delegations that were asked for before.
#[derive(Debug, Default)]
pub struct DelegationTimes {
    /// By height and hash of the block; `None` for a block that nobody has.
    known: BTreeMap<(u64, H256), Option<u64>>,
}

impl DelegationTimes {
    /// The times of each provider's newest delegations up to `pin`, oldest first, in unix seconds. `delegations` are in the
    /// order of the chain.
    ///
    /// # Errors
    /// `Rpc` when blocks cannot be read.
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        delegations: &[Delegation],
    ) -> Result<BTreeMap<ProviderId, Vec<u64>>, SnapshotError> {
        let mut newest: BTreeMap<ProviderId, Vec<(u64, H256)>> = BTreeMap::new();
        for delegation in delegations.iter().rev() {
            let of_provider = newest.entry(delegation.provider_id).or_default();
            if of_provider.len() < NEWEST {
                of_provider.push((delegation.log.block_number, delegation.log.block_hash));
            }
        }
        let wanted: BTreeSet<(u64, H256)> = newest.values().flatten().copied().collect();
        self.known.retain(|block, _| wanted.contains(block));
        let unknown: Vec<(u64, H256)> = wanted.into_iter().filter(|block| !self.known.contains_key(block)).collect();
        if !unknown.is_empty() {
            let numbers: Vec<u64> = unknown.iter().map(|(number, _)| *number).collect();
            let head = client.head(BlockTag::Number(pin.number), &numbers).await.map_err(SnapshotError::Rpc)?;
            for ((number, hash), found) in unknown.into_iter().zip(head.known) {
                // A block of another hash belongs to a chain that the ledger does not know yet: ask again next time.
                if found.is_none_or(|block| block.hash == hash) {
                    self.known.insert((number, hash), found.map(|block| block.timestamp));
                }
            }
        }
        let times = |blocks: Vec<(u64, H256)>| {
            blocks.into_iter().rev().filter_map(|block| self.known.get(&block).copied().flatten()).collect()
        };
        Ok(newest.into_iter().map(|(provider, blocks)| (provider, times(blocks))).collect())
    }
}
