//! What the commands about the watcher answer.

use butler_core::control::{ActionRow, HistoryRow, NotDecided};
use butler_core::domain::action::{ActionName, ShortKey, short_keys};
use serde::Serialize;

/// An action with its short key.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Listed {
    pub(super) short: ShortKey,
    #[serde(flatten)]
    pub(super) row: ActionRow,
}

impl Listed {
    /// Actions that are shown together.
    pub(super) fn all(rows: Vec<ActionRow>) -> Vec<Self> {
        let shorts: Vec<ShortKey> = {
            let of = short_keys(rows.iter().map(|row| &row.key));
            rows.iter().map(|row| of.get(&row.key).cloned().unwrap_or_else(|| row.key.short())).collect()
        };
        rows.into_iter().zip(shorts).map(|(row, short)| Self { short, row }).collect()
    }
}

/// An action that was not decided on, with its short key.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Refused {
    pub(super) short: ShortKey,
    #[serde(flatten)]
    pub(super) refused: NotDecided,
}

impl From<NotDecided> for Refused {
    fn from(refused: NotDecided) -> Self {
        let short = match &refused.key {
            ActionName::Whole(key) => key.short(),
            ActionName::Short(short) => short.clone(),
        };
        Self { short, refused }
    }
}

/// The report of `actions list`.
#[derive(Debug, Serialize)]
pub(super) struct ActionsReport {
    pub(super) actions: Vec<Listed>,
    /// Stands for all of them.
    pub(super) shown: String,
}

/// The report of `actions show`.
#[derive(Debug, Serialize)]
pub(super) struct ActionReport {
    pub(super) action: Option<Listed>,
}

/// The report of a decision.
#[derive(Debug, Default, Serialize)]
pub(super) struct DecidedReport {
    pub(super) decided: Vec<Listed>,
    pub(super) refused: Vec<Refused>,
}

/// The report of `actions history`.
#[derive(Debug, Serialize)]
pub(super) struct HistoryReport {
    pub(super) lines: Vec<HistoryRow>,
}
