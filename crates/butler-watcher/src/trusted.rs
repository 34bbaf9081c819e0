//! A program in whose place nobody but root and the watcher's user can have put another one.
//!
//! It belongs to one of them and nobody else may write it, and so does every folder on the way to it, links followed one by one.
//! In a folder such as `/tmp`, where all may write and nobody may take away what is another's, it counts who owns what lies there.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::process::geteuid;
use thiserror::Error;

/// Write permission of others than the owner.
const WRITABLE: u32 = 0o022;
/// Nobody takes away what is another's.
const STICKY: u32 = 0o1000;
/// The most links on the way to a program; the system itself follows as many.
const MOST_LINKS: usize = 40;

/// A program that is not run.
#[derive(Debug, Error)]
pub(crate) enum DistrustError {
    /// Somebody must mend the program, a folder above it, or the configuration.
    #[error("`{}` is not run: {why}", path.display())]
    NotTrusted {
        /// The program, or the folder.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// It cannot be looked at.
    #[error("failed to look at `{}`", path.display())]
    Io {
        /// The program, or the folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Where the program at `path` really is, if nobody else can have put another one there. Blocks.
///
/// # Errors
/// See [`DistrustError`].
pub(crate) fn trusted(path: &Path) -> Result<PathBuf, DistrustError> {
    if !path.is_absolute() {
        return Err(refused(path, "its path does not begin with `/`"));
    }
    let (found, metadata) = follow(path)?;
    if !metadata.is_file() {
        return Err(refused(path, "it is no file"));
    }
    if !is_ours(&metadata) {
        return Err(refused(path, "it belongs neither to root nor to the watcher's user"));
    }
    if metadata.mode() & WRITABLE != 0 {
        return Err(refused(path, "others than its owner can write it"));
    }
    Ok(found)
}

/// Goes along a path, by way of folders that only root and the watcher's user change.
fn follow(path: &Path) -> Result<(PathBuf, Metadata), DistrustError> {
    let mut at = PathBuf::from("/");
    let mut metadata = look(&at)?;
    let mut rest = names(path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        check_folder(&at, &metadata)?;
        if name == ".." {
            at.pop();
            metadata = look(&at)?;
            continue;
        }
        let next = at.join(name);
        metadata = look(&next)?;
        if !metadata.is_symlink() {
            at = next;
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(refused(path, "too many links lead to it"));
        }
        if !is_ours(&metadata) {
            return Err(refused(&next, "the link belongs neither to root nor to the watcher's user"));
        }
        let target = next.read_link().map_err(|source| DistrustError::Io { path: next, source })?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        metadata = look(&at)?;
        for name in names(&target).into_iter().rev() {
            rest.push_front(name);
        }
    }
    Ok((at, metadata))
}

fn names(path: &Path) -> VecDeque<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_os_string()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(name).collect()
}

fn check_folder(path: &Path, metadata: &Metadata) -> Result<(), DistrustError> {
    if !metadata.is_dir() {
        return Err(refused(path, "it is no folder"));
    }
    if !is_ours(metadata) {
        return Err(refused(path, "the folder belongs neither to root nor to the watcher's user"));
    }
    if metadata.mode() & WRITABLE != 0 && metadata.mode() & STICKY == 0 {
        return Err(refused(path, "others than its owner can write into the folder"));
    }
    Ok(())
}

fn look(path: &Path) -> Result<Metadata, DistrustError> {
    path.symlink_metadata().map_err(|source| DistrustError::Io { path: path.to_path_buf(), source })
}

fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == 0 || metadata.uid() == geteuid().as_raw()
}

fn refused(path: &Path, why: &'static str) -> DistrustError {
    DistrustError::NotTrusted { path: path.to_path_buf(), why }
}

#[cfg(test)]
mod tests {
    use std::fs::{DirBuilder, Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use butler_core::store::file::save_atomic;
    use tempfile::TempDir;

    use super::*;

    const NOBODY: u32 = 65_534;

    fn program(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("program");
        save_atomic(&path, b"#!/bin/sh\n", mode).unwrap();
        path
    }

    fn why(path: &Path) -> &'static str {
        match trusted(path) {
            Err(DistrustError::NotTrusted { why, .. }) => why,
            Err(DistrustError::Io { .. }) => "io",
            Ok(_) => "",
        }
    }

    #[test]
    fn a_program_that_others_can_write_or_own_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = program(folder.path(), 0o755);
        assert_eq!(trusted(&path).unwrap(), path.canonicalize().unwrap());
        for mode in [0o720, 0o702, 0o777] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(why(&path), "others than its owner can write it", "{mode:o}");
        }
        assert_eq!(why(Path::new("program")), "its path does not begin with `/`");
        assert_eq!(why(folder.path()), "it is no file");
        assert_eq!(why(Path::new("/nowhere/program")), "io");
        if geteuid().is_root() {
            set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            chown(&path, Some(NOBODY), None).unwrap();
            assert_eq!(why(&path), "it belongs neither to root nor to the watcher's user");
        } else {
            eprintln!("left out: another's program, since this is not root");
        }
    }

    #[test]
    fn a_program_in_a_folder_that_others_can_write_or_own_is_refused() {
        let folder = TempDir::new().unwrap();
        let inner = folder.path().join("a/b");
        DirBuilder::new().recursive(true).create(&inner).unwrap();
        let path = program(&inner, 0o755);
        let above = folder.path().join("a");
        for mode in [0o775, 0o757] {
            set_permissions(&above, Permissions::from_mode(mode)).unwrap();
            assert_eq!(why(&path), "others than its owner can write into the folder", "{mode:o}");
        }
        set_permissions(&above, Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(why(&path), "");
        if geteuid().is_root() {
            set_permissions(&above, Permissions::from_mode(0o755)).unwrap();
            chown(&above, Some(NOBODY), None).unwrap();
            assert_eq!(why(&path), "the folder belongs neither to root nor to the watcher's user");
        }
    }

    #[test]
    fn links_are_followed_one_by_one_and_each_lies_where_nobody_else_can_change_it() {
        let folder = TempDir::new().unwrap();
        let path = program(folder.path(), 0o755);
        let open = folder.path().join("open");
        DirBuilder::new().create(&open).unwrap();
        set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        symlink("../program", open.join("link")).unwrap();
        symlink("open/link", folder.path().join("to-open")).unwrap();
        symlink(&path, folder.path().join("direct")).unwrap();
        symlink("circle", folder.path().join("circle")).unwrap();
        assert_eq!(trusted(&folder.path().join("direct")).unwrap(), path.canonicalize().unwrap());
        assert_eq!(why(&folder.path().join("to-open")), "others than its owner can write into the folder");
        assert_eq!(why(&folder.path().join("circle")), "too many links lead to it");
        assert_eq!(why(&path.join("more")), "it is no folder");
        if geteuid().is_root() {
            let sticky = folder.path().join("sticky");
            DirBuilder::new().create(&sticky).unwrap();
            set_permissions(&sticky, Permissions::from_mode(0o1777)).unwrap();
            symlink(&path, sticky.join("theirs")).unwrap();
            std::os::unix::fs::lchown(sticky.join("theirs"), Some(NOBODY), None).unwrap();
            assert_eq!(why(&sticky.join("theirs")), "the link belongs neither to root nor to the watcher's user");
        }
    }
}
