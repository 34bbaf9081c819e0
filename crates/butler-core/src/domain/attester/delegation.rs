//! The ledger of `StakedWithProvider`: who staked which attester, and which split is its coinbase.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::split_record::SplitRecord;

/// Where a log stands on the chain. Orders logs as the chain does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogId {
    /// Height of the log's block.
    pub block_number: u64,
    /// Index of the log within its block.
    pub log_index: u64,
    /// Hash of the log's block.
    pub block_hash: H256,
    /// Hash of the log's transaction.
    pub transaction_hash: H256,
}

/// One `StakedWithProvider` of the StakingRegistry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Where the event stands.
    pub log: LogId,
    /// Whose queue the attester came from.
    pub provider_id: ProviderId,
    /// The rollup that it was deposited into.
    pub rollup: Address,
    /// The attester.
    pub attester: Address,
    /// The split contract that the attester's node must use as coinbase.
    pub coinbase: Coinbase,
    /// Who staked.
    pub staker: Address,
    /// Who may withdraw the stake, as the event of its deposit says; `None` where that was not needed: then it is taken to be
    /// the staker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawer: Option<Address>,
    /// What the factory told of that split in the same transaction; `None` when that was not read, or was not told. In a
    /// snapshot, `None` also when the chain does not confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitRecord>,
}
