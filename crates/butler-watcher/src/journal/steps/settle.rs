//! What a holder of a lease may say: that it goes on, and how it ended.

use std::time::Duration;

use butler_core::domain::action::{Phase, Step as LifeStep};

use super::commit::commit;
use super::count::is_name;
use super::step::{Step, reason};
use crate::journal::entry::{Entry, Lease};
use crate::journal::error::JournalError;
use crate::journal::op::{Op, json};
use crate::journal::request::{BODY_LIMIT, Batch, Committed, NextNumber, Outcome, Renewal, Settled, Settlement};
use crate::journal::rules::millis;

/// The action of a lease that still counts.
fn held(step: &Step<'_>, lease: &Lease) -> Result<Option<Entry>, JournalError> {
    let entry = step.image.entry(&lease.key)?;
    Ok(entry.filter(|entry| entry.standing.generation == lease.generation && entry.standing.leased_until.is_some()))
}

pub(crate) fn renew(step: &mut Step<'_>, lease: &Lease, renewal: &Renewal) -> Result<Lease, JournalError> {
    if renewal.intent.as_ref().is_some_and(|intent| json(intent).len() > BODY_LIMIT) {
        return Err(JournalError::Invalid("an intent is too large"));
    }
    let entry = held(step, lease)?;
    // It is not begun with a lease that ran out, though nobody else has it yet.
    let entry = entry.filter(|entry| entry.standing.leased_until.is_some_and(|until| until > step.now));
    let Some(mut entry) = entry else { return Err(JournalError::LostLease { key: lease.key.clone() }) };
    if let Some(NextNumber { name, to }) = &renewal.number {
        if !is_name(name) || Some(*to) != step.image.counter(name)?.checked_add(1) {
            return Err(JournalError::Invalid("a counter goes up one by one under a name of visible ascii characters"));
        }
        step.record(Op::Counted { name: name.clone(), count: *to })?;
    }
    let until = step.now.saturating_add(millis(renewal.lease));
    entry.standing.leased_until = Some(until);
    entry.standing.version = entry.standing.version.saturating_add(1);
    if renewal.intent.is_some() {
        entry.standing.intent.clone_from(&renewal.intent);
    }
    let by = if renewal.intent.is_some() { "intend" } else { "renew" };
    let (key, standing) = (entry.action.key, entry.standing);
    step.record(Op::Moved { key: key.clone(), by: by.to_owned(), standing })?;
    Ok(Lease { key, generation: lease.generation, until })
}

pub(crate) fn settle(step: &mut Step<'_>, settlement: &Settlement) -> Result<Settled, JournalError> {
    let key = settlement.lease.key.clone();
    let Some(mut entry) = held(step, &settlement.lease)? else { return Ok(Settled::LostLease(key)) };
    let (life, pause, why) = judge(step, &entry, &settlement.outcome);
    let due = step.now.saturating_add(pause);
    step.go(&mut entry, life, |entry| {
        entry.standing.leased_until = None;
        entry.standing.due = due;
        entry.standing.reason = why;
        if let Outcome::Made { digest, .. } = &settlement.outcome {
            entry.standing.made = Some(*digest);
        }
        if matches!(settlement.outcome, Outcome::Postponed { .. }) {
            entry.standing.tries = entry.standing.tries.saturating_sub(1);
        }
    })?;
    let is_done = entry.standing.phase == Phase::Done;
    Ok(if is_done { Settled::Done(key) } else { Settled::Live(Box::new(entry)) })
}

/// Settles, and commits what follows.
pub(crate) fn settle_then(
    step: &mut Step<'_>,
    settlements: &[Settlement],
    then: &mut dyn FnMut(&[Settled]) -> Batch,
) -> Result<(Vec<Settled>, Committed), JournalError> {
    let settled: Vec<Settled> =
        settlements.iter().map(|settlement| settle(step, settlement)).collect::<Result<_, _>>()?;
    let committed = commit(step, &then(&settled))?;
    Ok((settled, committed))
}

/// The step of its life, the pause after it in milliseconds, and the reason that is kept.
fn judge(step: &Step<'_>, entry: &Entry, outcome: &Outcome) -> (LifeStep, u64, Option<String>) {
    let standing = &entry.standing;
    let is_look = standing.phase == Phase::Verifying;
    let budget = entry.action.budget();
    let pause = |count, least: Option<Duration>| {
        let own = budget.map_or_else(|| step.rules.pause(count), |budget| budget.retry_pause);
        own.max(least.map(millis).unwrap_or_default())
    };
    let tries = budget.map_or(step.rules.tries, |budget| budget.tries);
    match outcome {
        Outcome::Acted { look_after } if !is_look => (LifeStep::Acted, millis(*look_after), None),
        Outcome::Acted { look_after } => look_again(step, entry, millis(*look_after), "its goal does not hold yet"),
        Outcome::Proven { proof } => (LifeStep::Proven, 0, proof.as_deref().and_then(reason)),
        Outcome::Made { proof, .. } => (LifeStep::Proven, 0, reason(proof)),
        Outcome::Pending { reason: why } if is_look => look_again(step, entry, 0, why),
        Outcome::Pending { reason: why } => (LifeStep::Unknown, look_pause(step, entry, 1), reason(why)),
        Outcome::Postponed { after, reason: why } if !is_look => (LifeStep::Retry, millis(*after), reason(why)),
        Outcome::Postponed { after, reason: why } => (LifeStep::Unknown, millis(*after), reason(why)),
        Outcome::Retry { reason: why, .. } if standing.tries >= tries => {
            (LifeStep::GiveUp, 0, reason(&format!("its tries are used up: {why}")))
        }
        Outcome::Retry { after, reason: why } => (LifeStep::Retry, pause(standing.tries, *after), reason(why)),
        Outcome::Unknown { reason: why } if is_look => look_again(step, entry, 0, why),
        // Of a job it can be seen at once.
        Outcome::Unknown { reason: why } if budget.is_some() => (LifeStep::Unknown, 0, reason(why)),
        Outcome::Unknown { reason: why } => (LifeStep::Unknown, pause(1, None), reason(why)),
        Outcome::Refused { reason: why } => (LifeStep::Refuse, 0, reason(why)),
    }
}

fn look_again(step: &Step<'_>, entry: &Entry, least: u64, why: &str) -> (LifeStep, u64, Option<String>) {
    let looks = entry.standing.looks;
    if looks >= looks_of(step, entry) {
        return (LifeStep::GiveUp, 0, reason(&format!("it was looked at {looks} times: {why}")));
    }
    (LifeStep::Unknown, look_pause(step, entry, looks).max(least), reason(why))
}

/// How often it is looked at after a try.
pub(super) fn looks_of(step: &Step<'_>, entry: &Entry) -> u32 {
    entry.action.budget().map_or(step.rules.looks, |budget| budget.looks)
}

/// The pause after so many looks, in milliseconds.
fn look_pause(step: &Step<'_>, entry: &Entry, looks: u32) -> u64 {
    entry.action.budget().map_or_else(|| step.rules.pause(looks), |budget| budget.look_pause)
}
