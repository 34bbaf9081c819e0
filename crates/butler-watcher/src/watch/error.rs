//! Why watching a network ends, and why one turn of it failed.

use butler_core::runtime::report::one_line;
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

impl Failed {
    /// What to say of it, with a hint, where waiting may mend it.
    ///
    /// # Errors
    /// It ends the watch of the network.
    pub(super) fn passing(self, network: &str) -> Result<(String, Option<&'static str>), WatchError> {
        match self {
            Self::Follow(source) if source.is_final().is_some() => {
                Err(WatchError::Follow { network: network.to_owned(), source: Box::new(source) })
            }
            Self::Follow(error) => Ok((one_line(&error), error.hint())),
            Self::Journal(error @ JournalError::Full { .. }) => Ok((one_line(&error), error.hint())),
            Self::Journal(error) => Err(error.into()),
            Self::Memory(why) => Ok((why, Some("free some space, and see that the watcher's folder can be written"))),
        }
    }
}
