//! What a person decides on an action: the one check that every decision goes through, whatever way it came.
//!
//! A decision names what was shown: the hash of the action, of where it stands and of the journal's name. So it is of no use once anything of
//! it changed, in another journal, or a second time. The actor is the user whom the kernel names.

use std::time::Duration;

use butler_core::control::{Answer, Choice, NotDecided, Shown};
use butler_core::domain::action::{EffectKey, Phase, Policy};

use super::access::{Access, Right};
use super::lookup::{Found, look_up, row, several};
use super::record::record;
use super::rows::of_entry;
use crate::journal::{Decision, Entry, Journal, JournalError, Known, Verdict};

/// The rules of the operator that a decision follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    /// Persons who must approve an action.
    pub(super) persons: usize,
    /// How long an action waits for an approval, and how long an approval counts.
    pub(super) expiry: Duration,
}

/// What somebody wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) choice: Choice,
    pub(super) reason: Option<&'a str>,
    /// The user whom the kernel names.
    pub(super) asker: u32,
    pub(super) rules: Rules,
    /// Who may decide now.
    pub(super) access: &'a Access,
}

/// Decides on each of these actions, or says why not. All that is decided is one commit, so that it is told as one thing.
pub(super) fn decide_all(actions: &[Shown], wanted: Wanted<'_>, journal: &dyn Journal) -> Result<Answer, JournalError> {
    let place = journal.status()?.place;
    let judged = actions.iter().map(|shown| verdict(shown, wanted, &place, journal));
    let judged = judged.collect::<Result<Vec<_>, JournalError>>()?;
    let verdicts: Vec<Verdict> = judged.iter().filter_map(|one| one.as_ref().ok()).cloned().collect();
    let mut outcomes = journal.decide_all(&verdicts)?.into_iter();
    let (mut decided, mut refused) = (Vec::new(), Vec::new());
    for (shown, judged) in actions.iter().zip(judged) {
        let outcome = match judged {
            Ok(verdict) => outcome(&verdict.key, outcomes.next(), wanted, &place, journal)?.map_err(str::to_owned),
            Err(why) => Err(why),
        };
        match outcome {
            Ok(row) => decided.push(row),
            Err(why) => {
                let (uid, key) = (wanted.asker, shown.key.to_string());
                tracing::warn!(uid, key, choice = ?wanted.choice, "a decision of user {uid} was refused: {why}");
                refused.push(NotDecided { key: shown.key.clone(), why });
            }
        }
    }
    if !refused.is_empty() {
        record_refusals(&refused, wanted, journal)?;
    }
    Ok(Answer::Decided { decided, refused })
}

type Row = butler_core::control::ActionRow;

/// What this user decides on one action, or why that may not be.
fn verdict(
    shown: &Shown,
    wanted: Wanted<'_>,
    place: &str,
    journal: &dyn Journal,
) -> Result<Result<Verdict, String>, JournalError> {
    let refused = |why: &str| Ok(Err(why.to_owned()));
    let entry = match look_up(&shown.key, journal)? {
        Found::One(Known::Live(entry)) => *entry,
        Found::One(Known::Finished(finished)) => {
            return refused(if finished.phase == Phase::Done { "it is done" } else { "it is dropped" });
        }
        Found::Nothing => return refused("nothing is known of it"),
        Found::Several(known) => return Ok(Err(several(&known))),
    };
    let actor = format!("uid {}", wanted.asker);
    let verdict = match allowed(&entry, &actor, wanted) {
        Ok(decision) => Verdict {
            key: entry.action.key.clone(),
            version: entry.standing.version,
            decision,
            actor,
            reason: wanted.reason.map(str::to_owned),
        },
        Err(why) => return refused(why),
    };
    // The whole key is in what was shown: a short one that means another action by now is refused here.
    if of_entry(entry, place).shown.as_deref() != Some(shown.shown.as_str()) {
        return refused("it is not what was shown: look at it again");
    }
    Ok(Ok(verdict))
}

/// What became of a verdict. The journal has the last word: between the look and the decision somebody else may have decided.
fn outcome(
    key: &EffectKey,
    outcome: Option<Result<Entry, JournalError>>,
    wanted: Wanted<'_>,
    place: &str,
    journal: &dyn Journal,
) -> Result<Result<Row, &'static str>, JournalError> {
    match outcome {
        Some(Ok(_)) => {}
        Some(Err(JournalError::Invalid(why))) => return Ok(Err(why)),
        Some(Err(JournalError::VersionConflict { .. } | JournalError::Absent { .. } | JournalError::Life { .. })) => {
            return Ok(Err("it changed in this moment: look at it again"));
        }
        Some(Err(error)) => return Err(error),
        None => return Ok(Err("it was not decided on: look at it again")),
    }
    let (uid, choice) = (wanted.asker, wanted.choice);
    tracing::info!(uid, key = key.as_str(), ?choice, "decided by user {uid}");
    Ok(journal.look_up(key)?.map(|known| row(known, place)).ok_or("nothing is known of it any more"))
}

/// The decision that a choice stands for, where the action stands now.
fn allowed(entry: &Entry, actor: &str, wanted: Wanted<'_>) -> Result<Decision, &'static str> {
    let Rules { persons, expiry } = wanted.rules;
    match (wanted.choice, entry.standing.phase) {
        (Choice::Approve, Phase::AwaitingApproval) if entry.standing.approved_by.iter().any(|by| by == actor) => {
            Err("you approved it already: somebody else must, too")
        }
        (Choice::Approve, Phase::AwaitingApproval) => {
            // Whoever may not decide any more has approved nothing.
            let gone = entry.standing.approved_by.iter().filter(|actor| !may_approve(actor, wanted.access)).count();
            Ok(Decision::Approve { persons: persons.saturating_add(gone), lasts: expiry })
        }
        (Choice::Reject, Phase::AwaitingApproval) | (Choice::Drop, Phase::Parked | Phase::Due) => Ok(Decision::Deny),
        (Choice::Retry, Phase::Parked) => {
            // What more than one person had to approve is not had by one who tries again.
            let policy = entry.standing.policy;
            Ok(Decision::Revive { policy, approval: expiry })
        }
        (Choice::Approve | Choice::Reject, _) if entry.standing.policy != Policy::Approve => {
            Err("it waits for nobody's approval")
        }
        (Choice::Approve | Choice::Reject, _) => Err("it does not wait for an approval: it was decided on, or expired"),
        (Choice::Retry, _) => Err("only an action that is parked can be tried again"),
        (Choice::Drop, _) => Err("only an action that is parked or due can be dropped"),
    }
}

/// Whether the actor of an approval may approve now, too.
fn may_approve(actor: &str, access: &Access) -> bool {
    let user = actor.strip_prefix("uid ").and_then(|user| user.parse().ok());
    user.is_some_and(|user| access.right(user) == Some(Right::Approve))
}

/// Keeps in the history that somebody wanted what was refused.
fn record_refusals(refused: &[NotDecided], wanted: Wanted<'_>, journal: &dyn Journal) -> Result<(), JournalError> {
    let refused: Vec<_> = refused.iter().map(|one| serde_json::json!({ "key": one.key, "why": one.why })).collect();
    let what = serde_json::json!({
        "refused": refused,
        "choice": wanted.choice,
        "actor": format!("uid {}", wanted.asker),
    });
    record(what, journal)
}
