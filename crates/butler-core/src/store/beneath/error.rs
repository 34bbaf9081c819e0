//! What can go wrong with a folder and its files, by what the caller does next. Content is never said.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A folder that could not be opened or listed.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is no such folder.
    #[error("folder `{}` does not exist", .path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be opened, or is no folder.
    #[error("cannot open folder `{}`", .path.display())]
    Unopened {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be listed.
    #[error("cannot list folder `{}`", .path.display())]
    Unlisted {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds more than anybody looks through.
    #[error("folder `{}` holds more than {most} entries", .path.display())]
    Crowded {
        /// The folder.
        path: PathBuf,
        /// The limit.
        most: usize,
    },
}

impl FolderError {
    /// Whether it may go away by itself: the system failed, and nobody has to change the folder.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Crowded { .. } => false,
            Self::Unopened { source, .. } | Self::Unlisted { source, .. } => is_passing(source),
        }
    }
}

/// Whether the system failed, and not for what a path leads to or who may use it.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    let lasting =
        [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG, Errno::ACCESS, Errno::PERM, Errno::ROFS];
    error.raw_os_error().is_some_and(|number| !lasting.contains(&Errno::from_raw_os_error(number)))
}

/// A file of a folder, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder, as it was configured.
    pub folder: PathBuf,
    /// The file's name in it.
    pub name: String,
}

impl Place {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        Self { folder: folder.to_path_buf(), name: name.to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name that is refused may hold anything.
        write!(f, "`{}/{}`", self.folder.display(), self.name.escape_debug())
    }
}

/// A file that could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is none.
    #[error("{place} does not exist")]
    Missing {
        /// The file.
        place: Place,
    },
    /// It is not read for what it is: a person has to change that.
    #[error("{place} {why}")]
    Refused {
        /// The file.
        place: Place,
        /// What is in the way.
        why: Refusal,
        /// What the system said, where it was asked.
        #[source]
        source: Option<io::Error>,
    },
    /// Somebody writes into it at this moment: to be read again.
    #[error("{place} changes while it is read")]
    Changing {
        /// The file.
        place: Place,
    },
    /// Reading failed.
    #[error("cannot read {place}")]
    Unread {
        /// The file.
        place: Place,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A file that could not be replaced, made or removed.
#[derive(Debug, Error)]
pub enum ReplaceError {
    /// The file has another content than the expected one, or is gone: to be read and planned again. Nothing was changed, or
    /// another program has already written over what was.
    #[error("{place} is not what it was")]
    Conflict {
        /// The file.
        place: Place,
    },
    /// Another writer is at it: to be tried again. Nothing was changed.
    #[error("another program is writing {place}")]
    Busy {
        /// The file.
        place: Place,
    },
    /// It is not changed for what it is: a person has to change that. Nothing was changed.
    #[error("{place} {why}; nothing was changed")]
    Refused {
        /// The file.
        place: Place,
        /// What is in the way.
        why: Refusal,
        /// What the system said, where it was asked.
        #[source]
        source: Option<io::Error>,
    },
    /// Writing failed, such as on a full disk. What was there is there, unchanged.
    #[error("cannot write {place}; what was there is unchanged{}", if *.leftover { ", and its `.tmp` could not be removed" } else { "" })]
    NotWritten {
        /// The file.
        place: Place,
        /// Whether `NAME.tmp` is still there: to be swept later.
        leftover: bool,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The new content is in place, but tidying up or syncing failed: it may be lost in a power cut, and `NAME.tmp` may hold
    /// the old content. [`Folder::sweep`](super::Folder::sweep), until that goes well, makes good for both.
    #[error("{place} is written, but its folder could not be tidied or synced")]
    Unsynced {
        /// The file.
        place: Place,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl ReplaceError {
    /// Whether the disk, or the user's share of it, is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::NotWritten { source, .. } | Self::Unsynced { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Conflict { .. } | Self::Busy { .. } | Self::Refused { .. } => false,
        }
    }
}

/// Why a file is neither read nor changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Its name is not a plain one, or too long.
    Name,
    /// It is a symbolic link.
    Link,
    /// It is a folder, pipe, socket or device.
    NotAFile,
    /// It has several names: only one of them would change.
    HardLink,
    /// It runs as its owner or group, or has the sticky bit.
    SpecialBits,
    /// It is, or would be, longer than the limit.
    TooLarge,
    /// It is marked as immutable, or to be appended to only.
    Immutable,
    /// Something is mounted over it.
    MountPoint,
    /// It belongs to another user, and this one cannot give files away.
    Owner,
    /// It belongs to a group to which this user cannot give files.
    Group,
    /// Its access list or another attribute cannot be copied.
    Attribute,
    /// The file system does not keep owner, mode or length as they are set.
    NotKept,
    /// The file system, or the mount, is read-only.
    ReadOnly,
    /// This user may not.
    Denied,
    /// The file system has no locks.
    Unlockable,
    /// The folder's path leads to another folder by now, or to none: to be opened again.
    FolderMoved,
    /// `NAME.tmp` is there and is not a killed writer's: somebody has to look at it.
    Leftover,
    /// There is a file of that name already.
    Exists,
    /// The file system cannot give a file a name only where there is none.
    NoClaim,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "is not a plain file name",
            Self::Link => "is a symbolic link",
            Self::NotAFile => "is not a regular file",
            Self::HardLink => "has more than one name",
            Self::SpecialBits => "has a mode with special bits",
            Self::TooLarge => "is longer than the limit",
            Self::Immutable => "is marked as immutable or append-only",
            Self::MountPoint => "is a mount point",
            Self::Owner => "belongs to a user to whom this one cannot give files",
            Self::Group => "belongs to a group to which this user cannot give files",
            Self::Attribute => "has an access list or attribute that cannot be copied",
            Self::NotKept => "is on a file system that does not keep owner and mode",
            Self::ReadOnly => "is on a read-only file system",
            Self::Denied => "is not this user's to read or replace",
            Self::Unlockable => "is on a file system without locks",
            Self::FolderMoved => "is in a folder whose path leads elsewhere by now",
            Self::Leftover => "has a `.tmp` beside it that another program left, or a person has to look at",
            Self::Exists => "exists already",
            Self::NoClaim => "is on a file system that cannot make a file without the risk of replacing one",
        })
    }
}

