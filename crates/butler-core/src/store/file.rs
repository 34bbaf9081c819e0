//! Reading a file with a bound, and replacing one as a whole.
//!
//! `save_atomic` leaves either the old content or the new one, also after a crash or on a full disk: it writes a temporary
//! file in the same folder, syncs it, renames it and syncs the folder. A temporary file that a killed process left there is
//! removed by a later save. It does not lock: callers that share a file do.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use tempfile::NamedTempFile;

pub use super::error::{Foreign, StoreError};

/// How temporary files are named: this, something random, and the suffix.
const PREFIX: &str = ".butler-";
const SUFFIX: &str = ".tmp";
/// A temporary file is locked while it is written. One that is not, and is older than this, belongs to nobody who lives.
const ABANDONED: Duration = Duration::from_secs(10);

/// Bytes of room beside a file's own: whoever reads to the end asks for some more to see it.
const SPARE: usize = 64;

/// Reads a regular file of at most `limit` bytes. Blocks.
///
/// # Errors
///
/// The file is missing, not regular, unreadable, or longer than `limit`.
pub fn load_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    // Opening a pipe would wait for its writer, so the kind is looked at first.
    let metadata = std::fs::metadata(path).map_err(|source| StoreError::reading(path, source))?;
    check_shape(path, &metadata, limit)?;
    let file = File::open(path).map_err(|source| StoreError::reading(path, source))?;
    load_open(path, file, limit)
}

/// Reads an open file, which must be regular and of at most `limit` bytes.
pub(super) fn load_open(path: &Path, file: File, limit: u64) -> Result<Vec<u8>, StoreError> {
    let metadata = file.metadata().map_err(|source| StoreError::reading(path, source))?;
    check_shape(path, &metadata, limit)?;
    // A content that grows leaves copies of itself behind, and it may be a password: there is room for all of it at once.
    let room = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(SPARE);
    let mut content = Vec::with_capacity(room);
    // One byte more than allowed tells a file that grew from one that fits.
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut content);
    read.map_err(|source| StoreError::reading(path, source))?;
    let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
    if size > limit {
        return Err(StoreError::TooLarge { path: path.to_path_buf(), size, limit });
    }
    Ok(content)
}

fn check_shape(path: &Path, metadata: &Metadata, limit: u64) -> Result<(), StoreError> {
    if !metadata.is_file() {
        return Err(StoreError::NotAFile { path: path.to_path_buf() });
    }
    if metadata.len() > limit {
        return Err(StoreError::TooLarge { path: path.to_path_buf(), size: metadata.len(), limit });
    }
    Ok(())
}

/// Replaces `path` with `bytes` under the permission bits `mode` (such as `0o600`). Blocks.
///
/// A symbolic link is followed: its target is replaced, not the link. That is for files that operators lay out; what a
/// program keeps for itself goes through [`save_private`](super::private::save_private).
///
/// # Errors
///
/// Anything but [`StoreError::Sync`] means that the old content is still there; no temporary file is left.
pub fn save_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let target = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => {
            std::fs::canonicalize(path).map_err(|source| StoreError::writing(path, source))?
        }
        Ok(metadata) if !metadata.is_file() => {
            return Err(StoreError::NotAFile { path: path.to_path_buf() });
        }
        Ok(_) | Err(_) => path.to_path_buf(),
    };
    replace_synced(path, &target, bytes, mode)
}

/// Writes a new file, and never over another one, also where one appears meanwhile; false where something has that name. Blocks.
///
/// # Errors
///
/// Anything but [`StoreError::Sync`] means that there is no such file; no temporary file is left.
pub fn save_new(path: &Path, bytes: &[u8], mode: u32) -> Result<bool, StoreError> {
    let folder = folder_of(path);
    let written =
        temporary(folder, bytes, mode).and_then(|file| file.persist_noclobber(path).map_err(|error| error.error));
    match written {
        Ok(_) => synced(path, folder).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(StoreError::writing(path, source)),
    }
}

/// Replaces `target`, whatever it is, and makes it last; errors name `path`.
pub(super) fn replace_synced(path: &Path, target: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let folder = folder_of(target);
    replace(target, folder, bytes, mode).map_err(|source| StoreError::writing(path, source))?;
    remove_abandoned(folder, ABANDONED);
    synced(path, folder)
}

/// Makes what was done in a folder last.
fn synced(path: &Path, folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| StoreError::Sync { path: path.to_path_buf(), source })
}

/// The folder of a path; a bare file name has the parent `""`, which can not be opened.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Without the temporary file's name, which `tempfile` adds and which says nothing to anybody.
fn without_path(error: io::Error) -> io::Error {
    if error.get_ref().is_some() { error.kind().into() } else { error }
}

