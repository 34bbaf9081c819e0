//! What a person decides, bound to the version that was shown.

use butler_core::domain::action::{Phase, Policy, Step as LifeStep};

use super::step::{Step, reason};
use crate::journal::entry::Entry;
use crate::journal::error::JournalError;
use crate::journal::request::{Decision, NAME_LIMIT, Verdict};
use crate::journal::rules::millis;

/// Carries one of several out. The outer error is a fault of the journal; the inner one is this verdict's, and changed nothing.
pub(crate) fn decide_one(step: &mut Step<'_>, verdict: &Verdict) -> Result<Result<Entry, JournalError>, JournalError> {
    match decide(step, verdict) {
        Ok(entry) => Ok(Ok(entry)),
        Err(
            error @ (JournalError::Invalid(_)
            | JournalError::VersionConflict { .. }
            | JournalError::Absent { .. }
            | JournalError::Life { .. }),
        ) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

/// Carries it out; answers the action as it is then, also when it ended.
pub(crate) fn decide(step: &mut Step<'_>, verdict: &Verdict) -> Result<Entry, JournalError> {
    let actor = &verdict.actor;
    if actor.is_empty() || actor.len() > NAME_LIMIT {
        return Err(JournalError::Invalid("whoever decides has a name of 1 to 128 bytes"));
    }
    let mut entry = step.entry(&verdict.key)?;
    let current = entry.standing.version;
    if current != verdict.version {
        return Err(JournalError::VersionConflict { key: verdict.key.clone(), current });
    }
    let why = |what: &str| {
        let said = verdict.reason.as_deref().map(|said| format!(": {said}")).unwrap_or_default();
        reason(&format!("{what} by {actor}{said}"))
    };
    let now = step.now;
    match verdict.decision {
        // Whether somebody parked it already or will in a moment.
        Decision::Approve { .. } if entry.standing.expires.is_some_and(|expires| expires <= now) => {
            return Err(JournalError::Invalid("nobody approved it in time"));
        }
        Decision::Approve { persons, lasts } => {
            if entry.standing.approved_by.contains(actor) {
                return Err(JournalError::Invalid("whoever approved it cannot approve it twice"));
            }
            let count = entry.standing.approved_by.len().saturating_add(1);
            let (life, what) = if count < persons {
                (LifeStep::Concur, format!("approved ({count} of {persons})"))
            } else {
                (LifeStep::Approve, "approved".to_owned())
            };
            step.go(&mut entry, life, |entry| {
                let standing = &mut entry.standing;
                standing.approved_by.push(actor.clone());
                standing.reason = why(&what);
                if life == LifeStep::Approve {
                    (standing.due, standing.expires) = (now, Some(now.saturating_add(millis(lasts))));
                }
            })?;
        }
        Decision::Deny => step.go(&mut entry, LifeStep::Deny, |entry| entry.standing.reason = why("denied"))?,
        Decision::Revive { policy, approval } => {
            step.go(&mut entry, LifeStep::Revive, |entry| {
                let standing = &mut entry.standing;
                (standing.tries, standing.looks, standing.due) = (0, 0, now);
                standing.approved_by.clear();
                standing.policy = policy;
                standing.expires = (policy == Policy::Approve).then(|| now.saturating_add(millis(approval)));
                standing.reason = why("revived");
            })?;
            if entry.standing.phase == Phase::Planned {
                step.go(&mut entry, LifeStep::Admit(policy), |_| {})?;
            }
        }
    }
    Ok(entry)
}
