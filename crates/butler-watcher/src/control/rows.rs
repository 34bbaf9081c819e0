//! Actions as they are shown, each with the hash that a decision names.

use butler_core::control::ActionRow;
use ethers_core::utils::hex;
use ring::digest::{Context, SHA256};

use crate::journal::{Entry, Finished};

/// A live action as it is shown. `journal` is the journal's name and place.
pub(super) fn of_entry(entry: Entry, journal: &str) -> ActionRow {
    let mut row = ActionRow {
        key: entry.action.key.clone(),
        kind: entry.action.kind,
        phase: entry.standing.phase,
        version: entry.standing.version,
        tries: Some(entry.standing.tries),
        reason: entry.standing.reason,
        approved_by: entry.standing.approved_by,
        expires: entry.standing.expires,
        due: Some(entry.standing.due),
        action: Some(entry.action),
        shown: None,
    };
    row.shown = shown(&row, journal);
    row
}

pub(super) fn of_finished(finished: Finished) -> ActionRow {
    ActionRow {
        key: finished.key,
        kind: finished.kind,
        phase: finished.phase,
        version: finished.version,
        tries: None,
        reason: finished.reason,
        approved_by: Vec::new(),
        expires: None,
        due: None,
        action: None,
        shown: None,
    }
}

/// The hash that stands for an action as it is shown, in the journal of that name and place, before it has one. Nothing can be decided on one that has
/// none.
fn shown(row: &ActionRow, journal: &str) -> Option<String> {
    let text = serde_json::to_vec(row).ok()?;
    let mut context = Context::new(&SHA256);
    context.update(journal.as_bytes());
    context.update(b"\n");
    context.update(&text);
    Some(hex::encode(context.finish()))
}
