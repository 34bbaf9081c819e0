//! What can be wrong with the journal, by what its caller does next.

use std::io;
use std::path::{Path, PathBuf};

use butler_core::domain::action::{EffectKey, LifeError};
use butler_core::runtime::exit::Exit;
use thiserror::Error;

use super::entry::Cursor;

/// A call that the journal did not carry out.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Somebody else moved the cursor, or this very commit was made before and its answer lost. Read the cursor and go on there.
    #[error("the cursor `{name}` is not where it was expected")]
    CursorConflict {
        /// The cursor's name.
        name: String,
        /// Where it is.
        current: Option<Cursor>,
    },
    /// The action changed since it was shown. Show it again.
    #[error("the action `{key}` is at version {current}, not at the version that was shown")]
    VersionConflict {
        /// The action.
        key: EffectKey,
        /// The version that it has.
        current: u64,
    },
    /// The lease ran out and somebody else may act: do nothing more.
    #[error("the lease of `{key}` is lost")]
    LostLease {
        /// The action.
        key: EffectKey,
    },
    /// There is no live action with this key.
    #[error("there is no live action `{key}`")]
    Absent {
        /// The key that was asked for.
        key: EffectKey,
    },
    /// The action's phase does not allow it.
    #[error("cannot change `{key}`")]
    Life {
        /// The action.
        key: EffectKey,
        /// Which step was not for which phase.
        #[source]
        source: LifeError,
    },
    /// There is a journal already where one should be made.
    #[error("there is a journal in `{}` already", .path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The request itself is wrong, by its caller's fault.
    #[error("the request is refused: {0}")]
    Invalid(&'static str),
    /// No space is left. Nothing was changed; try again when there is some.
    #[error("`{}` has {free} bytes left, the journal needs {needed}", .path.display())]
    Full {
        /// The journal's folder.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be free before anything is begun.
        needed: u64,
    },
    /// Another process has it open.
    #[error("the journal in `{}` is in use by another process", .path.display())]
    InUse {
        /// The journal's folder.
        path: PathBuf,
    },
    /// Its folder is somebody else's, or others can get in.
    #[error("`{}` is not a folder of this user alone (mode 0700)", .path.display())]
    Exposed {
        /// The journal's folder.
        path: PathBuf,
    },
    /// It is a copy, or was restored from one. What was done since the copy was made is not in it.
    #[error("the journal in `{}` was copied or restored: it may not know what was done since", .path.display())]
    Copied {
        /// The journal's folder.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("the journal in `{}` has schema {found}, this program knows {known}", .path.display())]
    Newer {
        /// The journal's folder.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest that is read.
        known: u32,
    },
    /// What is there is not what was acknowledged. Acting stops; `state check` says more, `state rebuild` makes a new store.
    #[error("`{}` is damaged: {what}", .path.display())]
    Corrupt {
        /// The file or folder.
        path: PathBuf,
        /// What shows it.
        what: String,
    },
    /// A file of the journal cannot be read or written. Whether the last change took is known after it was opened again.
    #[error("failed to {doing} `{}`", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// An earlier call failed half-way: the journal must be opened again before anything else.
    #[error("the journal stopped after a fault and must be opened again")]
    Stopped,
}

impl JournalError {
    /// An error of the system about a file, for `map_err`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_path_buf(), what: what.into() }
    }

    /// The exit code of a program that ends because of it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::CursorConflict { .. }
            | Self::VersionConflict { .. }
            | Self::LostLease { .. }
            | Self::Absent { .. }
            | Self::Life { .. }
            | Self::Occupied { .. }
            | Self::InUse { .. }
            | Self::Exposed { .. }
            | Self::Copied { .. }
            | Self::Newer { .. } => Exit::Refused,
            Self::Invalid(_) => Exit::Bug,
            Self::Full { .. } | Self::Corrupt { .. } | Self::Io { .. } | Self::Stopped => Exit::LocalFile,
        }
    }

    /// What the operator can do, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Full { .. } => Some("free some space; nothing is lost, and it goes on by itself"),
            Self::Occupied { .. } => Some("move it away first, or name another `watcher.state_directory`"),
            Self::InUse { .. } => Some("stop the other watcher; two must never act from one journal"),
            Self::Copied { .. } => Some(
                "when no other watcher has the original, take it over with `butler-watcher state check --adopt`; it goes on \
                 from its own checkpoint, and looks before it acts",
            ),
            Self::Newer { .. } => Some("start the program that wrote it, or import an export of it"),
            Self::Corrupt { .. } => Some(
                "`butler-watcher state check` says what is damaged, `butler-watcher state rebuild` makes the store again from the \
                 history",
            ),
            Self::Exposed { .. } | Self::Io { .. } => {
                Some("the folder must belong to the watcher's user, and its disk must be writable")
            }
            Self::CursorConflict { .. }
            | Self::VersionConflict { .. }
            | Self::LostLease { .. }
            | Self::Absent { .. }
            | Self::Life { .. }
            | Self::Invalid(_)
            | Self::Stopped => None,
        }
    }
}
