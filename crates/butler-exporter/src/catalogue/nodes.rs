//! Own Aztec nodes.

use butler_core::client::aztec_node::PeerCounts;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

use crate::catalogue::values::Tip;

families! {
    NODE_UP: Gauge "butler_node_up" ["network", "node", "server"] "" "Whether an Aztec node answers, and follows the configured chain and Aztec Registry.";
    NODE_READY: Gauge "butler_node_ready" ["network", "node"] "" "Whether an Aztec node calls itself ready; one whose L1 is gone does, too.";
    NODE_STATUS_OK: Gauge "butler_node_status_ok" ["network", "node"] "" "Whether an Aztec node calls itself and all its components well at `/status`; absent where it does not tell. One whose L1 is gone does, too.";
    NODE_PROPOSED: Gauge "butler_node_proposed_block" ["network", "node"] "" "An Aztec node's newest proposed block.";
    NODE_PROVEN: Gauge "butler_node_proven_block" ["network", "node"] "" "An Aztec node's newest proven block.";
    NODE_FINALIZED: Gauge "butler_node_finalized_block" ["network", "node"] "" "An Aztec node's newest block that is finalized on L1.";
    NODE_LAG: Gauge "butler_node_lag_checkpoints" ["network", "node", "tip": names::<Tip>] "" "How many checkpoints an Aztec node is behind the rollup on L1, by tip; absent while the last snapshot is too old, and for a tip further ahead than any of that rollup can be.";
    NODE_ROLLUP_AGREES: Gauge "butler_node_rollup_agrees" ["network", "node"] "" "Whether an Aztec node follows the canonical rollup of the last snapshot, one where own attesters validate or will, or for three hours after a cut-over the one before.";
    NODE_ROLLUP: Info "butler_node_rollup_info" ["network", "node", "rollup"] "" "The version of the rollup that an Aztec node follows.";
    NODE_BLOCKS_EXPECTED: Gauge "butler_node_blocks_expected" ["network", "node"] "" "Whether the rollup that an Aztec node follows is expected to have a committee, and so blocks: 0 for about two epochs after a cut-over to it, and from then on after a cut-over from it; absent where nothing is known of that rollup.";
    NODE_L1_REACHABLE: Gauge "butler_node_l1_reachable" ["network", "node"] "" "Whether an Aztec node gets a usable answer from its own L1 endpoint: 0 for an error of any kind and for silence; absent where that can not be told.";
    NODE_PEERS: Gauge "butler_node_peers" ["network", "node", "status": PeerCounts::statuses] "" "An Aztec node's peers by status; absent for a node without a peer-to-peer side.";
    NODE_P2P_ENABLED: Gauge "butler_node_p2p_enabled" ["network", "node"] "" "Whether the peer-to-peer side of an Aztec node is switched on; only for nodes that tell (since 5.2).";
    NODE_WORLD_BLOCK: Gauge "butler_node_world_state_block" ["network", "node"] "" "The newest block in an Aztec node's world state.";
    NODE_WORLD_SYNCED: Gauge "butler_node_world_state_synced" ["network", "node"] "" "Whether the trees of an Aztec node's world state belong to the same block.";
    NODE_ROUND_TRIP: Gauge "butler_node_round_trip_seconds" ["network", "node"] "seconds" "How long an Aztec node took to say who it is.";
    NODE: Info "butler_node_info" ["network", "node", "version"] "" "The software of an Aztec node.";
}
