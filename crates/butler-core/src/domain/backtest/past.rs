//! What happened, one fact at a time.

use ethers_core::types::{Address, H256};
use serde::Serialize;

use crate::domain::duties::{Duty, Fate, Gap, NetworkRates, SeenProposal};
use crate::domain::findings::Finding;
use crate::domain::ids::Coinbase;

/// A block of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moment {
    /// The L1 block.
    pub block: u64,
    /// Its time, in unix seconds, or the beginning of its slot where only that is known.
    pub time: u64,
}

/// One fact, and the block that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The first block at which anybody could know it.
    pub at: Moment,
    /// What it is.
    pub fact: Fact,
}

/// What can be known of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// From here on an attester must have this coinbase: it was delegated.
    Expects {
        /// The attester.
        attester: Address,
        /// Its coinbase.
        coinbase: Coinbase,
        /// The L1 block since which that is so; it may be older than what is replayed.
        since: u64,
    },
    /// An attester of ours proposed.
    Proposed(SeenProposal),
    /// A proposal of ours stands no more.
    Cut {
        /// Who proposed it.
        proposer: Address,
        /// Its slot.
        slot: u64,
        /// What became of it.
        fate: Fate,
    },
    /// What came of a duty of ours.
    Duty(Duty),
    /// What everybody did in the slots up to this one that were not told before.
    Rates {
        /// The last of these slots.
        slot: u64,
        /// What was done in them.
        rates: NetworkRates,
    },
    /// In this epoch the escape hatch was open.
    Hatch(u64),
    /// A log is missing.
    Gap(Gap),
    /// A transaction of ours could not be read, and why.
    Unread(H256, String),
    /// Everything that the state of this block says is wrong, where an archive told it.
    State(Vec<Finding>),
}
