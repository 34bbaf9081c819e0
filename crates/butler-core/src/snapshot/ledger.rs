//! The ledger of `StakedWithProvider`: scanned once, then from where the last scan ended, and kept on disk.
//!
//! The file names blocks by hash ("anchors"). Before it is used, each anchor is held against the chain; what lies after
//! the newest anchor that still matches is dropped and read again. A file that is damaged, of another chain or of another
//! version is rebuilt. It is never trusted and never needed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ethers_core::types::{Address, H256, U256};
use serde::{Deserialize, Serialize};

use super::error::SnapshotError;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::bindings::staking_registry::StakedWithProviderFilter;
use crate::contracts::events::decode_delegation;
use crate::domain::block::BlockRef;
use crate::domain::delegation::Delegation;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::split::SplitRecord;
use crate::domain::terms::TermsEvent;
use crate::store::file::{StoreError, load_bounded, save_atomic};

const VERSION: u32 = 1;
/// Some ten thousand delegations are 5 MB.
const FILE_LIMIT: u64 = 256 << 20;
/// An anchor this far behind the newest one survives the reorgs that happen.
const DEEP: u64 = 64;

/// What a ledger belongs to; another key means another ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerKey {
    /// The L1 chain.
    pub chain_id: u64,
    /// The registry whose events are kept.
    pub staking_registry: Address,
    /// The first block that was scanned.
    pub from_block: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerFile {
    version: u32,
    key: LedgerKey,
    provider_ids: BTreeSet<ProviderId>,
    /// Blocks up to which the ledger is complete, oldest first.
    anchors: Vec<BlockRef>,
    delegations: Vec<Delegation>,
    /// Widest log range that each endpoint was seen to grant, in blocks.
    log_ranges: BTreeMap<String, u64>,
}

/// The ledger with its place on disk.
#[derive(Debug)]
pub struct LedgerCache {
    path: Option<PathBuf>,
    file: LedgerFile,
    is_saved: bool,
}

impl LedgerCache {
    /// A ledger that is not kept.
    #[must_use]
    pub fn in_memory(key: LedgerKey) -> Self {
        Self { path: None, file: LedgerFile::new(key), is_saved: true }
    }

    /// Loads the ledger at `path`, or begins a new one there.
    #[must_use]
    pub fn load(path: &Path, key: LedgerKey) -> Self {
        let loaded = match load_bounded(path, FILE_LIMIT) {
            Ok(bytes) => parse(&bytes, &key),
            Err(StoreError::Missing { .. }) => None,
            Err(error) => {
                tracing::warn!("the ledger is scanned anew: {error}");
                None
            }
        };
        let is_saved = loaded.is_some();
        Self { path: Some(path.to_owned()), file: loaded.unwrap_or_else(|| LedgerFile::new(key)), is_saved }
    }

    /// Heights whose blocks [`Self::reconcile`] wants to see, oldest first.
    #[must_use]
    pub fn anchors(&self) -> Vec<u64> {
        self.file.anchors.iter().map(|anchor| anchor.number).collect()
    }

    /// The range that each endpoint was seen to grant.
    #[must_use]
    pub fn log_range(&self, endpoint: &str) -> Option<u64> {
        self.file.log_ranges.get(endpoint).copied()
    }

    /// Drops what the chain no longer confirms: `blocks` are the chain's at the heights of [`Self::anchors`].
    pub fn reconcile(&mut self, blocks: &[Option<BlockRef>]) {
        let before = self.file.anchors.len();
        let agreed =
            self.file.anchors.iter().zip(blocks).take_while(|(anchor, block)| **block == Some(**anchor)).count();
        if agreed == before {
            return;
        }
        tracing::warn!(
            "the chain differs from the ledger's last blocks: dropping what came after the last that agrees"
        );
        self.file.anchors.truncate(agreed);
        let last = self.file.anchors.last().map(|anchor| anchor.number);
        self.file.delegations.retain(|delegation| last.is_some_and(|last| delegation.log.block_number <= last));
        self.is_saved = false;
    }

    /// Makes the ledger cover these providers; one that it did not cover means scanning from the start.
    pub fn cover(&mut self, providers: &BTreeSet<ProviderId>) {
        if !providers.is_subset(&self.file.provider_ids) {
            self.file.provider_ids.extend(providers);
            self.file.anchors.clear();
            self.file.delegations.clear();
            self.is_saved = false;
        }
    }

    /// The first block that was not scanned yet.
    #[must_use]
    pub fn next_block(&self) -> u64 {
        self.file.anchors.last().map_or(self.file.key.from_block, |anchor| anchor.number.saturating_add(1))
    }

