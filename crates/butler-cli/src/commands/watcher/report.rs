//! What the commands about the watcher answer.

use butler_core::control::{ActionRow, HistoryRow, NotDecided};
use serde::Serialize;

/// The report of `actions list`.
#[derive(Debug, Serialize)]
pub(super) struct ActionsReport {
    pub(super) actions: Vec<ActionRow>,
    /// Stands for all of them.
    pub(super) shown: String,
}

/// The report of `actions show`.
#[derive(Debug, Serialize)]
pub(super) struct ActionReport {
    pub(super) action: Option<ActionRow>,
}

/// The report of a decision.
#[derive(Debug, Default, Serialize)]
pub(super) struct DecidedReport {
    pub(super) decided: Vec<ActionRow>,
    pub(super) refused: Vec<NotDecided>,
}

/// The report of `actions history`.
#[derive(Debug, Serialize)]
pub(super) struct HistoryReport {
    pub(super) lines: Vec<HistoryRow>,
}
