//! What duties are read of.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupClock;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct DutiesRequest<'a> {
    /// The rollup.
    pub rollup: Address,
    /// Its clock.
    pub clock: RollupClock,
    /// Whose duties matter; everybody's where it is `None`.
    pub own: Option<&'a BTreeSet<Address>>,
    /// The first block whose logs are read.
    pub from: BlockRef,
    /// The last one.
    pub to: BlockRef,
    /// The newest checkpoint at `to`, by the rollup's own word, where it is known.
    pub pending: Option<u64>,
    /// A block at which the draws are told: the newest, or one close to it.
    pub newest: BlockRef,
}
