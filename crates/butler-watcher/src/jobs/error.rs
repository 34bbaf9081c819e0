//! Why jobs cannot be done.

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
    /// What is kept of an item cannot be read.
    #[error("what is kept of the items of `{0}` cannot be read")]
    Kept(String),
}

impl JobsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Journal(error) => error.hint(),
            Self::Gone(_) => Some(
                "put it back into the configuration until its work is over, or drop what waits (`butler-cli actions drop --pipeline NAME`) while it is there",
            ),
            Self::Kept(_) => None,
        }
    }
}
