//! What a person decides, bound to the version that was shown.

use butler_core::domain::action::{Phase, Step as LifeStep};

use super::step::{Step, reason};
use crate::journal::entry::Entry;
use crate::journal::error::JournalError;
use crate::journal::request::{Decision, NAME_LIMIT, Verdict};

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
        Decision::Approve => step.go(&mut entry, LifeStep::Approve, |entry| {
            entry.standing.approved_by.push(actor.clone());
            entry.standing.due = now;
            entry.standing.reason = why("approved");
        })?,
        Decision::Deny => step.go(&mut entry, LifeStep::Deny, |entry| entry.standing.reason = why("denied"))?,
        Decision::Revive(policy) => {
            step.go(&mut entry, LifeStep::Revive, |entry| {
                let standing = &mut entry.standing;
                (standing.tries, standing.looks, standing.due) = (0, 0, now);
                standing.approved_by.clear();
                standing.policy = policy;
                standing.reason = why("revived");
            })?;
            if entry.standing.phase == Phase::Planned {
                step.go(&mut entry, LifeStep::Admit(policy), |_| {})?;
            }
        }
    }
    Ok(entry)
}
