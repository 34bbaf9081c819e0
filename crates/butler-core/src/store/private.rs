//! Files that a program keeps for itself: mode 0600, owned by its user, never reached through a link.
//!
//! Whoever can write into the folder can plant something there. So what is read must be a regular file with one name, of
//! this user, that nobody else may read or write; and what is written replaces whatever has that name, links included,
//! and never what a link leads to.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};

use super::file::{Foreign, StoreError, load_open, replace_synced};

/// Reads a file of our own of at most `limit` bytes. Blocks.
///
/// # Errors
/// As [`load_bounded`](super::file::load_bounded), and `NotOurs` for a file that somebody else may have put there.
pub fn load_private(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    load_owned(path, limit, rustix::process::geteuid().as_raw())
}

/// As [`load_private`], of a file of the user with that id: root may look after what a service keeps for itself.
///
/// # Errors
/// As for [`load_private`].
pub fn load_owned(path: &Path, limit: u64, owner: u32) -> Result<Vec<u8>, StoreError> {
    // A pipe would be waited for, a link followed.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let file = match opened {
        Ok(descriptor) => File::from(descriptor),
        Err(rustix::io::Errno::LOOP) => return Err(not_ours(path, Foreign::Link)),
        // A socket cannot be opened.
        Err(rustix::io::Errno::NXIO) => return Err(StoreError::NotAFile { path: path.to_path_buf() }),
        Err(error) => return Err(StoreError::reading(path, error.into())),
    };
    let metadata = file.metadata().map_err(|source| StoreError::reading(path, source))?;
    if metadata.is_file() {
        if metadata.uid() != owner {
            return Err(not_ours(path, Foreign::Owner));
        }
        if metadata.nlink() > 1 {
            return Err(not_ours(path, Foreign::HardLink));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(not_ours(path, Foreign::Mode));
        }
    }
    load_open(path, file, limit)
}

/// Reads a file that somebody keeps secret, such as a node's keystore: it must be this user's or root's, and nobody else's to
/// read or write. Links are followed, since such files are often mounted behind one. Blocks.
///
/// # Errors
/// As [`load_bounded`](super::file::load_bounded), and `NotOurs` for a file that is open to others.
pub fn load_secret(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let file = match opened {
        Ok(descriptor) => File::from(descriptor),
        Err(rustix::io::Errno::NXIO) => return Err(StoreError::NotAFile { path: path.to_path_buf() }),
        Err(error) => return Err(StoreError::reading(path, error.into())),
    };
    let metadata = file.metadata().map_err(|source| StoreError::reading(path, source))?;
    if metadata.is_file() {
        if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(not_ours(path, Foreign::Owner));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(not_ours(path, Foreign::Mode));
        }
    }
    load_open(path, file, limit)
}

/// Replaces whatever stands at `path` by a file of our own with these bytes; makes the folder when there is none. Blocks.
///
/// # Errors
/// As [`save_atomic`](super::file::save_atomic).
pub fn save_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    make_folder(path)?;
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(StoreError::NotAFile { path: path.to_path_buf() });
    }
    replace_synced(path, path, bytes, 0o600)
}

/// Takes the lock on a file of our own, which is made with its folder when there is none, for as long as it is open; `None` while somebody else has
/// it. Follows no link.
///
/// # Errors
/// The file cannot be made or locked.
pub fn lock_private(path: &Path) -> Result<Option<File>, StoreError> {
    make_folder(path)?;
    let failed = |error: rustix::io::Errno| StoreError::Write { path: path.to_path_buf(), source: error.into() };
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).map(File::from).map_err(failed)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| StoreError::Write { path: folder.to_path_buf(), source })
}

fn not_ours(path: &Path, why: Foreign) -> StoreError {
    StoreError::NotOurs { path: path.to_path_buf(), why }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, hard_link, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use super::*;
    use crate::store::file::save_atomic;

    #[test]
    fn a_lock_is_had_by_one_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/one.lock");
        let held = lock_private(&path).unwrap();
        assert!(held.is_some() && lock_private(&path).unwrap().is_none());
        assert_eq!(mode(&path), 0o600);
        drop(held);
        assert!(lock_private(&path).unwrap().is_some());
        let (link, target) = (folder.path().join("link.lock"), folder.path().join("target"));
        symlink(&target, &link).unwrap();
        assert!(lock_private(&link).is_err() && !target.exists());
    }

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().permissions().mode() & 0o777
    }

    fn why(path: &Path) -> Option<Foreign> {
        match load_private(path, 10) {
            Err(StoreError::NotOurs { why, .. }) => Some(why),
            Ok(_) | Err(_) => None,
        }
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.json");
        (folder, path)
    }

    #[test]
    fn what_is_kept_is_nobody_elses_and_so_is_the_folder_that_is_made_for_it() {
        let (folder, _) = folder();
        let path = folder.path().join("a/b/kept.json");
        save_private(&path, b"one").unwrap();
        save_private(&path, b"two").unwrap();
        assert_eq!(load_private(&path, 3).unwrap(), b"two");
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(matches!(load_private(&path, 2), Err(StoreError::TooLarge { .. })));
        assert!(matches!(load_private(&folder.path().join("none"), 2), Err(StoreError::Missing { .. })));
    }

    #[test]
    fn a_file_that_others_may_read_or_write_is_not_used_and_is_replaced() {
        let (_folder, path) = folder();
        for exposed in [0o604, 0o640, 0o620, 0o602, 0o666] {
            save_private(&path, b"one").unwrap();
            set_permissions(&path, Permissions::from_mode(exposed)).unwrap();
            assert_eq!(why(&path), Some(Foreign::Mode), "{exposed:o}");
        }
        save_private(&path, b"two").unwrap();
        assert_eq!((load_private(&path, 3).unwrap(), mode(&path)), (b"two".to_vec(), 0o600));
    }

    #[test]
    fn a_planted_link_is_neither_read_nor_written_through() {
        let (folder, path) = folder();
        let victim = folder.path().join("victim");
        save_atomic(&victim, b"precious", 0o600).unwrap();
        symlink(&victim, &path).unwrap();
        assert_eq!(why(&path), Some(Foreign::Link));
        save_private(&path, b"ours").unwrap();
        assert!(!path.symlink_metadata().unwrap().is_symlink());
        assert_eq!(load_private(&victim, 10).unwrap(), b"precious");

        std::fs::remove_file(&path).unwrap();
        hard_link(&victim, &path).unwrap();
        assert_eq!(why(&path), Some(Foreign::HardLink));
        save_private(&path, b"ours").unwrap();
        assert_eq!(load_private(&victim, 10).unwrap(), b"precious");
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let (folder, path) = folder();
        let _socket = UnixListener::bind(&path).unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        for odd in [path.as_path(), &pipe, folder.path(), Path::new("/dev/zero")] {
            assert!(matches!(load_private(odd, 10), Err(StoreError::NotAFile { .. })), "{}", odd.display());
        }
        assert!(matches!(save_private(folder.path(), b"x"), Err(StoreError::NotAFile { .. })));
        save_private(&pipe, b"ours").unwrap();
        assert_eq!(load_private(&pipe, 10).unwrap(), b"ours");
    }
}
