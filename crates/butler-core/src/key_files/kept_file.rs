//! Files whose last good content counts, as they are told.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::time::count;

/// Why a file's last good content stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptWhy {
    /// It is there, and cannot be read or used.
    Unreadable,
    /// Some of its entries cannot be read; for these stands what they said last.
    Partly,
    /// Encrypted keys are gone from a folder that it leads to.
    PartlyGone,
    /// It is there, and names nobody any more.
    Emptied,
    /// It is not there.
    Gone,
}

/// A file whose last good content counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFile {
    /// The file, fit to be shown.
    pub file: String,
    /// Its server.
    pub server: String,
    /// Why it is kept.
    pub why: KeptWhy,
    /// How many attesters it has.
    pub attesters: usize,
    /// Since when it could not be read, in seconds since 1970.
    pub since: u64,
    /// When its content is forgotten.
    pub until: u64,
}

impl fmt::Display for KeptFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, with {}", self.file, self.words(), count(self.attesters, "attester"))
    }
}

impl KeptFile {
    /// Why it is kept, in words about "it".
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.why {
            KeptWhy::Unreadable => "it can not be read or used now",
            KeptWhy::Partly => "some of its entries can not be read now",
            KeptWhy::PartlyGone => "encrypted keys that it leads to are gone",
            KeptWhy::Emptied => "it names nobody any more",
            KeptWhy::Gone => "it is gone",
        }
    }
}
