//! Where an action is: a contract of a chain.

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// The chain, and the contract on it, that an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The L1's chain id.
    pub chain_id: u64,
    /// The contract: a rollup for what happens to an attester, the StakingRegistry for a provider's affairs.
    pub contract: Address,
}

impl Place {
    /// Where what is done on no chain is.
    pub const NO_CHAIN: Self = Self { chain_id: 0, contract: Address::zero() };
}
