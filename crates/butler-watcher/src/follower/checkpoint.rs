//! How far something was followed.

use ethers_core::types::H256;

/// The last block whose events were planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its height.
    pub number: u64,
    /// Its hash; `None` before the first block of all that is followed.
    pub hash: Option<H256>,
}