fn replace(target: &Path, folder: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    temporary(folder, bytes, mode)?.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// A file under a name that nobody else knows, written and synced. It is removed when dropped.
fn temporary(folder: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    // The temporary file is created with 0600.
    let mut temporary =
        tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder).map_err(without_path)?;
    // Nobody else knows it. Where a file system has no locks, its age must do.
    let _ = flock(temporary.as_file(), FlockOperation::NonBlockingLockExclusive);
    temporary.as_file_mut().write_all(bytes)?;
    temporary.as_file().set_permissions(Permissions::from_mode(mode))?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Removes temporary files of that age, which killed processes of this user left behind. What cannot be removed stays.
fn remove_abandoned(folder: &Path, age: Duration) {
    let user = rustix::process::geteuid().as_raw();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_temporary = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if !is_temporary {
            continue;
        }
        // The entry's own metadata: a link is never followed.
        let is_old = entry.metadata().is_ok_and(|metadata| {
            let elapsed = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
            metadata.is_file() && metadata.uid() == user && elapsed.is_some_and(|elapsed| elapsed >= age)
        });
        let is_free = || {
            let file =
                rustix::fs::open(entry.path(), OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
            file.is_ok_and(|file| flock(file, FlockOperation::NonBlockingLockExclusive).is_ok())
        };
        if is_old && is_free() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_saved_file_has_the_content_and_the_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        save_atomic(&path, b"one", 0o644).unwrap();
        save_atomic(&path, b"two", 0o600).unwrap();
        assert_eq!(load_bounded(&path, 3).unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["state.json"]);
    }

    #[test]
    fn a_new_file_is_never_written_over_another_one_nor_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link, target] = ["new.json", "link.json", "target.json"].map(|name| folder.path().join(name));
        assert!(save_new(&path, b"one", 0o644).unwrap());
        assert!(!save_new(&path, b"two", 0o644).unwrap());
        assert_eq!(load_bounded(&path, 3).unwrap(), b"one");
        symlink(&target, &link).unwrap();
        assert!(!save_new(&link, b"two", 0o644).unwrap() && !target.exists());
        assert_eq!(names(folder.path()), ["link.json", "new.json"]);
    }

    #[test]
    fn a_bare_file_name_is_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("state.json")), Path::new("."));
        assert_eq!(folder_of(Path::new("/state.json")), Path::new("/"));
        assert_eq!(folder_of(Path::new("a/state.json")), Path::new("a"));
    }

    #[test]
    fn a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("v1.json"), folder.path().join("current.json"));
        save_atomic(&file, b"one", 0o600).unwrap();
        symlink(&file, &link).unwrap();
        save_atomic(&link, b"two", 0o600).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(load_bounded(&file, 10).unwrap(), b"two");
    }

    #[test]
    fn a_failed_save_keeps_the_old_content_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone/state.json");
        let error = save_atomic(&path, b"new", 0o600).unwrap_err();
        assert!(matches!(error, StoreError::Write { .. }), "{error:?}");
        assert!(error.to_string().contains("gone/state.json"), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "entity not found");

        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        assert!(matches!(save_atomic(&taken, b"new", 0o600), Err(StoreError::NotAFile { .. })));
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn a_failed_rename_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        std::fs::create_dir(&target).unwrap();
        assert!(replace(&target, folder.path(), b"new", 0o600).is_err());
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_by_a_later_save_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for name in [".butler-gone.tmp", "butler-x.tmp", ".butler-x.json", "other.tmp"] {
            File::create(path(name)).unwrap().set_modified(old).unwrap();
        }
        File::create(path(".butler-new.tmp")).unwrap();
        let at_work = File::create(path(".butler-at-work.tmp")).unwrap();
        at_work.set_modified(old).unwrap();
        flock(&at_work, FlockOperation::NonBlockingLockExclusive).unwrap();
        std::fs::create_dir(path(".butler-folder.tmp")).unwrap();
        symlink(path("other.tmp"), path(".butler-link.tmp")).unwrap();
        save_atomic(&path("state.json"), b"new", 0o600).unwrap();
        let kept = [
            ".butler-at-work.tmp",
            ".butler-folder.tmp",
            ".butler-link.tmp",
            ".butler-new.tmp",
            ".butler-x.json",
            "butler-x.tmp",
            "other.tmp",
            "state.json",
        ];
        assert_eq!(names(folder.path()), kept);
    }

    #[test]
    fn a_full_disk_is_said_as_such() {
        let path = Path::new("journal/state.json");
        let full = std::io::Write::write_all(&mut File::options().write(true).open("/dev/full").unwrap(), b"x");
        let error = StoreError::writing(path, full.unwrap_err());
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert_eq!(error.path(), path);
        assert_eq!(error.to_string(), "cannot write `journal/state.json`: no space left; the old content is unchanged");
    }

    #[test]
    fn reading_is_bounded_and_only_of_regular_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big");
        save_atomic(&path, b"12345", 0o600).unwrap();
        assert!(matches!(load_bounded(&path, 4), Err(StoreError::TooLarge { size: 5, limit: 4, .. })));
        assert!(matches!(load_bounded(folder.path(), 4), Err(StoreError::NotAFile { .. })));
        assert!(matches!(load_bounded(Path::new("/dev/zero"), 4), Err(StoreError::NotAFile { .. })));
        assert!(matches!(load_bounded(&folder.path().join("none"), 4), Err(StoreError::Missing { .. })));
        // Files of /proc say that they are empty; the bound holds all the same.
        assert!(matches!(load_bounded(Path::new("/proc/self/status"), 4), Err(StoreError::TooLarge { .. })));
    }
}
