//! Handing out work: leases that ran out come back, what is too late or was approved too long ago is parked, then the most urgent that is due.

use std::ops::Bound;
use std::time::Duration;

use butler_core::domain::action::{ActionKind, Phase, Step as LifeStep};

use super::settle::looks_of;
use super::step::Step;
use crate::journal::entry::{Entry, Lease, Leased};
use crate::journal::error::JournalError;
use crate::journal::op::Op;
use crate::journal::request::Claim;
use crate::journal::rules::millis;
use crate::journal::schema::{
    DEADLINES, EXPIRIES, Id, LEASES, Queued, RANKS, group_prefix, is_to_do, rank_prefix, read_queued, read_timed,
    work_of,
};

/// The most leases and the most deadlines that one claim clears away. The next one takes the rest.
const AT_ONCE: usize = 1000;
const HOUR: u64 = 3_600_000;

/// Clears away what ran out: leases, deadlines by this index and time, approvals.
pub(super) fn clear(step: &mut Step<'_>, (deadlines, time): (u8, u64)) -> Result<(), JournalError> {
    let now = step.now;
    for id in overdue(step, LEASES, now.saturating_add(1))? {
        take_back(step, id)?;
    }
    for id in overdue(step, deadlines, time)? {
        too_late(step, id)?;
    }
    for id in overdue(step, EXPIRIES, now.saturating_add(1))? {
        expire(step, id)?;
    }
    Ok(())
}

pub(crate) fn claim(step: &mut Step<'_>, ask: &Claim) -> Result<Vec<Leased>, JournalError> {
    clear(step, (DEADLINES, ask.chain_time))?;
    let mut leased = Vec::new();
    for rank in RANKS {
        let prefix = rank_prefix(rank);
        let mut from = Bound::Included(prefix.clone());
        while let Some((first, _)) = step.image.next(from, &prefix)? {
            let Some(Queued { kind, work, .. }) = read_queued(&first) else { break };
            if work_of(work) == ask.work {
                claim_group(step, ask, &group_prefix(rank, kind, work), &mut leased)?;
            }
            from = Bound::Included(group_prefix(rank, kind, work.saturating_add(1)));
        }
    }
    Ok(leased)
}

/// What stands in a timed index before `end`.
fn overdue(step: &Step<'_>, letter: u8, end: u64) -> Result<Vec<Id>, JournalError> {
    let (mut ids, mut from) = (Vec::new(), Bound::Included(vec![letter]));
    while let Some((key, _)) = step.image.next(from, &[letter])? {
        match read_timed(&key) {
            Some((time, id)) if time < end && ids.len() < AT_ONCE => ids.push(id),
            Some(_) | None => break,
        }
        from = Bound::Excluded(key);
    }
    Ok(ids)
}

/// Takes back leases that did not run out, so many at once; answers how many that was.
pub(crate) fn take_back_leases(step: &mut Step<'_>) -> Result<usize, JournalError> {
    let leased = overdue(step, LEASES, u64::MAX)?;
    for id in &leased {
        take_back(step, *id)?;
    }
    Ok(leased.len())
}

fn take_back(step: &mut Step<'_>, id: Id) -> Result<(), JournalError> {
    let mut entry = step.indexed(id)?;
    let now = step.now;
    let is_used_up = entry.standing.phase == Phase::Verifying && entry.standing.looks >= looks_of(step, &entry);
    let life = if is_used_up { LifeStep::GiveUp } else { LifeStep::LeaseExpired };
    step.go(&mut entry, life, |entry| {
        entry.standing.leased_until = None;
        entry.standing.due = now;
        entry.standing.reason = Some("whoever had it did not come back in time".to_owned());
    })
}

fn too_late(step: &mut Step<'_>, id: Id) -> Result<(), JournalError> {
    let mut entry = step.indexed(id)?;
    let life =
        if entry.standing.phase == Phase::AwaitingApproval { LifeStep::ApprovalExpired } else { LifeStep::GiveUp };
    step.go(&mut entry, life, |entry| entry.standing.reason = Some("its deadline has passed".to_owned()))
}

fn expire(step: &mut Step<'_>, id: Id) -> Result<(), JournalError> {
    let mut entry = step.indexed(id)?;
    let (life, why) = if entry.standing.phase == Phase::AwaitingApproval {
        (LifeStep::ApprovalExpired, "nobody approved it in time")
    } else {
        (LifeStep::GiveUp, "its approval expired before it was done")
    };
    step.go(&mut entry, life, |entry| entry.standing.reason = Some(why.to_owned()))
}

/// Takes what is due of one rank and kind, either to be looked at or to be done.
fn claim_group(step: &mut Step<'_>, ask: &Claim, prefix: &[u8], leased: &mut Vec<Leased>) -> Result<(), JournalError> {
    let mut from = Bound::Included(prefix.to_vec());
    let hour = step.now / HOUR;
    let mut begun: Option<(ActionKind, u32)> = None;
    while leased.len() < ask.limit {
        let Some((key, _)) = step.image.next(from, prefix)? else { break };
        let Some(queued) = read_queued(&key).filter(|queued| queued.due <= step.now) else { break };
        let work = queued.work;
        let mut entry = step.indexed(queued.id)?;
        let kind = entry.action.kind;
        from = Bound::Excluded(key);
        if ask.holds && is_to_do(work) && entry.standing.policy.acts() {
            continue;
        }
        // A look costs nothing.
        if let (true, Some(most)) = (is_to_do(work), (step.rules.hourly)(kind)) {
            let spent = match begun {
                Some((_, spent)) => spent,
                None => step.image.spent(kind, hour)?,
            };
            if spent >= most {
                break;
            }
            begun = Some((kind, spent.saturating_add(1)));
        }
        leased.push(take(step, ask.lease, &mut entry)?);
    }
    match begun {
        Some((kind, count)) => step.record(Op::Spent { kind, hour, count }),
        None => Ok(()),
    }
}

pub(super) fn take(step: &mut Step<'_>, lease: Duration, entry: &mut Entry) -> Result<Leased, JournalError> {
    let until = step.now.saturating_add(millis(lease));
    step.go(entry, LifeStep::Claim, |entry| {
        let standing = &mut entry.standing;
        standing.generation = standing.generation.saturating_add(1);
        standing.leased_until = Some(until);
        if standing.phase == Phase::Due {
            standing.tries = standing.tries.saturating_add(1);
            // What the last try was about to do stays on record until this one says more.
            standing.looks = 0;
        } else {
            standing.looks = standing.looks.saturating_add(1);
        }
    })?;
    let lease = Lease { key: entry.action.key.clone(), generation: entry.standing.generation, until };
    Ok(Leased { entry: entry.clone(), lease })
}
