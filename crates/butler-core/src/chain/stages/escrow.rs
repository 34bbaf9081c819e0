//! What the staking escrow says of the keys that wait in our queues.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::gse;
use crate::contracts::call::GETTER_GAS;
use crate::contracts::proof::{PRESUMED_CAP, ProvenKey, verifier_of};
use crate::domain::capability::Capability;

/// The most proofs that are tried beside other reads.
const MOST_TRIED: usize = 50;
/// Gas of `ownedPKs`: one cold slot.
const OWNED_GAS: u64 = 6_000;

/// The escrow's cap for proofs, whether it has seen some keys, and what its verifier says of some proofs.
pub(in crate::chain) struct EscrowReads {
    cap: Slot<u64>,
    owned: BTreeMap<H256, Slot<bool>>,
    tried: BTreeMap<H256, Slot<bool>>,
}

/// What the escrow says.
#[derive(Debug, Default)]
pub(in crate::chain) struct EscrowFacts {
    /// What it grants its verifier, in gas; `None` for an escrow without a cap.
    pub(in crate::chain) cap: Option<u64>,
    /// Whether each key was registered once, by the hash of the key; an old escrow does not say.
    pub(in crate::chain) is_used: BTreeMap<H256, bool>,
    /// Proofs that are right within [`PRESUMED_CAP`], by the digest of key and proof.
    pub(in crate::chain) right: BTreeSet<H256>,
    /// What it was asked and does not tell.
    pub(in crate::chain) untold: BTreeSet<Capability>,
}

impl EscrowReads {
    /// Reads nothing where there are no keys. Proofs of which `is_new` says so are tried, too; of `hashes` it is only asked
    /// whether the escrow has seen them.
    pub(in crate::chain) fn plan<'k>(
        reads: &mut Reads,
        gse: Address,
        keys: impl IntoIterator<Item = &'k ProvenKey>,
        hashes: impl IntoIterator<Item = H256>,
        is_new: impl Fn(H256) -> bool,
    ) -> Option<Self> {
        let push_owned = |reads: &mut Reads, hash: H256| {
            reads.push_if_supported(Contract::Gse, gse, OWNED_GAS, gse::OwnedPKsCall { hashed_public_key: hash.0 })
        };
        let mut owned = BTreeMap::new();
        let mut tried = BTreeMap::new();
        let verifier = verifier_of(gse);
        for key in keys {
            let digest = key.digest();
            if tried.len() < MOST_TRIED && is_new(digest) {
                tried.entry(digest).or_insert_with(|| {
                    let (question, function) = (key.question(), "proofOfPossession");
                    reads.push_limited(Contract::Gse, verifier, function, question, PRESUMED_CAP)
                });
            }
            let hash = key.key_hash();
            owned.entry(hash).or_insert_with(|| push_owned(reads, hash));
        }
        for hash in hashes {
            owned.entry(hash).or_insert_with(|| push_owned(reads, hash));
        }
        if owned.is_empty() {
            return None;
        }
        let cap = reads.push_if_supported(Contract::Gse, gse, GETTER_GAS, gse::ProofOfPossessionGasLimitCall);
        Some(Self { cap, owned, tried })
    }

    pub(in crate::chain) fn take(&self, answers: &Answers) -> Result<EscrowFacts, SnapshotError> {
        let mut is_used = BTreeMap::new();
        for (hash, slot) in &self.owned {
            if let Some(used) = answers.get_if_supported(slot)? {
                is_used.insert(*hash, used);
            }
        }
        // Whatever else came of a proof is asked again with the escrow's own cap.
        let is_right = |(digest, slot): (&H256, &Slot<bool>)| answers.get(slot).ok()?.then_some(*digest);
        let right = self.tried.iter().filter_map(is_right).collect();
        let cap = answers.get_if_supported(&self.cap)?;
        let untold =
            [(Capability::ProofLimit, cap.is_none()), (Capability::UsedKeys, is_used.len() < self.owned.len())];
        let untold = untold.into_iter().filter_map(|(capability, is_untold)| is_untold.then_some(capability));
        Ok(EscrowFacts { cap, is_used, right, untold: untold.collect() })
    }
}
