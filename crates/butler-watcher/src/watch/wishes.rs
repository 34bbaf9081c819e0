//! What the operator wants of what was planned: policies, and who is told that something waits.

use std::sync::Arc;

use butler_core::config::WatcherConfig;
use butler_core::domain::action::{Action, ActionSubject, Phase, Place, Policy};
use tokio::sync::watch;

use super::edits::Edits;
use crate::executors::is_begun;
use crate::journal::{Batch, CursorMove, Entry, Fulfilment, Journal, JournalError, Plan, Retraction, each_live};
use crate::plan::approvals::notices;
use crate::plan::{Plans, Retracted};
use crate::tell::Named;

/// The configuration in effect; a new one brings another.
pub type Wishes = watch::Receiver<Arc<WatcherConfig>>;

/// What is committed of plans, with what they would change in keystores, together with a step of the checkpoint.
pub(super) fn batch(
    plans: Plans,
    step: Option<CursorMove>,
    edits: &Edits,
    (config, named): (&WatcherConfig, &Named),
) -> Batch {
    Batch {
        cursor: step,
        plans: self::plans(plans.actions.into_iter().map(|action| edits.shown(action)), config, named),
        approval: Some(config.approval_expiry),
        retractions: retractions(plans.retractions),
        ..Batch::default()
    }
}

pub(super) fn retractions(all: Vec<Retracted>) -> Vec<Retraction> {
    all.into_iter().map(|Retracted { key, why }| Retraction { key, reason: why.to_owned() }).collect()
}

/// The plans of these actions, each under the operator's policy, with the notices of those that wait for a person. What the key files name
/// already is nobody's to approve: whoever tells it finds it done.
pub(super) fn plans(actions: impl IntoIterator<Item = Action>, config: &WatcherConfig, named: &Named) -> Vec<Plan> {
    let policy = |action: &Action| match action.policy(config.policies.of(action.kind)) {
        Policy::Approve | Policy::Auto if named.fulfils(action).is_some() => Policy::Notify,
        policy @ (Policy::Off | Policy::Notify | Policy::Approve | Policy::Auto) => policy,
    };
    let mut plans: Vec<_> = actions.into_iter().map(|action| Plan { policy: policy(&action), action }).collect();
    let waiting = plans.iter().filter(|plan| plan.policy == Policy::Approve).map(|plan| &plan.action);
    let notices = notices(waiting);
    plans.extend(notices.into_iter().map(|action| Plan { policy: config.policies.of(action.kind), action }));
    plans
}

/// What waits for a person and is so already: somebody did it by hand.
pub(super) fn fulfilled(journal: &dyn Journal, place: Place, named: &Named) -> Result<Vec<Fulfilment>, JournalError> {
    let mut fulfilled = Vec::new();
    each_live(journal, &[Phase::AwaitingApproval, Phase::Parked], |entry| {
        if entry.action.place == place {
            fulfilled.extend(fulfilment(&entry, named));
        }
    })?;
    Ok(fulfilled)
}

fn fulfilment(Entry { action, standing }: &Entry, named: &Named) -> Option<Fulfilment> {
    // A file says nothing of a node that may not have taken it.
    if is_begun(standing.intent.as_ref()) {
        return None;
    }
    let ActionSubject::Attester(_) = &action.subject else { return None };
    Some(Fulfilment { key: action.key.clone(), proof: named.fulfils(action)?.to_owned() })
}
