//! A staking provider as the StakingRegistry has it.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use crate::domain::attester::proof::ProofVerdict;

/// One key in a provider's queue. Indices are absolute and never reused (StakingRegistry `getValueAtIndexInQueue`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderQueueEntry {
    /// The absolute index.
    pub index: u64,
    /// The attester that will be taken when this entry is at the front.
    pub attester: Address,
    /// The compressed BLS public key that it was registered with; `None` when what was registered is no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bls_public_key: Option<H256>,
    /// What the staking escrow would make of it; `None` in queues of others, where nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<EscrowView>,
}

impl ProviderQueueEntry {
    /// A key of which nothing but its address is known.
    #[must_use]
    pub fn new(index: u64, attester: Address) -> Self {
        Self { index, attester, bls_public_key: None, escrow: None }
    }
}

/// What the staking escrow (GSE) says of a key that waits in one of our queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowView {
    /// Whether somebody registered this BLS key: it is refused for ever.
    pub bls_key_used: bool,
    /// What its verifier says of the proof of possession; `None` when that could not be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofVerdict>,
}

impl EscrowView {
    /// Whether a deposit with these keys will be refunded.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        let is_refused = match self.proof {
            Some(ProofVerdict::TooDear { .. } | ProofVerdict::Wrong) => true,
            Some(ProofVerdict::Valid) | None => false,
        };
        self.bls_key_used || is_refused
    }
}

/// A provider's record and queue at one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderFacts {
    /// Who may change the provider.
    pub admin: Address,
    /// Who was offered the admin's role and has not accepted it.
    pub pending_admin: Option<Address>,
    /// The provider's share in basis points (0 to 10,000), for future delegations.
    pub take_rate_bps: u16,
    /// Who receives the provider's share of future splits.
    pub rewards_recipient: Address,
    /// The queue, front first.
    pub queue: Vec<ProviderQueueEntry>,
}
