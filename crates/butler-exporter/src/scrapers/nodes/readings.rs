//! Turns what nodes answered into readings.

use butler_core::domain::findings::node::NodeState;
use butler_core::domain::operator::node::{Followed, lag};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::nodes::NodeAnswers;

use crate::catalogue;
use crate::catalogue::values::Tip;
use crate::readings::{Readings, number, truth};

/// Turns what a node answered into readings. `server` is the one whose keys it runs, where the
/// configuration says so; `snapshot` is the last one, unless that is too old.
pub(super) fn node_readings(
    readings: &mut Readings,
    (node, server): (&NodeAnswers, Option<&str>),
    state: &NodeState,
    snapshot: Option<&NetworkSnapshot>,
) {
    let label = || [node.name.clone()];
    readings.push(&catalogue::NODE_UP, [node.name.clone(), server.unwrap_or_default().to_owned()], truth(state.is_up));
    if let Some(version) = &state.version {
        readings.push(&catalogue::NODE, [node.name.clone(), version.clone()], 1.0);
    }
    if !state.is_up {
        return;
    }
    readings.push(&catalogue::NODE_ROUND_TRIP, label(), node.round_trip.as_secs_f64());
    if let Some(rollup) = state.rollup {
        readings.push(&catalogue::NODE_ROLLUP, [node.name.clone(), rollup.version.to_string()], 1.0);
    }
    if let Some(standing) = state.standing {
        readings.push(&catalogue::NODE_ROLLUP_AGREES, label(), truth(standing.is_right()));
    }
    let followed = snapshot.and_then(|snapshot| Some((node.followed(snapshot)?, snapshot)));
    if let Some((followed, snapshot)) = followed
        && followed != Followed::Other
    {
        // Whether those who did not move are enough for a committee is not known; then nothing is expected.
        let is_expected = followed.has_committee(snapshot).unwrap_or_default();
        readings.push(&catalogue::NODE_BLOCKS_EXPECTED, label(), truth(is_expected));
    }
    push_tips(readings, node, followed.map(|(followed, _)| followed));
    push_state(readings, node, state);
}

fn push_tips(readings: &mut Readings, node: &NodeAnswers, followed: Option<Followed<'_>>) {
    let Ok(tips) = node.tips else { return };
    let label = || [node.name.clone()];
    readings.push(&catalogue::NODE_PROPOSED, label(), number(tips.proposed));
    readings.push(&catalogue::NODE_PROVEN, label(), number(tips.proven));
    readings.push(&catalogue::NODE_FINALIZED, label(), number(tips.finalized));
    let on_l1 = followed.map(Followed::tips).unwrap_or_default();
    for (tip, l1, own) in
        [(Tip::Pending, on_l1.pending, tips.pending_checkpoint), (Tip::Proven, on_l1.proven, tips.proven_checkpoint)]
    {
        if let Some(lag) = lag(l1, own) {
            readings.push(&catalogue::NODE_LAG, [node.name.clone(), tip.name().to_owned()], number(lag));
        }
    }
}

fn push_state(readings: &mut Readings, node: &NodeAnswers, state: &NodeState) {
    let label = || [node.name.clone()];
    if let Some(ready) = state.is_ready {
        readings.push(&catalogue::NODE_READY, label(), truth(ready));
    }
    if let Some(well) = state.is_well {
        readings.push(&catalogue::NODE_STATUS_OK, label(), truth(well));
    }
    if let Some(answers) = state.l1_answers {
        readings.push(&catalogue::NODE_L1_REACHABLE, label(), truth(answers));
    }
    if let Some(enabled) = state.p2p_enabled {
        readings.push(&catalogue::NODE_P2P_ENABLED, label(), truth(enabled));
    }
    if let Some(Ok(peers)) = node.peers {
        for (status, count) in peers.by_status() {
            readings.push(&catalogue::NODE_PEERS, [node.name.clone(), status.to_owned()], number(count));
        }
    } else if let Some(connected) = state.peers {
        readings.push(&catalogue::NODE_PEERS, [node.name.clone(), "connected".to_owned()], number(connected));
    }
    if let Some(Ok(world)) = node.world {
        readings.push(&catalogue::NODE_WORLD_BLOCK, label(), number(world.latest_block_number));
        readings.push(&catalogue::NODE_WORLD_SYNCED, label(), truth(world.trees_are_synched));
    }
}
