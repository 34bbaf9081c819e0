//! How a journal is opened.

use super::disk::store::Durability;
use super::rules::{Clock, Rules, SystemClock};

/// A file of the history is followed by another when it is longer than this.
const FILE_LIMIT: u64 = 8 * 1024 * 1024;
/// The oldest files of the history go when all are longer than this.
const HISTORY_LIMIT: u64 = 256 * 1024 * 1024;

/// What is handed in when a journal is opened.
#[derive(Debug)]
pub struct Settings {
    /// Budgets and pauses.
    pub rules: Rules,
    /// The machine's clocks.
    pub clock: Box<dyn Clock>,
    /// Bytes after which a file of the history is followed by another.
    pub file_limit: u64,
    /// Bytes of history that are kept at least; at most twice as many.
    pub history_limit: u64,
    /// Take a copied or restored journal over.
    pub adopt: bool,
    /// Whether what is acknowledged is made durable. Anything but `Full` is for tests.
    pub durability: Durability,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            clock: Box::new(SystemClock::default()),
            file_limit: FILE_LIMIT,
            history_limit: HISTORY_LIMIT,
            adopt: false,
            durability: Durability::Full,
        }
    }
}
