//! One proposal of an attester of ours, as it is remembered.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::fate::Fate;

/// One proposal of an attester of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenProposal {
    /// The checkpoint's number.
    pub number: u64,
    /// Its slot.
    pub slot: u64,
    /// Who proposed.
    pub proposer: Address,
    /// Where its rewards go.
    pub coinbase: Address,
    /// Its transaction.
    pub transaction: H256,
    /// The L1 block that has it.
    pub block: u64,
    /// What became of it.
    pub fate: Fate,
}

impl SeenProposal {
    /// Where it stands among the proposals of its attester: by slot, then by block, since a slot may have another one after an
    /// invalidation.
    #[must_use]
    pub fn place(&self) -> (u64, u64) {
        (self.slot, self.block)
    }
}
