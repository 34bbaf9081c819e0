//! What one node answered to each question, and what that makes of it.

use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, L1Access, L2Tips, NodeInfo, PeerCounts, WorldState};
use butler_core::client::error::ErrorKind;
use butler_core::config::NetworkConfig;
use tokio::time::Instant;

use crate::catalogue::values::FailureKind;
use crate::scrapers::ask::{Answer, fits, within};

/// What one node answered to each question.
#[derive(Debug)]
pub(super) struct NodeFacts {
    /// The node's name in the configuration.
    pub(super) name: String,
    /// What it says of itself, if that fits the configuration.
    pub(super) info: Answer<NodeInfo>,
    /// How long that answer took.
    pub(super) round_trip: Duration,
    /// Whether it calls itself ready.
    pub(super) ready: Answer<bool>,
    /// The heads of its chain.
    pub(super) tips: Answer<L2Tips>,
    /// Its peers; `None` for a node without a peer-to-peer side.
    pub(super) peers: Option<Answer<PeerCounts>>,
    /// The state of its world; `None` for a node that does not say.
    pub(super) world: Option<Answer<WorldState>>,
    /// Whether it can use its own L1 endpoint.
    pub(super) l1: L1Access,
    /// The version of a node that follows something else.
    pub(super) stranger_version: Option<String>,
}

impl NodeFacts {
    /// Everything that is wrong. A node whose L1 is gone answers, so that is a reading and no failure.
    pub(super) fn failures(&self) -> impl Iterator<Item = FailureKind> {
        let failures = [
            self.info.as_ref().err().copied(),
            self.ready.as_ref().err().copied(),
            self.tips.as_ref().err().copied(),
            self.peers.as_ref().and_then(|peers| peers.as_ref().err()).copied(),
            self.world.as_ref().and_then(|world| world.as_ref().err()).copied(),
        ];
        failures.into_iter().flatten()
    }
}

/// Asks a node everything, side by side.
pub(super) async fn ask(node: &AztecNode, config: &NetworkConfig, deadline: Duration) -> NodeFacts {
    let began = Instant::now();
    let info = async {
        let info = within(deadline, node.node_info()).await;
        (info, began.elapsed())
    };
    let ((info, round_trip), ready, tips, peers, world, l1) = tokio::join!(
        info,
        within(deadline, node.is_ready()),
        within(deadline, node.l2_tips()),
        within(deadline, node.peers()),
        within(deadline, node.world_state()),
        node.l1_access(deadline),
    );
    let (info, stranger_version) = match info {
        Ok(info) if !fits(&info, config) => (Err(FailureKind::Rpc(ErrorKind::WrongChain)), Some(info.node_version)),
        info => (info, None),
    };
    NodeFacts {
        name: node.name().to_owned(),
        info,
        round_trip,
        ready,
        tips,
        peers: where_supported(peers),
        world: where_supported(world),
        l1,
        stranger_version,
    }
}

fn where_supported<T>(answer: Answer<T>) -> Option<Answer<T>> {
    if matches!(answer, Err(FailureKind::Rpc(ErrorKind::MethodNotFound))) { None } else { Some(answer) }
}
