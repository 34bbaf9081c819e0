//! Why a long answer was not fetched.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::client::error::RpcFailure;

/// An answer that was not fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The exchange failed, or broke off; some of it may have been handed over.
    #[error("the answer did not come")]
    Failure(#[source] RpcFailure),
    /// The peer answers something else; a redirect is not followed.
    #[error("HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` said, at most [`LONGEST_WAIT`](super::LONGEST_WAIT).
        retry_after: Option<Duration>,
    },
    /// Whoever it is handed to cannot take it.
    #[error("the answer cannot be kept")]
    Kept(#[source] io::Error),
}
