//! What the last good snapshot of a network's chain showed, for the scrapers that need more than their own question.

use std::sync::Arc;

use butler_core::client::l1::L1Client;
use butler_core::domain::key_book::KeyBook;
use butler_core::domain::snapshot::NetworkSnapshot;
use tokio::sync::watch;

/// A snapshot, and the key files that it was read with.
#[derive(Debug)]
pub struct Seen {
    /// The snapshot.
    pub snapshot: NetworkSnapshot,
    /// What the key files said.
    pub keys: KeyBook,
    /// The client that it was read with.
    pub client: Arc<L1Client>,
}

/// Where the scraper of the chain puts what it saw.
pub type SeenSender = watch::Sender<Option<Arc<Seen>>>;
/// Where others find it; `None` before the first good snapshot. Old readings are not fresher than the snapshot that they
/// were made with.
pub type SeenReceiver = watch::Receiver<Option<Arc<Seen>>>;
