//! sled behind five calls: get, next, apply, persist, close.
//!
//! What [`Store::persist`] returned `Ok` for survives a power cut: sled's own flush is no fsync, so the file is synced here.
//! Values stay so small that sled never moves a page out of its log, since it does not sync such files. A panic in sled is an error here,
//! and so is a flush that does not end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use crate::journal::disk::folder;
use crate::journal::disk::pack::{pack, unpack};
use crate::journal::error::JournalError;
use crate::journal::schema::PIECE;

/// The largest value that stands as it is; wider ones stand in pieces. A page of sled's has up to 17 values and must stay below
/// a quarter of its segment of 512 KiB.
const NARROW: usize = 4096;
/// How long sled may take to write what it holds back, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// What sled may keep in memory, in bytes.
const CACHE: u64 = 16 * 1024 * 1024;

/// Whether what is acknowledged is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Before anything is acknowledged.
    #[default]
    Full,
    /// Never: for the crash tests, which must notice.
    Off,
}

/// What is to be written in one transaction: `None` removes.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// An open store.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// Absent only while it is dropped.
    db: Option<sled::Db>,
    /// The same file, to sync it.
    file: File,
    durability: Durability,
    /// It waits for ever: nobody waits for it any more, at its end neither.
    hangs: AtomicBool,
}

impl Store {
    /// Opens the store in a folder, and makes it when there is none. Removes what sled cannot open with after it was killed.
    pub(crate) fn open(path: &Path, durability: Durability) -> Result<Self, JournalError> {
        folder::make(path)?;
        for name in folder::names(path)? {
            // sled writes this file at each start after a kill, and reads a half of it as damage for ever.
            if name.starts_with("snap.") && name.ends_with(".generating") {
                let partial = path.join(name);
                std::fs::remove_file(&partial).map_err(JournalError::io("remove", &partial))?;
            }
        }
        let config = sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(None);
        let db = guarded(path, "open", || config.open())?;
        let data = path.join("db");
        let file = File::open(&data).map_err(JournalError::io("open", &data))?;
        Ok(Self { path: path.to_path_buf(), db: Some(db), file, durability, hangs: AtomicBool::new(false) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn db(&self) -> Result<&sled::Db, JournalError> {
        self.db.as_ref().ok_or(JournalError::Stopped)
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        let db = self.db()?;
        let Some(value) = guarded(&self.path, "read", || db.get(key))? else { return Ok(None) };
        self.unfold(key, &value).map(Some)
    }

    /// A value from what stands for it; a piece of one is what it is.
    fn unfold(&self, key: &[u8], value: &[u8]) -> Result<Vec<u8>, JournalError> {
        if key.first() == Some(&PIECE) {
            return Ok(value.to_vec());
        }
        let damaged = || JournalError::corrupt(&self.path, "a value has a shape that is never written");
        match value.split_first() {
            Some((0, narrow)) => Ok(narrow.to_vec()),
            Some((2, packed)) => unpack(packed).ok_or_else(damaged),
            Some((1, _)) => {
                let mut whole = Vec::new();
                for number in 0..pieces(value).ok_or_else(damaged)? {
                    let piece = piece_key(key, number);
                    let db = self.db()?;
                    whole.extend_from_slice(&guarded(&self.path, "read", || db.get(&piece))?.ok_or_else(damaged)?);
                }
                Ok(whole)
            }
            Some(_) | None => Err(damaged()),
        }
    }

    /// The first pair from `from` on, among keys that begin with `prefix`.
    pub(crate) fn next(&self, from: Bound<&[u8]>, prefix: &[u8]) -> Result<Option<Pair>, JournalError> {
        let db = self.db()?;
        let found = guarded(&self.path, "read", || db.range::<&[u8], _>((from, Bound::Unbounded)).next().transpose())?;
        match found {
            Some((key, value)) if key.starts_with(prefix) => Ok(Some((key.to_vec(), self.unfold(&key, &value)?))),
            Some(_) | None => Ok(None),
        }
    }

    /// Hands every pair whose key begins with `prefix` to `each`, in order.
    pub(crate) fn each(
        &self,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], Vec<u8>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut pairs = self.db()?.scan_prefix(prefix);
        while let Some((key, value)) = guarded(&self.path, "read", || pairs.next().transpose())? {
            each(&key, self.unfold(&key, &value)?)?;
        }
        Ok(())
    }

    /// Writes all of it or nothing. It is not durable yet.
    pub(crate) fn apply(&self, writes: &Writes) -> Result<(), JournalError> {
        let db = self.db()?;
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            let is_wide = |bytes: &Vec<u8>| bytes.len() > NARROW;
            match value {
                // Pieces that are left over are nobody's, and go with the next compaction.
                Some(value) if is_wide(value) => {
                    let mut kept = 0;
                    for (number, piece) in (0_u32..).zip(value.chunks(NARROW)) {
                        batch.insert(piece_key(key, number), piece);
                        kept = number.saturating_add(1);
                    }
                    batch.insert(key.clone(), [&[1_u8][..], &kept.to_be_bytes()].concat());
                }
                Some(value) => match pack(value).filter(|packed| packed.len() < value.len()) {
                    Some(packed) => batch.insert(key.clone(), [&[2_u8][..], &packed].concat()),
                    None => batch.insert(key.clone(), [&[0_u8][..], value].concat()),
                },
                None => batch.remove(key.clone()),
            }
        }
        guarded(&self.path, "write", || db.apply_batch(batch))
    }

    /// Makes everything that was applied durable.
    pub(crate) fn persist(&self) -> Result<(), JournalError> {
        if self.durability == Durability::Off {
            return Ok(());
        }
        self.flush()?;
        self.file.sync_data().map_err(JournalError::io("sync", &self.path))
    }

    /// Has sled write what it holds back, for no longer than a minute.
    fn flush(&self) -> Result<(), JournalError> {
        let db = self.db()?.clone();
        let path = self.path.clone();
        let flushed = bounded(move || {
            let flushed = guarded(&path, "write", || db.flush());
            // Before anybody goes on: the last one who has it ends it.
            drop(db);
            flushed
        });
        match flushed {
            Ok(flushed) => flushed.map(drop),
            Err(source) => {
                self.hangs.store(true, Ordering::Relaxed);
                Err(JournalError::io("write", &self.path)(source))
            }
        }
    }

    /// Makes a store that was just filled durable with its files' names.
    pub(crate) fn persist_whole(&self) -> Result<(), JournalError> {
        self.persist()?;
        for name in folder::names(&self.path)? {
            let path = self.path.join(name);
            File::open(&path).and_then(|file| file.sync_all()).map_err(JournalError::io("sync", &path))?;
        }
        folder::sync(&self.path)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let db = self.db.take();
        if self.hangs.load(Ordering::Relaxed) {
            std::mem::forget(db);
            return;
        }
        // sled panics when it cannot sync at its end. What counts was synced before.
        let _ = bounded(move || {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(db)));
        });
    }
}

