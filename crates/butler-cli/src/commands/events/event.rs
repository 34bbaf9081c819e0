//! One event as `events` reports it.

use butler_core::contracts::events::Source;
use ethers_core::types::H256;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::view::json::JsonAddress;

/// One event.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub(super) block_number: u64,
    pub(super) log_index: u64,
    pub(super) transaction_hash: H256,
    pub(super) block_hash: H256,
    pub(super) contract: Source,
    pub(super) address: JsonAddress,
    pub(super) name: String,
    pub(super) arguments: Map<String, Value>,
}
