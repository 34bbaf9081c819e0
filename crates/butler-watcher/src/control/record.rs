//! What somebody wanted through the socket and did not get, kept in the history.

use serde_json::Value;

use crate::journal::{Batch, Journal, JournalError, Note};

/// Keeps it.
pub(super) fn record(what: Value, journal: &dyn Journal) -> Result<(), JournalError> {
    let note = Note { from: "control".to_owned(), what };
    journal.commit(&Batch { notes: vec![note], ..Batch::default() }).map(|_| ())
}
