//! Why a node did not tell something, in our own words.

use std::time::Duration;

use ethers_core::types::Address;
use thiserror::Error;
use tokio::time::timeout;

use crate::client::aztec_node::NodeInfo;
use crate::client::error::{ErrorKind, RpcFailure};
use crate::config::NetworkConfig;
use crate::runtime::report::one_line;
use crate::text::address::checksummed;

/// An answer, or why there is none.
pub type Answer<T> = Result<T, NodeFailure>;

/// Why a node did not tell something.
#[derive(Debug, Error)]
pub enum NodeFailure {
    /// What it did instead of answering.
    #[error("{}", without_words(.0))]
    Rpc(RpcFailure),
    /// It took longer than anybody waits.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Deadline(Duration),
    /// It follows another chain.
    #[error("follows chain {actual}, not {expected}")]
    OtherChain {
        /// What it follows.
        actual: u64,
        /// What is configured.
        expected: u64,
    },
    /// It follows another registry of rollups.
    #[error("follows the Aztec Registry {}", checksummed(.0))]
    OtherRegistry(Address),
    /// It follows a rollup that the registry does not know.
    #[error("follows a rollup that Aztec's registry does not know")]
    OtherRollup,
}

impl NodeFailure {
    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Rpc(failure) => failure.kind(),
            Self::Deadline(_) => ErrorKind::Timeout,
            Self::OtherChain { .. } | Self::OtherRegistry(_) | Self::OtherRollup => ErrorKind::WrongChain,
        }
    }

    /// Whether the node does not know the question.
    #[must_use]
    pub fn is_unknown_method(&self) -> bool {
        self.kind() == ErrorKind::MethodNotFound
    }
}

/// A failure without the node's own words: they may hold its L1's URL, key and all.
fn without_words(failure: &RpcFailure) -> String {
    if let RpcFailure::Rpc { code, .. } = failure {
        format!("answers with error {code}")
    } else if let RpcFailure::Http { status, .. } = failure {
        format!("HTTP {status}")
    } else if matches!(failure, RpcFailure::Malformed(_) | RpcFailure::RangeRefused { .. }) {
        "answers what makes no sense".to_owned()
    } else {
        one_line(failure)
    }
}

/// An answer within the deadline.
pub(super) async fn within<T>(deadline: Duration, answer: impl Future<Output = Result<T, RpcFailure>>) -> Answer<T> {
    let answer = timeout(deadline, answer).await.map_err(|_| NodeFailure::Deadline(deadline))?;
    answer.map_err(NodeFailure::Rpc)
}

/// What a node says of itself, if it follows what is configured.
pub(super) fn fitting(info: &NodeInfo, config: &NetworkConfig) -> Answer<()> {
    let registry = info.l1_contract_addresses.registry_address;
    if info.l1_chain_id != config.chain_id {
        return Err(NodeFailure::OtherChain { actual: info.l1_chain_id, expected: config.chain_id });
    }
    if registry != config.aztec_registry { Err(NodeFailure::OtherRegistry(registry)) } else { Ok(()) }
}
