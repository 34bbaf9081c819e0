//! What became of a checkpoint.

use serde::{Deserialize, Serialize};

/// What became of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It stands in the pending chain, or was proven.
    Stands,
    /// It was pruned in this L1 block: nobody proved it in time.
    Pruned(u64),
    /// It was found invalid in this L1 block, or stood upon one that was.
    Invalidated(u64),
    /// Not known: a log is missing among those that follow.
    Unknown,
}

impl Fate {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Pruned(_) => "pruned",
            Self::Invalidated(_) => "invalidated",
            Self::Unknown => "unknown",
        }
    }
}
