//! Nodes in every state that was recorded or can be staged, with what is wrong with each: one table for all programs, so that none
//! shows as well what another tells.

use serde_json::{Value, json};

use super::FakeAztecNode;

/// The recorded validator that was offline.
pub const OFFLINE: &str = "0xd3a01ed4e1d0554a179daebf95508b668767d441";

/// What a node of the table follows, unless it follows something else on purpose.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The L1 chain.
    pub chain_id: u64,
    /// Aztec's registry.
    pub registry: String,
    /// The canonical rollup.
    pub rollup: String,
    /// Its version.
    pub version: u64,
    /// The rollup's slot now.
    pub slot: u64,
}

/// One node.
#[derive(Debug)]
pub struct NodeCase {
    /// Its name in the configuration.
    pub name: &'static str,
    recording: &'static str,
    stage: fn(&FakeAztecNode),
    port: Port,
    /// The codes of what is wrong with it, sorted.
    pub found: &'static [&'static str],
}

/// Where the configuration leads.
#[derive(Debug, Clone, Copy)]
enum Port {
    /// To the node, without an admin port.
    Public,
    /// To the node and its admin port.
    Both,
    /// To the admin port instead of the public one.
    AdminInstead,
    /// To the node, and to it again instead of the admin port.
    PublicTwice,
    /// To both, with a wrong key.
    WrongKey,
}

/// What is wrong with attesters and with the network as a whole, of all nodes of the table together.
pub const FOUND_BESIDE: [&str; 3] = ["attester_inactive", "attester_missed_proposals", "attester_offence"];

const fn case(
    name: &'static str,
    recording: &'static str,
    port: Port,
    found: &'static [&'static str],
    stage: fn(&FakeAztecNode),
) -> NodeCase {
    NodeCase { name, recording, stage, port, found }
}

const VALIDATOR: &str = "validator-node-4.1.2-slashed";

/// The table.
pub static CASES: [NodeCase; 32] = [
    case("well", VALIDATOR, Port::Both, &[], |_| ()),
    case("well-6", VALIDATOR, Port::Both, &[], FakeAztecNode::rename_methods),
    case("well-52", VALIDATOR, Port::Public, &[], |node| node.set_status(200, &p2p(true, 12).to_string())),
    case("few-peers", VALIDATOR, Port::Public, &["node_peers_few"], |node| node.set_result("p2p_getPeers", peers(1))),
    case("no-peers", VALIDATOR, Port::Public, &["node_peers_none"], |node| node.set_result("p2p_getPeers", peers(0))),
    case("no-p2p", VALIDATOR, Port::Public, &["node_peers_none"], |node| {
        node.set_status(503, &p2p(false, 0).to_string());
        node.set_error("p2p_getPeers", -32601, "Method not found: p2p_getPeers");
    }),
    case("no-p2p-412", "no-p2p", Port::Public, &["node_peers_none"], |node| {
        let recorded = node.recorded("p2p_getPeers", &json!([]));
        node.set_result("p2p_getPeers", recorded);
    }),
    case("no-peers-52", VALIDATOR, Port::Public, &["node_peers_none"], |node| {
        node.set_status(503, &p2p(true, 0).to_string().replace("\"ok\":true", "\"ok\":false"));
        node.set_error("p2p_getPeers", -32601, "Method not found: p2p_getPeers");
    }),
    case("unknown-peers", VALIDATOR, Port::Public, &["node_unread"], |node| {
        node.set_error("p2p_getPeers", -32601, "Method not found: p2p_getPeers");
    }),
    case("unknown-l1", VALIDATOR, Port::Public, &["node_unread"], |node| {
        for method in ["node_getCurrentMinFees", "node_getCurrentBaseFees"] {
            node.set_error(method, -32601, "Method not found");
        }
    }),
    case("unknown-world", VALIDATOR, Port::Public, &["node_unread"], |node| {
        node.set_error("node_getWorldStateSyncStatus", -32601, "Method not found");
    }),
    case("l1-error-52", VALIDATOR, Port::Public, &["node_l1_unreachable"], |node| {
        node.set_status(200, &p2p(true, 12).to_string());
        node.set_error("node_getCurrentMinFees", -32603, "HTTP request failed. URL: http://l1/PLANTEDKEY");
    }),
    case("standby-admin", "standby-4.1.2", Port::Both, &["node_admin_down", "node_down"], |_| ()),
    case("l1-429", "l1-rate-limited", Port::Public, &["node_l1_unreachable"], |_| ()),
    case("l1-hung", "l1-timed-out", Port::Public, &["node_l1_unreachable"], |_| ()),
    case("l1-silent", "l1-paused", Port::Public, &["node_l1_unreachable", "sentinel_stale"], |_| ()),
    case("l1-error", "l1-down", Port::Public, &["node_l1_unreachable"], |_| ()),
    case("hung", VALIDATOR, Port::Both, &["node_admin_down", "node_down"], |node| node.set_hung(true)),
    case("standby", "standby-4.1.2", Port::Public, &["node_down"], |_| ()),
    case("error", VALIDATOR, Port::Public, &["node_down"], |node| {
        node.set_error("node_getNodeInfo", -32702, "HTTP request failed. URL: http://l1/PLANTEDKEY");
    }),
    case("web-page", VALIDATOR, Port::Public, &["node_down"], |node| node.set_page("<html><title>PLANTEDKEY</title>")),
    case("wrong-port", VALIDATOR, Port::AdminInstead, &["node_down"], |_| ()),
    case("admin-public", VALIDATOR, Port::PublicTwice, &["node_admin_down"], |_| ()),
    case("admin-key", VALIDATOR, Port::WrongKey, &["node_admin_down"], |_| ()),
    case("not-ready", VALIDATOR, Port::Public, &["node_not_ready"], |node| {
        node.set_result("node_isReady", json!(false));
    }),
    case("mute", VALIDATOR, Port::Public, &["node_unread"], |node| {
        node.set_error("node_getL2Tips", -32702, "HTTP request failed. URL: http://l1/PLANTEDKEY");
    }),
    case("behind", VALIDATOR, Port::Public, &["node_behind", "node_lagging"], |node| {
        node.set_result("node_getL2Tips", tips(8, 4));
    }),
    case("split", VALIDATOR, Port::Public, &["node_world_split"], |node| {
        let world = json!({ "latestBlockNumber": 30, "treesAreSynched": false });
        node.set_result("node_getWorldStateSyncStatus", world);
    }),
    case("other-chain", VALIDATOR, Port::Both, &["node_down"], |node| change_info(node, "/l1ChainId", json!(1))),
    case("other-registry", VALIDATOR, Port::Public, &["node_down"], |node| {
        change_info(node, "/l1ContractAddresses/registryAddress", json!("0x00000000000000000000000000000000000000aa"));
    }),
    case("other-rollup", VALIDATOR, Port::Both, &["node_other_rollup"], |node| {
        change_info(node, "/l1ContractAddresses/rollupAddress", json!("0x00000000000000000000000000000000000000aa"));
    }),
    case("stale", VALIDATOR, Port::Public, &["sentinel_stale"], |node| {
        let mut stats = node.recorded("node_getValidatorsStats", &json!([]));
        stats["lastProcessedSlot"] = json!(96);
        node.set_result("node_getValidatorsStats", stats);
    }),
];

