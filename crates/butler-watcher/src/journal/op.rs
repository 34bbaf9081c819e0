//! What the history says: one line for each change, each sealed together with all lines before it.
//!
//! A line is `seal json`, where the seal is the SHA-256 of the seal before it and the JSON. The live state is what these
//! changes make of nothing, so a store can be made again from them.

use std::io;

use butler_core::domain::action::{ActionKind, EffectKey};
use ethers_core::types::H256;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::entry::{Cursor, Entry, Finished, Standing};
use super::request::{Keep, Note};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// An action is planned, or replaced by another one with its key, and stands where its policy has it.
    Planned(Box<Entry>),
    /// An action stands elsewhere.
    Moved {
        /// The action.
        key: EffectKey,
        /// Why it moved, in a word.
        by: String,
        /// Where it stands now.
        standing: Standing,
    },
    /// An action ended.
    Finished(Finished),
    /// A cursor moved.
    Cursor {
        /// Its name.
        name: String,
        /// Where it is.
        at: Cursor,
    },
    /// What was begun of a kind in an hour of the store's clock.
    Spent {
        /// The kind.
        kind: ActionKind,
        /// Hours since 1970.
        hour: u64,
        /// How many.
        count: u32,
    },
    /// Something is counted on.
    Counted {
        /// What is counted.
        name: String,
        /// How many there were so far.
        count: u64,
    },
    /// Something is kept under a name, or not any more.
    Kept(Keep),
    /// Something that somebody wants to be on record.
    Note(Note),
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its number, from 1.
    pub line: u64,
    /// The commit that it belongs to, from 1.
    pub sequence: u64,
    /// When: the store's milliseconds.
    pub at: u64,
    /// Whether the commit ends here.
    pub last: bool,
    /// What changed.
    pub op: Op,
}

/// Where a history stands: how much of it there is, and the seal of all that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Lines so far.
    pub lines: u64,
    /// Commits so far.
    pub sequence: u64,
    /// The seal of the last line; zero before the first.
    pub seal: H256,
}

/// Lines of the history as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Where the history stood before the first of them.
    pub before: Mark,
    /// The lines, without their breaks.
    pub lines: Vec<String>,
}

/// A text that is not the next line of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadLine {
    /// Its seal is not that of its content after what stands before it.
    #[error("a line was changed, removed or moved: its seal does not fit")]
    Seal,
    /// It is no line.
    #[error("a line cannot be read")]
    Malformed,
    /// Its number is not the next one.
    #[error("a line has the wrong number")]
    Number,
}

/// The seal of a text after another seal.
#[must_use]
pub(crate) fn seal(before: H256, text: &[u8]) -> H256 {
    let mut context = Context::new(&SHA256);
    context.update(before.as_bytes());
    context.update(text);
    H256::from_slice(context.finish().as_ref())
}

/// Writes a line after `before` into `text`, with its line break, and answers where the history stands then.
pub(crate) fn encode(before: Mark, line: &Line, text: &mut Vec<u8>) -> Mark {
    let json = json(line);
    let seal = seal(before.seal, &json);
    text.extend_from_slice(format!("{seal:x} ").as_bytes());
    text.extend_from_slice(&json);
    text.push(b'\n');
    Mark { lines: line.line, sequence: line.sequence, seal }
}

/// Reads the line after `before`, without its line break.
pub(crate) fn decode(before: Mark, text: &[u8]) -> Result<(Line, Mark), BadLine> {
    let (written, json) = text.split_at_checked(64).ok_or(BadLine::Malformed)?;
    let json = json.strip_prefix(b" ").ok_or(BadLine::Malformed)?;
    let seal = seal(before.seal, json);
    if format!("{seal:x}").as_bytes() != written {
        return Err(BadLine::Seal);
    }
    let line: Line = serde_json::from_slice(json).map_err(|_| BadLine::Malformed)?;
    let follows = line.sequence == before.sequence || line.sequence == before.sequence.saturating_add(1);
    if line.line != before.lines.saturating_add(1) || !follows {
        return Err(BadLine::Number);
    }
    let mark = Mark { lines: line.line, sequence: line.sequence, seal };
    Ok((line, mark))
}

/// How many bytes of JSON a value of ours takes.
pub(crate) fn size<T: Serialize>(value: &T) -> usize {
    let mut counted = Counted(0);
    // Counting does not fail.
    let _ = serde_json::to_writer(&mut counted, value);
    counted.0
}

struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// JSON of our own types, which have no maps with odd keys and no failing parts.
pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
