//! The refunds that one endpoint told, as they are kept for the next reading.

use std::collections::BTreeSet;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// One refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Refund {
    pub(super) attester: Address,
    pub(super) block: u64,
}

/// The refunds that one endpoint told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundBook {
    /// The endpoint, by its name.
    pub(super) endpoint: String,
    pub(super) rollups: BTreeSet<Address>,
    pub(super) from: u64,
    /// The first block that is not read, or not deep enough to be kept.
    pub(super) next: u64,
    /// The chain's height when it was begun.
    pub(super) begun: u64,
    pub(super) refunds: BTreeSet<Refund>,
}
