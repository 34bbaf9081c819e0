//! The rules of a held folder, on real files.

mod names;
mod races;
mod replaced;
mod swept;

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ethers_core::types::H256;

use super::look::digest;
use super::{Folder, Refusal, ReplaceError};

const OLD: &[u8] = b"the old content";
const NEW: &[u8] = b"the new content, which is longer";

/// A folder with one file.
struct Room {
    folder: tempfile::TempDir,
    held: Folder,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let held = Folder::open(folder.path()).unwrap();
        let room = Self { folder, held };
        room.put("keys.json", OLD, 0o600);
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "a test's files are its own")]
    fn put(&self, name: &str, content: &[u8], mode: u32) {
        std::fs::write(self.path(name), content).unwrap();
        std::fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn content(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn replace(&self) -> Result<super::Replaced, ReplaceError> {
        self.held.replace("keys.json", sum(OLD), NEW)
    }

    fn names(&self) -> Vec<String> {
        self.held.names().unwrap()
    }

    /// The old content is there, and nothing else.
    fn is_untouched(&self) -> bool {
        self.names() == ["keys.json"] && self.content("keys.json") == OLD
    }
}

fn sum(content: &[u8]) -> H256 {
    digest(content)
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

fn refusal<T>(result: Result<T, ReplaceError>) -> Option<Refusal> {
    result.err().and_then(|error| match error {
        ReplaceError::Refused { why, .. } => Some(why),
        ReplaceError::Conflict { .. }
        | ReplaceError::Busy { .. }
        | ReplaceError::NotWritten { .. }
        | ReplaceError::Unsynced { .. } => None,
    })
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
