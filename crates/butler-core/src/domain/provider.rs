//! A staking provider as the StakingRegistry has it.

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// One key in a provider's queue. Indices are absolute and never reused (StakingRegistry `getValueAtIndexInQueue`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderQueueEntry {
    /// The absolute index.
    pub index: u64,
    /// The attester that will be taken when this entry is at the front.
    pub attester: Address,
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
