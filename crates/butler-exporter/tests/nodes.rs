//! The whole program and recorded Aztec nodes: what it says of each, and that it repeats none of their words.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use butler_testkit::aztec_node::FakeAztecNode;
use ethers_core::utils::keccak256;
use serde_json::json;
use support::{Bench, Program, Series};

/// Where the rollup keeps the heads of its chain: pending in the upper half, proven in the lower.
const TIPS: &str = "aztec.stf.storage";

/// A node of that recording which follows the devnet's canonical rollup, under its own name in the configuration.
async fn node(bench: &Bench, recording: &str, name: &str) -> FakeAztecNode {
    let node = FakeAztecNode::replay(recording).await.unwrap();
    let contracts = bench.oracle().contracts;
    node.set_result(
        "node_getNodeInfo",
        json!({
            "nodeVersion": "4.1.2", "l1ChainId": bench.oracle().chain_id,
            "rollupVersion": bench.oracle().rollup.version,
            "l1ContractAddresses":
                { "rollupAddress": contracts.rollup_address, "registryAddress": contracts.registry_address },
        }),
    );
    add(bench, &node, name);
    node
}

fn add(bench: &Bench, node: &FakeAztecNode, name: &str) {
    let url = node.url();
    bench.append(&format!("[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{url}\"\ntimeout = \"1s\""));
}

/// Moves L1 on: as many checkpoints, all proven.
async fn advance(bench: &Bench, checkpoints: u64) {
    let value = format!("0x{checkpoints:032x}{checkpoints:032x}");
    let slot = format!("0x{}", ethers_core::utils::hex::encode(keccak256(TIPS)));
    let params = json!([bench.oracle().contracts.rollup_address, slot, value]);
    bench.chain.rpc("anvil_setStorageAt", params).await.unwrap();
    bench.chain.rpc("evm_mine", json!([])).await.unwrap();
}

async fn when_both_were_scraped(program: &Program, lag_of: &str) -> Series {
    let key = of(lag_of, "butler_node_rollup_agrees");
    program.when(&key, |series| series.contains_key(&key)).await
}

fn of(node: &str, family: &str) -> String {
    format!("{family}{{network=\"devnet\",node=\"{node}\"}}")
}

fn lag(node: &str, tip: &str) -> String {
    format!("butler_node_lag_checkpoints{{network=\"devnet\",node=\"{node}\",tip=\"{tip}\"}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_l1_hangs_or_is_gone_is_told_from_one_that_is_well() {
    let bench = Bench::start().await;
    let _nodes = [
        node(&bench, "l1-down", "gone").await,
        node(&bench, "l1-paused", "hung").await,
        node(&bench, "validator-node-4.1.2-slashed", "well").await,
    ];
    advance(&bench, 18).await;
    let program = bench.run().await;
    let series = when_both_were_scraped(&program, "well").await;
    for name in ["gone", "hung", "well"] {
        assert_eq!((series[&of(name, "butler_node_up")], series[&of(name, "butler_node_ready")]), (1.0, 1.0), "{name}");
        assert_eq!(series[&of(name, "butler_node_rollup_agrees")], 1.0, "{name}");
        assert_eq!((series[&lag(name, "pending")], series[&lag(name, "proven")]), (0.0, 3.0), "{name}");
        let reachable = f64::from(u8::from(name == "well"));
        assert_eq!(series[&of(name, "butler_node_l1_reachable")], reachable, "{name}");
    }
    assert_eq!(series["butler_rollup_checkpoint{network=\"devnet\",tip=\"pending\"}"], 18.0);
    // L1 goes on, and the nodes' tips do not.
    advance(&bench, 40).await;
    let series = program.when("the lag", |series| series.get(&lag("gone", "pending")) == Some(&22.0)).await;
    assert_eq!((series[&lag("hung", "pending")], series[&lag("hung", "proven")]), (22.0, 25.0));
    let (text, log) = (program.get("/metrics").text(), program.log());
    for secret in ["38545", "eth_blockNumber", "HTTP request failed", "viem"] {
        assert!(!text.contains(secret) && !log.contains(secret), "{secret} got out: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_down_and_one_on_another_rollup_is_told() {
    let bench = Bench::start().await;
    let standby = FakeAztecNode::replay("standby-4.1.2").await.unwrap();
    add(&bench, &standby, "standby");
    let other = node(&bench, "validator-node-4.1.2-proven", "other").await;
    let contracts = bench.oracle().contracts;
    let mut info = json!({ "nodeVersion": "4.1.2", "l1ChainId": bench.oracle().chain_id });
    info["rollupVersion"] = json!(bench.oracle().rollup.version);
    info["l1ContractAddresses"] =
        json!({ "rollupAddress": contracts.gse_address, "registryAddress": contracts.registry_address });
    other.set_result("node_getNodeInfo", info);
    let program = bench.run().await;
    let series = when_both_were_scraped(&program, "other").await;
    assert_eq!(series[&of("other", "butler_node_up")], 1.0);
    assert_eq!(series[&of("other", "butler_node_rollup_agrees")], 0.0);
    assert_eq!(series[&of("standby", "butler_node_up")], 0.0);
    let of_standby = series.keys().filter(|key| key.contains("node=\"standby\"")).count();
    assert_eq!(of_standby, 1, "nothing else is known of it: {series:#?}");
    assert!(series["butler_scrape_errors_total{network=\"devnet\",scraper=\"nodes\",kind=\"http\"}"] >= 1.0);
    assert!(!program.log().contains("Not Found"), "a node's own words stay out of the log");
}
