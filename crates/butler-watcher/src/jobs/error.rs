//! Why jobs cannot be done.

use std::path::PathBuf;

use butler_core::client::http::HttpSetupError;
use butler_core::network::NetworkError;
use butler_core::runtime::exit::Exit;
use thiserror::Error;

use crate::journal::JournalError;

/// The pipelines cannot be opened, or not be gone on with.
#[derive(Debug, Error)]
pub enum JobsError {
    /// The journal refuses.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The configuration has no such jobs any more, and some of theirs are not over.
    #[error("the configuration does not have {0}, and the journal has unfinished work of theirs")]
    Gone(String),
    /// The client of a service, or of a beacon node, cannot be built.
    #[error("`{name}` cannot be asked")]
    Client {
        /// The job, or the node.
        name: String,
        /// Why.
        #[source]
        source: HttpSetupError,
    },
    /// The clients of a network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The folder in which programs run cannot be had.
    #[error("failed to make `{}`", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What is kept of an item cannot be read.
    #[error("what is kept of the items of `{0}` cannot be read")]
    Kept(String),
}

impl JobsError {
    /// How the program ends with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Journal(error) => error.exit(),
            Self::Gone(_) => Exit::Refused,
            Self::Kept(_) => Exit::CheckFailed,
            Self::Client { .. } | Self::Network(_) => Exit::Configuration,
            Self::Folder { .. } => Exit::LocalFile,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Journal(error) => error.hint(),
            Self::Gone(_) => Some(
                "put it back into the configuration until its work is over, or drop what waits (`butler-cli actions drop --pipeline NAME`) while it is there",
            ),
            Self::Kept(_) | Self::Client { .. } | Self::Network(_) | Self::Folder { .. } => None,
        }
    }
}
