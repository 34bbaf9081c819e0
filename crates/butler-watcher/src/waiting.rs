//! What waits for a person, as it is shown.

use butler_core::domain::action::{ActionKind, EffectKey, Phase};

/// Where an action waits for a person.
pub const WAITING: [Phase; 2] = [Phase::AwaitingApproval, Phase::Parked];

/// An action that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its key.
    pub key: EffectKey,
    /// What it is.
    pub kind: ActionKind,
    /// `awaiting_approval` or `parked`.
    pub phase: Phase,
    /// Why it is to be done.
    pub why: String,
    /// Why it waits.
    pub reason: Option<String>,
    /// Since when, in unix seconds by the journal's clock.
    pub since: u64,
    /// When it is too late, in unix seconds.
    pub until: Option<u64>,
    /// Who approved it so far.
    pub approved_by: Vec<String>,
}
