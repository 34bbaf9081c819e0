//! Why a read failed, by what the caller does next.
//!
//! `RpcFailure` is what one endpoint did; `RpcError` adds which endpoint and which method. Neither holds a URL's path,
//! a key or a request's body.

mod kind;

use std::time::Duration;

use crate::text::time::count;
use ethers_core::types::Bytes;
use thiserror::Error;

pub use self::kind::ErrorKind;

/// What a failure came from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A read that failed, on the endpoint that was tried last.
#[derive(Debug, Error)]
#[error("{method} failed at {endpoint}")]
pub struct RpcError {
    /// The endpoint's name.
    pub endpoint: String,
    /// The method that was called.
    pub method: &'static str,
    /// What happened.
    #[source]
    pub failure: RpcFailure,
}

/// What one endpoint did instead of answering.
#[derive(Debug, Error)]
pub enum RpcFailure {
    /// No connection: name, route or port.
    #[error("no connection")]
    Unreachable(#[source] Cause),
    /// A connection, but no TLS session.
    #[error("TLS handshake failed")]
    Tls(#[source] Cause),
    /// Nothing came within the deadline.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Timeout(Duration),
    /// The connection broke while the answer was on its way.
    #[error("the connection broke before the answer was complete")]
    Broken(#[source] Cause),
    /// 401 or 403, or an error that means the same: the endpoint wants a key, or another one.
    #[error("{refusal}")]
    Unauthorized {
        /// How it was said.
        refusal: Unauthorized,
    },
    /// 429, or an error that means the same.
    #[error("rate limited")]
    RateLimited {
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// Any other status without a JSON-RPC answer.
    #[error("HTTP {status}: {text}")]
    Http {
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        text: String,
    },
    /// More bytes than we accept, of one answer or of all that one look at the chain got.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// Our limit in bytes.
        limit: usize,
    },
    /// The endpoint says its own answer would be too large.
    #[error("the endpoint refuses an answer of that size")]
    AnswerRefused,
    /// Not JSON-RPC, a wrong id, a missing result, a value that cannot be.
    #[error("malformed answer: {0}")]
    Malformed(String),
    /// The endpoint has not got, or no longer has, the block that the read is pinned to.
    #[error("the endpoint does not know the block")]
    BlockUnknown,
    /// The endpoint knows the block but has thrown its state away.
    #[error("the endpoint has no state for that block any more")]
    StateUnavailable,
    /// `eth_getLogs` over more blocks or more results than the endpoint allows.
    #[error("log range refused: {text}")]
    RangeRefused {
        /// The range that the text proposes, when it does.
        hint: RangeHint,
        /// The endpoint's words.
        text: String,
    },
    /// The call needs more gas than the endpoint grants.
    #[error("out of gas")]
    OutOfGas,
    /// The endpoint takes no JSON-RPC batches, or none of that length.
    #[error("batch refused")]
    BatchRefused,
    /// The contract reverted.
    #[error("execution reverted")]
    Reverted {
        /// What it reverted with.
        data: Bytes,
    },
    /// The endpoint does not know the method.
    #[error("method not found")]
    MethodNotFound,
    /// Any other JSON-RPC error.
    #[error("error {code}: {message}")]
    Rpc {
        /// The error's code.
        code: i64,
        /// The error's message, made printable.
        message: String,
    },
    /// The endpoint is on another chain.
    #[error("the endpoint is on chain {actual}, not {expected}")]
    WrongChain {
        /// What the configuration says.
        expected: u64,
        /// What the endpoint says.
        actual: u64,
    },
    /// The endpoint has another block at that height than the others, finalized or not.
    #[error("the endpoint disagrees about block {number}")]
    Disagrees {
        /// Height of the block.
        number: u64,
    },
    /// The endpoint is behind the others.
    #[error("the endpoint is {} behind", count(*.blocks, "block"))]
    Lagging {
        /// How many blocks.
        blocks: u64,
    },
    /// The endpoint tells of blocks that the others do not have.
    #[error("the endpoint is {} ahead of the others", count(*.blocks, "block"))]
    Leading {
        /// How many blocks.
        blocks: u64,
    },
    /// The endpoint reads the state of another block than the one that it was asked for.
    #[error("the endpoint was asked at block {asked} and read at block {read}{}", if asked == read { " of another time" } else { "" })]
    WrongBlock {
        /// Height of the block that was asked for.
        asked: u64,
        /// Height of the block that was read.
        read: u64,
    },
    /// The endpoint left out logs, or made some up: a contract's own counters tell.
    #[error("the endpoint's logs are not complete: {0}")]
    Incomplete(String),
    /// The endpoint has thrown old logs away and says so.
    #[error("the endpoint has no logs of those blocks any more")]
    LogsPruned,
    /// The endpoint says that a call reverts, and another one answers it.
    #[error("the endpoint says that `{function}` reverts, and another one answers it")]
    Contradicted {
        /// The function that was called.
        function: String,
    },
    /// Two other endpoints agree on another answer.
    #[error("the endpoint's answer to `{function}` is not that of two others")]
    Outvoted {
        /// The function that was called.
        function: String,
    },
    /// What a contract answers here cannot be, and another endpoint was not heard to say the same.
    #[error("the endpoint's answer cannot be: {0}")]
    Nonsense(String),
    /// Of two endpoints each answers something else.
    #[error("the endpoints disagree about `{function}`")]
    Disputed {
        /// The function that was called.
        function: String,
    },
}

/// How an endpoint says that it wants a key, or another one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unauthorized {
    /// By the HTTP status.
    #[error("HTTP {0}: not authorized")]
    Status(u16),
    /// In its own words, made printable.
    #[error("not authorized: {0}")]
    Words(String),
}

/// What the text of a refused `eth_getLogs` proposes instead; it may name both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RangeHint {
    /// The most blocks that one request may span, when the text names it.
    pub max_blocks: Option<u64>,
    /// A range that would work, when the text names it.
    pub range: Option<(u64, u64)>,
}

impl RpcFailure {
    /// The kind, without the particulars.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable(_) => ErrorKind::Unreachable,
            Self::Tls(_) => ErrorKind::Tls,
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Broken(_) => ErrorKind::Broken,
            Self::Unauthorized { .. } => ErrorKind::Unauthorized,
            Self::RateLimited { .. } => ErrorKind::RateLimited,
            Self::Http { .. } => ErrorKind::Http,
            Self::TooLarge { .. } | Self::AnswerRefused => ErrorKind::TooLarge,
            Self::Malformed(_) => ErrorKind::Malformed,
            Self::BlockUnknown => ErrorKind::BlockUnknown,
            Self::StateUnavailable => ErrorKind::StateUnavailable,
            Self::RangeRefused { .. } => ErrorKind::RangeRefused,
            Self::OutOfGas => ErrorKind::OutOfGas,
            Self::BatchRefused => ErrorKind::BatchRefused,
            Self::Reverted { .. } => ErrorKind::Reverted,
            Self::MethodNotFound => ErrorKind::MethodNotFound,
            Self::Rpc { .. } => ErrorKind::Rpc,
            Self::WrongChain { .. } => ErrorKind::WrongChain,
            Self::Disagrees { .. } => ErrorKind::Disagrees,
            Self::Lagging { .. } => ErrorKind::Lagging,
            Self::Leading { .. } => ErrorKind::Leading,
            Self::WrongBlock { .. } => ErrorKind::WrongBlock,
            Self::Incomplete(_) => ErrorKind::Incomplete,
            Self::LogsPruned => ErrorKind::LogsPruned,
            Self::Contradicted { .. } | Self::Outvoted { .. } | Self::Nonsense(_) => ErrorKind::Contradicted,
            Self::Disputed { .. } => ErrorKind::Disagrees,
        }
    }
}
