//! What the operator's own files say: which attesters run where, with which coinbase and publishers.
//!
//! These are the operator's facts, not the chain's: nothing here is checked against a contract.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::ids::Coinbase;

/// One attester in one key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The attester.
    pub attester: Address,
    /// The coinbase that its node uses, where the file names one.
    pub coinbase: Option<Coinbase>,
    /// The accounts that pay for its transactions.
    pub publishers: Vec<Address>,
    /// The compressed public key (BN254 G1), where the file has it.
    pub bls_public_key: Option<H256>,
    /// The server that runs the attester.
    pub server: String,
    /// The file that says so, as shown to a person.
    pub file: String,
    /// Position in the file's list, from 0.
    pub index: usize,
}

/// All key files together, in the order of their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyBook {
    /// Every entry of every file: one attester may occur more than once.
    pub entries: Vec<KeyEntry>,
    /// The publishers that each server may use.
    pub publishers_by_server: BTreeMap<String, BTreeSet<Address>>,
}
