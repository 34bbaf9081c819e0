//! `doctor` shows everything that it can reach, in one light each, also when something fails.

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::aztec_node::cases::{CASES, CHECKPOINTS, FOUND_BESIDE, Followed, OFFLINE};
use butler_testkit::devnet::Move;
use serde_json::{Value, json};

use crate::support::{Bench, shown};

/// Adds Aztec nodes to the configuration, by name.
fn add_nodes(bench: &Bench, nodes: &[(&str, &FakeAztecNode)]) {
    let mut text = bench.read("butler.toml");
    for (name, node) in nodes {
        text.push_str(&format!(
            "\n[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{}\"\ntimeout = \"2s\"\n",
            node.url()
        ));
    }
    bench.write("butler.toml", &text);
}

/// The light and the words of one check.
fn light(report: &Value, name: &str, subject: &str) -> (String, String) {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name && check["subject"] == subject);
    let found = found.unwrap_or_else(|| panic!("no check {name} of {subject:?} in {report:#}"));
    (found["light"].as_str().unwrap().to_owned(), found["what"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn recorded_nodes_get_the_light_that_they_deserve() {
    let bench = Bench::start().await;
    let healthy = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let standby = FakeAztecNode::replay("standby-4.1.2").await.unwrap();
    let elsewhere = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let mut info = json!({
        "nodeVersion": "4.1.2", "l1ChainId": 1, "rollupVersion": 1,
        "l1ContractAddresses": {
            "rollupAddress": "0x322813fd9a801c5507c9de605d63cea4f2ce6c44",
            "registryAddress": "0xb7f8bc63bbcad18155201308c8f3540b07f84f5e",
        },
    });
    elsewhere.set_result("node_getNodeInfo", info.clone());
    let mut right = info.clone();
    right["l1ChainId"] = json!(31337);
    right["rollupVersion"] = json!(bench.oracle().rollup.version);
    healthy.set_result("node_getNodeInfo", right);
    let outdated = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    info["l1ChainId"] = json!(31337);
    info["l1ContractAddresses"]["rollupAddress"] = json!("0x00000000000000000000000000000000000000aa");
    outdated.set_result("node_getNodeInfo", info);
    let nodes = [("healthy", &healthy), ("standby", &standby), ("elsewhere", &elsewhere), ("outdated", &outdated)];
    add_nodes(&bench, &nodes);
    let report = bench.json(&["doctor"], 5).await;
    let node = |name| light(&report, "node", name);
    assert_eq!(node("healthy"), ("green".to_owned(), "version 4.1.2, proposed block 2, proven 0".to_owned()));
    assert_eq!(node("standby").0, "red");
    assert!(node("standby").1.contains("404"), "{report:#}");
    assert_eq!(node("elsewhere"), ("red".to_owned(), "it is down: follows chain 1, not 31337".to_owned()));
    assert!(
        node("outdated").1.starts_with("it follows the unknown rollup 0x00000000000000000000000000000000000000AA"),
        "{report:#}"
    );
}

#[tokio::test]
async fn a_node_whose_own_l1_is_not_usable_is_bad_whatever_it_says_of_itself() {
    let bench = Bench::start().await;
    let recordings = ["l1-rate-limited", "l1-timed-out", "l1-down", "l1-paused", "validator-node-4.1.2"];
    let mut nodes = Vec::new();
    for name in recordings {
        let node = FakeAztecNode::replay(name).await.unwrap();
        let contracts = bench.oracle().contracts;
        node.set_result(
            "node_getNodeInfo",
            json!({
                "nodeVersion": "4.1.2", "l1ChainId": 31337, "rollupVersion": bench.oracle().rollup.version,
                "l1ContractAddresses": {
                    "rollupAddress": contracts.rollup_address, "registryAddress": contracts.registry_address,
                },
            }),
        );
        nodes.push((name, node));
    }
    add_nodes(&bench, &nodes.iter().map(|(name, node)| (*name, node)).collect::<Vec<_>>());
    // Other words of an L1, which are those of errors that mean something else when an L1 says them to us.
    for words in ["header not found", "method not found", "rate limit", "execution reverted", "401 invalid api key"] {
        nodes[0].1.set_error("node_getCurrentMinFees", -32702, &format!("URL: http://l1/v3/PLANTEDKEY {words}"));
        let report = bench.json(&["doctor"], 5).await;
        for name in recordings {
            let expected = if name == "validator-node-4.1.2" { "green" } else { "red" };
            assert_eq!(light(&report, "node_l1", name).0, expected, "{name}, {words}: {report:#}");
            assert_eq!(light(&report, "node", name).0, "green", "{name}: {report:#}");
        }
        let text = report.to_string();
        for secret in ["PLANTEDKEY", "L1SECRETKEY", "38546", "viem"] {
            assert!(!text.contains(secret), "{secret} got out: {report:#}");
        }
    }
}

#[tokio::test]
async fn an_admin_url_must_lead_to_an_admin_port_that_takes_the_key() {
    let bench = Bench::start().await;
    let validator = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let prover = FakeAztecNode::replay("prover-node-4.1.2").await.unwrap();
    // What a node of another chain tells is of no interest.
    let oracle = bench.oracle();
    let (rollup, registry) = (oracle.contracts.rollup_address, oracle.contracts.registry_address);
    validator.set_result(
        "node_getNodeInfo",
        json!({
            "nodeVersion": "4.1.2", "l1ChainId": oracle.chain_id, "rollupVersion": oracle.rollup.version,
            "l1ContractAddresses": { "rollupAddress": rollup, "registryAddress": registry },
        }),
    );
    bench.write("right", FakeAztecNode::ADMIN_KEY);
    bench.write("wrong", "hunter2");
    let mut text = bench.read("butler.toml");
    for (name, admin_url, key) in [
        ("good", validator.admin_url(), "right"),
        ("wrong-key", validator.admin_url(), "wrong"),
        ("public", validator.url(), "right"),
        ("l1", bench.chain.url().to_owned(), "right"),
        ("no-slasher", prover.admin_url(), "right"),
    ] {
        let url = validator.url();
        text.push_str(&format!(
            "\n[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{url}\"\nadmin_url = \"{admin_url}\"\nadmin_api_key_file = \"{key}\"\n"
        ));
    }
    bench.write("butler.toml", &text);
    let report = bench.json(&["doctor"], 5).await;
    let port = |name| light(&report, "admin_port", name);
    assert_eq!(port("good"), ("green".to_owned(), "answers and accepts the key".to_owned()));
    assert_eq!(port("no-slasher"), ("green".to_owned(), "answers; the node has no slasher".to_owned()));
    // What is usual is assumed of its rule, which is not the same as to know it.
    validator.set_error("nodeAdmin_getConfig", -32601, "Method not found: nodeAdmin_getConfig");
    let untold = bench.json(&["doctor"], 5).await;
    let (colour, what) = light(&untold, "admin_port", "good");
    assert!(colour == "amber" && what.contains("does not tell when it takes an attester for inactive"), "{what}");
    assert_eq!(port("wrong-key"), ("red".to_owned(), "its admin port refuses the key".to_owned()));
    for name in ["public", "l1"] {
        assert_eq!(port(name), ("red".to_owned(), "its admin port answers, and is no admin port".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_each_node_of_the_table_is_found_and_nothing_else() {
    let bench = Bench::start().await;
    bench.configure(&format!("extra_attesters = [\"{OFFLINE}\"]"));
    bench.write("admin-key", FakeAztecNode::ADMIN_KEY);
    bench.write("wrong-key", "wr0ng-k3y");
    bench.chain.set_checkpoints(CHECKPOINTS).await.unwrap();
    let oracle = bench.oracle();
    let followed = Followed {
        chain_id: oracle.chain_id,
        registry: format!("{:#x}", oracle.contracts.registry_address),
        rollup: format!("{:#x}", oracle.contracts.rollup_address),
        version: oracle.rollup.version,
        slot: oracle.rollup.current_slot,
    };
    let (mut nodes, mut text) = (Vec::new(), bench.read("butler.toml"));
    for case in &CASES {
        let (node, section) = case.start("devnet", &followed, ("admin-key", "wrong-key")).await.unwrap();
        text.push_str(&section);
        nodes.push(node);
    }
    bench.write("butler.toml", &text);
    let report = bench.json(&["doctor"], 5).await;
    let checks = report["checks"].as_array().unwrap();
    let is_of_nodes = |code: &&str| ["node_", "sentinel_", "attester_"].iter().any(|prefix| code.starts_with(prefix));
    let found = |subject: &str| {
        let its = checks.iter().filter(|check| check["subject"].as_str().unwrap().eq_ignore_ascii_case(subject));
        let mut codes: Vec<&str> = its.filter_map(|check| check["finding"].as_str()).filter(is_of_nodes).collect();
        codes.sort_unstable();
        codes
    };
    for case in &CASES {
        assert_eq!(found(case.name), case.found, "{}: {report:#}", case.name);
        let lights: Vec<&str> = checks
            .iter()
            .filter(|check| check["subject"] == case.name)
            .map(|check| check["light"].as_str().unwrap())
            .collect();
        let is_good = case.found.is_empty();
        assert_eq!(lights.iter().all(|light| *light == "green"), is_good, "{}: {report:#}", case.name);
    }
    assert_eq!(found(OFFLINE), FOUND_BESIDE, "{report:#}");
    let all = checks.iter().filter_map(|check| check["finding"].as_str()).filter(is_of_nodes).count();
    assert_eq!(all, CASES.iter().map(|case| case.found.len()).sum::<usize>() + FOUND_BESIDE.len(), "{report:#}");
    // Whatever is critical is red.
    for check in checks.iter().filter(|check| check["finding"].is_string()) {
        let is_red = ["down", "none", "l1_unreachable", "other_rollup", "inactive", "offence"]
            .iter()
            .any(|end| check["finding"].as_str().is_some_and(|code| is_of_nodes(&code) && code.ends_with(end)));
        assert!(!is_red || check["light"] == "red", "{check:#}");
    }
    for secret in ["PLANTEDKEY", "L1SECRETKEY", "wr0ng-k3y"] {
        assert!(!report.to_string().contains(secret), "{secret} got out");
    }
}

#[tokio::test]
async fn a_provider_in_order_has_nothing_red() {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    bench.collect().await;
    // The second publisher is nearly dry: a smaller wish than what it has is met.
    bench.reconfigure("publisher_files", "minimum_ether_per_attester = \"0.0001\"\npublisher_files");
    let keys = bench.oracle().spare_keys.clone();
    let third = shown(bench.oracle().publishers[1].address);
    let validators: Vec<_> =
        keys.iter().map(|key| json!({ "attester": shown(key.attester), "publisher": third })).collect();
    bench.write("keys/server-3.json", &json!({ "validators": validators }).to_string());
    bench.chain.play(Move::AddKeys { provider: 1, keys }).await.unwrap();
    let report = bench.json(&["doctor"], 0).await;
    assert_eq!(report["passed"], true, "{report:#}");
    for (name, subject) in [("coinbases", ""), ("audit", ""), ("queue", "provider 1"), ("keys", "")] {
        assert_eq!(light(&report, name, subject).0, "green", "{report:#}");
    }
}

#[tokio::test]
async fn an_unreachable_chain_is_red_and_the_rest_is_still_shown() {
    let bench = Bench::start().await;
    bench.endpoint("url = \"http://127.0.0.1:1\"");
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    add_nodes(&bench, &[("healthy", &node)]);
    let report = bench.json(&["doctor"], 5).await;
    assert_eq!(light(&report, "chain", "devnet").0, "red");
    assert_eq!(light(&report, "keys", "").0, "green");
    assert_eq!(light(&report, "node", "healthy").0, "green");
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().filter_map(|check| check["name"].as_str()).collect();
    for unread in ["coinbases", "queue", "publisher", "audit"] {
        assert!(!names.contains(&unread), "{unread} was not read and must have no light");
    }
}