/// Runs something of sled's beside this thread. After a sync that failed sled can wait for ever for one that nobody makes: after
/// a minute nobody waits for that any more.
fn bounded<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (tell, told) = channel();
    let run = move || {
        // Nobody listens when it was given up.
        let _ = tell.send(run());
    };
    Builder::new().name("journal-store".to_owned()).spawn(run)?;
    told.recv_timeout(PATIENCE).map_err(|error| match error {
        RecvTimeoutError::Timeout => io::Error::new(io::ErrorKind::TimedOut, "the store did not write within a minute"),
        RecvTimeoutError::Disconnected => io::Error::other("the store broke off"),
    })
}

/// How many pieces a value stands in, if it does.
fn pieces(value: &[u8]) -> Option<u32> {
    let (1, count) = value.split_first()? else { return None };
    Some(u32::from_be_bytes(*count.first_chunk()?))
}

fn piece_key(key: &[u8], number: u32) -> Vec<u8> {
    let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
    [&[PIECE][..], &length.to_be_bytes(), key, &number.to_be_bytes()].concat()
}

/// Whether an error tells of content, and not of the disk.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other)
}

/// Runs something of sled's; its panic is an error.
fn guarded<T>(path: &Path, doing: &'static str, run: impl FnOnce() -> sled::Result<T>) -> Result<T, JournalError> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(source))) if is_damage(&source) => Err(JournalError::corrupt(path, source.to_string())),
        Ok(Err(sled::Error::Io(source))) => Err(JournalError::Io { doing, path: path.to_path_buf(), source }),
        Ok(Err(
            error @ (sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_)
            | sled::Error::Corruption { .. }),
        )) => Err(JournalError::corrupt(path, error.to_string())),
        Err(_) => Err(JournalError::corrupt(path, "the store broke off")),
    }
}
