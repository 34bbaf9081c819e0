//! What a book is told each time it reads on.

use std::collections::BTreeSet;
use std::time::Duration;

use ethers_core::types::Address;

use crate::chain::ledger::Heard;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupClock;

/// What is followed.
#[derive(Debug, Clone, Copy)]
pub struct Following<'a> {
    /// The rollup's clock.
    pub clock: RollupClock,
    /// Whose duties matter.
    pub own: &'a BTreeSet<Address>,
    /// The newest block.
    pub head: BlockRef,
    /// The newest checkpoint there, by the rollup's own word, where it is known.
    pub pending: Option<u64>,
    /// What was heard of the book's filter along with other scans; what is not in it is asked for.
    pub heard: Option<&'a Heard>,
    /// How far back duties are told.
    pub span: Duration,
}
