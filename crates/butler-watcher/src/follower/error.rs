//! Why a range was not read: something that passes, or something that must not be passed over.

use butler_core::chain::SnapshotError;
use butler_core::client::error::{ErrorKind, RpcError};
use butler_core::contracts::events::EventError;
use butler_core::domain::block::BlockRef;
use butler_core::domain::provider::split::Unconfirmed;
use butler_core::network::NetworkError;
use butler_core::runtime::exit::Exit;
use ethers_core::types::H256;
use thiserror::Error;

/// Why the chain was not followed further. Nothing was planned and the checkpoint stays where it is.
#[derive(Debug, Error)]
pub enum FollowError {
    /// The network cannot be opened.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Its state cannot be read, or does not hang together.
    #[error(transparent)]
    Chain(#[from] SnapshotError),
    /// No endpoint answered.
    #[error("failed to follow the chain")]
    Rpc(#[source] RpcError),
    /// The newest block is older than the one that is final: endpoints that are not on the same chain, or one that lags.
    #[error("block {head} is the newest, although block {last} is said to be final")]
    Behind {
        /// The newest block.
        head: u64,
        /// The final one.
        last: u64,
    },
    /// Endpoints tell different logs of the same blocks, and nobody decides.
    #[error("the L1 endpoints tell different logs of block {block}, and there is no third that decides")]
    Disputed {
        /// The first block that they tell differently.
        block: u64,
    },
    /// An endpoint tells logs that its own receipts or blocks do not have, and there is no other.
    #[error("{endpoint} tells a log of block {block} that its own receipts or blocks do not have")]
    Contradicted {
        /// The endpoint.
        endpoint: String,
        /// The log's block.
        block: u64,
    },
    /// A delegation names a coinbase that nothing on the chain confirms, by the word of one endpoint.
    #[error("a delegation of block {block} names a coinbase that is not confirmed, because {}", .why.words())]
    Suspect {
        /// The block.
        block: u64,
        /// Why.
        why: Unconfirmed,
    },
    /// A log of ours that does not decode. It is not stepped over.
    #[error("a log cannot be understood")]
    Undecodable(#[source] EventError),
    /// The chain has another block where the checkpoint was.
    #[error("block {} is {theirs:?} on the chain, and {:?} was followed", .ours.0, .ours.1)]
    OtherHistory {
        /// Height and hash of the checkpoint.
        ours: (u64, H256),
        /// What the chain has at that height.
        theirs: H256,
    },
    /// Neither a checkpoint nor a block to begin with.
    #[error("network `{0}` was never followed, and has no `start_block`")]
    NoStart(String),
}

impl FollowError {
    /// The exit code when it ends the program; `None` when waiting may help.
    #[must_use]
    pub fn is_final(&self) -> Option<Exit> {
        match self {
            Self::OtherHistory { .. } => Some(Exit::Refused),
            Self::NoStart(_) | Self::Network(_) => Some(Exit::Configuration),
            Self::Undecodable(_) => Some(Exit::Upstream),
            Self::Rpc(error) | Self::Chain(SnapshotError::Rpc(error)) => {
                (error.failure.kind() == ErrorKind::WrongChain).then_some(Exit::Refused)
            }
            Self::Chain(SnapshotError::Preset { source, .. }) => {
                let is_other =
                    matches!(&**source, SnapshotError::Rpc(error) if error.failure.kind() == ErrorKind::WrongChain);
                is_other.then_some(Exit::Refused)
            }
            Self::Chain(
                SnapshotError::NoContract { .. }
                | SnapshotError::Unsupported { .. }
                | SnapshotError::Nonsense { .. }
                | SnapshotError::Ledger(_)
                | SnapshotError::UnknownProvider(_)
                | SnapshotError::UnknownAdmin(_)
                | SnapshotError::ForeignRegistry { .. }
                | SnapshotError::Reorganised { .. },
            )
            | Self::Behind { .. }
            | Self::Disputed { .. }
            | Self::Contradicted { .. }
            | Self::Suspect { .. } => None,
        }
    }

    /// What to do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OtherHistory { .. } => Some(
                "a final block changed, or the endpoint is on another chain; ask another endpoint before you go on. Nothing was changed",
            ),
            Self::NoStart(_) => {
                Some("`start_block` is the first block whose events ask for anything; earlier ones do not")
            }
            Self::Disputed { .. } | Self::Suspect { .. } | Self::Contradicted { .. } => {
                Some("nothing is planned until it is clear; a further L1 endpoint decides")
            }
            Self::Network(_) | Self::Chain(_) | Self::Rpc(_) | Self::Behind { .. } | Self::Undecodable(_) => None,
        }
    }
}

/// Compares a checkpoint with what the chain has at its height.
pub(super) fn same_history(ours: (u64, H256), theirs: &BlockRef) -> Result<(), FollowError> {
    if theirs.hash == ours.1 { Ok(()) } else { Err(FollowError::OtherHistory { ours, theirs: theirs.hash }) }
}
