//! The whole program, recorded sentinels and recorded admin ports.

use butler_testkit::aztec_node::FakeAztecNode;
use ethers_core::types::Address;
use serde_json::json;

use crate::support::{Bench, Series, follow_devnet, shown};

/// The recorded validator that was offline, and one that was not.
const OFFLINE: &str = "0xd3a01ed4e1d0554a179daebf95508b668767d441";
const ONLINE: &str = "0x40cba5b7a6dc4fd081e247a64029cb6b63dfb595";

/// A devnet on which the recorded validators are ours.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    bench.reconfigure("provider_ids", &format!("extra_attesters = [\"{OFFLINE}\", \"{ONLINE}\"]\nprovider_ids"));
    bench.write("admin-key", FakeAztecNode::ADMIN_KEY);
    bench
}

async fn node(bench: &Bench, recording: &str, name: &str, key: &str) -> FakeAztecNode {
    let node = FakeAztecNode::replay(recording).await.unwrap();
    if recording != "standby-4.1.2" {
        follow_devnet(bench, &node);
    }
    bench.append(&format!(
        "[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{}\"\ntimeout = \"2s\"\nadmin_url = \"{}/hunter2\"\n{key}",
        node.url(),
        node.admin_url()
    ));
    node
}

/// Lets the node's sentinel be that many slots behind the devnet.
fn set_lag(bench: &Bench, node: &FakeAztecNode, slots: u64) {
    let mut stats = node.recorded("node_getValidatorsStats", &json!([]));
    stats["lastProcessedSlot"] = json!(bench.oracle().rollup.current_slot - slots);
    node.set_result("node_getValidatorsStats", stats);
}

fn of(node: &str, family: &str) -> String {
    format!("{family}{{network=\"devnet\",node=\"{node}\"}}")
}

fn by(family: &str, attester: &str) -> String {
    let attester = shown(attester.parse::<Address>().unwrap());
    format!("{family}{{network=\"devnet\",attester=\"{attester}\",server=\"\"}}")
}

fn offences(series: &Series, kind: &str, round: &str) -> Option<f64> {
    series.get(&format!("butler_offences{{network=\"devnet\",kind=\"{kind}\",round=\"{round}\"}}")).copied()
}

const KEY: &str = "admin_api_key_file = \"admin-key\"";

