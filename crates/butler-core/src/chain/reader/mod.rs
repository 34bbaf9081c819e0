//! Reading snapshots one after another: an attempt at a block, and what is tried when that does not fit.

mod attempt;
mod providers;
mod queued_keys;
mod unlocks;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use ethers_core::types::Address;
use tokio::time::sleep;

use self::providers::AdminBook;
use crate::chain::at_head::{BlockReadFailure as _, Reorgs};
use crate::chain::convicts::Convicts;
use crate::chain::error::SnapshotError;
use crate::chain::ledger::{Along, Doubt, Heard, LedgerCache, Trouble};
use crate::chain::memo::Memo;
use crate::chain::read_error::ReadError;
use crate::chain::remedies::{Means, Remedies, Remedy};
use crate::chain::request::{Progress, SnapshotRequest};
use crate::chain::rollups::RollupBook;
use crate::client::l1::{BlockTag, Head, L1Client};
use crate::domain::block::BlockRef;
use crate::domain::ids::ProviderId;
use crate::domain::snapshot::NetworkSnapshot;
use crate::store::file::StoreError;

/// How many blocks older a snapshot is whose only endpoint has not indexed its newest blocks.
const OLDER: u64 = 16;

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

/// Reads snapshots of one network, one after another.
#[derive(Debug)]
pub struct SnapshotReader {
    client: Arc<L1Client>,
    ledger: LedgerCache,
    memo: Memo,
    rollups: RollupBook,
    admins: AdminBook,
    /// The newest block with those of the ledger's anchors, for the next reading there.
    head: Option<Head>,
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
        let rollups = RollupBook::beside(ledger.path(), ledger.key().clone());
        Self { client: Arc::new(client), ledger, memo, rollups, admins: AdminBook::new(), head: None }
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
        self.memo.save()?;
        self.rollups.save()
    }

    /// Forgets the ledger and what stands beside it, so that the next reading scans the chain anew.
    pub fn forget_ledger(&mut self) {
        self.ledger.forget();
        self.memo.forget();
        self.rollups.forget();
    }

    /// Where what was followed of a rollup's duties is kept beside the ledger, if that is kept.
    #[must_use]
    pub fn duties_path(&self, rollup: Address) -> Option<PathBuf> {
        let path = self.ledger.path()?;
        Some(path.with_extension(format!("duties-{rollup:x}.json")))
    }

    /// The ledger as it was read last.
    #[must_use]
    pub fn ledger(&self) -> &LedgerCache {
        &self.ledger
    }

    /// Has the next reading at the newest block begin at this one, instead of asking again which it is. Beside it are the blocks at
    /// [`LedgerCache::anchors`].
    pub fn begin_at(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// Has the next readings hear more than the ledger needs, where they scan anyway.
    pub fn listen(&mut self, along: Along) {
        self.ledger.listen(along);
    }

    /// What was heard since then; of what is not in it nothing is known.
    pub fn heard(&mut self) -> Heard {
        self.ledger.heard()
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
            let found = Box::pin(self.read_until_it_fits(request, Depth::Everything, progress)).await;
            if let Found::Snapshot(snapshot) = found.map_err(|error| self.named(error, request))? {
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
            let found = Box::pin(self.read_until_it_fits(request, Depth::Ledger, progress)).await;
            if let Found::Ledger(block, own) = found.map_err(|error| self.named(error, request))? {
                return Ok((block, own));
            }
        }
    }

    fn named(&self, error: SnapshotError, request: &SnapshotRequest) -> SnapshotError {
        error.naming(request.preset, self.client.chain_id())
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
        let mut reorgs = Reorgs::default();
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
                Err(ReadError::Failed(error))
                    if newer.is_none() && !matches!(request.at, BlockTag::Number(_)) && error.gone_at().is_some() =>
                {
                    reorgs.begin_again(&block, error.gone_at().unwrap_or_default())?;
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
        let anchors = self.ledger.anchors();
        let given = self.head.take().filter(|head| at == BlockTag::Latest && head.known.len() == anchors.len());
        let head = match given {
            Some(head) => head,
            None => self.client.head(at, &anchors).await.map_err(SnapshotError::Rpc)?,
        };
        self.ledger.reconcile(&head.known);
        self.memo.forget_newer(self.ledger.next_block());
        Ok(head.block)
    }
}
