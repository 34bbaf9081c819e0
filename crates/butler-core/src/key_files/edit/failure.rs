//! Why something was not done, by what the asker does next. Never in a word that is not ours.

use std::io;

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::error::EditError;
use super::names::FileName;
use super::obstacle::Obstacle;
use super::setting::{Setting, with_checksum};
use crate::store::beneath::{FolderError, ReadError, Refusal, ReplaceError, is_passing};
use crate::text::address::checksummed;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Failure {
    /// The file has another content than the question says: look again, and plan anew. It was not touched.
    #[error("`{file}` has another content by now")]
    Conflict {
        /// The file.
        file: FileName,
        /// SHA-256 of what is there; `None` when the file is gone, or cannot be read.
        found: Option<H256>,
    },
    /// It is never done like this: a person has to change something. Nothing more was written.
    #[error("{why}{}", at(file))]
    Refused {
        /// The file, where it is one.
        file: Option<FileName>,
        /// Why.
        #[source]
        why: Refused,
    },
    /// It may be possible later: ask the same again. Nothing more was written.
    #[error("{why}{}", at(file))]
    Later {
        /// The file, where it is one.
        file: Option<FileName>,
        /// Why.
        #[source]
        why: Later,
    },
    /// It is done, and may be undone by a power cut, or could not be read back: ask the same again, until that is settled.
    #[error("`{file}` is written, and could not be synced or read back")]
    Unsettled {
        /// The file.
        file: FileName,
    },
    /// The question is not understood: both sides must have the same version of this program.
    #[error("the question is not understood")]
    Misunderstood(#[source] Misunderstood),
}

/// What a person has to change.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Refused {
    /// The change cannot be made.
    #[error("the change cannot be made")]
    Edit(#[source] EditError),
    /// The file is not changed for what it is.
    #[error("the file {0}")]
    File(Refusal),
    /// Every user may write into the file.
    #[error("every user may write into the file")]
    Exposed,
    /// Every user may put files into the folder, and so decides what the node runs.
    #[error("every user may write into the folder of keystores")]
    ExposedFolder,
    /// The node would refuse the folder afterwards.
    #[error("the node would refuse the folder afterwards")]
    Folder {
        /// What it would refuse.
        obstacles: Vec<Obstacle>,
    },
    /// The coinbase is not the one that the question expects, though the file is.
    #[error("the coinbase of {} is {found}", checksummed(attester))]
    OtherBefore {
        /// Whose it is.
        #[serde(serialize_with = "with_checksum")]
        attester: Address,
        /// What stands there.
        found: Setting,
    },
    /// The change would not make of the file what the question says.
    #[error("the change would make another file than was previewed")]
    OtherAfter,
    /// A file or an attester occurs twice in the question, or there are too many of them.
    #[error("a file or an attester occurs twice in the question, or there are too many")]
    Question,
    /// There is no backup of that content.
    #[error("there is no backup of that content")]
    NoBackup,
    /// The folder of keystores cannot be opened or listed.
    #[error("the folder of keystores cannot be opened or listed")]
    Unopened,
    /// The agent's own folder is not private to its user, is that of the keystores, or holds something else.
    #[error("the agent's own folder cannot be used")]
    State,
    /// Core dumps cannot be turned off, so no key is read.
    #[error("core dumps cannot be turned off")]
    Dumps,
    /// The answer would be too long.
    #[error("the answer would be too long")]
    TooMuch,
}

/// What goes away by itself, or with room on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Later {
    /// Another program is writing.
    #[error("another program is writing")]
    Busy,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The system failed to read or write.
    #[error("the system failed to read or write")]
    Io,
}

/// Why a question is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Misunderstood {
    /// It is of another version.
    #[error("version {spoken} is spoken here")]
    Version {
        /// The version that is spoken.
        spoken: u32,
    },
    /// It is longer than a question may be.
    #[error("it is too long")]
    TooLong,
    /// It is none.
    #[error("this is no question")]
    NoRequest,
}

fn at(file: &Option<FileName>) -> String {
    file.as_ref().map(|file| format!(" (`{file}`)")).unwrap_or_default()
}

