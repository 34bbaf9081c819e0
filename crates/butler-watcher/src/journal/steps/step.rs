//! The changes of one commit, as they are gathered, and how they become lines.

use std::panic::resume_unwind;
use std::thread;

use butler_core::client::text::is_visible;
use butler_core::domain::action::{EffectKey, Phase, Step as LifeStep};

use crate::journal::disk::store::{Store, Writes};
use crate::journal::entry::{Entry, Finished, unwanted};
use crate::journal::error::JournalError;
use crate::journal::image::Image;
use crate::journal::op::{Line, Mark, Op, encode};
use crate::journal::request::REASON_LIMIT;
use crate::journal::rules::Rules;
use crate::journal::schema::{Head, Id};

/// What a commit writes.
#[derive(Debug)]
pub(crate) struct Written {
    /// The head after it.
    pub(crate) head: Head,
    /// To the store.
    pub(crate) writes: Writes,
    /// To the history.
    pub(crate) lines: Vec<u8>,
}

/// A commit that is being put together.
#[derive(Debug)]
pub(crate) struct Step<'s> {
    pub(crate) image: Image<'s>,
    pub(crate) rules: &'s Rules,
    /// The store's clock, in milliseconds.
    pub(crate) now: u64,
    ops: Vec<Op>,
}

impl<'s> Step<'s> {
    pub(crate) fn new(store: &'s Store, head: Head, rules: &'s Rules, now: u64) -> Self {
        Self { image: Image::new(store, head), rules, now, ops: Vec::new() }
    }

    /// Makes a change.
    pub(crate) fn record(&mut self, op: Op) -> Result<(), JournalError> {
        self.image.apply(&op)?;
        self.ops.push(op);
        Ok(())
    }

    /// A live action, which must be there.
    pub(crate) fn entry(&self, key: &EffectKey) -> Result<Entry, JournalError> {
        self.image.entry(key)?.ok_or_else(|| JournalError::Absent { key: key.clone() })
    }

    /// The live action that an index names.
    pub(crate) fn indexed(&self, id: Id) -> Result<Entry, JournalError> {
        self.image.entry_at(id)?.ok_or_else(|| self.image.damaged("an index names what is not there"))
    }

    /// Makes an action live, where its policy has it: a single change, unless the policy does not want it.
    pub(crate) fn begin(&mut self, mut entry: Entry) -> Result<(), JournalError> {
        let policy = entry.standing.policy;
        let admit = LifeStep::Admit(policy);
        let next = entry.standing.phase.after(admit);
        let next = next.map_err(|source| JournalError::Life { key: entry.action.key.clone(), source })?;
        if next.is_final() {
            self.record(Op::Planned(Box::new(entry.clone())))?;
            return self.go(&mut entry, admit, |entry| {
                entry.standing.reason = Some(unwanted(policy));
            });
        }
        entry.standing.phase = next;
        self.record(Op::Planned(Box::new(entry)))
    }

    /// Takes an action one step on in its life, with what `change` does to where it stands. One that ends is forgotten but for its key.
    pub(crate) fn go(
        &mut self,
        entry: &mut Entry,
        step: LifeStep,
        change: impl FnOnce(&mut Entry),
    ) -> Result<(), JournalError> {
        let key = &entry.action.key;
        let next = entry.standing.phase.after(step);
        let next = next.map_err(|source| JournalError::Life { key: key.clone(), source })?;
        let may_return = step == LifeStep::Retract;
        change(entry);
        entry.standing.phase = next;
        entry.standing.version = entry.standing.version.saturating_add(1);
        if next.is_final() {
            let finished = Finished {
                key: entry.action.key.clone(),
                kind: entry.action.kind,
                phase: next,
                version: entry.standing.version,
                generation: entry.standing.generation,
                at: self.now,
                again: may_return && next == Phase::Dropped,
                reason: entry.standing.reason.clone(),
                made: entry.standing.made,
            };
            return self.record(Op::Finished(finished));
        }
        let (key, standing) = (entry.action.key.clone(), entry.standing.clone());
        self.record(Op::Moved { key, by: word(step).to_owned(), standing })
    }

    /// What is to be written; `None` when nothing changed.
    pub(crate) fn finish(self) -> Option<Written> {
        let Self { mut image, now, ops, .. } = self;
        if ops.is_empty() {
            return None;
        }
        let before = image.head.mark;
        let (mark, lines) = if ops.len() > MANY {
            // The lines and the records are made of the same changes, and need nothing of each other.
            thread::scope(|scope| {
                let lines = scope.spawn(|| encoded(before, now, ops));
                image.settle_records();
                lines.join().unwrap_or_else(|panic| resume_unwind(panic))
            })
        } else {
            encoded(before, now, ops)
        };
        image.head.mark = mark;
        image.head.clock = now;
        let (head, writes) = image.into_writes();
        Some(Written { head, writes, lines })
    }
}

/// From so many changes on a second thread is worth it.
const MANY: usize = 500;

/// The lines of one commit, and where the history stands after them.
fn encoded(mut mark: Mark, now: u64, ops: Vec<Op>) -> (Mark, Vec<u8>) {
    let mut lines = Vec::new();
    let (sequence, count) = (mark.sequence.saturating_add(1), ops.len());
    for (place, op) in ops.into_iter().enumerate() {
        let last = place.saturating_add(1) == count;
        let line = Line { line: mark.lines.saturating_add(1), sequence, at: now, last, op };
        mark = encode(mark, &line, &mut lines);
    }
    (mark, lines)
}

/// A reason that is kept: one line without what turns the direction of writing or acts on a terminal, cut to its limit at a letter's
/// border.
pub(crate) fn reason(text: &str) -> Option<String> {
    let words =
        text.split_whitespace().map(|word| word.chars().filter(|letter| is_visible(*letter)).collect::<String>());
    let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut end = text.len().min(REASON_LIMIT);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn word(step: LifeStep) -> &'static str {
    match step {
        LifeStep::Admit(_) => "admit",
        LifeStep::Approve => "approve",
        LifeStep::Concur => "concur",
        LifeStep::Deny => "deny",
        LifeStep::ApprovalExpired => "approval_expired",
        LifeStep::Claim => "claim",
        LifeStep::LeaseExpired => "lease_expired",
        LifeStep::Acted => "acted",
        LifeStep::Proven => "proven",
        LifeStep::Retry => "retry",
        LifeStep::Unknown => "unknown",
        LifeStep::Refuse => "refuse",
        LifeStep::GiveUp => "give_up",
        LifeStep::Retract => "retract",
        LifeStep::Revive => "revive",
    }
}