    /// Delegations of `providers` up to and including block `number`, oldest first.
    #[must_use]
    pub fn delegations(&self, providers: &BTreeSet<ProviderId>, number: u64) -> Vec<Delegation> {
        let of_interest = |delegation: &&Delegation| {
            delegation.log.block_number <= number && providers.contains(&delegation.provider_id)
        };
        self.file.delegations.iter().filter(of_interest).copied().collect()
    }

    /// The events of these providers' terms up to and including block `number`.
    #[must_use]
    pub fn terms(&self, _providers: &BTreeSet<ProviderId>, _number: u64) -> Vec<TermsEvent> {
        Vec::new()
    }

    /// Attesters that these providers took out of their queues up to and including block `number`, and that were not
    /// delegated since.
    #[must_use]
    pub fn dripped(&self, _providers: &BTreeSet<ProviderId>, _number: u64) -> BTreeSet<Address> {
        BTreeSet::new()
    }

    /// Coinbases about whose delegations endpoints disagree.
    #[must_use]
    pub fn disputed(&self) -> BTreeSet<Coinbase> {
        BTreeSet::new()
    }

    /// Keeps splits that fit with their delegations, and forgets what did not.
    pub fn note_splits(&mut self, learnt: &BTreeMap<Coinbase, SplitRecord>, refuted: &BTreeSet<Coinbase>) {
        for delegation in &mut self.file.delegations {
            let coinbase = &delegation.coinbase;
            let split = learnt.get(coinbase).copied();
            let split = split.or(delegation.split.filter(|_| !refuted.contains(coinbase)));
            if split != delegation.split {
                delegation.split = split;
                self.is_saved = false;
            }
        }
    }

    /// Scans up to and including `pin`. What was scanned stays when a later step fails.
    ///
    /// # Errors
    /// `Rpc` when a step fails for good, `Ledger` when an event of ours does not decode.
    pub async fn scan(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), SnapshotError> {
        if self.file.provider_ids.is_empty() {
            // An empty list of ids would match the events of every provider.
            return Ok(());
        }
        let filter = self.filter();
        while self.next_block() <= pin.number {
            progress(self.next_block(), pin.number);
            let step = client.log_step(&filter, self.next_block(), pin.number).await.map_err(SnapshotError::Rpc)?;
            // All of a step or nothing: a reader that lives on scans the same step again after an error.
            let decoded: Result<Vec<_>, _> = step.logs.iter().map(decode_delegation).collect();
            self.file.delegations.extend(decoded.map_err(SnapshotError::Ledger)?);
            self.anchor(step.to);
        }
        for endpoint in client.endpoints() {
            self.file.log_ranges.insert(endpoint.name().to_owned(), endpoint.log_range());
        }
        Ok(())
    }

    fn filter(&self) -> LogFilter {
        let topic = <StakedWithProviderFilter as ethers_contract::EthEvent>::signature();
        let ids = self.file.provider_ids.iter().map(|id| {
            let mut word = H256::zero();
            U256::from(*id).to_big_endian(word.as_bytes_mut());
            word
        });
        LogFilter { addresses: vec![self.file.key.staking_registry], topics: vec![vec![topic], ids.collect()] }
    }

    /// Adds an anchor and keeps few: the newest, one deep enough to survive reorgs, and one on its way there.
    fn anchor(&mut self, block: BlockRef) {
        self.is_saved = false;
        let anchors = &mut self.file.anchors;
        anchors.push(block);
        let is_deep = |anchor: &BlockRef| block.number.saturating_sub(anchor.number) >= DEEP;
        let deepest = anchors.iter().rev().find(|anchor| is_deep(anchor)).copied();
        let ageing = anchors.iter().find(|anchor| !is_deep(anchor)).copied();
        anchors.retain(|anchor| *anchor == block || Some(*anchor) == deepest || Some(*anchor) == ageing);
    }

    /// Writes the ledger when it changed.
    ///
    /// # Errors
    /// What stopped the file from being replaced; the old one is still whole.
    pub fn save(&mut self) -> Result<(), StoreError> {
        let Some(path) = self.path.as_ref().filter(|_| !self.is_saved) else {
            return Ok(());
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| StoreError::Write { path: folder.to_owned(), source })?;
        }
        let bytes = serde_json::to_vec(&self.file)
            .map_err(|error| StoreError::Write { path: path.clone(), source: error.into() })?;
        save_atomic(path, &bytes, 0o644)?;
        self.is_saved = true;
        Ok(())
    }
}

