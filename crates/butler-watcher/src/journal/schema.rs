//! Where things stand in the store: one tree, whose keys begin with a letter for what they are.
//!
//! Actions stand under short ids that follow from their effect keys, which are long: what is searched, split and copied are the
//! store's keys. Beside the records there are five indexes of live actions, which follow from the records alone: those that can be claimed (by
//! urgency, kind and time), those that are leased (by the lease's end), those with a deadline (jobs by themselves) and those whose approval expires. So nothing
//! scans the whole.

use butler_core::domain::action::{ActionKind, EffectKey, Phase, Priority, ShortKey};
use serde::{Deserialize, Serialize};

use super::entry::{Counts, Entry, LaneCounts, Work};
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
    /// How many live jobs there are, by their queues.
    #[serde(default, skip_serializing_if = "LaneCounts::is_empty")]
    pub(crate) lanes: LaneCounts,
}

impl Head {
    pub(crate) fn new(id: String) -> Self {
        let (mark, anchor) = (Mark::default(), Mark::default());
        Self { schema: JOURNAL_SCHEMA, id, mark, anchor, clock: 0, counts: Counts::new(), lanes: LaneCounts::new() }
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
pub(crate) const EXPIRIES: u8 = b'e';
pub(crate) const JOB_DEADLINES: u8 = b'j';
/// Letters of records that are listed.
pub(crate) const CURSOR: u8 = b'c';
pub(crate) const LIVE: u8 = b'l';
pub(crate) const FINISHED: u8 = b'f';
pub(crate) const SPENT: u8 = b'b';
pub(crate) const COUNTER: u8 = b'n';
pub(crate) const KEPT: u8 = b'k';

/// Where an action stands: the beginning of its key's SHA-256. The record says the whole key, and is held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id([u8; ID_BYTES]);

/// Too many for two keys to share them, whoever chooses the keys.
const ID_BYTES: usize = 16;

impl Id {
    pub(crate) fn of(key: &EffectKey) -> Self {
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(key.digest().as_bytes()).for_each(|(byte, of)| *byte = *of);
        Self(id)
    }

    /// The lowest id of the keys that a short key may stand for.
    pub(crate) fn from(short: &ShortKey) -> Self {
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(short.lowest().as_bytes()).for_each(|(byte, of)| *byte = *of);
        Self(id)
    }

    /// The id at the end of a key of the store.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

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

pub(crate) fn kept(name: &str) -> Vec<u8> {
    joined(KEPT, &[name.as_bytes()])
}

pub(crate) fn live(id: Id) -> Vec<u8> {
    joined(LIVE, &[&id.0])
}

pub(crate) fn finished(id: Id) -> Vec<u8> {
    joined(FINISHED, &[&id.0])
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

/// Ends a kind's name in the queue, and says whether it is to be looked at or to be done, by whoever tells.
const TO_LOOK: u8 = 0;
const TO_DO: u8 = 1;
/// The same by whoever carries actions out.
const TO_LOOK_AFTER: u8 = 2;
const TO_CARRY_OUT: u8 = 3;
/// The same of jobs.
pub(crate) const TO_LOOK_AT_JOB: u8 = 4;
pub(crate) const TO_DO_JOB: u8 = 5;
/// The same of proposals.
const TO_LOOK_AT_PROPOSAL: u8 = 6;
const TO_PROPOSE: u8 = 7;

/// Whose work stands under that byte.
pub(crate) fn work_of(byte: u8) -> Work {
    match byte {
        ..=TO_DO => Work::Tell,
        TO_LOOK_AFTER..=TO_CARRY_OUT => Work::CarryOut,
        TO_LOOK_AT_JOB..=TO_DO_JOB => Work::Job,
        TO_LOOK_AT_PROPOSAL.. => Work::Propose,
    }
}

/// Whether what stands under that byte is to be done, and not only to be looked at.
pub(crate) fn is_to_do(byte: u8) -> bool {
    matches!(byte, TO_DO | TO_CARRY_OUT | TO_DO_JOB | TO_PROPOSE)
}

/// The queue's keys of one rank.
pub(crate) fn rank_prefix(rank: u8) -> Vec<u8> {
    joined(QUEUE, &[&[rank]])
}

/// The queue's keys of one rank whose kind begins so.
pub(crate) fn lanes_prefix(rank: u8, begin: &str) -> Vec<u8> {
    joined(QUEUE, &[&[rank], begin.as_bytes()])
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
    pub(crate) id: Id,
}

/// Reads a key of the queue.
pub(crate) fn read_queued(key: &[u8]) -> Option<Queued<'_>> {
    let rest = key.get(2..)?;
    let (end, work) = rest.iter().copied().enumerate().find(|(_, byte)| *byte <= TO_PROPOSE)?;
    let (due, id) = read_timed(rest.get(end..)?)?;
    Some(Queued { kind: rest.get(..end)?, work, due, id })
}

/// Reads a key of the leases, deadlines or expiries: a time, and whose it is.
pub(crate) fn read_timed(key: &[u8]) -> Option<(u64, Id)> {
    let (time, id) = key.get(1..)?.split_first_chunk()?;
    Some((u64::from_be_bytes(*time), Id::read(id)?))
}

/// Every index key of a live action, and no other.
pub(crate) fn index_keys(entry: &Entry) -> Vec<Vec<u8>> {
    let Id(id) = Id::of(&entry.action.key);
    let phase = entry.standing.phase;
    let mut keys = Vec::new();
    match (entry.standing.leased_until, phase) {
        (Some(until), _) => keys.push(joined(LEASES, &[&until.to_be_bytes(), &id])),
        (None, Phase::Due | Phase::Verifying) => {
            let (rank, lane) = ([rank(entry.action.priority)], entry.action.lane());
            let work = [match (entry.work(), phase == Phase::Due) {
                (Work::Tell, false) => TO_LOOK,
                (Work::Tell, true) => TO_DO,
                (Work::CarryOut, false) => TO_LOOK_AFTER,
                (Work::CarryOut, true) => TO_CARRY_OUT,
                (Work::Job, false) => TO_LOOK_AT_JOB,
                (Work::Job, true) => TO_DO_JOB,
                (Work::Propose, false) => TO_LOOK_AT_PROPOSAL,
                (Work::Propose, true) => TO_PROPOSE,
            }];
            keys.push(joined(QUEUE, &[&rank, lane.as_bytes(), &work, &entry.standing.due.to_be_bytes(), &id]));
        }
        (
            None,
            Phase::Planned | Phase::AwaitingApproval | Phase::Running | Phase::Done | Phase::Parked | Phase::Dropped,
        ) => {}
    }
    match (entry.action.until, phase, entry.work()) {
        // A job's deadline is of the store's clock, whatever a chain's is.
        (Some(until), Phase::AwaitingApproval | Phase::Due | Phase::Verifying, Work::Job) => {
            if entry.standing.leased_until.is_none() {
                keys.push(joined(JOB_DEADLINES, &[&until.to_be_bytes(), &id]));
            }
        }
        (Some(until), Phase::AwaitingApproval | Phase::Due, Work::Tell | Work::CarryOut | Work::Propose) => {
            keys.push(joined(DEADLINES, &[&until.to_be_bytes(), &id]));
        }
        (Some(_) | None, _, _) => {}
    }
    if let (Some(expires), Phase::AwaitingApproval | Phase::Due) = (entry.standing.expires, phase) {
        keys.push(joined(EXPIRIES, &[&expires.to_be_bytes(), &id]));
    }
    keys
}
