//! A batch: the cursor's step with everything that it asks for.

use std::time::Duration;

use butler_core::domain::action::{Phase, Policy, Step as LifeStep};

use super::count::is_name;
use super::step::{Step, reason};
use crate::journal::entry::{Entry, Standing};
use crate::journal::error::JournalError;
use crate::journal::op::{Op, size};
use crate::journal::request::{
    BATCH_LIMIT, BODY_LIMIT, Batch, Committed, CursorMove, Fulfilment, NAME_LIMIT, Note, Plan, Retraction,
};
use crate::journal::rules::millis;

pub(crate) fn commit(step: &mut Step<'_>, batch: &Batch) -> Result<Committed, JournalError> {
    let Batch { plans, retractions, fulfilled, keeps, notes, .. } = batch;
    let sizes = [plans.len(), retractions.len(), fulfilled.len(), keeps.len(), notes.len()];
    if sizes.iter().any(|size| *size > BATCH_LIMIT) {
        return Err(JournalError::Invalid("a batch is too large"));
    }
    let mut done = Committed::default();
    if let Some(cursor) = &batch.cursor {
        move_cursor(step, cursor)?;
    }
    for wanted in &batch.plans {
        plan(step, wanted, batch.approval, &mut done)?;
    }
    for unwanted in &batch.retractions {
        retract(step, unwanted, &mut done)?;
    }
    for fulfilment in &batch.fulfilled {
        fulfil(step, fulfilment, &mut done)?;
    }
    for keep in &batch.keeps {
        if !is_name(&keep.name) || size(keep) > BODY_LIMIT {
            return Err(JournalError::Invalid(
                "what is kept is too large, or its name is not of visible ascii characters",
            ));
        }
        step.record(Op::Kept(keep.clone()))?;
    }
    for note in &batch.notes {
        if size(note) > BODY_LIMIT {
            return Err(JournalError::Invalid("a note is too long"));
        }
        step.record(Op::Note(note.clone()))?;
    }
    Ok(done)
}

fn move_cursor(step: &mut Step<'_>, cursor: &CursorMove) -> Result<(), JournalError> {
    let name = &cursor.name;
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(JournalError::Invalid("a cursor's name is 1 to 128 visible ascii characters"));
    }
    let current = step.image.cursor(name)?;
    if current != cursor.expected {
        return Err(JournalError::CursorConflict { name: name.clone(), current });
    }
    match current {
        Some(current) if current == cursor.to => return Ok(()),
        // The same height with another hash is a reorg of what was final.
        Some(current) if cursor.to.block <= current.block => {
            return Err(JournalError::Invalid("a cursor never moves back"));
        }
        Some(_) | None => {}
    }
    step.record(Op::Cursor { name: name.clone(), at: cursor.to })
}

fn plan(
    step: &mut Step<'_>,
    plan: &Plan,
    approval: Option<Duration>,
    done: &mut Committed,
) -> Result<(), JournalError> {
    let Plan { action, policy } = plan;
    let key = &action.key;
    if size(action) > BODY_LIMIT {
        return Err(JournalError::Invalid("an action is too large"));
    }
    let (mut version, mut generation, mut intent) = (0, 0, None);
    if let Some(live) = step.image.entry(key)? {
        let is_open = match live.standing.phase {
            Phase::Planned | Phase::AwaitingApproval | Phase::Due => live.standing.leased_until.is_none(),
            Phase::Running | Phase::Verifying | Phase::Done | Phase::Parked | Phase::Dropped => false,
        };
        if live.action == *action || !is_open {
            return Ok(());
        }
        version = live.standing.version;
        generation = live.standing.generation;
        // What was begun for it is not undone by asking for something else.
        intent = live.standing.intent;
        done.replaced.push(key.clone());
    } else if let Some(finished) = step.image.finished(key)? {
        if !finished.again {
            return Ok(());
        }
        version = finished.version;
        generation = finished.generation;
        done.planned.push(key.clone());
    } else {
        done.planned.push(key.clone());
    }
    let standing = Standing {
        phase: Phase::Planned,
        version: version.saturating_add(1),
        policy: *policy,
        due: step.now,
        generation,
        leased_until: None,
        tries: 0,
        looks: 0,
        intent,
        reason: None,
        approved_by: Vec::new(),
        expires: approval
            .filter(|_| *policy == Policy::Approve)
            .map(|approval| step.now.saturating_add(millis(approval))),
        made: None,
    };
    step.begin(Entry { action: action.clone(), standing })
}

fn retract(step: &mut Step<'_>, retraction: &Retraction, done: &mut Committed) -> Result<(), JournalError> {
    let key = retraction.key.clone();
    let Some(mut entry) = step.image.entry(&key)? else { return note_taken_back(step, retraction) };
    if entry.standing.phase.after(LifeStep::Retract).is_err() {
        done.kept.push(key);
        return Ok(());
    }
    step.go(&mut entry, LifeStep::Retract, |entry| entry.standing.reason = reason(&retraction.reason))?;
    done.dropped.push(key);
    Ok(())
}

fn fulfil(step: &mut Step<'_>, fulfilment: &Fulfilment, done: &mut Committed) -> Result<(), JournalError> {
    let Some(mut entry) = step.image.entry(&fulfilment.key)? else { return Ok(()) };
    match entry.standing.phase {
        Phase::AwaitingApproval | Phase::Parked => {
            step.go(&mut entry, LifeStep::Proven, |entry| entry.standing.reason = reason(&fulfilment.proof))?;
            done.fulfilled.push(fulfilment.key.clone());
        }
        Phase::Planned | Phase::Due | Phase::Running | Phase::Verifying | Phase::Done | Phase::Dropped => {}
    }
    Ok(())
}

/// Whoever was told of it hears that it is not asked for any more. One that was never told, since its goal held, is left alone.
fn note_taken_back(step: &mut Step<'_>, retraction: &Retraction) -> Result<(), JournalError> {
    let finished = step.image.finished(&retraction.key)?;
    let was_told = finished.is_some_and(|finished| finished.phase == Phase::Done && finished.reason.is_none());
    if !was_told {
        return Ok(());
    }
    let why = reason(&retraction.reason).unwrap_or_default();
    step.record(Op::Note(Note::taken_back(&retraction.key, &why)))
}
