//! Where things stand in the store: one tree, whose keys begin with a letter for what they are.
//!
//! Beside the records there are three indexes of live actions, which follow from the records alone: those that can be claimed (by
//! urgency, kind and time), those that are leased (by the lease's end) and those with a deadline. So nothing scans the whole.

use butler_core::domain::action::{ActionKind, EffectKey, Phase, Priority};
use serde::{Deserialize, Serialize};

use super::entry::{Counts, Entry};
use super::op::Mark;

/// The schema that is written, and the newest that is read.
pub const JOURNAL_SCHEMA: u32 = 1;

/// The one record that every commit replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The schema of this store.
    pub(crate) schema: u32,
    /// The journal's random name.
    pub(crate) id: String,
    /// Where its history stands.
    pub(crate) mark: Mark,
    /// Where its history stood before the first line that is still kept.
    pub(crate) anchor: Mark,
    /// The store's clock at the last commit, in milliseconds.
    pub(crate) clock: u64,
    /// How many actions there are.
    pub(crate) counts: Counts,
}

impl Head {
    pub(crate) fn new(id: String) -> Self {
        let (mark, anchor) = (Mark::default(), Mark::default());
        Self { schema: JOURNAL_SCHEMA, id, mark, anchor, clock: 0, counts: Counts::new() }
    }
}

/// The head's key.
pub(crate) const HEAD: &[u8] = b"h";
/// The letter of pieces of wide values.
pub(crate) const PIECE: u8 = b'w';
/// Letters of the indexes.
pub(crate) const QUEUE: u8 = b'q';
pub(crate) const LEASES: u8 = b'x';
pub(crate) const DEADLINES: u8 = b'u';
/// Letters of records that are listed.
pub(crate) const CURSOR: u8 = b'c';
pub(crate) const LIVE: u8 = b'l';
pub(crate) const FINISHED: u8 = b'f';
pub(crate) const SPENT: u8 = b'b';
pub(crate) const COUNTER: u8 = b'n';

fn joined(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![letter];
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

pub(crate) fn cursor(name: &str) -> Vec<u8> {
    joined(CURSOR, &[name.as_bytes()])
}

pub(crate) fn counter(name: &str) -> Vec<u8> {
    joined(COUNTER, &[name.as_bytes()])
}

pub(crate) fn live(key: &EffectKey) -> Vec<u8> {
    joined(LIVE, &[key.as_str().as_bytes()])
}

pub(crate) fn finished(key: &EffectKey) -> Vec<u8> {
    joined(FINISHED, &[key.as_str().as_bytes()])
}

pub(crate) fn spent(kind: ActionKind, hour: u64) -> Vec<u8> {
    joined(SPENT, &[kind.name().as_bytes(), &[0], &hour.to_be_bytes()])
}

pub(crate) fn spent_prefix(kind: ActionKind) -> Vec<u8> {
    joined(SPENT, &[kind.name().as_bytes(), &[0]])
}

/// Reads a key of what was spent.
pub(crate) fn read_spent(key: &[u8]) -> Option<(ActionKind, u64)> {
    let rest = key.get(1..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let kind = std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()?;
    Some((kind, u64::from_be_bytes(rest.get(end..)?.get(1..)?.try_into().ok()?)))
}

/// Urgent first.
fn rank(priority: Priority) -> u8 {
    match priority {
        Priority::Urgent => 0,
        Priority::High => 1,
        Priority::Normal => 2,
    }
}

/// Every rank, the most urgent first.
pub(crate) const RANKS: [u8; 3] = [0, 1, 2];

/// Ends a kind's name in the queue, and says whether it is to be looked at or to be done.
pub(crate) const TO_LOOK: u8 = 0;
pub(crate) const TO_DO: u8 = 1;

/// The queue's keys of one rank.
pub(crate) fn rank_prefix(rank: u8) -> Vec<u8> {
    joined(QUEUE, &[&[rank]])
}

/// The queue's keys of one rank and kind, to be looked at or to be done. The next number ends the kind's keys.
pub(crate) fn group_prefix(rank: u8, kind: &[u8], work: u8) -> Vec<u8> {
    joined(QUEUE, &[&[rank], kind, &[work]])
}

/// What a key of the queue says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Queued<'a> {
    pub(crate) kind: &'a [u8],
    pub(crate) work: u8,
    pub(crate) due: u64,
    pub(crate) key: &'a [u8],
}

/// Reads a key of the queue.
pub(crate) fn read_queued(key: &[u8]) -> Option<Queued<'_>> {
    let rest = key.get(2..)?;
    let (end, work) = rest.iter().copied().enumerate().find(|(_, byte)| *byte <= TO_DO)?;
    let (due, key) = read_timed(rest.get(end..)?)?;
    Some(Queued { kind: rest.get(..end)?, work, due, key })
}

/// Reads a key of the leases or deadlines: a time, and whose it is.
pub(crate) fn read_timed(key: &[u8]) -> Option<(u64, &[u8])> {
    let (time, key) = key.get(1..)?.split_first_chunk()?;
    Some((u64::from_be_bytes(*time), key))
}

/// The effect key at the end of an index's key.
pub(crate) fn effect_key(bytes: &[u8]) -> Option<EffectKey> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Every index key of a live action, and no other.
pub(crate) fn index_keys(entry: &Entry) -> Vec<Vec<u8>> {
    let key = entry.action.key.as_str().as_bytes();
    let phase = entry.standing.phase;
    let mut keys = Vec::new();
    match (entry.standing.leased_until, phase) {
        (Some(until), _) => keys.push(joined(LEASES, &[&until.to_be_bytes(), key])),
        (None, Phase::Due | Phase::Verifying) => {
            let (rank, kind) = ([rank(entry.action.priority)], entry.action.kind.name().as_bytes());
            let work = [if phase == Phase::Due { TO_DO } else { TO_LOOK }];
            keys.push(joined(QUEUE, &[&rank, kind, &work, &entry.standing.due.to_be_bytes(), key]));
        }
        (
            None,
            Phase::Planned | Phase::AwaitingApproval | Phase::Running | Phase::Done | Phase::Parked | Phase::Dropped,
        ) => {}
    }
    if let (Some(until), Phase::AwaitingApproval | Phase::Due) = (entry.action.until, phase) {
        keys.push(joined(DEADLINES, &[&until.to_be_bytes(), key]));
    }
    keys
}
