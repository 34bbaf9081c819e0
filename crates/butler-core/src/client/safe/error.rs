//! Why the service's answer is of no use, by what the caller does next.

use std::time::Duration;

use ethers_core::types::{Address, H256};
use thiserror::Error;

use super::budget::BudgetSpent;
use super::prepared::NotPrepared;
use crate::client::error::RpcFailure;
use crate::text::address::checksummed;

/// A request that brought nothing.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// It was not sent: the month's requests are used.
    #[error(transparent)]
    Spent(#[from] BudgetSpent),
    /// It was not sent, since it is nothing that may be proposed.
    #[error("the proposal was not sent")]
    NotSent(#[source] NotPrepared),
    /// It is not known whether it arrived. The same may be sent again.
    #[error("the Safe service did not answer")]
    NotAnswered(#[source] RpcFailure),
    /// Too many requests, by its own count.
    #[error("the Safe service wants fewer requests")]
    RateLimited {
        /// For how long none should be sent.
        retry_after: Option<Duration>,
    },
    /// It wants a key, or another one.
    #[error("the Safe service wants a key, or another one: HTTP {0}")]
    Unauthorized(u16),
    /// It does not know what was asked for.
    #[error(
        "the Safe service does not know {0}\nhint: is the URL that of the chain's service, and the Safe known there?"
    )]
    NotFound(&'static str),
    /// It refuses; the same again is refused again.
    #[error("the Safe service refuses (HTTP {status}): {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words, made printable.
        text: String,
    },
    /// It has a problem of its own.
    #[error("the Safe service fails: HTTP {0}")]
    Failing(u16),
    /// What it answers is not what such a service answers.
    #[error("the Safe service answers {0}")]
    Malformed(&'static str),
    /// Its list changed whenever it was read.
    #[error("the Safe service's list changed while it was read")]
    Changing,
    /// There is more than is ever read.
    #[error("the Safe service lists more than {0} entries")]
    TooMany(usize),
    /// What it answers is not so.
    #[error("the Safe service is not to be believed")]
    Lie(#[source] ServiceLie),
}

impl From<ServiceLie> for ServiceError {
    fn from(lie: ServiceLie) -> Self {
        Self::Lie(lie)
    }
}

/// What the service says and what is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ServiceLie {
    /// The fields of a transaction make another hash than it says.
    #[error("it says that transaction {computed:?} has the hash {told:?}")]
    OtherHash {
        /// What it says.
        told: H256,
        /// What the fields make.
        computed: H256,
    },
    /// Another Safe's transaction.
    #[error("it tells of a transaction of {}", checksummed(.0))]
    OtherSafe(Address),
    /// Another transaction than the one that was asked for.
    #[error("it answers transaction {told:?} where {asked:?} was asked for")]
    OtherTransaction {
        /// What was asked for.
        asked: H256,
        /// What came.
        told: H256,
    },
    /// A nonce that was not asked for.
    #[error("it tells of nonce {told} where {from} and later were asked for")]
    OtherNonce {
        /// The first that was asked for.
        from: u64,
        /// What came.
        told: u64,
    },
    /// Another delegate than the one that was asked for.
    #[error("it tells of the delegate {} where another was asked for", checksummed(.0))]
    OtherDelegate(Address),
}
