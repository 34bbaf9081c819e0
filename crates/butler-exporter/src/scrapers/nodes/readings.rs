//! Turns what nodes answered into readings.

use butler_core::client::aztec_node::NodeInfo;
use butler_core::domain::findings::node::NodeState;
use butler_core::domain::operator::node::{Followed, lag};
use butler_core::domain::rollup::CheckpointTips;
use butler_core::domain::snapshot::NetworkSnapshot;

use super::facts::NodeFacts;
use crate::catalogue;
use crate::catalogue::values::Tip;
use crate::readings::{Readings, number, truth};
use crate::scrapers::ask::version_label;

/// Turns what nodes answered into readings. `snapshot` is the last one, unless that is too old; `grace` is how long a node may
/// follow the former rollup after a cut-over, in seconds.
pub(super) fn node_readings(nodes: &[NodeFacts], snapshot: Option<&NetworkSnapshot>, grace: u64) -> Readings {
    let mut readings = Readings::default();
    for node in nodes {
        let label = || [node.name.clone()];
        readings.push(&catalogue::NODE_UP, label(), truth(node.info.is_ok()));
        let version = node.info.as_ref().ok().map(|info| &info.node_version).or(node.stranger_version.as_ref());
        if let Some(version) = version {
            readings.push(&catalogue::NODE, [node.name.clone(), version_label(version)], 1.0);
        }
        if let Ok(info) = &node.info {
            readings.push(&catalogue::NODE_ROUND_TRIP, label(), node.round_trip.as_secs_f64());
            if let Some(snapshot) = snapshot {
                let followed = followed(info, snapshot);
                let agrees = followed.is_canonical() || followed.is_leaving(snapshot.block.timestamp, grace);
                readings.push(&catalogue::NODE_ROLLUP_AGREES, label(), truth(agrees));
            }
            push_state(&mut readings, node, on_l1(info, snapshot));
        }
    }
    readings
}

fn followed<'a>(info: &NodeInfo, snapshot: &'a NetworkSnapshot) -> Followed<'a> {
    Followed::of(snapshot, info.l1_contract_addresses.rollup_address, info.rollup_version)
}

/// How far the rollup that a node follows is on L1.
fn on_l1(info: &NodeInfo, snapshot: Option<&NetworkSnapshot>) -> CheckpointTips {
    snapshot.map(|snapshot| followed(info, snapshot).tips()).unwrap_or_default()
}

/// What findings are made from.
pub(super) fn node_state(node: &NodeFacts, snapshot: Option<&NetworkSnapshot>, grace: u64) -> NodeState {
    let info = node.info.as_ref().ok();
    let followed = info.zip(snapshot).map(|(info, snapshot)| (followed(info, snapshot), snapshot.block.timestamp));
    let tips = node.tips.as_ref().ok();
    let on_l1 = info.map(|info| on_l1(info, snapshot)).unwrap_or_default();
    let version = info.map(|info| &info.node_version).or(node.stranger_version.as_ref());
    NodeState {
        name: node.name.clone(),
        is_up: info.is_some(),
        is_ready: node.ready.as_ref().ok().copied(),
        l1_answers: node.l1.is_usable(),
        follows_canonical: followed.map(|(followed, _)| followed.is_canonical()),
        is_leaving: followed.is_some_and(|(followed, now)| followed.is_leaving(now, grace)),
        peers: node.peers.as_ref().and_then(|peers| peers.as_ref().ok()).map(|peers| peers.connected),
        lag: tips.and_then(|tips| lag(on_l1.pending, tips.pending_checkpoint)),
        proposed: tips.map(|tips| tips.proposed),
        world_in_step: node.world.as_ref().and_then(|world| world.as_ref().ok()).map(|world| world.trees_are_synched),
        version: version.map(|version| version_label(version)),
    }
}

fn push_state(readings: &mut Readings, node: &NodeFacts, on_l1: CheckpointTips) {
    let label = || [node.name.clone()];
    if let Ok(ready) = node.ready {
        readings.push(&catalogue::NODE_READY, label(), truth(ready));
    }
    if let Some(reachable) = node.l1.is_usable() {
        readings.push(&catalogue::NODE_L1_REACHABLE, label(), truth(reachable));
    }
    if let Ok(tips) = node.tips {
        readings.push(&catalogue::NODE_PROPOSED, label(), number(tips.proposed));
        readings.push(&catalogue::NODE_PROVEN, label(), number(tips.proven));
        readings.push(&catalogue::NODE_FINALIZED, label(), number(tips.finalized));
        for (tip, l1, own) in [
            (Tip::Pending, on_l1.pending, tips.pending_checkpoint),
            (Tip::Proven, on_l1.proven, tips.proven_checkpoint),
        ] {
            if let Some(lag) = lag(l1, own) {
                readings.push(&catalogue::NODE_LAG, [node.name.clone(), tip.name().to_owned()], number(lag));
            }
        }
    }
    if let Some(Ok(peers)) = node.peers {
        for (status, count) in peers.by_status() {
            readings.push(&catalogue::NODE_PEERS, [node.name.clone(), status.to_owned()], number(count));
        }
    }
    if let Some(Ok(world)) = node.world {
        readings.push(&catalogue::NODE_WORLD_BLOCK, label(), number(world.latest_block_number));
        readings.push(&catalogue::NODE_WORLD_SYNCED, label(), truth(world.trees_are_synched));
    }
}
