//! Slashing as the rollup's `TallySlashingProposer` does it: who is voted against, what is decided, when it can happen.
//!
//! In each round the proposers of its slots vote on the committees of an earlier round. What reaches the quorum waits for
//! the execution delay, in which it can be vetoed, and can then be executed by anybody until the round's lifetime ends.

mod ejection;
mod rules;
mod standing;
mod tally;

pub use self::ejection::EjectionMargin;
pub use self::rules::SlashingRules;
pub use self::standing::{Decision, Stage, Standing, standings};
pub use self::tally::{PositionVotes, TallyError, decide, reaches_nobody, tally};

use ethers_core::types::{Address, U256};

use super::block::BlockRef;

/// One slash that a round has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlashAction {
    /// Who loses stake.
    pub attester: Address,
    /// How much, in base units of the staking asset.
    pub amount: U256,
}

/// A round that has votes, was not executed and is not too old to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRound {
    /// The round's number.
    pub round: u64,
    /// How many proposers voted in it.
    pub vote_count: u64,
    /// The committees that are voted on, by epoch; empty where the chain has none.
    pub committees: Vec<Vec<Address>>,
    /// Votes by position: committee after committee. Empty when no attester of ours is in a committee.
    pub votes: Vec<PositionVotes>,
    /// What the contract says that it would do. Empty below the quorum and when no attester of ours is in a committee.
    pub actions: Vec<SlashAction>,
    /// Whether the payload of these actions was vetoed.
    pub is_vetoed: bool,
}

/// Slashing at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlashingFacts {
    /// The block that every fact belongs to.
    pub block: BlockRef,
    /// Until when the vetoer has paused slashing, in unix seconds; `None` when it is not paused.
    pub paused_until: Option<u64>,
    /// The proposer's facts; `None` where the rollup does not slash by tally.
    pub proposer: Option<ProposerFacts>,
}

/// What the `TallySlashingProposer` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposerFacts {
    /// Its rules.
    pub rules: SlashingRules,
    /// The round at this block.
    pub current_round: u64,
    /// Votes in that round.
    pub current_votes: u64,
    /// When that round ends, in unix seconds.
    pub current_end: u64,
    /// Open rounds, oldest first.
    pub rounds: Vec<OpenRound>,
}

#[cfg(test)]
mod tests;
