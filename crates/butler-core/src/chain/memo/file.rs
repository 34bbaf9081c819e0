//! The form of the memory on disk: JSON with a version, beside the ledger.

use std::collections::BTreeSet;
use std::path::Path;

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::refund_book::RefundBook;
use super::told::Told;
use crate::chain::ledger::LedgerKey;
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::proof::ProofVerdict;
use crate::store::file::StoreError;
use crate::store::private::load_private;

/// Some ten thousand keys are 2 MB.
const FILE_LIMIT: u64 = 8 << 20;
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// Of key and proof.
    pub(super) digest: H256,
    /// What the escrow granted, in gas; `None` where it has no cap.
    pub(super) cap: Option<u64>,
    pub(super) verdict: ProofVerdict,
    pub(super) told: Told,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Success {
    pub(super) attester: Address,
    /// Among which delegations it was found.
    pub(super) among: Claim,
    pub(super) winner: Winner,
    pub(super) told: Told,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owner {
    pub(super) delegation: Claim,
    pub(super) withdrawer: Address,
    pub(super) told: Told,
}

/// Delegations of which it was found out together.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unrefunded {
    pub(super) at: u64,
    pub(super) told: Told,
    pub(super) delegations: Vec<Claim>,
}

/// The delegation that counted for an attester, as two endpoints told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chain) struct Counted {
    /// The delegation and its split.
    pub(in crate::chain) claim: Claim,
    /// Whether the attester was a validator then: what counted before that may have been refunded since.
    pub(in crate::chain) was_active: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) key: LedgerKey,
    pub(super) proofs: Vec<Proof>,
    pub(super) successes: Vec<Success>,
    /// Who may withdraw what delegations staked.
    #[serde(default)]
    pub(super) owners: Vec<Owner>,
    /// Hashes of BLS keys whose deposits waited last.
    #[serde(default)]
    pub(super) waiting: BTreeSet<H256>,
    /// Refunded deposits, as each endpoint told them.
    #[serde(default)]
    pub(super) refunds: Vec<RefundBook>,
    /// Delegations whose attesters were validators and were never refunded.
    #[serde(default)]
    pub(super) unrefunded: Vec<Unrefunded>,
    /// What two endpoints confirmed of each attester's coinbase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) counted: Vec<(Address, Counted)>,
}

/// Reads the file, if it is one of `key`.
pub(super) fn load(path: &Path, key: &LedgerKey) -> Option<File> {
    let bytes = match load_private(path, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => return None,
        Err(error) => {
            tracing::warn!("what was checked before is checked anew: {error}");
            return None;
        }
    };
    let file: File = serde_json::from_slice(&bytes).ok()?;
    (file.version == VERSION && file.key == *key).then_some(file)
}
