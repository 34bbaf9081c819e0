//! A checkpoint of the past, as far as L1 tells it.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::fate::Fate;
use super::proposal::SeenProposal;

/// A checkpoint that was proposed to L1, as its log and its transaction have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCheckpoint {
    /// The checkpoint's number. Numbers are used again after a prune.
    pub number: u64,
    /// The first and the last slot that it can be of, by the time of its block; both are its slot where its transaction was read.
    pub slots: (u64, u64),
    /// Its transaction.
    pub transaction: H256,
    /// The L1 block that has it.
    pub block: u64,
    /// What became of it.
    pub fate: Fate,
    /// What its transaction says; absent where that could not be read.
    pub carried: Option<Carried>,
}

impl KnownCheckpoint {
    /// Its slot, where that is known.
    #[must_use]
    pub fn slot(&self) -> Option<u64> {
        (self.slots.0 == self.slots.1).then_some(self.slots.0)
    }

    /// What its proposer did, where its slot is known and its transaction was read.
    #[must_use]
    pub fn proposal(&self) -> Option<SeenProposal> {
        let carried = self.carried.as_ref()?;
        Some(SeenProposal {
            number: self.number,
            slot: self.slot()?,
            proposer: carried.proposer,
            coinbase: carried.coinbase,
            transaction: self.transaction,
            block: self.block,
            fate: self.fate,
            rollup: None,
        })
    }
}

/// What a proposal carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Who proposed, by the signature that the rollup checked.
    pub proposer: Address,
    /// Where its rewards go.
    pub coinbase: Address,
    /// The committee in its order, each with whether an attestation was sent for it.
    pub committee: Vec<(Address, bool)>,
}
