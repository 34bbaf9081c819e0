//! The life of an action: `planned → (awaiting_approval) → due → running → verifying → done`, or `parked`, or `dropped`.
//!
//! [`Phase::after`] is total: for every phase and step it says the next phase, or that this step is not for that phase.
//! A try whose end is not known is verified and never repeated blindly; what may have happened is not taken back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};
use thiserror::Error;

use super::kind::Policy;
use crate::text::closed::every;

/// Where an action stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The chain asks for it; the policy was not asked yet.
    Planned,
    /// A person must approve it.
    AwaitingApproval,
    /// It may be claimed, once its time has come.
    Due,
    /// Somebody holds its lease and acts.
    Running,
    /// It was done, or may have been: whether its goal holds is looked up.
    Verifying,
    /// Its goal holds.
    Done,
    /// It was refused or its tries are used up: a person decides.
    Parked,
    /// Nobody wants it any more.
    Dropped,
}

/// What happens to an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The operator's policy for it is applied. Telling is an effect too: `notify` makes it due.
    Admit(Policy),
    /// A person approved it.
    Approve,
    /// One of several persons who must approve it did.
    Concur,
    /// A person does not want it.
    Deny,
    /// Nobody approved it in time.
    ApprovalExpired,
    /// Somebody takes its lease, to act or to look whether its goal holds.
    Claim,
    /// The lease ran out: whoever held it may have acted.
    LeaseExpired,
    /// The effect was acknowledged; its goal is looked up next.
    Acted,
    /// Its goal holds: it was looked up, or the effect proves itself.
    Proven,
    /// It is known not to have happened; again later.
    Retry,
    /// It is not known whether it happened.
    Unknown,
    /// It cannot be done; trying again is of no use.
    Refuse,
    /// Its tries are used up.
    GiveUp,
    /// The chain does not ask for it any more, or asks for something else instead.
    Retract,
    /// A person wants a parked one tried again.
    Revive,
}

/// A step that is not for that phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an action that is {} does not take the step {step:?}", .phase.name())]
pub struct LifeError {
    /// Where it stands.
    pub phase: Phase,
    /// What was to happen.
    pub step: Step,
}

/// A text that names no phase.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no phase of an action")]
pub struct UnknownPhase(pub String);

impl Phase {
    /// Every phase, in the order of an action's life.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that the journal, JSON and labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether nothing happens to it any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Done | Self::Dropped => true,
            Self::Planned | Self::AwaitingApproval | Self::Due | Self::Running | Self::Verifying | Self::Parked => {
                false
            }
        }
    }

    /// The phase after a step.
    ///
    /// # Errors
    /// The step is not for this phase; nothing happens then.
    pub fn after(self, step: Step) -> Result<Self, LifeError> {
        let next = match self {
            Self::Planned => planned(step),
            Self::AwaitingApproval => awaiting_approval(step),
            Self::Due => due(step),
            Self::Running => running(step),
            Self::Verifying => verifying(step),
            Self::Parked => parked(step),
            Self::Done | Self::Dropped => None,
        };
        next.ok_or(LifeError { phase: self, step })
    }
}

fn planned(step: Step) -> Option<Phase> {
    match step {
        Step::Admit(Policy::Off) | Step::Retract => Some(Phase::Dropped),
        Step::Admit(Policy::Notify | Policy::Auto) => Some(Phase::Due),
        Step::Admit(Policy::Approve) => Some(Phase::AwaitingApproval),
        Step::Refuse => Some(Phase::Parked),
        Step::Approve
        | Step::Concur
        | Step::Deny
        | Step::ApprovalExpired
        | Step::Claim
        | Step::LeaseExpired
        | Step::Acted
        | Step::Proven
        | Step::Retry
        | Step::Unknown
        | Step::GiveUp
        | Step::Revive => None,
    }
}

fn awaiting_approval(step: Step) -> Option<Phase> {
    match step {
        Step::Approve => Some(Phase::Due),
        Step::Concur => Some(Phase::AwaitingApproval),
        Step::Deny | Step::Retract => Some(Phase::Dropped),
        Step::ApprovalExpired | Step::Refuse => Some(Phase::Parked),
        // Somebody did it by hand.
        Step::Proven => Some(Phase::Done),
        Step::Admit(_)
        | Step::Claim
        | Step::LeaseExpired
        | Step::Acted
        | Step::Retry
        | Step::Unknown
        | Step::GiveUp
        | Step::Revive => None,
    }
}

fn due(step: Step) -> Option<Phase> {
    match step {
        Step::Claim => Some(Phase::Running),
        Step::Deny | Step::Retract => Some(Phase::Dropped),
        Step::Refuse | Step::GiveUp => Some(Phase::Parked),
        Step::Admit(_)
        | Step::Approve
        | Step::Concur
        | Step::ApprovalExpired
        | Step::LeaseExpired
        | Step::Acted
        | Step::Proven
        | Step::Retry
        | Step::Unknown
        | Step::Revive => None,
    }
}

fn running(step: Step) -> Option<Phase> {
    match step {
        Step::Acted | Step::Unknown | Step::LeaseExpired => Some(Phase::Verifying),
        Step::Proven => Some(Phase::Done),
        Step::Retry => Some(Phase::Due),
        Step::Refuse | Step::GiveUp => Some(Phase::Parked),
        Step::Admit(_)
        | Step::Approve
        | Step::Concur
        | Step::Deny
        | Step::ApprovalExpired
        | Step::Claim
        | Step::Retract
        | Step::Revive => None,
    }
}

fn verifying(step: Step) -> Option<Phase> {
    match step {
        // Claimed to look, not to act.
        Step::Claim | Step::Acted | Step::Unknown | Step::LeaseExpired => Some(Phase::Verifying),
        Step::Proven => Some(Phase::Done),
        Step::Retry => Some(Phase::Due),
        Step::Refuse | Step::GiveUp => Some(Phase::Parked),
        Step::Admit(_)
        | Step::Approve
        | Step::Concur
        | Step::Deny
        | Step::ApprovalExpired
        | Step::Retract
        | Step::Revive => None,
    }
}

fn parked(step: Step) -> Option<Phase> {
    match step {
        Step::Revive => Some(Phase::Planned),
        Step::Deny | Step::Retract => Some(Phase::Dropped),
        Step::Proven => Some(Phase::Done),
        Step::Admit(_)
        | Step::Approve
        | Step::Concur
        | Step::ApprovalExpired
        | Step::Claim
        | Step::LeaseExpired
        | Step::Acted
        | Step::Retry
        | Step::Unknown
        | Step::Refuse
        | Step::GiveUp => None,
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(text: &str) -> Result<Self, UnknownPhase> {
        Self::ALL.into_iter().find(|phase| phase.name() == text).ok_or_else(|| UnknownPhase(text.to_owned()))
    }
}