/// What went wrong, before it is known where.
#[derive(Debug)]
pub(super) enum Fault {
    Missing,
    Changing,
    Conflict,
    Busy,
    Refused(Refusal, Option<io::Error>),
    Io(io::Error),
    /// Something went wrong, and then `NAME.tmp` could not be removed.
    Left(io::Error),
    Unsynced(io::Error),
}

impl From<Refusal> for Fault {
    fn from(why: Refusal) -> Self {
        Self::Refused(why, None)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let why = match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => Refusal::Link,
            Some(Errno::ROFS) => Refusal::ReadOnly,
            Some(Errno::ACCESS | Errno::PERM) => Refusal::Denied,
            Some(Errno::BUSY) => Refusal::MountPoint,
            Some(_) | None => return Self::Io(error),
        };
        Self::Refused(why, Some(error))
    }
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl Fault {
    /// As the error of a reader.
    pub(super) fn reading(self, place: Place) -> ReadError {
        match self {
            Self::Missing => ReadError::Missing { place },
            Self::Changing | Self::Conflict | Self::Busy => ReadError::Changing { place },
            Self::Refused(why, source) => ReadError::Refused { place, why, source },
            Self::Io(source) | Self::Left(source) | Self::Unsynced(source) => ReadError::Unread { place, source },
        }
    }

    /// As the error of a writer.
    pub(super) fn writing(self, place: Place) -> ReplaceError {
        match self {
            Self::Missing | Self::Conflict => ReplaceError::Conflict { place },
            Self::Changing | Self::Busy => ReplaceError::Busy { place },
            Self::Refused(why, source) => ReplaceError::Refused { place, why, source },
            Self::Io(source) => ReplaceError::NotWritten { place, leftover: false, source },
            Self::Left(source) => ReplaceError::NotWritten { place, leftover: true, source },
            Self::Unsynced(source) => ReplaceError::Unsynced { place, source },
        }
    }
}
