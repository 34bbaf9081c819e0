//! What a person decides on an action that waits for somebody.
//!
//! A decision names what was shown: the hash of the action, of where it stands and of the journal's name. So it is of no use once anything of
//! it changed, in another journal, or a second time. The actor is the user whom the kernel names.

use butler_core::control::{Answer, Choice};
use butler_core::domain::action::{EffectKey, Phase};

use super::rows::{of_entry, of_finished};
use crate::journal::{Decision, Journal, JournalError, Known, Verdict};

/// What somebody wants.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) key: &'a EffectKey,
    pub(super) shown: &'a str,
    pub(super) choice: Choice,
    pub(super) reason: Option<&'a str>,
}

/// Carries it out for this user, or says why not. The journal has the last word: between the look and the decision somebody else may have
/// decided.
pub(super) fn decide(wanted: &Wanted<'_>, asker: u32, journal: &dyn Journal) -> Result<Answer, JournalError> {
    let refused = |why: &str| Ok(Answer::Refused(why.to_owned()));
    let id = journal.status()?.id;
    let entry = match journal.look_up(wanted.key)? {
        Some(Known::Live(entry)) => *entry,
        Some(Known::Finished(finished)) => {
            return refused(&format!("that action is over: it is {}", finished.phase));
        }
        None => return refused("nothing is known of that action"),
    };
    let (version, policy, phase) = (entry.standing.version, entry.standing.policy, entry.standing.phase);
    let row = of_entry(entry, &id);
    if row.shown.as_deref() != Some(wanted.shown) {
        tracing::warn!(uid = asker, key = wanted.key.as_str(), "a decision on what is not there any more was refused");
        return refused("the action is not what was shown: look at it again");
    }
    if phase != Phase::Parked {
        return refused(&format!("only an action that is parked can be decided on, and this one is {phase}"));
    }
    let verdict = Verdict {
        key: wanted.key.clone(),
        version,
        decision: match wanted.choice {
            Choice::Retry => Decision::Revive(policy),
            Choice::Drop => Decision::Deny,
        },
        actor: format!("uid {asker}"),
        reason: wanted.reason.map(str::to_owned),
    };
    match journal.decide(&verdict) {
        Ok(_) => {}
        Err(JournalError::VersionConflict { .. } | JournalError::Absent { .. } | JournalError::Life { .. }) => {
            return refused("the action changed in this moment: look at it again");
        }
        Err(error) => return Err(error),
    }
    tracing::info!(uid = asker, key = wanted.key.as_str(), choice = ?wanted.choice, "decided by user {asker}");
    Ok(match journal.look_up(wanted.key)? {
        Some(Known::Live(entry)) => Answer::Decided(Box::new(of_entry(*entry, &id))),
        Some(Known::Finished(finished)) => Answer::Decided(Box::new(of_finished(finished))),
        None => Answer::Refused("nothing is known of that action any more".to_owned()),
    })
}
