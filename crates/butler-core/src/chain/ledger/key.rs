//! What a ledger belongs to.

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// What a ledger belongs to; another key means another ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerKey {
    /// The L1 chain.
    pub chain_id: u64,
    /// The registry whose events are kept.
    pub staking_registry: Address,
    /// The first block that was scanned.
    pub from_block: u64,
}
