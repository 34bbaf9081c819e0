//! The journal's folder: ours alone, in use by one process, with some space left, and what is written in it lasts.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::journal::error::JournalError;

/// Bytes that must be free before anything is begun: what one commit may need, twice.
pub(crate) const RESERVE: u64 = 16 * 1024 * 1024;
const LOCK: &str = "lock";

/// The folder, while this process has it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Held for as long as this lives.
    _lock: File,
}

impl Folder {
    /// Takes the folder, and makes it when there is none.
    pub(crate) fn take(path: &Path) -> Result<Self, JournalError> {
        make(path)?;
        check_owner(path)?;
        let file = path.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&file);
        let lock = lock.map_err(JournalError::io("open", &file))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_path_buf(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(JournalError::InUse { path: path.to_path_buf() }),
            Err(error) => Err(JournalError::io("lock", &file)(error.into())),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing was ever kept here.
    pub(crate) fn is_empty(&self) -> Result<bool, JournalError> {
        is_empty(&self.path)
    }
}

/// Refuses a folder that is not ours alone.
pub(crate) fn check_owner(path: &Path) -> Result<(), JournalError> {
    let metadata = std::fs::symlink_metadata(path).map_err(JournalError::io("look at", path))?;
    // Root may look after another user's; what it makes there is given back by whoever has it do so.
    let user = rustix::process::geteuid();
    let ours = metadata.is_dir() && (user.is_root() || metadata.uid() == user.as_raw());
    if ours && metadata.mode() & 0o077 == 0 { Ok(()) } else { Err(JournalError::Exposed { path: path.to_path_buf() }) }
}

/// Refuses a folder that another process has. What is taken to find out is given back at once, and nothing is made.
pub(crate) fn check_free(path: &Path) -> Result<(), JournalError> {
    let file = path.join(LOCK);
    let lock = match File::open(&file) {
        Ok(lock) => lock,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(JournalError::io("open", &file)(error)),
    };
    match flock(&lock, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(JournalError::InUse { path: path.to_path_buf() }),
        Err(error) => Err(JournalError::io("lock", &file)(error.into())),
    }
}

/// Whether nothing was ever kept in a folder.
pub(crate) fn is_empty(path: &Path) -> Result<bool, JournalError> {
    let names = names(path)?;
    // What a killed process left of its first file.
    Ok(names.iter().all(|name| name == LOCK || (name.starts_with(".butler-") && name.ends_with(".tmp"))))
}

/// Makes a folder that is ours alone, and makes its name last.
pub(crate) fn make(path: &Path) -> Result<(), JournalError> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(JournalError::io("make", path))?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync(parent),
        Some(_) | None => sync(Path::new(".")),
    }
}

/// Makes the names in a folder last.
pub(crate) fn sync(path: &Path) -> Result<(), JournalError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(JournalError::io("sync", path))
}

/// The names in a folder, sorted; those that are not text are left out.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, JournalError> {
    let mut names = Vec::new();
    for entry in path.read_dir().map_err(JournalError::io("list", path))? {
        let entry = entry.map_err(JournalError::io("list", path))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Removes a folder with all that is in it; there may be none.
pub(crate) fn remove(path: &Path) -> Result<(), JournalError> {
    match std::fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(JournalError::io("remove", path)(error)),
    }
}

/// Refuses to begin anything when the disk is nearly full.
pub(crate) fn check_space(path: &Path, more: u64) -> Result<(), JournalError> {
    let space = rustix::fs::statvfs(path).map_err(|error| JournalError::io("look at", path)(error.into()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let needed = RESERVE.saturating_add(more);
    if free < needed {
        return Err(JournalError::Full { path: path.to_path_buf(), free, needed });
    }
    Ok(())
}

/// Bytes on disk below a folder.
pub(crate) fn size(path: &Path) -> u64 {
    let Ok(entries) = path.read_dir() else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.blocks().saturating_mul(512),
        Err(_) => 0,
    });
    sizes.sum()
}
