//! How one attempt at a snapshot ends badly.

use super::error::SnapshotError;
use super::ledger::Doubt;

/// Why one attempt at a snapshot ended.
#[derive(Debug)]
pub(super) enum ReadError {
    /// For good, as far as this attempt goes.
    Failed(SnapshotError),
    /// What was read of the ledger is not believed.
    Doubted(Doubt),
}

impl From<SnapshotError> for ReadError {
    fn from(error: SnapshotError) -> Self {
        Self::Failed(error)
    }
}

impl From<Doubt> for ReadError {
    fn from(doubt: Doubt) -> Self {
        Self::Doubted(doubt)
    }
}
