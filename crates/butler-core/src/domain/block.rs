//! The block at which facts were read.

use ethers_core::types::H256;
use serde::{Deserialize, Serialize};

/// One L1 block, by number, hash and time. All facts of a snapshot belong to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Height of the block.
    pub number: u64,
    /// Hash of the block's header.
    pub hash: H256,
    /// The header's timestamp, in unix seconds.
    pub timestamp: u64,
}
