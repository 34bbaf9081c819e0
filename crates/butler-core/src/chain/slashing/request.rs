//! What is asked of a slasher.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use crate::domain::rollup::RollupClock;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct SlashingRequest<'a> {
    /// The rollup whose attesters are slashed.
    pub rollup: Address,
    /// The rollup's slasher; zero where there is none.
    pub slasher: Address,
    /// The rollup's clock.
    pub clock: RollupClock,
    /// The attesters that matter.
    pub own: &'a BTreeSet<Address>,
}
