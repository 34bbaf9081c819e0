//! How a try, or a look, ended, and what is told of it.

use std::time::Duration;

use butler_core::domain::action::{Action, ActionKind, EffectKey, Goal, Part, Priority, Proposal, Schema};
use butler_core::text::address::checksummed;

use super::record::Begun;
use super::trouble::Trouble;
use crate::catalogue::ProposalState;
use crate::journal::Outcome;
use crate::plan::conditions::shortened;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The goal holds.
    Done(String),
    /// It is proposed, or may be: it is looked at after this pause.
    Waits(Duration, String),
    /// It is known not to be proposed: it is tried after this pause.
    Again(Duration, String),
    /// A person decides.
    Refused(String),
    /// Somebody else may act by now.
    Lost,
}

impl End {
    /// That of something that went wrong before anything was sent, or when it was looked at.
    pub(super) fn of(trouble: &Trouble, pause: Duration, is_look: bool) -> Self {
        match (trouble.passes(), is_look) {
            (true, true) => Self::Waits(pause, trouble.told()),
            (true, false) => Self::Again(pause, trouble.told()),
            (false, _) => Self::Refused(trouble.told()),
        }
    }

    /// What the journal is told; nothing where the lease was lost.
    pub(super) fn outcome(self, is_look: bool) -> Option<Outcome> {
        Some(match self {
            Self::Done(proof) => Outcome::Proven { proof: Some(proof) },
            Self::Waits(after, reason) if is_look => Outcome::Postponed { after, reason },
            Self::Waits(_, reason) => Outcome::Unknown { reason },
            Self::Again(after, reason) if is_look => Outcome::Retry { after: Some(after), reason },
            Self::Again(after, reason) => Outcome::Postponed { after, reason },
            Self::Refused(reason) => Outcome::Refused { reason },
            Self::Lost => return None,
        })
    }
}

/// What is told of a proposal that came to this state, once.
pub(super) fn told(action: &Action, proposal: &Proposal, begun: &Begun) -> Option<Action> {
    let Begun { hash, nonce, state, .. } = begun;
    let (safe, effects) = (checksummed(&begun.safe), proposal.effects.join("; "));
    let (priority, what) = match state {
        ProposalState::Waits if begun.ours.is_some() => {
            (Priority::High, "is proposed, and waits for the signatures of its owners and its execution".to_owned())
        }
        ProposalState::Waits => (Priority::Normal, "was proposed by somebody, and waits for its owners".to_owned()),
        ProposalState::Stale => (Priority::High, "waits for longer than it should".to_owned()),
        ProposalState::Dead => (
            Priority::High,
            "cannot be executed as things are: it reverts, or nothing waits for a nonce before it".to_owned(),
        ),
        ProposalState::Executed => (Priority::Normal, "was executed".to_owned()),
        // That is told by the action itself, which is parked.
        ProposalState::Unsent
        | ProposalState::Failed
        | ProposalState::Rejected
        | ProposalState::Replaced
        | ProposalState::Deleted => return None,
    };
    let why = format!("transaction {hash:?} (nonce {nonce}) of the Safe {safe} {what}: {effects}");
    let about = [Part::Name(state.into()), Part::Name(&format!("{hash:x}"))];
    Some(Action {
        schema: Schema,
        key: EffectKey::new(ActionKind::ProposalChanged, &action.place, &about),
        kind: ActionKind::ProposalChanged,
        place: action.place,
        subject: action.subject.clone(),
        goal: Goal::Told,
        priority,
        until: None,
        why: shortened(why),
        evidence: Vec::new(),
        assurance: action.assurance,
        edits: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use butler_core::client::safe::{BudgetSpent, ServiceError, ServiceLie};
    use butler_core::transaction::refusal::Refusal;
    use butler_core::transaction::safe::{ProposerFault, Undecided};
    use ethers_core::types::{Address, H256};

    use super::*;

    const PAUSE: Duration = Duration::from_secs(7);

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_for_a_person() {
        let hash = H256::zero();
        let lie = ServiceLie::OtherHash { told: hash, computed: hash };
        let passing = [
            Trouble::NotNow("later".to_owned()),
            Trouble::Snapshot("down".to_owned()),
            Trouble::Service(ServiceError::Failing(502)),
            Trouble::Service(ServiceError::Spent(BudgetSpent { per_month: 5 })),
            Trouble::Refused(Refusal::Unconfirmed("one".to_owned())),
        ];
        let refused = [
            Trouble::Service(ServiceError::Lie(lie)),
            Trouble::Service(ServiceError::Refused { status: 422, text: String::new() }),
            Trouble::Proposer(ProposerFault::Owner(Address::zero())),
            Trouble::Undecided(Undecided::Dead { transaction: hash, nonce: 1 }),
            Trouble::OtherHash { told: hash, computed: hash },
            Trouble::Partly { transaction: hash, nonce: 1 },
            Trouble::Refused(Refusal::NoPublisher),
        ];
        for trouble in &passing {
            let told = trouble.told();
            assert_eq!(End::of(trouble, PAUSE, false), End::Again(PAUSE, told.clone()));
            // What may stand at the service is looked at, and never tried anew because something was not answered.
            assert_eq!(End::of(trouble, PAUSE, true), End::Waits(PAUSE, told));
        }
        for trouble in &refused {
            assert_eq!(End::of(trouble, PAUSE, true), End::Refused(trouble.told()));
        }
        assert!(refused[6].told().contains("(hint: "), "{}", refused[6].told());
    }

    #[test]
    fn a_try_and_a_look_that_wait_use_nothing_up() {
        let why = || "why".to_owned();
        let waits = End::Waits(PAUSE, why());
        assert_eq!(waits.clone().outcome(true), Some(Outcome::Postponed { after: PAUSE, reason: why() }));
        // It is looked at at once whether it arrived.
        assert_eq!(waits.outcome(false), Some(Outcome::Unknown { reason: why() }));
        let again = End::Again(PAUSE, why());
        assert_eq!(again.clone().outcome(false), Some(Outcome::Postponed { after: PAUSE, reason: why() }));
        assert_eq!(again.outcome(true), Some(Outcome::Retry { after: Some(PAUSE), reason: why() }));
        assert_eq!(End::Refused(why()).outcome(true), Some(Outcome::Refused { reason: why() }));
        assert_eq!(End::Lost.outcome(false), None);
    }
}
