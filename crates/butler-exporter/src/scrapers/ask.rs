//! One question to somebody's Aztec node, and what its answer is good for.

use std::time::Duration;

use butler_core::client::aztec_node::NodeInfo;
use butler_core::client::error::RpcFailure;
use butler_core::client::text::printable;
use butler_core::config::NetworkConfig;
use butler_core::network::nodes::NodeFailure;
use tokio::time::timeout;

use crate::catalogue::values::FailureKind;

/// The longest version that becomes a label.
const VERSION_LIMIT: usize = 64;

/// An answer, or the kind of failure.
pub(crate) type Answer<T> = Result<T, FailureKind>;

/// Whether the node follows what is configured.
pub(crate) fn fits(info: &NodeInfo, config: &NetworkConfig) -> bool {
    info.l1_chain_id == config.chain_id && info.l1_contract_addresses.registry_address == config.aztec_registry
}

/// A version that a stranger wrote, as a label.
pub(crate) fn version_label(version: &str) -> String {
    printable(version).chars().take(VERSION_LIMIT).collect()
}

/// The kind that is counted of what a node did instead of answering.
pub(crate) fn kind_of(failure: &NodeFailure) -> FailureKind {
    match failure {
        NodeFailure::Deadline(_) => FailureKind::Deadline,
        NodeFailure::Rpc(_)
        | NodeFailure::OtherChain { .. }
        | NodeFailure::OtherRegistry(_)
        | NodeFailure::OtherRollup => FailureKind::Rpc(failure.kind()),
    }
}

/// An answer within the deadline. Its failure is its kind: a node's own words may hold its L1 endpoint's URL.
pub(crate) async fn within<T>(deadline: Duration, answer: impl Future<Output = Result<T, RpcFailure>>) -> Answer<T> {
    let answer = timeout(deadline, answer).await.map_err(|_| FailureKind::Deadline)?;
    answer.map_err(|failure| FailureKind::Rpc(failure.kind()))
}
