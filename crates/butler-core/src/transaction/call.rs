//! One call that changes something.

use ethers_core::types::{Address, Bytes, U256};

/// What one account asks of one contract. A delegate call cannot be said with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract, or who is funded.
    pub to: Address,
    /// In wei.
    pub value: U256,
    /// The selector and its arguments; empty where only ether is sent.
    pub data: Bytes,
}
