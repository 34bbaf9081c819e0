//! What one node answered to each question, and the state that this makes of it.

use std::time::Duration;

use tokio::time::Instant;

use super::failure::{Answer, NodeFailure, fitting, within};
use crate::client::aztec_node::{AztecNode, L1Access, L2Tips, NodeInfo, NodeStatus, PeerCounts, WorldState};
use crate::client::error::RpcFailure;
use crate::client::text::printable;
use crate::config::NetworkConfig;
use crate::domain::findings::node::NodeState;
use crate::domain::operator::node::{Followed, far_ahead, lag};
use crate::domain::rollup::CheckpointTips;
use crate::domain::snapshot::NetworkSnapshot;

/// The longest version that is shown.
const VERSION_LIMIT: usize = 64;

/// What one node answered to each question.
#[derive(Debug)]
pub struct NodeAnswers {
    /// The node's name in the configuration.
    pub name: String,
    /// What it says of itself, if that fits the configuration.
    pub info: Answer<NodeInfo>,
    /// How long that answer took.
    pub round_trip: Duration,
    /// Whether it calls itself ready.
    pub ready: Answer<bool>,
    /// The heads of its chain.
    pub tips: Answer<L2Tips>,
    /// Its peers; `None` for a node without a peer-to-peer side.
    pub peers: Option<Answer<PeerCounts>>,
    /// The state of its world; `None` for a node that does not say.
    pub world: Option<Answer<WorldState>>,
    /// What it says without JSON-RPC; `None` where something else answers there, as for a way to the node that leads to JSON-RPC only.
    pub status: Option<Answer<NodeStatus>>,
    /// Whether it can use its own L1 endpoint.
    pub l1: L1Access,
    /// The version of a node that follows something else.
    stranger_version: Option<String>,
}

/// Asks a node everything, side by side. No question waits for longer than `deadline`.
pub async fn ask_node(node: &AztecNode, config: &NetworkConfig, deadline: Duration) -> NodeAnswers {
    let began = Instant::now();
    let info = async {
        let info = within(deadline, node.node_info()).await;
        (info, began.elapsed())
    };
    let ((info, round_trip), ready, tips, peers, world, status, l1) = tokio::join!(
        info,
        within(deadline, node.is_ready()),
        within(deadline, node.l2_tips()),
        within(deadline, node.peers()),
        within(deadline, node.world_state()),
        within(deadline, node.status()),
        node.l1_access(deadline),
    );
    let (info, stranger_version) = match info {
        Ok(info) => match fitting(&info, config) {
            Ok(()) => (Ok(info), None),
            Err(failure) => (Err(failure), Some(info.node_version)),
        },
        Err(failure) => (Err(failure), None),
    };
    NodeAnswers {
        name: node.name().to_owned(),
        info,
        round_trip,
        ready,
        tips,
        peers: where_supported(peers),
        world: where_supported(world),
        status: where_its_own(status),
        l1,
        stranger_version,
    }
}

fn where_supported<T>(answer: Answer<T>) -> Option<Answer<T>> {
    if answer.as_ref().is_err_and(NodeFailure::is_unknown_method) { None } else { Some(answer) }
}

/// The answer to `/status`, unless it is none of an Aztec node.
fn where_its_own(status: Answer<NodeStatus>) -> Option<Answer<NodeStatus>> {
    let is_anothers = matches!(
        status,
        Err(NodeFailure::Rpc(
            RpcFailure::Malformed(_) | RpcFailure::Unauthorized { .. } | RpcFailure::Http { status: 300..500, .. }
        ))
    );
    if is_anothers { None } else { Some(status) }
}

