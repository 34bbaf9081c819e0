//! One Aztec node: what its capture says.

use butler_testkit::aztec_node::FakeAztecNode;
use serde_json::json;

use super::with;
use crate::support::Bench;

/// A fake node that follows the devnet's registry, and its section of the configuration.
pub(crate) async fn stand_up(bench: &Bench) -> FakeAztecNode {
    let node = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    let contracts = bench.oracle().contracts;
    node.set_result(
        "node_getNodeInfo",
        json!({
            "nodeVersion": "4.1.2", "l1ChainId": bench.oracle().chain_id, "rollupVersion": bench.oracle().rollup.version,
            "l1ContractAddresses":
                { "rollupAddress": contracts.rollup_address, "registryAddress": contracts.registry_address },
        }),
    );
    // As a node since 5.2 tells it.
    let status =
        json!({ "ok": true, "components": { "p2p": { "healthy": true, "enabled": true, "connectedPeers": 1 } } });
    node.set_status(200, &status.to_string());
    bench.write("admin-key", FakeAztecNode::ADMIN_KEY);
    bench.append(&format!(
        "[[networks.devnet.aztec_nodes]]
name = \"alpha\"
server = \"server-1\"
url = \"{}\"
admin_url = \"{}\"
admin_api_key_file = \"admin-key\"",
        node.url(),
        node.admin_url()
    ));
    node
}

pub(crate) fn expected(bench: &Bench) -> Vec<(String, f64)> {
    vec![
        (labelled("butler_node_up", "server", "server-1"), 1.0),
        (with("butler_node_ready", "node", "alpha"), 1.0),
        (with("butler_node_proposed_block", "node", "alpha"), 18.0),
        (with("butler_node_proven_block", "node", "alpha"), 15.0),
        (with("butler_node_finalized_block", "node", "alpha"), 15.0),
        (with("butler_node_l1_reachable", "node", "alpha"), 1.0),
        (with("butler_node_rollup_agrees", "node", "alpha"), 1.0),
        (with("butler_node_blocks_expected", "node", "alpha"), 1.0),
        (with("butler_node_p2p_enabled", "node", "alpha"), 1.0),
        (labelled("butler_node_rollup_info", "rollup", &bench.oracle().rollup.version.to_string()), 1.0),
        (with("butler_node_world_state_block", "node", "alpha"), 18.0),
        (with("butler_node_world_state_synced", "node", "alpha"), 1.0),
        // The recorded node is ahead of the devnet, which has no checkpoints.
        (with("butler_rollup_checkpoint", "tip", "pending"), 0.0),
        (with("butler_rollup_checkpoint", "tip", "proven"), 0.0),
        (labelled("butler_node_lag_checkpoints", "tip", "pending"), 0.0),
        (labelled("butler_node_lag_checkpoints", "tip", "proven"), 0.0),
        (labelled("butler_node_peers", "status", "connected"), 1.0),
        (labelled("butler_node_peers", "status", "dialing"), 0.0),
        (labelled("butler_node_peers", "status", "cached"), 0.0),
        (labelled("butler_node_peers", "status", "other"), 0.0),
        ("butler_node_info{network=\"devnet\",node=\"alpha\",version=\"4.1.2\"}".to_owned(), 1.0),
    ]
}

/// The series of a family with one more label than the node.
fn labelled(family: &str, label: &str, value: &str) -> String {
    format!("{family}{{network=\"devnet\",node=\"alpha\",{label}=\"{value}\"}}")
}
