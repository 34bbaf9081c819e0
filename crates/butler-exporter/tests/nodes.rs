//! The whole program and recorded Aztec nodes: what it says of each, and that it repeats none of their words.

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use serde_json::json;

use crate::support::{Bench, Program, Series, advance, follow_devnet};

/// A node of that recording which follows the devnet's canonical rollup, under its own name in the configuration.
async fn node(bench: &Bench, recording: &str, name: &str) -> FakeAztecNode {
    let node = FakeAztecNode::replay(recording).await.unwrap();
    follow_devnet(bench, &node);
    add(bench, &node, name);
    node
}

fn add(bench: &Bench, node: &FakeAztecNode, name: &str) {
    let url = node.url();
    bench.append(&format!("[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{url}\"\ntimeout = \"1s\""));
}

async fn when_both_were_scraped(program: &Program, lag_of: &str) -> Series {
    let key = of(lag_of, "butler_node_rollup_agrees");
    program.when(&key, |series| series.contains_key(&key)).await
}

fn of(node: &str, family: &str) -> String {
    // The one family that tells the server, too.
    let server = if family == "butler_node_up" { ",server=\"\"" } else { "" };
    format!("{family}{{network=\"devnet\",node=\"{node}\"{server}}}")
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
        assert!(series[&of(name, "butler_node_round_trip_seconds")] > 0.0, "{name}");
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

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_node_is_told_as_it_was() {
    let bench = Bench::start().await;
    // Name, L1 reachable, proposed, proven, connected peers, sentinel.
    let told = [
        ("validator-node-4.1.2", 1.0, 2.0, 0.0, Some(1.0), Some(1.0)),
        ("validator-node-4.1.2-proven", 1.0, 6.0, 3.0, Some(1.0), Some(1.0)),
        ("validator-node-4.1.2-slashed", 1.0, 18.0, 15.0, Some(1.0), Some(1.0)),
        ("prover-node-4.1.2", 1.0, 6.0, 3.0, Some(1.0), Some(0.0)),
        ("l1-paused", 0.0, 18.0, 15.0, Some(1.0), Some(1.0)),
        ("l1-rate-limited", 0.0, 3.0, 0.0, Some(1.0), Some(0.0)),
        ("l1-timed-out", 0.0, 7.0, 0.0, Some(1.0), Some(0.0)),
        ("l1-down", 0.0, 18.0, 15.0, Some(1.0), Some(0.0)),
        ("no-p2p", 1.0, 18.0, 15.0, Some(0.0), Some(0.0)),
    ];
    let mut nodes = Vec::new();
    for (recording, ..) in told {
        nodes.push(node(&bench, recording, recording).await);
    }
    let program = bench.run().await;
    let enabled = of("l1-down", "butler_sentinel_enabled");
    program.when(&enabled, |series| series.contains_key(&enabled)).await;
    let series = when_both_were_scraped(&program, "l1-down").await;
    for (name, l1, proposed, proven, peers, sentinel) in told {
        let get = |family: &str| series.get(&of(name, family)).copied();
        assert_eq!((get("butler_node_up"), get("butler_node_ready")), (Some(1.0), Some(1.0)), "{name}");
        assert_eq!(get("butler_node_l1_reachable"), Some(l1), "{name}");
        assert_eq!(get("butler_node_proposed_block"), Some(proposed), "{name}");
        assert_eq!(get("butler_node_proven_block"), Some(proven), "{name}");
        assert_eq!(get("butler_sentinel_enabled"), sentinel, "{name}");
        let connected = format!("butler_node_peers{{network=\"devnet\",node=\"{name}\",status=\"connected\"}}");
        assert_eq!(series.get(&connected).copied(), peers, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_compared_with_a_chain_that_is_not_read_any_more() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    let _node = node(&bench, "validator-node-4.1.2-slashed", "well").await;
    let program = bench.run_with("scrape_interval = \"1s\"\nstaleness = \"3s\"").await;
    when_both_were_scraped(&program, "well").await;
    proxy.set(FaultPlan::always(Fault::Close));
    let (agrees, up) = (of("well", "butler_node_rollup_agrees"), of("well", "butler_node_up"));
    let series = program
        .when("the end of comparisons", |series| series.contains_key(&up) && !series.contains_key(&agrees))
        .await;
    assert!(!series.contains_key(&lag("well", "pending")), "{series:#?}");
    assert_eq!(series[&of("well", "butler_node_proposed_block")], 18.0, "the node itself is well");
    proxy.set(FaultPlan::default());
    when_both_were_scraped(&program, "well").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hangs_does_not_delay_the_figures_of_the_others() {
    let bench = Bench::start().await;
    let good = node(&bench, "validator-node-4.1.2-slashed", "good").await;
    let hung = FakeAztecNode::replay("validator-node-4.1.2-slashed").await.unwrap();
    hung.set_hung(true);
    // Its questions may take far longer than the test.
    let url = hung.url();
    bench.append(&format!("[[networks.devnet.aztec_nodes]]\nname = \"hung\"\nurl = \"{url}\"\ntimeout = \"5m\""));
    let program = bench.run_with("scrape_interval = \"1s\"\nsentinel_interval = \"1s\"").await;
    let (proposed, enabled) = (of("good", "butler_node_proposed_block"), of("good", "butler_sentinel_enabled"));
    program.when(&proposed, |series| series.get(&proposed) == Some(&18.0) && series.contains_key(&enabled)).await;
    let tip = |number: u64| json!({ "block": { "number": number }, "checkpoint": { "number": number } });
    let tips =
        json!({ "proposed": { "number": 19 }, "checkpointed": tip(19), "proven": tip(19), "finalized": tip(19) });
    good.set_result("node_getL2Tips", tips);
    let began = std::time::Instant::now();
    let series = program.when("the next block", |series| series.get(&proposed) == Some(&19.0)).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!series.contains_key(&of("hung", "butler_node_up")), "it has not answered, and its time is not over");
}
