//! The operator's key files: found, read and checked, without ever needing a private key.
//!
//! A file with a fault is left out as a whole, and the others go on; the faults say which and why. What the entries
//! mean together (the same attester twice, no coinbase) is not judged here.

mod discovery;
mod entry;
mod fault;
mod format;
mod json;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::fault::KeyFileFault;
pub use self::format::FileKind;

use self::discovery::{Found, discover};
use self::fault::{FileFault, Gravity};
use self::format::{Content, read_content};
use crate::config::escape;
use crate::domain::key_book::{KeyBook, KeyEntry};
use crate::store::file::{StoreError, load_bounded};

/// The largest key file: about 30,000 validators.
const FILE_LIMIT: u64 = 16 << 20;
/// The most files; more is a pattern that caught something else.
const MOST_FILES: usize = 10_000;
/// The most faults that are told of one file.
const MOST_FAULTS: usize = 20;

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadedFile {
    /// The path as it was given, fit to be shown.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// How many attesters it has.
    pub entries: usize,
}

/// What the key files say, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyFilesReport {
    /// Everything that the good files say.
    pub book: KeyBook,
    /// What is wrong with the others.
    pub faults: Vec<KeyFileFault>,
    /// The good files in the order of their paths.
    pub files: Vec<LoadedFile>,
}

impl KeyFilesReport {
    /// How many good files there are that name attesters; files of publishers do not count.
    #[must_use]
    pub fn key_file_count(&self) -> usize {
        self.files.iter().filter(|file| file.kind != FileKind::Publishers).count()
    }
}

/// Loads the files of `patterns` (key files) and `publisher_files`; relative ones are taken from `base`. Blocks.
///
/// A configured network has its paths joined already: pass an empty `base`.
#[must_use]
pub fn load_key_files(patterns: &[String], publisher_files: &[PathBuf], base: &Path) -> KeyFilesReport {
    let mut report = KeyFilesReport::default();
    let found = discover(patterns, base, &mut report.faults);
    if found.len() > MOST_FILES {
        let what = format!("the patterns match {} files, more than the limit of {MOST_FILES}", found.len());
        report.faults.push(FileFault::whole(what).hint("make them narrower").of_file(&patterns.join(", ")));
        return report;
    }
    for file in found {
        if let Some(content) = report.load(&file.path, None) {
            report.take(&file, content);
        }
    }
    for path in publisher_files {
        let path = base.join(path);
        if let Some(content) = report.load(&path, Some(FileKind::Publishers)) {
            let file = Found { path, server: String::new() };
            report.take(&file, content);
        }
    }
    report
}

/// The files that [`load_key_files`] would read now, sorted, for whoever looks out for changes. Blocks.
///
/// There is one more than are read where there are too many; a pattern that cannot be followed names none.
#[must_use]
pub fn list_key_files(patterns: &[String], publisher_files: &[PathBuf], base: &Path) -> Vec<PathBuf> {
    let found = discover(patterns, base, &mut Vec::new());
    let mut paths: Vec<PathBuf> = found.into_iter().map(|found| found.path).take(MOST_FILES + 1).collect();
    paths.extend(publisher_files.iter().map(|path| base.join(path)));
    paths
}

impl KeyFilesReport {
    /// What a file at `path` would say if it held these bytes.
    pub(crate) fn of_bytes(path: &Path, bytes: &[u8]) -> Self {
        let (mut report, mut faults) = (Self::default(), Vec::new());
        let content = content_of(bytes, &mut faults);
        if let Some(content) = report.judge(path, None, content, faults) {
            report.take(&Found { path: path.to_owned(), server: String::new() }, content);
        }
        report
    }

    fn load(&mut self, path: &Path, wanted: Option<FileKind>) -> Option<Content> {
        let mut faults = Vec::new();
        let content = load_content(path, &mut faults);
        self.judge(path, wanted, content, faults)
    }

    /// Keeps the faults, and the content when there are none.
    fn judge(
        &mut self,
        path: &Path,
        wanted: Option<FileKind>,
        content: Option<Content>,
        mut faults: Vec<FileFault>,
    ) -> Option<Content> {
        if let (Some(content), Some(wanted), true) = (&content, wanted, faults.is_empty())
            && content.kind != wanted
        {
            let fault = FileFault::whole(format!("expected {wanted}, found {}", content.kind));
            faults.push(fault.hint("name it under `key_files`"));
        }
        let whole = faults.is_empty();
        let shown = path.to_string_lossy();
        self.faults.extend(most_telling(faults).into_iter().map(|fault| fault.of_file(&shown)));
        content.filter(|_| whole)
    }

    fn take(&mut self, file: &Found, content: Content) {
        let path = escape(&file.path.to_string_lossy());
        let book = &mut self.book;
        self.files.push(LoadedFile { path: path.clone(), kind: content.kind, entries: content.entries.len() });
        let own = content.publishers.iter().chain(content.entries.iter().flat_map(|entry| &entry.publishers));
        let own: Vec<_> = own.copied().collect();
        if !own.is_empty() {
            book.publishers_by_server.entry(file.server.clone()).or_default().extend(own);
        }
        for (server, publishers) in content.publishers_by_server {
            book.publishers_by_server.entry(server).or_default().extend(publishers);
        }
        book.entries.extend(content.entries.into_iter().enumerate().map(|(index, entry)| KeyEntry {
            attester: entry.attester,
            coinbase: entry.coinbase,
            coinbase_fault: None,
            publishers: entry.publishers,
            pays_itself: false,
            bls_public_key: entry.bls_public_key.map(Into::into),
            server: file.server.clone(),
            file: path.clone(),
            index,
        }));
    }
}

fn load_content(path: &Path, faults: &mut Vec<FileFault>) -> Option<Content> {
    let bytes = load_bounded(path, FILE_LIMIT).map_err(|error| faults.push(unreadable(&error))).ok()?;
    content_of(&bytes, faults)
}

fn content_of(bytes: &[u8], faults: &mut Vec<FileFault>) -> Option<Content> {
    let json = json::parse(bytes).map_err(|fault| faults.push(fault)).ok()?;
    read_content(&json, faults)
}

fn unreadable(error: &StoreError) -> FileFault {
    match error {
        StoreError::Missing { .. } => FileFault::whole("there is no such file"),
        StoreError::NotAFile { .. } => FileFault::whole("this is not a regular file"),
        StoreError::NotOurs { why, .. } => FileFault::whole(format!("the file {why}")),
        StoreError::TooLarge { size, limit, .. } => {
            FileFault::whole(format!("{size} bytes long, more than the limit of {limit}"))
        }
        StoreError::Read { source, .. }
        | StoreError::Full { source, .. }
        | StoreError::Write { source, .. }
        | StoreError::Sync { source, .. } => FileFault::whole(format!("can not be read: {}", source.kind())),
    }
}

/// A file of private keys has one fault that matters; a long list of others is cut.
fn most_telling(mut faults: Vec<FileFault>) -> Vec<FileFault> {
    if let Some(secret) = faults.iter().find(|fault| fault.gravity == Gravity::Secret) {
        return vec![secret.clone()];
    }
    if faults.len() > MOST_FAULTS {
        let more = faults.len() - MOST_FAULTS;
        faults.truncate(MOST_FAULTS);
        faults.push(FileFault::whole(format!("and {more} faults more")));
    }
    faults
}
