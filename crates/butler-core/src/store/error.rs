//! What can be wrong with a local file, by what its reader or writer does next.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A local file that could not be read or replaced.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("`{}` does not exist", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A folder, socket, pipe or device stands where a file is expected.
    #[error("`{}` is not a regular file", .path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else may have put the file there, or may change or read it.
    #[error("`{}` {why}", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What shows it.
        why: Foreign,
    },
    /// The file is larger than its reader allows.
    #[error("`{}` is {size} bytes long, more than the limit of {limit}", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length in bytes, or as much of it as was seen.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Reading failed.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk is full. The old content is still there.
    #[error("cannot write `{}`: no space left; the old content is unchanged", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Writing failed. The old content is still there.
    #[error("cannot write `{}`; the old content is unchanged", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The new content is in place, and it is not certain that it survives a power cut.
    #[error("`{}` is written, but its folder could not be synced", .path.display())]
    Sync {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What shows that a file is not a program's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// It is a symbolic link.
    Link,
    /// It has several names.
    HardLink,
    /// It belongs to another user.
    Owner,
    /// Others may read or write it.
    Mode,
}

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Link => "is a symbolic link",
            Self::HardLink => "has more than one name",
            Self::Owner => "belongs to another user",
            Self::Mode => "may be read or written by other users",
        })
    }
}

impl StoreError {
    pub(super) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        if source.kind() == io::ErrorKind::NotFound { Self::Missing { path } } else { Self::Read { path, source } }
    }

    pub(super) fn writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        let full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        if full { Self::Full { path, source } } else { Self::Write { path, source } }
    }

    /// The file that the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing { path }
            | Self::NotAFile { path }
            | Self::NotOurs { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Read { path, .. }
            | Self::Full { path, .. }
            | Self::Write { path, .. }
            | Self::Sync { path, .. } => path,
        }
    }
}
