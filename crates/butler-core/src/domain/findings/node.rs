//! What is wrong with an Aztec node: whether it is there, what it follows, how far it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, FindingKind, Level, Severity, Subject, Thresholds};
use crate::domain::operator::node::Standing;
use crate::domain::rollups::RollupId;
use crate::text::address::checksummed;
use crate::text::time::count;

/// What is known of one node; `None` for what it did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeState {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it answers and follows the configured chain and registry.
    pub is_up: bool,
    /// Why it is not up, in our own words.
    pub why_down: Option<String>,
    /// Whether it calls itself ready.
    pub is_ready: Option<bool>,
    /// Whether its own L1 answers it.
    pub l1_answers: Option<bool>,
    /// The rollup that it says that it follows.
    pub rollup: Option<RollupId>,
    /// The canonical rollup, where that is known.
    pub canonical: Option<RollupId>,
    /// What it means that it follows that rollup, where the rollups are known.
    pub standing: Option<Standing>,
    /// Whether it calls itself and all its components well at `/status`, where it tells.
    pub is_well: Option<bool>,
    /// Its connected peers.
    pub peers: Option<u64>,
    /// Whether its peer-to-peer side is switched on, where it tells.
    pub p2p_enabled: Option<bool>,
    /// How many checkpoints it is behind L1.
    pub lag: Option<u64>,
    /// Its newest proposed block.
    pub proposed: Option<u64>,
    /// Whether the trees of its world state belong to one block.
    pub world_in_step: Option<bool>,
    /// The software that it runs.
    pub version: Option<String>,
    /// What it was asked and did not tell, with why.
    pub unread: Vec<String>,
}

/// Everything that is wrong with a network's nodes.
#[must_use]
pub fn of_nodes(nodes: &[NodeState], thresholds: &Thresholds) -> Vec<Finding> {
    let mut found: Vec<Finding> = nodes.iter().flat_map(|node| of_node(node, thresholds)).collect();
    // Neither blocks nor versions of different rollups are compared: around a cut-over there are nodes for both.
    let mut rollups = BTreeMap::<Option<RollupId>, Vec<&NodeState>>::new();
    for node in nodes {
        rollups.entry(node.rollup).or_default().push(node);
    }
    for together in rollups.values() {
        let best = together.iter().filter_map(|node| node.proposed).max().unwrap_or_default();
        for node in together {
            let behind = node.proposed.map_or(0, |proposed| best.saturating_sub(proposed));
            if behind > thresholds.node_behind_blocks {
                let what = format!("it is {} behind the best own node", count(behind, "block"));
                found.push(about(node, FindingKind::NodeBehind, Severity::Warning, what));
            }
        }
    }
    for (rollup, together) in &rollups {
        let versions: BTreeSet<&String> = together.iter().filter_map(|node| node.version.as_ref()).collect();
        if versions.len() > 1 && rollup.is_some() {
            let what = format!("its nodes run {} different versions", versions.len());
            found.push(Finding::new(FindingKind::NodeVersionsDiffer, Severity::Info, Subject::Network, what));
        }
    }
    found
}

/// Everything that is wrong with one node, looked at alone.
#[must_use]
pub fn of_node(node: &NodeState, thresholds: &Thresholds) -> Vec<Finding> {
    use FindingKind as Kind;
    if !node.is_up {
        let what = match &node.why_down {
            Some(why) => format!("it is down: {why}"),
            None => "it does not answer, or follows another network".to_owned(),
        };
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
    let is_off = node.p2p_enabled == Some(false);
    let what = if is_off { "its peer-to-peer side is switched off" } else { "it has no peers" };
    let what = format!("{what}: it neither proposes nor attests, nor takes transactions");
    is_wrong(is_off || node.peers == Some(0), Kind::NodePeersNone, Severity::Critical, &what);
    found.extend(of_standing(node));
    if let Some(peers) = node.peers.filter(|peers| !is_off && (1..thresholds.node_peers).contains(peers)) {
        let what = format!("it has only {}", count(peers, "peer"));
        found.push(about(node, Kind::NodePeersFew, Severity::Warning, what));
    }
    if let Some(lag) = node.lag.filter(|lag| *lag > thresholds.node_lag_checkpoints) {
        let what = format!("it is {} behind L1", count(lag, "checkpoint"));
        found.push(about(node, Kind::NodeLagging, Severity::Warning, what));
    }
    if node.world_in_step == Some(false) {
        found.push(about(node, Kind::NodeWorldSplit, Severity::Warning, "its world state is not in step"));
    }
    // That its peers are missing is told already.
    if node.is_well == Some(false) && !is_off && node.peers != Some(0) {
        let what = "it says at /status that it, or a component of it, is not well";
        found.push(about(node, Kind::NodeUnwell, Severity::Warning, what));
    }
    if !node.unread.is_empty() {
        let what = format!("it answers, and does not tell {}", node.unread.join(", "));
        found.push(about(node, Kind::NodeUnread, Severity::Warning, what));
    }
    found
}

/// What it means that it follows another rollup than the canonical one.
fn of_standing(node: &NodeState) -> Option<Finding> {
    let (standing, followed) = (node.standing?, node.rollup?);
    let version = followed.version;
    let (severity, what) = match standing {
        Standing::Canonical => return None,
        Standing::Leaving => {
            let what = format!("it follows the former rollup (version {version}), and should for two more epochs");
            (Severity::Info, what)
        }
        Standing::Needed => {
            let what = format!("it follows the former rollup (version {version}), where own attesters need a node");
            (Severity::Info, what)
        }
        Standing::Former | Standing::Other => {
            let role = if standing == Standing::Former { "former" } else { "unknown" };
            let canonical = node.canonical.map_or_else(String::new, |canonical| {
                format!("; the canonical one is {} (version {})", checksummed(&canonical.address), canonical.version)
            });
            let address = checksummed(&followed.address);
            (Severity::Critical, format!("it follows the {role} rollup {address} (version {version}){canonical}"))
        }
    };
    Some(about(node, FindingKind::NodeOtherRollup, severity, what))
}

fn about(node: &NodeState, kind: FindingKind, severity: Severity, what: impl Into<String>) -> Finding {
    Finding::new(kind, severity, Subject::Node(node.name.clone()), what)
}
