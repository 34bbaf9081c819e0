//! A folder, held by its descriptor: whatever becomes of its path, what is done here is done in the folder that was opened.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags};

use super::error::{Fault, FolderError, Place, ReadError, Refusal};
use super::look::{Entry, Held, Opened};

/// The most entries that a folder is listed with.
pub const MOST_ENTRIES: usize = 4_096;
/// The longest file that is read or written, in bytes.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The longest name: with `.tmp` it is as long as a name can be.
const MOST_LETTERS: usize = 251;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device, or a name that is no text.
    Other,
}

/// An open folder. Its path may lead over links; below it none is followed.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    held: File,
    /// Device and inode.
    identity: (u64, u64),
}

impl Folder {
    /// Opens a folder. Blocks, as everything here.
    ///
    /// # Errors
    /// There is none at that path, or it may not be opened.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let fails = |source: io::Error| {
            let path = path.to_path_buf();
            if source.kind() == io::ErrorKind::NotFound {
                FolderError::Missing { path }
            } else {
                FolderError::Unopened { path, source }
            }
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| fails(error.into()))?;
        let held = File::from(held);
        let metadata = held.metadata().map_err(fails)?;
        Ok(Self { path: path.to_path_buf(), held, identity: (metadata.dev(), metadata.ino()) })
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it, by name. A name that is no text is shown with U+FFFD, as [`Kind::Other`].
    ///
    /// # Errors
    /// It cannot be listed, or holds more than [`MOST_ENTRIES`].
    pub fn entries(&self) -> Result<BTreeMap<String, Kind>, FolderError> {
        let fails = |source: io::Error| FolderError::Unlisted { path: self.path.clone(), source };
        let mut found = BTreeMap::new();
        for entry in Dir::read_from(&self.held).map_err(|error| fails(error.into()))? {
            let entry = entry.map_err(|error| fails(error.into()))?;
            let bytes = entry.file_name().to_bytes();
            if matches!(bytes, b"." | b"..") {
                continue;
            }
            if found.len() >= MOST_ENTRIES {
                return Err(FolderError::Crowded { path: self.path.clone(), most: MOST_ENTRIES });
            }
            let kind = match (std::str::from_utf8(bytes), entry.file_type()) {
                (Err(_), _) => Kind::Other,
                // Some file systems do not tell it while they list.
                (Ok(name), FileType::Unknown) => match Entry::look(&self.held, name).map_err(fails)? {
                    Some(entry) => kind(entry.file_type),
                    // It went meanwhile.
                    None => continue,
                },
                (Ok(_), known) => kind(known),
            };
            let name = std::ffi::OsStr::from_bytes(bytes).to_string_lossy().into_owned();
            found.insert(name, kind);
        }
        Ok(found)
    }

    /// The names of what is in it, sorted.
    ///
    /// # Errors
    /// As [`Folder::entries`].
    pub fn names(&self) -> Result<Vec<String>, FolderError> {
        Ok(self.entries()?.into_keys().collect())
    }

    /// Reads a regular file with one name, of at most `limit` bytes and never more than [`MOST_BYTES`].
    ///
    /// # Errors
    /// It is missing, no such file, longer, changes at this moment, or cannot be read.
    pub fn read(&self, name: &str, limit: u64) -> Result<Held, ReadError> {
        let read = || {
            plain(name)?;
            Opened::open(&self.held, name)?.load(limit.min(MOST_BYTES))
        };
        read().map_err(|fault: Fault| fault.reading(self.place(name)))
    }

    /// The descriptor.
    pub(super) fn held(&self) -> &File {
        &self.held
    }

    pub(super) fn place(&self, name: &str) -> Place {
        Place::new(&self.path, name)
    }

    /// Whether the path still leads here.
    pub(super) fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.identity)
    }

    /// Makes what was done to its entries last.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.held.sync_all()
    }
}

fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        FileType::Fifo | FileType::Socket | FileType::CharacterDevice | FileType::BlockDevice | FileType::Unknown => {
            Kind::Other
        }
    }
}

/// Refuses a name that could lead out of the folder, or could not be shown.
pub(super) fn plain(name: &str) -> Result<(), Refusal> {
    let is_plain = !name.is_empty()
        && name.len() <= MOST_LETTERS
        && name != "."
        && name != ".."
        && !name.contains(|letter: char| letter == '/' || letter.is_control());
    if is_plain { Ok(()) } else { Err(Refusal::Name) }
}

/// The name that a file is written under.
pub(super) fn draft_name(name: &str) -> String {
    format!("{name}.tmp")
}
