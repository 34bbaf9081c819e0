//! What this program asked about a book, which is not kept.

use super::pace::Pace;
use crate::domain::duties::Gap;

/// What was asked, and when.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The gap that all endpoints left, and the block at which they were asked.
    pub(super) gap: Option<(Gap, u64)>,
    /// The newest checkpoint by the rollup's own word, and the block at which it said so last.
    pub(super) pending: Option<(u64, u64)>,
    /// Whether what was kept before this program began is of blocks that are there.
    pub(super) is_there: bool,
    /// The block at which nothing was missing before the first log.
    pub(super) opened: Option<u64>,
    /// How often transactions were asked for.
    pub(super) pace: Pace,
}

/// What is missing is asked about again after so many blocks: half an hour.
const AGAIN: u64 = 150;

impl Asked {
    /// Whether that gap was asked about not long ago.
    pub(super) fn has_asked(&self, gap: &Gap, head: u64) -> bool {
        // What the rollup's own word contradicts is another gap with each block, and the same log is missing.
        self.gap.is_some_and(|(asked, at)| asked.last == gap.last && is_recent(at, head))
    }

    /// Whether it is known that nothing is missing before the first log. While there is none, that changes with time.
    pub(super) fn is_opened(&self, has_logs: bool, head: u64) -> bool {
        self.opened.is_some_and(|at| has_logs || is_recent(at, head))
    }
}

fn is_recent(at: u64, head: u64) -> bool {
    (at..at.saturating_add(AGAIN)).contains(&head)
}