impl Failure {
    /// About one file.
    pub(super) fn refused(file: &FileName, why: Refused) -> Self {
        Self::Refused { file: Some(file.clone()), why }
    }

    /// About the whole.
    pub(super) fn never(why: Refused) -> Self {
        Self::Refused { file: None, why }
    }

    /// About the whole, for now.
    pub(super) fn later(why: Later) -> Self {
        Self::Later { file: None, why }
    }

    /// What an error of whoever opens or lists a folder means; `why` where a person has to change something.
    pub(super) fn of_folder(error: &FolderError, why: Refused) -> Self {
        if error.is_passing() { Self::later(Later::Io) } else { Self::never(why) }
    }

    /// The same for an error of the system.
    pub(super) fn of_system(error: &io::Error, why: Refused) -> Self {
        if is_passing(error) { Self::later(Later::Io) } else { Self::never(why) }
    }

    /// What an error of a reader of a keystore means.
    pub(super) fn of_read(file: &FileName, error: &ReadError) -> Self {
        let later = |why| Self::Later { file: Some(file.clone()), why };
        match error {
            ReadError::Missing { .. } => Self::Conflict { file: file.clone(), found: None },
            ReadError::Refused { why, .. } => Self::refused(file, Refused::File(*why)),
            ReadError::Changing { .. } => later(Later::Busy),
            ReadError::Unread { .. } => later(Later::Io),
        }
    }

    /// What a failure to read a file back means that was written a moment ago: never that nothing was written.
    pub(super) fn after_a_write(self, file: &FileName) -> Self {
        match self {
            Self::Refused { .. } | Self::Later { .. } => Self::Unsettled { file: file.clone() },
            // Somebody replaced or removed it.
            conflict @ Self::Conflict { .. } => conflict,
            other @ (Self::Unsettled { .. } | Self::Misunderstood(_)) => other,
        }
    }

    /// What an error of a writer of a keystore means.
    pub(super) fn of_write(file: &FileName, error: &ReplaceError) -> Self {
        let later = |why| Self::Later { file: Some(file.clone()), why };
        match error {
            ReplaceError::Conflict { .. } => Self::Conflict { file: file.clone(), found: None },
            ReplaceError::Busy { .. } | ReplaceError::Refused { why: Refusal::FolderMoved, .. } => later(Later::Busy),
            ReplaceError::Refused { why, .. } => Self::refused(file, Refused::File(*why)),
            ReplaceError::NotWritten { .. } if error.is_full() => later(Later::Full),
            ReplaceError::NotWritten { .. } => later(Later::Io),
            ReplaceError::Unsynced { .. } => Self::Unsettled { file: file.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_and_cannot_be_read_back_is_not_told_as_left_alone() {
        let file = FileName::shown("keys.json");
        let later = |why| Failure::Later { file: Some(file.clone()), why };
        let denied = Failure::refused(&file, Refused::File(Refusal::Denied));
        for failure in [denied, later(Later::Io), later(Later::Busy)] {
            assert_eq!(failure.after_a_write(&file), Failure::Unsettled { file: file.clone() });
        }
        let gone = Failure::Conflict { file: file.clone(), found: None };
        assert_eq!(gone.clone().after_a_write(&file), gone);
    }

    #[test]
    fn a_folder_that_the_system_failed_to_open_is_tried_again_and_one_that_may_not_be_opened_is_not() {
        let failure = |errno: rustix::io::Errno| {
            let (path, source) = ("keys".into(), errno.into());
            Failure::of_folder(&FolderError::Unopened { path, source }, Refused::Unopened)
        };
        use rustix::io::Errno;
        for errno in [Errno::IO, Errno::INTR, Errno::MFILE, Errno::NOMEM, Errno::STALE] {
            assert_eq!(failure(errno), Failure::later(Later::Io), "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::PERM, Errno::NOTDIR, Errno::LOOP] {
            assert_eq!(failure(errno), Failure::never(Refused::Unopened), "{errno}");
        }
        let missing = FolderError::Missing { path: "keys".into() };
        assert_eq!(Failure::of_folder(&missing, Refused::Unopened), Failure::never(Refused::Unopened));
    }
}