impl NodeAnswers {
    /// The questions that it did not answer, by what they are about, with why. A node whose L1 is gone answers, so that is
    /// none of them.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &NodeFailure)> {
        let failures = [
            ("who it is", self.info.as_ref().err()),
            ("whether it is ready", self.ready.as_ref().err()),
            ("its tips", self.tips.as_ref().err()),
            ("its peers", self.peers.as_ref().and_then(|peers| peers.as_ref().err())),
            ("its world state", self.world.as_ref().and_then(|world| world.as_ref().err())),
            ("its /status", self.status.as_ref().and_then(|status| status.as_ref().err())),
        ];
        failures.into_iter().filter_map(|(what, failure)| Some((what, failure?)))
    }

    /// The questions that it does not know, and that every node for rollups of 4 to 6 answers in one way or another. What is
    /// behind them cannot be seen, which is not the same as well.
    fn unknown(&self) -> impl Iterator<Item = &'static str> {
        let unknown = [
            ("its peers", self.peers.is_none() && self.connected_peers().is_none() && self.p2p_enabled().is_none()),
            ("its world state", self.world.is_none()),
            ("whether its own L1 answers", self.l1 == L1Access::Unknown),
        ];
        let is_up = self.info.is_ok();
        unknown.into_iter().filter_map(move |(what, is_unknown)| (is_unknown && is_up).then_some(what))
    }

    /// The software that it runs, made printable.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let version = self.info.as_ref().ok().map(|info| &info.node_version).or(self.stranger_version.as_ref());
        Some(printable(version?).chars().take(VERSION_LIMIT).collect())
    }

    /// Its connected peers, by whichever answer tells.
    #[must_use]
    pub fn connected_peers(&self) -> Option<u64> {
        let listed = self.peers.as_ref().and_then(|peers| peers.as_ref().ok()).map(|peers| peers.connected);
        listed.or_else(|| self.told_status()?.p2p?.connected_peers)
    }

    /// Whether its peer-to-peer side is switched on, where it tells.
    #[must_use]
    pub fn p2p_enabled(&self) -> Option<bool> {
        self.told_status()?.p2p?.enabled
    }

    fn told_status(&self) -> Option<NodeStatus> {
        self.status.as_ref()?.as_ref().ok().copied()
    }

    /// Numbers that no node of the rollup that it follows can have.
    fn impossible(&self, on_l1: CheckpointTips) -> impl Iterator<Item = String> {
        let told = self.tips.as_ref().ok().map(|tips| {
            [("pending", on_l1.pending, tips.pending_checkpoint), ("proven", on_l1.proven, tips.proven_checkpoint)]
        });
        told.into_iter().flatten().filter_map(|(tip, on_l1, own)| {
            let ahead = far_ahead(on_l1, own)?;
            Some(format!("how far it is (its {tip} checkpoint is {ahead} ahead of L1's, which cannot be)"))
        })
    }

    /// The rollup that it follows, among those of a snapshot.
    #[must_use]
    pub fn followed<'a>(&self, snapshot: &'a NetworkSnapshot) -> Option<Followed<'a>> {
        Some(Followed::of(snapshot, self.info.as_ref().ok()?.rollup()))
    }

    /// What findings are made from. `snapshot` is the last one, unless that is too old; `grace` is how long a node may follow
    /// the former rollup after a cut-over, in seconds.
    #[must_use]
    pub fn state(&self, snapshot: Option<&NetworkSnapshot>, grace: u64) -> NodeState {
        let followed = snapshot.and_then(|snapshot| Some((self.followed(snapshot)?, snapshot)));
        let tips = self.tips.as_ref().ok();
        let on_l1 = followed.map(|(followed, _)| followed.tips()).unwrap_or_default();
        let unread = self.failures().map(|(what, why)| format!("{what} ({why})"));
        let unknown = self.unknown().map(|what| format!("{what} (it does not know the question)"));
        NodeState {
            name: self.name.clone(),
            is_up: self.info.is_ok(),
            why_down: self.info.as_ref().err().map(|failure| self.why_down(failure)),
            is_ready: self.ready.as_ref().ok().copied(),
            l1_answers: self.l1.is_usable(),
            rollup: self.info.as_ref().ok().map(NodeInfo::rollup),
            canonical: snapshot.map(NetworkSnapshot::canonical),
            standing: followed.map(|(followed, snapshot)| followed.standing(snapshot, grace)),
            is_well: self.told_status().map(|status| status.is_ok),
            peers: self.connected_peers(),
            p2p_enabled: self.p2p_enabled(),
            lag: tips.and_then(|tips| lag(on_l1.pending, tips.pending_checkpoint)),
            proposed: tips.map(|tips| tips.proposed),
            world_in_step: self
                .world
                .as_ref()
                .and_then(|world| world.as_ref().ok())
                .map(|world| world.trees_are_synched),
            version: self.version(),
            unread: unread.chain(unknown).chain(self.impossible(on_l1)).collect(),
        }
    }

    /// A node whose `/status` is well and that knows nothing else is in standby: its genesis is not that of its rollup.
    fn why_down(&self, failure: &NodeFailure) -> String {
        let is_silent = matches!(failure, NodeFailure::Rpc(RpcFailure::Http { status: 404, .. }));
        match self.told_status() {
            Some(status) if status.is_ok && is_silent => {
                format!("{failure}, and only its /status is well: it is in standby until the canonical rollup fits it")
            }
            Some(_) | None => failure.to_string(),
        }
    }
}
