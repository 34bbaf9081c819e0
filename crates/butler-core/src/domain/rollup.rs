//! The rollup's own figures: its clock, its entry queue's flush rules, its thresholds.

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

/// The rollup's clock. `getEpochDuration()` is in slots, `getSlotDuration()` in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupClock {
    /// When slot 0 began, in unix seconds.
    pub genesis_time: u64,
    /// Length of a slot in seconds; never 0.
    pub slot_seconds: u64,
    /// Length of an epoch in slots; never 0.
    pub epoch_slots: u64,
}

/// How fast the entry queue moves (rollup `StakingLib`, aztec-l1 contracts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushFacts {
    /// The most deposits that one epoch lets in; 0 while the rollup waits for its bootstrap set.
    pub flush_size: u64,
    /// What is left of the allowance until `next_flushable_epoch`.
    pub available_flushes: u64,
    /// The epoch at which the next flush refreshes the allowance.
    pub next_flushable_epoch: u64,
    /// Whether the bootstrap phase is over.
    pub is_bootstrapped: bool,
}

/// The canonical rollup at one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupFacts {
    /// The rollup's address, as the Aztec Registry names it at this block.
    pub address: Address,
    /// The rollup's version number.
    pub version: U256,
    /// The governance staking escrow that holds stakes and keys.
    pub gse: Address,
    /// The contract that may slash.
    pub slasher: Address,
    /// The token that is staked.
    pub staking_asset: Address,
    /// The rollup's clock.
    pub clock: RollupClock,
    /// The epoch at this block.
    pub current_epoch: u64,
    /// The entry queue's speed.
    pub flush: FlushFacts,
    /// Stake of one attester, in base units.
    pub activation_threshold: U256,
    /// Below this balance the GSE ejects, in base units.
    pub ejection_threshold: U256,
    /// Below this balance the rollup itself ejects; older rollups do not have it.
    pub local_ejection_threshold: Option<U256>,
    /// How long an exit takes, in seconds.
    pub exit_delay_seconds: u64,
}

/// One deposit that waits in the rollup's entry queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedDeposit {
    /// The attester that will be activated.
    pub attester: Address,
    /// Who may withdraw, and who is refunded when the deposit fails.
    pub withdrawer: Address,
    /// Whether the stake follows the canonical rollup.
    pub move_with_latest_rollup: bool,
}
