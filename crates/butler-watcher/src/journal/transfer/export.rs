//! Everything that is live, and every key that is done, as lines of JSON.
//!
//! The first line says whose it is and where its history stood, the last one how many lines there are and their SHA-256. The
//! same state always gives the same bytes.

use std::io::{self, Write};

use butler_core::domain::action::ActionKind;
use ethers_core::types::H256;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::disk::store::Store;
use crate::journal::entry::{Cursor, Entry, Finished};
use crate::journal::error::JournalError;
use crate::journal::image::parse;
use crate::journal::op::{Mark, json};
use crate::journal::schema::{COUNTER, CURSOR, FINISHED, Head, KEPT, LIVE, SPENT, read_spent};

/// The version of the export's format.
pub const EXPORT_VERSION: u32 = 1;

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Item {
    /// The first.
    Journal(Title),
    /// A cursor.
    Cursor { name: String, at: Cursor },
    /// How far something is counted.
    Counter { name: String, count: u64 },
    /// Something that is kept.
    Kept { name: String, value: Value },
    /// What was begun of a kind in an hour.
    Spent { kind: ActionKind, hour: u64, count: u32 },
    /// A live action.
    Live(Box<Entry>),
    /// What is left of one that ended.
    Finished(Finished),
    /// The last.
    End(Sum),
}

/// Whose export it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Title {
    pub(crate) version: u32,
    pub(crate) id: String,
    /// Where its history stood.
    pub(crate) mark: Mark,
    /// Where its history stood before the first line that was kept.
    pub(crate) anchor: Mark,
    pub(crate) clock: u64,
}

/// What all lines before the last one are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sum {
    pub(crate) lines: u64,
    pub(crate) sha256: H256,
}

/// Hands the store's content to `each`, but for the last line: in `parts` rounds through its actions, of which each hands out
/// another part, in order.
pub(crate) fn items(
    store: &Store,
    head: &Head,
    parts: u8,
    mut each: impl FnMut(Item) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let path = store.path();
    let (mark, anchor, clock) = (head.mark, head.anchor, head.clock);
    each(Item::Journal(Title { version: EXPORT_VERSION, id: head.id.clone(), mark, anchor, clock }))?;
    store.each(&[CURSOR], |key, value| {
        let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default().to_owned();
        each(Item::Cursor { name, at: parse(store, &value)? })
    })?;
    store.each(&[COUNTER], |key, value| {
        let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default().to_owned();
        each(Item::Counter { name, count: parse(store, &value)? })
    })?;
    store.each(&[KEPT], |key, value| {
        let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default().to_owned();
        each(Item::Kept { name, value: parse(store, &value)? })
    })?;
    store.each(&[SPENT], |key, value| match read_spent(key) {
        Some((kind, hour)) => each(Item::Spent { kind, hour, count: parse(store, &value)? }),
        None => Err(JournalError::corrupt(path, "what was spent has no kind")),
    })?;
    for part in 0..parts {
        // Keys end in hashes, so that their sums are even.
        let is_here = |key: &[u8]| key.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)) % parts == part;
        store.each(
            &[LIVE],
            |key, value| {
                if is_here(key) { each(Item::Live(Box::new(parse(store, &value)?))) } else { Ok(()) }
            },
        )?;
        store.each(
            &[FINISHED],
            |key, value| {
                if is_here(key) { each(Item::Finished(parse(store, &value)?)) } else { Ok(()) }
            },
        )?;
    }
    Ok(())
}

/// Writes the store's content to `to`.
pub(crate) fn export(store: &Store, head: &Head, to: &mut dyn Write) -> Result<Mark, JournalError> {
    let failed = |error: io::Error| JournalError::io("export", store.path())(error);
    let (mut context, mut lines) = (Context::new(&SHA256), 0_u64);
    items(store, head, 1, |item| {
        let mut line = json(&item);
        line.push(b'\n');
        context.update(&line);
        lines = lines.saturating_add(1);
        to.write_all(&line).map_err(failed)
    })?;
    let sum = Sum { lines, sha256: H256::from_slice(context.finish().as_ref()) };
    let mut end = json(&Item::End(sum));
    end.push(b'\n');
    to.write_all(&end).and_then(|()| to.flush()).map_err(failed)?;
    Ok(head.mark)
}
