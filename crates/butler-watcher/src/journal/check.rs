//! Whether everything fits together: records with their indexes and counts, the history with its seals, and the two with each other.

use std::collections::BTreeSet;
use std::path::Path;

use butler_core::domain::action::Phase;
use serde::Serialize;

use super::disk::store::Store;
use super::entry::{Counts, Cursor, Entry, Finished, LaneCounts};
use super::error::JournalError;
use super::history::read::{Start, walk};
use super::image::{Count, Image, count, count_lane};
use super::op::Mark;
use super::schema::{
    self, COUNTER, CURSOR, DEADLINES, EXPIRIES, FINISHED, Head, Id, JOB_DEADLINES, KEPT, LEASES, LIVE, PIECE, QUEUE,
    SPENT,
};

/// The most faults that are listed.
const LISTED: usize = 100;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Commits so far.
    pub sequence: u64,
    /// Lines of the history that were looked at.
    pub lines: u64,
    /// The first of them.
    pub first_line: u64,
    /// Live actions.
    pub live: u64,
    /// Finished ones that are remembered.
    pub finished: u64,
    /// What is wrong, in our words; the first hundred.
    pub faults: Vec<String>,
}

impl Checked {
    fn fault(&mut self, what: impl Into<String>) {
        if self.faults.len() < LISTED {
            self.faults.push(what.into());
        }
    }
}

/// Looks at everything. `history` is the folder of its files.
pub(crate) fn check(store: &Store, head: &Head, history: &Path) -> Result<Checked, JournalError> {
    let mut checked =
        Checked { sequence: head.mark.sequence, first_line: head.anchor.lines.saturating_add(1), ..Checked::default() };
    check_store(store, head, &mut checked)?;
    check_history(history, head.anchor, head.mark, &mut checked);
    Ok(checked)
}

/// Looks at every line that is kept; they must lead to `to`.
fn check_history(history: &Path, anchor: Mark, to: Mark, checked: &mut Checked) {
    let walked = walk(history, Start::at(anchor, anchor), |_| {
        checked.lines = checked.lines.saturating_add(1);
        Ok(true)
    });
    match walked {
        Ok(mark) if to == mark => {}
        Ok(mark) => checked.fault(format!(
            "the history ends at line {}, and the store says {}: lines were removed or added",
            mark.lines, to.lines
        )),
        Err(error) => checked.fault(error.to_string()),
    }
}

fn check_store(store: &Store, head: &Head, checked: &mut Checked) -> Result<(), JournalError> {
    let (mut counts, mut lanes) = (Counts::new(), LaneCounts::new());
    let mut indexes = BTreeSet::new();
    let mut ids = Vec::new();
    store.each(&[LIVE], |key, _| {
        ids.push(key.get(1..).and_then(Id::read));
        Ok(())
    })?;
    let image = Image::new(store, head.clone());
    for id in ids {
        checked.live = checked.live.saturating_add(1);
        let Some(id) = id else {
            checked.fault("a live action has no place");
            continue;
        };
        match image.entry_at(id) {
            Ok(Some(entry)) => {
                check_entry(&entry, id, checked);
                count(&mut counts, &entry.action.kind, entry.standing.phase, Count::More);
                count_lane(&mut lanes, &entry, Count::More);
                indexes.extend(schema::index_keys(&entry));
                if image.finished_at(id)?.is_some() {
                    checked.fault(format!("`{}` is live and finished", entry.action.key));
                }
            }
            Ok(None) => checked.fault("a live action is gone"),
            Err(error) => checked.fault(format!("a live action cannot be read: {error}")),
        }
    }
    store.each(&[FINISHED], |key, value| {
        match serde_json::from_slice::<Finished>(&value) {
            Ok(finished)
                if key.get(1..).and_then(Id::read) == Some(Id::of(&finished.key)) && finished.phase.is_final() =>
            {
                count(&mut counts, &finished.kind, finished.phase, Count::More);
            }
            Ok(_) | Err(_) => checked.fault("what is left of a finished action cannot be read"),
        }
        checked.finished = checked.finished.saturating_add(1);
        Ok(())
    })?;
    for letter in [QUEUE, LEASES, DEADLINES, EXPIRIES, JOB_DEADLINES] {
        store.each(&[letter], |key, _| {
            if !indexes.remove(key) {
                checked.fault("an index names what is not there");
            }
            Ok(())
        })?;
    }
    if !indexes.is_empty() {
        checked.fault(format!("{} live actions are missing in an index and would never be taken", indexes.len()));
    }
    if counts != head.counts || lanes != head.lanes {
        checked.fault("the counts are wrong");
    }
    check_others(store, checked)
}

fn check_entry(entry: &Entry, id: Id, checked: &mut Checked) {
    let standing = &entry.standing;
    let may_be_leased = match standing.phase {
        Phase::Running => standing.leased_until.is_some(),
        Phase::Verifying => true,
        Phase::Planned | Phase::AwaitingApproval | Phase::Due | Phase::Parked => standing.leased_until.is_none(),
        Phase::Done | Phase::Dropped => false,
    };
    if Id::of(&entry.action.key) != id || !may_be_leased {
        checked.fault(format!("`{}` stands where nothing can stand", entry.action.key));
    }
}

fn check_others(store: &Store, checked: &mut Checked) -> Result<(), JournalError> {
    store.each(&[CURSOR], |_, value| {
        if serde_json::from_slice::<Cursor>(&value).is_err() {
            checked.fault("a cursor cannot be read");
        }
        Ok(())
    })?;
    store.each(&[COUNTER], |_, value| {
        if serde_json::from_slice::<u64>(&value).is_err() {
            checked.fault("a counter cannot be read");
        }
        Ok(())
    })?;
    store.each(&[KEPT], |_, value| {
        if serde_json::from_slice::<serde_json::Value>(&value).is_err() {
            checked.fault("something that is kept cannot be read");
        }
        Ok(())
    })?;
    store.each(&[], |key, _| {
        let known =
            [b'h', COUNTER, KEPT, CURSOR, LIVE, FINISHED, QUEUE, LEASES, DEADLINES, EXPIRIES, JOB_DEADLINES, SPENT];
        let letter = key.first().copied().unwrap_or_default();
        if !known.contains(&letter) && letter != PIECE {
            checked.fault("the store has something that no program of this schema writes");
        }
        Ok(())
    })
}
