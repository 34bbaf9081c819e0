//! What the last good snapshot of a network's chain showed, for the scrapers that need more than their own question.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use butler_core::chain::Heard;
use butler_core::client::l1::L1Client;
use butler_core::domain::findings::Thresholds;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::Address;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::readings::basis::DutiesBasis;

/// A snapshot, and the key files that it was read with.
#[derive(Debug)]
pub struct LastSnapshot {
    /// The snapshot.
    pub snapshot: NetworkSnapshot,
    /// What the key files said.
    pub keys: KeyBook,
    /// The limits of its network.
    pub thresholds: Thresholds,
    /// The client that it was read with.
    pub client: Arc<L1Client>,
    /// When that was.
    pub taken: Instant,
    /// What duties are held against.
    pub basis: DutiesBasis,
    /// What was heard of checkpoints along with it.
    pub heard: Heard,
    /// Of which rollups.
    pub heard_of: BTreeSet<Address>,
    /// Where what is followed of duties is kept, by rollup.
    pub duties_paths: BTreeMap<Address, PathBuf>,
}

/// How long a scraper's first scrape waits for the first snapshot.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Where the scraper of the chain puts what it saw.
pub type LastSnapshotSender = watch::Sender<Option<Arc<LastSnapshot>>>;
/// Where others find it; `None` before the first good snapshot. Old readings are not fresher than the snapshot that they
/// were made with.
pub type LastSnapshotReceiver = watch::Receiver<Option<Arc<LastSnapshot>>>;

/// What was seen last, unless it is older than `budget`: nothing fresh is computed with what is not.
#[must_use]
pub fn fresh(last: &LastSnapshotReceiver, budget: Duration) -> Option<Arc<LastSnapshot>> {
    last.borrow().clone().filter(|last| last.taken.elapsed() <= budget)
}

/// How long the next look should wait so that the day's credits of the endpoints last.
#[must_use]
pub fn pause(last: &LastSnapshotReceiver) -> Duration {
    last.borrow().as_ref().map_or(Duration::ZERO, |last| last.client.pause())
}

/// Lets a scraper's first scrape wait for the first snapshot, for a moment: both begin at once, and without that a
/// single scrape would lack whatever is compared with the chain.
#[derive(Debug, Default)]
pub struct FirstLook {
    is_over: bool,
}

impl FirstLook {
    /// Waits at the first call only. The chain's scraper tells of a failure too.
    pub async fn wait(&mut self, last: &mut LastSnapshotReceiver) {
        if !std::mem::replace(&mut self.is_over, true) && last.borrow().is_none() {
            // Neither a snapshot that takes long nor a scraper that ended is a failure here.
            let _ = timeout(FIRST_LOOK, last.changed()).await;
        }
    }
}