/// How many checkpoints the rollup on L1 is to have while the table is played.
pub const CHECKPOINTS: u64 = 15;

impl NodeCase {
    /// Starts the node, with its section of the configuration. `key_file` holds the admin key, `wrong_key_file` another one.
    ///
    /// # Errors
    /// See [`FakeAztecNode::replay`].
    pub async fn start(
        &self,
        network: &str,
        followed: &Followed,
        (key_file, wrong_key_file): (&str, &str),
    ) -> anyhow::Result<(FakeAztecNode, String)> {
        let node = FakeAztecNode::replay(self.recording).await?;
        if self.recording != "standby-4.1.2" {
            node.set_result(
                "node_getNodeInfo",
                json!({
                    "nodeVersion": "4.1.2", "l1ChainId": followed.chain_id, "rollupVersion": followed.version,
                    "l1ContractAddresses": { "rollupAddress": followed.rollup, "registryAddress": followed.registry },
                }),
            );
            node.set_result("node_getL2Tips", tips(30, CHECKPOINTS));
            node.set_result("p2p_getPeers", peers(8));
            if self.recording == VALIDATOR {
                let mut stats = node.recorded("node_getValidatorsStats", &json!([]));
                stats["lastProcessedSlot"] = json!(followed.slot);
                node.set_result("node_getValidatorsStats", stats);
            }
        }
        (self.stage)(&node);
        let (public, admin) = (node.url(), node.admin_url());
        let (url, admin, key) = match self.port {
            Port::Public => (public, None, key_file),
            Port::Both => (public, Some(admin), key_file),
            Port::AdminInstead => (admin, None, key_file),
            Port::PublicTwice => (public.clone(), Some(public), key_file),
            Port::WrongKey => (public, Some(admin), wrong_key_file),
        };
        let mut text = format!(
            "\n[[networks.{network}.aztec_nodes]]\nname = \"{}\"\nurl = \"{url}\"\ntimeout = \"1s\"\n",
            self.name
        );
        if let Some(admin) = admin {
            text.push_str(&format!("admin_url = \"{admin}\"\nadmin_api_key_file = \"{key}\"\n"));
        }
        Ok((node, text))
    }
}

fn peers(count: usize) -> Value {
    json!(vec![json!({ "status": "connected" }); count])
}

fn p2p(enabled: bool, connected: u64) -> Value {
    json!({ "ok": enabled, "components": { "p2p": { "healthy": enabled, "enabled": enabled, "connectedPeers": connected } } })
}

fn tips(block: u64, checkpoint: u64) -> Value {
    let tip = json!({ "block": { "number": block }, "checkpoint": { "number": checkpoint } });
    json!({ "proposed": { "number": block }, "checkpointed": tip, "proven": tip, "finalized": tip })
}

fn change_info(node: &FakeAztecNode, at: &str, value: Value) {
    let mut info = node.result("node_getNodeInfo");
    if let Some(place) = info.pointer_mut(at) {
        *place = value;
    }
    node.set_result("node_getNodeInfo", info);
}
