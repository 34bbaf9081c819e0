//! What was signed here and sent, for people and programs.

use ethers_core::types::H256;
use serde::Serialize;

/// A transaction that was sent.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sent {
    description: String,
    pub(super) nonce: u64,
    pub(super) hash: H256,
    state: SentState,
    block_number: u64,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum SentState {
    /// It is in a block.
    Mined,
    /// And that is final.
    Final,
}

impl Sent {
    pub(super) fn new(description: String, (nonce, hash): (u64, H256), block_number: u64, is_final: bool) -> Self {
        let state = if is_final { SentState::Final } else { SentState::Mined };
        Self { description, nonce, hash, state, block_number }
    }

    pub(super) fn is_final(&self) -> bool {
        self.state == SentState::Final
    }

    /// What it says to people.
    pub(super) fn told(&self) -> String {
        let Self { description, nonce, hash, state, block_number } = self;
        let how = match state {
            SentState::Final => format!("done, and final: block {block_number}"),
            SentState::Mined => format!("mined, not final: block {block_number}"),
        };
        format!("{description}: {how}\ntransaction {hash:?}, nonce {nonce}\n")
    }
}
