//! Why the newest item is not known.

use butler_core::client::error::RpcError;
use thiserror::Error;

/// The newest item is not known: to be asked again later.
#[derive(Debug, Error)]
pub enum TriggerError {
    /// Too few answered, or they do not agree.
    #[error("{told} of {asked} tell what is newest, and {agreeing} must agree: {why}")]
    Unagreed {
        /// How many were asked.
        asked: usize,
        /// How many of them answered.
        told: usize,
        /// How many must agree.
        agreeing: usize,
        /// Who did not answer, and why.
        why: String,
    },
    /// The chain cannot be read.
    #[error("the final block is not known")]
    L1(#[source] RpcError),
    /// Numbers end.
    #[error("there is no period after that of epoch {0}")]
    Ends(u64),
}
