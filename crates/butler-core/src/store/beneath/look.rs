//! Looking at one entry of a folder, opening it without following or waiting for anything, and reading it whole.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use ethers_core::types::H256;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::{Fault, Refusal};

/// What a name stands for, looked at without opening it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) file_type: FileType,
    /// Device and inode.
    pub(super) identity: (u64, u64),
}

impl Entry {
    /// Looks at a name; `None` when there is none.
    pub(super) fn look(folder: &File, name: &str) -> io::Result<Option<Self>> {
        match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Self {
                file_type: FileType::from_raw_mode(stat.st_mode),
                identity: (stat.st_dev, stat.st_ino),
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Opens or makes a file right in the folder; a link in its place is an error.
pub(super) fn open(folder: &File, name: &str, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(folder, name, flags, mode, resolve) {
        // An old kernel, or a filter that does not know the call. A plain name with `O_NOFOLLOW` is as safe.
        Err(Errno::NOSYS | Errno::PERM) => rustix::fs::openat(folder, name, flags, mode),
        done => done,
    }
}

/// The content of a file and what was known of it when it was read. Debug shows no content.
pub struct Held {
    /// What it says. It is wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
    /// SHA-256 of the content.
    pub digest: H256,
    /// Permission bits and special bits, such as `0o600`.
    pub mode: u32,
    /// The owner's id.
    pub uid: u32,
    /// The group's id.
    pub gid: u32,
    /// The file's number on its device.
    pub inode: u64,
    /// The device's number.
    pub device: u64,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("length", &self.content.len())
            .field("digest", &self.digest)
            .field("mode", &format_args!("{:o}", self.mode))
            .field("uid", &self.uid)
            .field("gid", &self.gid)
            .field("inode", &self.inode)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// A regular file with one name, open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) metadata: Metadata,
}

impl Opened {
    /// Opens a file for reading, whatever stands there now: nothing is followed, waited for or woken.
    pub(super) fn open(folder: &File, name: &str) -> Result<Self, Fault> {
        Self::open_with(folder, name, OFlags::RDONLY)
    }

    pub(super) fn open_with(folder: &File, name: &str, flags: OFlags) -> Result<Self, Fault> {
        // Opening a device can do something, so the kind is looked at first; what is open by then is looked at again.
        let entry = Entry::look(folder, name)?.ok_or(Fault::Missing)?;
        check_kind(entry.file_type)?;
        let file = match open(folder, name, flags, Mode::empty()) {
            Ok(descriptor) => File::from(descriptor),
            Err(Errno::NOENT) => return Err(Fault::Missing),
            Err(Errno::NXIO) => return Err(Refusal::NotAFile.into()),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        check_kind(FileType::from_raw_mode(metadata.mode()))?;
        if metadata.nlink() > 1 {
            return Err(Refusal::HardLink.into());
        }
        Ok(Self { file, metadata })
    }

    /// Device and inode.
    pub(super) fn identity(&self) -> (u64, u64) {
        (self.metadata.dev(), self.metadata.ino())
    }

    /// Whether the name still, or again, stands for this file.
    pub(super) fn is_at(&self, folder: &File, name: &str) -> io::Result<bool> {
        Ok(Entry::look(folder, name)?.is_some_and(|entry| entry.identity == self.identity()))
    }

    /// Reads all of it. A file that changes meanwhile is not believed.
    pub(super) fn load(&self, limit: u64) -> Result<Held, Fault> {
        let before = self.file.metadata()?;
        let content = self.bytes(before.len(), limit)?;
        let after = self.file.metadata()?;
        if changes(&before) != changes(&after) {
            return Err(Fault::Changing);
        }
        let digest = digest(&content);
        Ok(Held {
            content,
            digest,
            mode: before.mode() & 0o7777,
            uid: before.uid(),
            gid: before.gid(),
            inode: before.ino(),
            device: before.dev(),
        })
    }

    fn bytes(&self, length: u64, limit: u64) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if length > limit {
            return Err(Refusal::TooLarge.into());
        }
        let length = usize::try_from(length).map_err(|_| Refusal::TooLarge)?;
        // One buffer of the right size, so that none is left behind unwiped; one byte more tells a file that grew.
        let mut content = Zeroizing::new(vec![0; length.saturating_add(1)]);
        let mut filled = 0;
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let offset = u64::try_from(filled).map_err(|_| Refusal::TooLarge)?;
            match self.file.read_at(rest, offset) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled != length {
            return Err(Fault::Changing);
        }
        content.truncate(length);
        Ok(content)
    }

    /// What keeps a file from being replaced for what it is.
    pub(super) fn check_replaceable(&self) -> Result<(), Fault> {
        if self.metadata.mode() & 0o7000 != 0 {
            return Err(Refusal::SpecialBits.into());
        }
        match rustix::fs::statx(&self.file, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS) {
            Ok(more) if more.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) => {
                Err(Refusal::Immutable.into())
            }
            Ok(more) if more.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) => Err(Refusal::MountPoint.into()),
            // A kernel without that call: the rename will tell.
            Ok(_) | Err(Errno::NOSYS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What differs when something of a file changed: nobody can set the second back.
pub(super) fn changes(metadata: &Metadata) -> (u64, (i64, i64)) {
    (metadata.len(), (metadata.ctime(), metadata.ctime_nsec()))
}

pub(super) fn digest(content: &[u8]) -> H256 {
    H256(Sha256::digest(content).into())
}

fn check_kind(file_type: FileType) -> Result<(), Refusal> {
    match file_type {
        FileType::RegularFile => Ok(()),
        FileType::Symlink => Err(Refusal::Link),
        FileType::Directory
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => Err(Refusal::NotAFile),
    }
}
