//! One at a time for each key, also across a kill of the watcher.
//!
//! The lock is on an empty file that the program has as its standard input, from which it reads the end at once. So the lock is
//! had for as long as this process or the program, or something that the program left behind, has that file open.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use ring::digest::{SHA256, digest};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use thiserror::Error;

use super::task::hex;

/// Nothing can be begun.
#[derive(Debug, Error)]
pub(super) enum FlightError {
    /// Somebody is about it.
    #[error("somebody is about it")]
    Busy,
    /// The lock's file cannot be had.
    #[error(transparent)]
    Io(io::Error),
}

/// The right to be about something, until it is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    path: PathBuf,
    file: Option<File>,
}

impl Flight {
    /// Takes the lock of a key. Blocks, but for nobody.
    pub(super) fn begin(folder: &Path, key: &str) -> Result<Self, FlightError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(FlightError::Io)?;
        let name = hex(digest(&SHA256, key.as_bytes()).as_ref());
        let path = folder.join(format!("{name}.lock"));
        loop {
            let file = open(&path).map_err(FlightError::Io)?;
            if let Some(file) = locked(file)? {
                return Ok(Self { path, file: Some(file) });
            }
            // Whoever had it before has removed the file in the meantime.
        }
    }

    /// What a program gets as its standard input.
    pub(super) fn stdin(&self) -> io::Result<Stdio> {
        match &self.file {
            Some(file) => file.try_clone().map(Stdio::from),
            None => Ok(Stdio::null()),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?))
}

/// The file with its lock; `None` where it is no file of the folder any more.
fn locked(file: File) -> Result<Option<File>, FlightError> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(FlightError::Busy),
        Err(error) => return Err(FlightError::Io(error.into())),
    }
    let metadata = file.metadata().map_err(FlightError::Io)?;
    Ok((metadata.nlink() > 0).then_some(file))
}

impl Drop for Flight {
    fn drop(&mut self) {
        drop(self.file.take());
        // Only where nobody has it any more: of what a program left behind the file must stay.
        let free = rustix::fs::open(&self.path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
        if let Ok(Ok(Some(_lock))) = free.map(|file| locked(File::from(file))) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_had_once_and_its_file_goes_when_nobody_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let locks = folder.path().join("a/locks");
        let one = Flight::begin(&locks, "one").unwrap();
        assert!(matches!(Flight::begin(&locks, "one"), Err(FlightError::Busy)));
        let two = Flight::begin(&locks, "two").unwrap();
        assert_eq!((locks.metadata().unwrap().mode() & 0o777, locks.read_dir().unwrap().count()), (0o700, 2));
        let inherited = one.file.as_ref().unwrap().try_clone().unwrap();
        drop((one, two));
        assert!(matches!(Flight::begin(&locks, "one"), Err(FlightError::Busy)), "the child has it");
        assert_eq!(locks.read_dir().unwrap().count(), 1);
        drop(inherited);
        drop(Flight::begin(&locks, "one").unwrap());
        assert_eq!(locks.read_dir().unwrap().count(), 0);
    }
}
