//! The table of nodes in every state: the exporter finds what is wrong with each, and nothing else. `doctor` has the same test.

use std::collections::BTreeMap;

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::aztec_node::cases::{CASES, CHECKPOINTS, FOUND_BESIDE, Followed, OFFLINE};

use crate::support::{self, Bench, Series, advance};

/// What the metrics count of findings about nodes and duties, by kind.
fn counted(series: &Series) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (key, value) in series.iter().filter(|(key, value)| key.starts_with("butler_findings{") && **value > 0.0) {
        let kind = key.split("kind=\"").nth(1).unwrap().split('"').next().unwrap();
        let is_of_nodes = ["node_", "sentinel_", "attester_"].iter().any(|prefix| kind.starts_with(prefix));
        if is_of_nodes {
            *counts.entry(kind.to_owned()).or_default() += format!("{value:.0}").parse::<u64>().unwrap();
        }
    }
    counts
}

/// Where a node's own metrics, which the alert rules read, say something else than the findings about it.
fn differing(series: &Series, name: &str, found: &[&str]) -> Vec<String> {
    let of = |family: &str, more: &str| {
        series.get(&format!("butler_node_{family}{{network=\"devnet\",node=\"{name}\"{more}}}")).copied()
    };
    let (peers, lag) = (of("peers", ",status=\"connected\""), of("lag_checkpoints", ",tip=\"pending\""));
    let told = [
        ("node_down", of("up", ",server=\"\"") == Some(0.0)),
        ("node_not_ready", of("ready", "") == Some(0.0)),
        ("node_l1_unreachable", of("l1_reachable", "") == Some(0.0)),
        ("node_peers_none", peers == Some(0.0) || of("p2p_enabled", "") == Some(0.0)),
        ("node_peers_few", peers.is_some_and(|peers| peers > 0.0 && peers < 5.0)),
        ("node_lagging", lag.is_some_and(|lag| lag > 5.0)),
        ("node_other_rollup", of("rollup_agrees", "") == Some(0.0)),
        ("node_world_split", of("world_state_synced", "") == Some(0.0)),
        ("node_admin_down", of("admin_up", "") == Some(0.0)),
    ];
    let differs = |(code, is_told): &(&str, bool)| found.contains(code) != *is_told;
    told.into_iter().filter(differs).map(|(code, is_told)| format!("{name}: {code} is {is_told}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_each_node_of_the_table_is_found_and_nothing_else() {
    let bench = Bench::start().await;
    bench.reconfigure("provider_ids", &format!("extra_attesters = [\"{OFFLINE}\"]\nprovider_ids"));
    bench.write("admin-key", FakeAztecNode::ADMIN_KEY);
    bench.write("wrong-key", "wr0ng-k3y");
    advance(&bench, CHECKPOINTS).await;
    let oracle = bench.oracle();
    let followed = Followed {
        chain_id: oracle.chain_id,
        registry: format!("{:#x}", oracle.contracts.registry_address),
        rollup: format!("{:#x}", oracle.contracts.rollup_address),
        version: oracle.rollup.version,
        slot: oracle.rollup.current_slot,
    };
    let mut nodes = Vec::new();
    for case in &CASES {
        let (node, section) = case.start("devnet", &followed, ("admin-key", "wrong-key")).await.unwrap();
        bench.append(&section);
        nodes.push(node);
    }
    let mut expected = BTreeMap::<String, u64>::new();
    for code in CASES.iter().flat_map(|case| case.found).chain(&FOUND_BESIDE) {
        *expected.entry((*code).to_owned()).or_default() += 1;
    }
    let program = bench.run().await;
    let up = "butler_node_up{network=\"devnet\",node=\"hung\",server=\"\"}";
    let admin = "butler_node_admin_up{network=\"devnet\",node=\"hung\"}";
    let series =
        program.when("the node that hangs", |series| series.contains_key(up) && series.contains_key(admin)).await;
    assert_eq!(counted(&series), expected);
    let wrong: Vec<String> = CASES.iter().flat_map(|case| differing(&series, case.name, case.found)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (text, log) = (program.get("/metrics").text(), program.log());
    // The overview shows the first of each kind.
    let page = ["/", "/findings"].map(|path| support::text_of(&program.get(path).text())).concat();
    for case in CASES.iter().filter(|case| !case.found.is_empty()) {
        assert!(page.contains(&format!("node {}", case.name)), "{} is not on the page", case.name);
    }
    for secret in ["PLANTEDKEY", "L1SECRETKEY", "wr0ng-k3y"] {
        assert!(!text.contains(secret) && !log.contains(secret) && !page.contains(secret), "{secret} got out");
    }
}
