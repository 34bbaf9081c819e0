//! Files in a held folder, with real users, groups, access lists, disks, processes, and a fault at every system call.
//!
//! Tests that are another process start this program again with one ignored test, which finds its folder in the environment.
//! What needs root, strace or a namespace says so where that is missing; with `CI` set only root may be missing.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and says what it leaves out")]

mod child;
mod disk_child;
mod disks;
mod filesystems;
mod processes;
mod sweep;
mod trace;
mod users;

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use butler_core::store::beneath::{Folder, MOST_BYTES};
use ethers_core::types::H256;

pub(crate) const OLD: &[u8] = b"the old content";
pub(crate) const NEW: &[u8] = b"the new content, which is longer";
/// The file that is replaced.
pub(crate) const NAME: &str = "keys.json";

/// A folder with one file.
pub(crate) struct Room(tempfile::TempDir);

impl Room {
    pub(crate) fn new(mode: u32) -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        room.put(NAME, OLD, mode);
        room
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join(NAME)
    }

    pub(crate) fn put(&self, name: &str, content: &[u8], mode: u32) {
        put(&self.path().join(name), content, mode);
    }

    pub(crate) fn give(&self, uid: u32, gid: u32) {
        std::os::unix::fs::chown(self.path(), Some(uid), Some(gid)).unwrap();
        std::os::unix::fs::chown(self.file(), Some(uid), Some(gid)).unwrap();
    }

    pub(crate) fn names(&self) -> Vec<String> {
        Folder::open(self.path()).unwrap().names().unwrap()
    }

    /// Owner, group, mode.
    pub(crate) fn rights(&self) -> (u32, u32, u32) {
        let metadata = self.file().symlink_metadata().unwrap();
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's files are its own")]
pub(crate) fn put(path: &Path, content: &[u8], mode: u32) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The digest of what the file says now.
pub(crate) fn digest(folder: &Folder) -> H256 {
    folder.read(NAME, MOST_BYTES).unwrap().digest
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a test has to do without something. Where everything is to be tested it must not.
pub(crate) fn lacks(what: &str, is_there: bool) -> bool {
    if !is_there {
        eprintln!("left out: {what} is missing");
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        assert!(!is_ci || what == "root", "`CI` is set, and {what} is missing");
    }
    !is_there
}
