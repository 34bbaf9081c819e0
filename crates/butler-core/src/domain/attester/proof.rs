//! Whether the staking escrow (GSE) will accept a key's proof of possession, as its own verifier says.
//!
//! The escrow gives its verifier a bounded amount of gas. About one key in thirty thousand has a proof that is right and
//! needs more: it is refused at the flush, with the delegator's stake on its way back and its split useless.

use serde::{Deserialize, Serialize};

/// What the verifier says of one proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ProofVerdict {
    /// It is right, and within the cap.
    Valid,
    /// It is right, and needs more gas than the escrow grants.
    TooDear {
        /// What the escrow grants, in gas.
        cap: u64,
    },
    /// It proves nothing: another key's, in another order, or no proof.
    Wrong,
}
