//! What was proposed for an action: durable before its first byte leaves, and with every step after.

use butler_core::client::safe::PreparedProposal;
use butler_core::domain::action::EffectKey;
use butler_core::transaction::safe::KeptProposal;
use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalogue::ProposalState;

/// The name under which a journal's record has it.
const NAME: &str = "proposal";

/// A transaction of a Safe that does what an action is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begun {
    /// The effect's key, as its origin names it.
    pub(super) effect: EffectKey,
    /// The Safe.
    pub(super) safe: Address,
    /// The hash that owners sign.
    pub(super) hash: H256,
    /// Its nonce.
    pub(super) nonce: u64,
    /// What was signed and sent from here; absent where somebody else proposed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ours: Option<PreparedProposal>,
    /// Whether the service was seen to have it.
    pub(super) has_arrived: bool,
    /// When it was proposed, or found; unix seconds.
    pub(super) since: u64,
    /// From which block on its execution can be.
    pub(super) block: u64,
    /// When the service was asked last; unix seconds.
    #[serde(default)]
    pub(super) asked_at: u64,
    /// What is known of it.
    pub(super) state: ProposalState,
}

impl Begun {
    /// What a journal's record says; `None` where nothing was begun, or by a program of another version.
    pub(super) fn of(record: Option<&Value>) -> Option<Self> {
        Self::deserialize(record?.get(NAME)?).ok()
    }

    /// Whether a record says that something was begun, readable or not.
    pub(super) fn is_any(record: Option<&Value>) -> bool {
        record.is_some_and(|record| record.get(NAME).is_some())
    }

    /// Whether it was signed here and may still arrive at the service, which was not seen to have it.
    pub(super) fn may_arrive(&self) -> bool {
        self.ours.is_some() && !self.has_arrived
    }

    pub(super) fn record(&self) -> Value {
        json!({ NAME: self })
    }

    /// As the decision about the next proposal wants it; `None` for what is not from here.
    pub(super) fn kept(&self) -> Option<KeptProposal> {
        let (effect, has_arrived) = (self.effect.clone(), self.has_arrived);
        Some(KeptProposal { effect, proposal: self.ours.clone()?, has_arrived })
    }
}
