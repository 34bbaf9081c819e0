//! What the staking escrow says of the keys that wait in our queues.

use std::collections::BTreeMap;

use ethers_core::types::{Address, H256};

use crate::contracts::bindings::gse;
use crate::contracts::call::GETTER_GAS;
use crate::contracts::proof::ProvenKey;
use crate::snapshot::error::{Contract, SnapshotError};
use crate::snapshot::reads::{Answers, Reads, Slot};

/// Gas of `ownedPKs`: one cold slot.
const OWNED_GAS: u64 = 6_000;

/// The escrow's cap for proofs, and whether it has seen some keys.
pub(in crate::snapshot) struct EscrowReads {
    cap: Slot<u64>,
    owned: BTreeMap<H256, Slot<bool>>,
}

/// What the escrow says.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct EscrowFacts {
    /// What it grants its verifier, in gas; `None` for an escrow without a cap.
    pub(in crate::snapshot) cap: Option<u64>,
    /// Whether each key was registered once, by the hash of the key; an old escrow does not say.
    pub(in crate::snapshot) is_used: BTreeMap<H256, bool>,
}

impl EscrowReads {
    /// Reads nothing where there are no keys.
    pub(in crate::snapshot) fn plan<'k>(
        reads: &mut Reads,
        gse: Address,
        keys: impl IntoIterator<Item = &'k ProvenKey>,
    ) -> Option<Self> {
        let mut owned = BTreeMap::new();
        for key in keys {
            let hash = key.key_hash();
            owned.entry(hash).or_insert_with(|| {
                let call = gse::OwnedPKsCall { hashed_public_key: hash.0 };
                reads.push(Contract::Gse, gse, OWNED_GAS, call)
            });
        }
        if owned.is_empty() {
            return None;
        }
        let cap = reads.push(Contract::Gse, gse, GETTER_GAS, gse::ProofOfPossessionGasLimitCall);
        Some(Self { cap, owned })
    }

    pub(in crate::snapshot) fn take(&self, answers: &Answers) -> Result<EscrowFacts, SnapshotError> {
        let mut is_used = BTreeMap::new();
        for (hash, slot) in &self.owned {
            if let Some(used) = answers.get_if_supported(slot)? {
                is_used.insert(*hash, used);
            }
        }
        Ok(EscrowFacts { cap: answers.get_if_supported(&self.cap)?, is_used })
    }
}