impl LedgerFile {
    fn new(key: LedgerKey) -> Self {
        Self {
            version: VERSION,
            key,
            provider_ids: BTreeSet::new(),
            anchors: Vec::new(),
            delegations: Vec::new(),
            log_ranges: BTreeMap::new(),
        }
    }
}

fn parse(bytes: &[u8], key: &LedgerKey) -> Option<LedgerFile> {
    let file = match serde_json::from_slice::<LedgerFile>(bytes) {
        Ok(file) => file,
        Err(error) => {
            tracing::warn!(
                "the ledger is scanned anew: its file is damaged at line {} column {}",
                error.line(),
                error.column()
            );
            return None;
        }
    };
    let in_order = file.anchors.is_sorted_by(|a, b| a.number < b.number)
        && file.delegations.is_sorted_by(|a, b| a.log < b.log)
        && file
            .delegations
            .last()
            .is_none_or(|last| file.anchors.last().is_some_and(|anchor| last.log.block_number <= anchor.number));
    (file.version == VERSION && file.key == *key && in_order).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delegation::LogId;

    fn key() -> LedgerKey {
        LedgerKey { chain_id: 1, staking_registry: Address::repeat_byte(1), from_block: 10 }
    }

    fn block(number: u64) -> BlockRef {
        BlockRef { number, hash: H256::from_low_u64_be(number), timestamp: number * 12 }
    }

    fn delegation(block_number: u64) -> Delegation {
        Delegation {
            log: LogId { block_number, log_index: 0, block_hash: H256::zero(), transaction_hash: H256::zero() },
            provider_id: ProviderId::try_from(1).unwrap(),
            rollup: Address::repeat_byte(2),
            attester: Address::from_low_u64_be(block_number),
            coinbase: Coinbase::try_from(Address::repeat_byte(3)).unwrap(),
            staker: Address::repeat_byte(4),
            split: None,
        }
    }

    fn ledger(blocks: &[u64]) -> LedgerCache {
        let mut cache = LedgerCache::in_memory(key());
        for number in blocks {
            cache.file.delegations.push(delegation(*number));
            cache.anchor(block(*number));
        }
        cache
    }

    #[test]
    fn few_anchors_are_kept_and_one_of_them_is_deep() {
        let cache = ledger(&(10..2000).collect::<Vec<_>>());
        let anchors = cache.anchors();
        assert!(anchors.len() <= 3, "{anchors:?}");
        assert_eq!(anchors.last(), Some(&1999));
        assert!(anchors.iter().any(|n| (1999 - 3 * DEEP..=1999 - DEEP).contains(n)), "{anchors:?}");
    }

    #[test]
    fn after_a_reorg_only_what_an_agreeing_anchor_covers_is_kept() {
        let mut cache = ledger(&[10, 50, 200]);
        let anchors = cache.anchors();
        let blocks: Vec<_> = anchors
            .iter()
            .map(|n| Some(if *n == 200 { BlockRef { hash: H256::zero(), ..block(200) } } else { block(*n) }))
            .collect();
        cache.reconcile(&blocks);
        assert_eq!(cache.next_block(), 51);
        assert_eq!(cache.file.delegations.len(), 2);
        cache.reconcile(&[None]);
        assert_eq!(cache.next_block(), 10);
        assert!(cache.file.delegations.is_empty());
    }

    #[test]
    fn a_provider_that_was_not_covered_means_scanning_from_the_start() {
        let mut cache = ledger(&[10, 50]);
        let one = BTreeSet::from([ProviderId::try_from(1).unwrap()]);
        cache.cover(&one);
        assert_eq!(cache.next_block(), 10);
        cache.anchor(block(50));
        cache.cover(&one);
        assert_eq!(cache.next_block(), 51);
    }

    #[test]
    fn a_damaged_foreign_or_disordered_file_is_not_used() {
        let good = serde_json::to_string(&ledger(&[10, 50]).file).unwrap();
        assert!(parse(good.as_bytes(), &key()).is_some());
        assert!(parse(good.as_bytes(), &LedgerKey { chain_id: 2, ..key() }).is_none());
        assert!(parse(good.replace("\"version\":1", "\"version\":2").as_bytes(), &key()).is_none());
        assert!(parse(&good.as_bytes()[..good.len() / 2], &key()).is_none());
        let mut disordered = ledger(&[10, 50]).file;
        disordered.delegations.reverse();
        assert!(parse(&serde_json::to_vec(&disordered).unwrap(), &key()).is_none());
    }
}
