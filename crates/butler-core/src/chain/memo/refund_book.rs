//! The refunds that one endpoint told, as they are kept for the next reading.

use std::collections::BTreeSet;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// One refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::chain) struct Refund {
    pub(in crate::chain) attester: Address,
    pub(in crate::chain) block: u64,
}

/// The refunds that one endpoint told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chain) struct RefundBook {
    /// The endpoint, by its name.
    pub(in crate::chain) endpoint: String,
    pub(in crate::chain) rollups: BTreeSet<Address>,
    pub(in crate::chain) from: u64,
    /// The first block that is not read, or not deep enough to be kept.
    pub(in crate::chain) next: u64,
    /// The chain's height when it was begun.
    pub(in crate::chain) begun: u64,
    pub(in crate::chain) refunds: BTreeSet<Refund>,
}
