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
    /// The rollup that it was made at; absent where that is the one that is spoken of, and in what was kept by earlier programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollup: Option<Address>,
}

impl SeenProposal {
    /// Where it stands among the proposals of its attester: by L1 block, which every rollup counts the same. At one rollup that is the order
    /// of slots: a proposal is of the slot of its block, and a slot may have another one after an invalidation.
    #[must_use]
    pub fn place(&self) -> (u64, u64) {
        (self.block, self.slot)
    }

    /// The same, made at that rollup.
    #[must_use]
    pub fn at(self, rollup: Address) -> Self {
        Self { rollup: Some(rollup), ..self }
    }
}
