//! What is known of attesters' own proposals and duties at one rollup, over a span that was followed.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::duty::Duty;
use super::network::NetworkRates;
use super::proposal::SeenProposal;
use super::sequence::Gap;
use crate::domain::rollup::RollupClock;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutiesSeen {
    /// The rollup.
    pub rollup: Address,
    /// Its clock.
    pub clock: RollupClock,
    /// The first and the last L1 block whose logs were read.
    pub blocks: (u64, u64),
    /// The first and the last slot that are over and were read.
    pub slots: (u64, u64),
    /// Proposals of attesters of ours, oldest first; also such that are older than the span, as far as they are kept.
    pub proposals: Vec<SeenProposal>,
    /// Duties of attesters of ours in the span, in the order of their slots.
    pub duties: Vec<Duty>,
    /// What all attesters did in the span.
    pub network: NetworkRates,
    /// Epochs of the span in which the escape hatch was open: nobody had a duty.
    pub hatches: BTreeSet<u64>,
    /// Where a log is missing that no endpoint told.
    pub gap: Option<Gap>,
    /// Why transactions that matter could not be read.
    pub unread: BTreeMap<H256, String>,
}
