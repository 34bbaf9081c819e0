//! Whether files changed: looks at them again and again, through links, and compares.
//!
//! A look asks only for metadata, and sees a rename, a link that points elsewhere, an edit in place, a file that comes or
//! goes. `docs/decisions/0009-files-are-polled.md` says why nobody is asked to notify. A change counts once it has come
//! to rest, so that half-written files and half-copied folders are not read.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// After this many different looks in a row a change counts although it has not come to rest.
const PATIENCE: u32 = 10;

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// When content or metadata changed last; nobody can set it back.
    changed: (i64, i64),
}

/// The marks of files; `None` for one that is not there or must not be looked at.
pub type Marks = BTreeMap<PathBuf, Option<Mark>>;

/// Looks at one file. Blocks.
#[must_use]
pub fn look_at(path: &Path) -> Option<Mark> {
    let file = std::fs::metadata(path).ok()?;
    Some(Mark {
        device: file.dev(),
        inode: file.ino(),
        size: file.size(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
    })
}

/// Looks at files. Blocks.
#[must_use]
pub fn look<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Marks {
    paths.into_iter().map(|path| (path.as_ref().to_path_buf(), look_at(path.as_ref()))).collect()
}

/// Tells a change that has come to rest from one that is under way.
#[derive(Debug)]
pub struct Settling<T> {
    known: T,
    moving: Option<T>,
    looks: u32,
}

impl<T: PartialEq> Settling<T> {
    /// Begins with what is known.
    pub fn new(known: T) -> Self {
        Self { known, moving: None, looks: 0 }
    }

    /// Takes a look. True when a change is to be acted on: two looks in a row agree, or it never comes to rest.
    pub fn look(&mut self, now: T) -> bool {
        if now == self.known {
            self.accept(now);
            return false;
        }
        self.looks = self.looks.saturating_add(1);
        if self.moving.as_ref() == Some(&now) || self.looks >= PATIENCE {
            self.accept(now);
            return true;
        }
        self.moving = Some(now);
        false
    }

    /// From now on this is known, whether it has come to rest or not.
    pub fn accept(&mut self, now: T) {
        *self = Self::new(now);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::file::save_atomic;

    #[test]
    fn a_change_counts_when_two_looks_agree_and_one_that_is_taken_back_does_not() {
        let mut settling = Settling::new(0);
        assert_eq!([0, 0, 1, 1, 1].map(|now| settling.look(now)), [false, false, false, true, false]);
        assert_eq!([2, 1, 2, 3, 3].map(|now| settling.look(now)), [false, false, false, false, true]);
    }

    #[test]
    fn what_never_comes_to_rest_counts_all_the_same() {
        let mut settling = Settling::new(0);
        let acted: Vec<i32> = (1..=30).filter(|now| settling.look(*now)).collect();
        assert_eq!(acted, [10, 20, 30]);
    }

    #[test]
    fn every_way_to_replace_a_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let save = |name: &str, text: &str| save_atomic(&path(name), text.as_bytes(), 0o600).unwrap();
        std::fs::create_dir_all(path("..1")).unwrap();
        std::fs::create_dir_all(path("..2")).unwrap();
        save("..1/file", "same");
        save("..2/file", "same");
        symlink("..1", path("..data")).unwrap();
        symlink("..data/file", path("file")).unwrap();
        let file = path("file");
        let mut before = look([&file]);
        assert_eq!(look([&file]), before);
        let mut differs = |what: &str| {
            let now = look([&file]);
            assert_ne!(now, before, "{what}");
            before = now;
        };
        symlink("..2", path("..data_new")).unwrap();
        std::fs::rename(path("..data_new"), path("..data")).unwrap();
        differs("a folder behind a link is swapped, as Kubernetes does it");
        save("..2/file", "same");
        differs("a file is replaced by one of the same content");
        std::fs::OpenOptions::new().append(true).open(path("..2/file")).unwrap().write_all(b"!").unwrap();
        differs("a file is edited in place");
        std::fs::remove_file(path("..data")).unwrap();
        differs("the target is gone");
        std::fs::remove_file(&file).unwrap();
        save("file", "same");
        differs("a file stands where a link was");
    }
}
