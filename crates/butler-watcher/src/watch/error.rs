//! Why watching a network ends, and why one turn of it failed.

use thiserror::Error;

use crate::follower::FollowError;
use crate::journal::JournalError;

/// Why watching a network ends.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Something on the chain that waiting does not mend.
    #[error("network `{network}`")]
    Follow {
        /// The network.
        network: String,
        /// What.
        #[source]
        source: Box<FollowError>,
    },
    /// The journal is not what it was.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Why one turn failed.
pub(super) enum Failed {
    Follow(FollowError),
    Journal(JournalError),
    /// What is open cannot be kept.
    Memory(String),
}
