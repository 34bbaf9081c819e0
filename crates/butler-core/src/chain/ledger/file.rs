//! The ledger's file: read when it is whole and of this ledger, written when something changed.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::LedgerCache;
use super::book::{Book, Unusable};
use super::key::LedgerKey;
use crate::store::file::{Foreign, StoreError};
use crate::store::private::{load_private, save_private};

/// Some ten thousand keys are 4 MB.
const FILE_LIMIT: u64 = 16 << 20;

impl LedgerCache {
    /// The ledger that a file of these bytes holds, if it is one of `key`. It is not kept.
    pub(crate) fn of_bytes(bytes: &[u8], key: &LedgerKey) -> Option<Self> {
        Book::decode(bytes, key).ok().map(|book| Self::with(None, book, true))
    }

    /// The bytes of its file.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        self.book.encode().ok()
    }

    /// Loads the ledger at `path`, or begins a new one there.
    #[must_use]
    pub fn load(path: &Path, key: LedgerKey) -> Self {
        let loaded = match load_private(path, FILE_LIMIT) {
            Ok(bytes) => match Book::decode(&bytes, &key) {
                Ok(book) => Some(book),
                Err(Unusable::Other) => None,
                Err(Unusable::Damaged { line, column }) => {
                    tracing::warn!("the ledger is scanned anew: its file is damaged at line {line} column {column}");
                    None
                }
                Err(Unusable::Disordered) => {
                    tracing::warn!("the ledger is scanned anew: its file contradicts itself");
                    None
                }
            },
            Err(StoreError::Missing { .. }) => None,
            // The first version was readable for everybody, and there is nothing wrong with that one.
            Err(StoreError::NotOurs { why: Foreign::Mode, .. }) if is_of_first_version(path) => None,
            Err(error) => {
                tracing::warn!("the ledger is scanned anew: {error}");
                None
            }
        };
        let is_on_disk = loaded.is_some();
        let book = loaded.unwrap_or_else(|| Book::new(key));
        Self { is_on_disk, ..Self::with(Some(path.to_owned()), book, is_on_disk) }
    }

    /// Writes the ledger when it changed. Blocks.
    ///
    /// # Errors
    /// What stopped the file from being replaced; the old one is still whole.
    pub fn save(&mut self) -> Result<(), StoreError> {
        let Some(path) = self.unsaved() else { return Ok(()) };
        save_private(path, &self.encoded(path)?)?;
        (self.is_saved, self.is_on_disk) = (true, true);
        Ok(())
    }

    /// Where to write, when there is anything to write.
    pub(super) fn unsaved(&self) -> Option<&PathBuf> {
        let has_content = self.is_on_disk || !self.book.anchors.is_empty();
        self.path.as_ref().filter(|_| has_content && !self.is_saved)
    }

    pub(super) fn encoded(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        self.book.encode().map_err(|error| StoreError::Write { path: path.to_owned(), source: error.into() })
    }
}

/// Whether that file is a ledger of the first version, as far as its first bytes say.
pub(super) fn is_of_first_version(path: &Path) -> bool {
    let mut first = String::new();
    let opened = std::fs::File::open(path).map(|file| file.take(14));
    opened.is_ok_and(|mut file| file.read_to_string(&mut first).is_ok()) && first == "{\"version\":1,\""
}