#[tokio::test(flavor = "multi_thread")]
async fn of_several_nodes_the_one_that_saw_the_most_is_believed() {
    let bench = bench().await;
    let early = node(&bench, "validator-node-4.1.2-proven", "early", KEY).await;
    let late = node(&bench, "validator-node-4.1.2-slashed", "late", KEY).await;
    let prover = node(&bench, "prover-node-4.1.2", "prover", "").await;
    set_lag(&bench, &early, 2);
    set_lag(&bench, &late, 3);
    let program = bench.run().await;
    let series = program.when("a lag", |series| series.contains_key(&of("late", "butler_sentinel_lag_slots"))).await;
    assert_eq!(series[&of("early", "butler_sentinel_lag_slots")], 2.0);
    assert_eq!(series[&of("late", "butler_sentinel_lag_slots")], 3.0);
    assert_eq!(series[&of("prover", "butler_sentinel_enabled")], 0.0);
    assert!(!series.contains_key(&of("prover", "butler_sentinel_lag_slots")));
    let streak = "butler_attester_missed_attestations_streak";
    assert_eq!(series[&by(streak, OFFLINE)], 16.0, "the later recording has seen more");
    assert!(!series.contains_key(&by(streak, ONLINE)), "it missed nothing");
    assert_eq!(series[&of("early", "butler_sentinel_missed_attestations_ratio")], 8.0 / 18.0);
    // Both nodes noted offences, some of them the same; the prover has no slasher, which is no failure.
    assert_eq!(offences(&series, "inactivity", "all"), Some(4.0));
    assert_eq!(offences(&series, "data_withholding", "all"), Some(0.0));
    assert_eq!(series[&of("prover", "butler_node_admin_up")], 1.0);
    drop(prover);
    // The recovered node: streaks end, and with the last miss the series does.
    let mut stats = late.recorded("node_getValidatorsStats", &json!([]));
    stats["stats"][OFFLINE]["missedAttestations"] = json!({ "currentStreak": 0, "count": 0, "total": 40 });
    stats["stats"][OFFLINE]["missedProposals"] = json!({ "currentStreak": 0, "count": 0, "total": 9 });
    stats["lastProcessedSlot"] = json!(bench.oracle().rollup.current_slot);
    late.set_result("node_getValidatorsStats", stats);
    program.when("the end of the streak", |series| !series.contains_key(&by(streak, OFFLINE))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_of_the_past_is_not_believed_and_its_lag_is_told() {
    let bench = bench().await;
    // Both were recorded thousands of slots before the devnet's time.
    let _hung = node(&bench, "l1-paused", "hung", "").await;
    let _standby = node(&bench, "standby-4.1.2", "standby", "").await;
    let program = bench.run().await;
    let lag = of("hung", "butler_sentinel_lag_slots");
    let series = program.when("a lag", |series| series.contains_key(&lag)).await;
    assert!(series[&lag] > 4_000.0, "{}", series[&lag]);
    assert_eq!(series[&of("hung", "butler_sentinel_enabled")], 1.0);
    let stale = ["butler_attester_missed", "butler_sentinel_missed", "butler_sentinel_own", "butler_offences"];
    let told = series.keys().find(|key| stale.iter().any(|name| key.starts_with(name)));
    assert_eq!(told, None, "nothing of the past is served, and nobody noted offences");
    assert!(!series.contains_key(&of("standby", "butler_sentinel_enabled")), "nothing is known of it");
    assert!(series["butler_scrape_errors_total{network=\"devnet\",scraper=\"sentinel\",kind=\"http\"}"] >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_by_its_kind_and_neither_key_nor_url_gets_out() {
    let bench = bench().await;
    bench.write("wrong-key", "wr0ng-k3y");
    let _refusing = node(&bench, "validator-node-4.1.2", "refusing", "admin_api_key_file = \"wrong-key\"").await;
    let program = bench.run().await;
    let up = of("refusing", "butler_node_admin_up");
    let series = program.when("the admin port", |series| series.contains_key(&up)).await;
    assert_eq!(series[&up], 0.0);
    assert_eq!(offences(&series, "inactivity", "all"), None, "nobody was asked");
    let refused = "butler_scrape_errors_total{network=\"devnet\",scraper=\"sentinel\",kind=\"unauthorized\"}";
    assert!(series[refused] >= 1.0);
    let (text, log) = (program.get("/metrics").text(), program.log());
    for secret in ["wr0ng-k3y", "hunter2", "Unauthorized: invalid"] {
        assert!(!text.contains(secret) && !log.contains(secret), "{secret} got out: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_believed() {
    let bench = bench().await;
    let stranger = node(&bench, "validator-node-4.1.2-slashed", "stranger", KEY).await;
    set_lag(&bench, &stranger, 2);
    // The same chain and registry, and another rollup than the canonical one.
    let mut info = stranger.recorded("node_getNodeInfo", &json!([]));
    info["l1ContractAddresses"]["registryAddress"] = json!(bench.oracle().contracts.registry_address);
    stranger.set_result("node_getNodeInfo", info);
    let program = bench.run().await;
    let up = of("stranger", "butler_node_admin_up");
    let series = program.when("the admin port", |series| series.get(&up) == Some(&1.0)).await;
    let told = ["butler_attester_missed", "butler_sentinel_", "butler_offences", "butler_attester_offences"];
    let found = series.keys().find(|key| told.iter().any(|name| key.starts_with(name)));
    assert_eq!(found, None);
    let counted = "butler_scrape_errors_total{network=\"devnet\",scraper=\"sentinel\",kind=\"wrong_chain\"}";
    assert!(series[counted] >= 1.0);
}
