//! What is wrong with an Aztec node: whether it is there, what it follows, how far it is.

use std::collections::BTreeSet;

use super::{Finding, FindingKind, Level, Severity, Subject, Thresholds};

/// What is known of one node; `None` for what it did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeState {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it answers and follows the configured chain and registry.
    pub is_up: bool,
    /// Whether it calls itself ready.
    pub is_ready: Option<bool>,
    /// Whether its own L1 answers it.
    pub l1_answers: Option<bool>,
    /// Whether it follows the canonical rollup.
    pub follows_canonical: Option<bool>,
    /// Whether it follows the rollup that was canonical until a moment ago, as it should for a while.
    pub is_leaving: bool,
    /// Its connected peers.
    pub peers: Option<u64>,
    /// How many checkpoints it is behind L1.
    pub lag: Option<u64>,
    /// Its newest proposed block.
    pub proposed: Option<u64>,
    /// Whether the trees of its world state belong to one block.
    pub world_in_step: Option<bool>,
    /// The software that it runs.
    pub version: Option<String>,
}

/// Everything that is wrong with a network's nodes.
#[must_use]
pub fn of_nodes(nodes: &[NodeState], thresholds: &Thresholds) -> Vec<Finding> {
    let mut found: Vec<Finding> = nodes.iter().flat_map(|node| of_node(node, thresholds)).collect();
    // Blocks of different rollups are not compared.
    let here = || nodes.iter().filter(|node| node.follows_canonical != Some(false));
    let best = here().filter_map(|node| node.proposed).max().unwrap_or_default();
    for node in here() {
        let behind = node.proposed.map_or(0, |proposed| best.saturating_sub(proposed));
        if behind > thresholds.node_behind_blocks {
            let what = format!("it is {behind} blocks behind the best own node");
            found.push(about(node, FindingKind::NodeBehind, Severity::Warning, what));
        }
    }
    let versions: BTreeSet<&String> = nodes.iter().filter_map(|node| node.version.as_ref()).collect();
    if versions.len() > 1 {
        let what = format!("its nodes run {} different versions", versions.len());
        found.push(Finding::new(FindingKind::NodeVersionsDiffer, Severity::Info, Subject::Network, what));
    }
    found
}

/// Everything that is wrong with one node, looked at alone.
#[must_use]
pub fn of_node(node: &NodeState, thresholds: &Thresholds) -> Vec<Finding> {
    use FindingKind as Kind;
    if !node.is_up {
        let what = "it does not answer, or follows another network";
        return vec![about(node, Kind::NodeDown, Severity::Critical, what)];
    }
    let mut found = Vec::new();
    let mut is_wrong = |holds: bool, kind, severity, what: &str| {
        if holds {
            found.push(about(node, kind, severity, what).at_level(Level::Error));
        }
    };
    is_wrong(node.is_ready == Some(false), Kind::NodeNotReady, Severity::Warning, "it answers and is not ready");
    let what = "it gets no usable answer from its own L1: it can neither attest nor propose";
    is_wrong(node.l1_answers == Some(false), Kind::NodeL1Unreachable, Severity::Critical, what);
    let what = "it does not follow the canonical rollup";
    is_wrong(
        node.follows_canonical == Some(false) && !node.is_leaving,
        Kind::NodeOtherRollup,
        Severity::Critical,
        what,
    );
    is_wrong(node.peers == Some(0), Kind::NodePeersNone, Severity::Critical, "it has no peers");
    if node.is_leaving {
        let what = "it follows the rollup that was canonical before, and should for two more epochs";
        found.push(about(node, Kind::NodeOtherRollup, Severity::Info, what));
    }
    if let Some(peers) = node.peers.filter(|peers| (1..thresholds.node_peers).contains(peers)) {
        let what = format!("it has only {peers} peers");
        found.push(about(node, Kind::NodePeersFew, Severity::Warning, what));
    }
    if let Some(lag) = node.lag.filter(|lag| *lag > thresholds.node_lag_checkpoints) {
        let what = format!("it is {lag} checkpoints behind L1");
        found.push(about(node, Kind::NodeLagging, Severity::Warning, what));
    }
    if node.world_in_step == Some(false) {
        found.push(about(node, Kind::NodeWorldSplit, Severity::Warning, "its world state is not in step"));
    }
    found
}

fn about(node: &NodeState, kind: FindingKind, severity: Severity, what: impl Into<String>) -> Finding {
    Finding::new(kind, severity, Subject::Node(node.name.clone()), what)
}
