//! The whole program and hosts on loopback: every check passes, fails, and is told apart.

use std::net::TcpListener;

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::proxy::FaultProxy;
use serde_json::json;

use crate::support::{Bench, Series, wait_for};

fn check(series: &Series, host: &str, check: &str) -> Option<f64> {
    let labels = format!("network=\"devnet\",host=\"{host}\",check=\"{check}\"");
    series.get(&format!("butler_host_check_success{{{labels}}}")).copied()
}

fn expiry(host: &str) -> String {
    format!("butler_host_tls_certificate_expiry_timestamp_seconds{{network=\"devnet\",host=\"{host}\"}}")
}

/// A node that follows the devnet, if that is its chain.
async fn node(bench: &Bench, chain_id: u64) -> FakeAztecNode {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let contracts = bench.oracle().contracts;
    let addresses = json!({ "rollupAddress": contracts.rollup_address, "registryAddress": contracts.registry_address });
    node.set_result(
        "node_getNodeInfo",
        json!({ "nodeVersion": "4.1.2", "l1ChainId": chain_id, "rollupVersion": 1, "l1ContractAddresses": addresses }),
    );
    node
}

fn port(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.parse().unwrap()
}

fn add(bench: &Bench, name: &str, keys: &str) {
    bench.append(&format!("[[networks.devnet.hosts]]\nname = \"{name}\"\ntimeout = \"1s\"\n{keys}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_fails_for_its_own_reason() {
    let bench = Bench::start().await;
    let ours = node(&bench, bench.oracle().chain_id).await;
    let stranger = node(&bench, 7).await;
    let expired = FaultProxy::start_tls_expired(&ours.url()).await.unwrap();
    let trusted = FaultProxy::start_tls(&ours.url()).await.unwrap();
    let ca = |proxy: &FaultProxy| format!("ca_file = \"{}\"", proxy.ca_pem_path().unwrap().display());
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    add(&bench, "moved", "ips = [\"192.0.2.7\"]\ndomain = \"localhost\"");
    add(&bench, "nameless", "ips = [\"192.0.2.7\"]\ndomain = \"no-such-host.invalid\"");
    add(&bench, "closed", &format!("ips = [\"127.0.0.1\"]\np2p_port = {closed}\nrpc_port = {closed}"));
    add(&bench, "stranger", &format!("ips = [\"127.0.0.1\"]\nrpc_port = {}", port(&stranger.url())));
    add(&bench, "expired", &format!("rpc_url = \"{}/hunter2\"\n{}", expired.url(), ca(&expired)));
    add(&bench, "untrusted", &format!("rpc_url = \"{}\"", trusted.url()));
    // An Aztec node is no L1 endpoint.
    add(&bench, "mistaken", &format!("l1_url = \"{}/hunter2\"", ours.url()));
    stranger.set_result("eth_chainId", json!("0x7"));
    add(&bench, "elsewhere", &format!("l1_url = \"{}\"", stranger.url()));
    let program = bench.run().await;
    let series = program.when_scraped("devnet", "hosts").await;
    for (host, failing) in [
        ("elsewhere", "l1"),
        ("moved", "dns"),
        ("nameless", "dns"),
        ("closed", "p2p"),
        ("closed", "rpc_by_ip"),
        ("stranger", "rpc_by_ip"),
        ("expired", "rpc"),
        ("untrusted", "rpc"),
        ("mistaken", "l1"),
    ] {
        assert_eq!(check(&series, host, failing), Some(0.0), "{host}: {failing}");
    }
    assert_eq!(check(&series, "moved", "p2p"), None, "it is not configured");
    assert_eq!(series[&expiry("expired")], 1_577_836_800.0, "2020-01-01: told although it is over");
    assert!(series[&expiry("untrusted")] > 2_000_000_000.0);
    for kind in ["wrong_address", "unreachable", "wrong_chain", "tls", "method_not_found"] {
        let counted = format!("butler_scrape_errors_total{{network=\"devnet\",scraper=\"hosts\",kind=\"{kind}\"}}");
        assert!(series[&counted] >= 1.0, "{kind}");
    }
    let told = "check dns of host moved failed: wrong_address (localhost does not lead to 192.0.2.7, and leads to ";
    wait_for("the addresses in the log", || program.log().contains(told).then_some(())).await;
    let (text, log) = (program.get("/metrics").text(), program.log());
    assert!(!text.contains("hunter2") && !log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hangs_delays_no_other_and_one_that_recovers_is_told() {
    let bench = Bench::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Connections are taken by the system and nobody answers on them.
    add(&bench, "hung", &format!("ips = [\"127.0.0.1\"]\np2p_port = {0}\nrpc_port = {0}", address.port()));
    add(&bench, "l1", &format!("l1_url = \"{}\"", bench.chain.url()));
    let program = bench.run().await;
    let series = program.when_scraped("devnet", "hosts").await;
    assert_eq!((check(&series, "hung", "p2p"), check(&series, "hung", "rpc_by_ip")), (Some(1.0), Some(0.0)));
    assert_eq!(check(&series, "l1", "l1"), Some(1.0));
    let took = |check: &str| {
        let labels = format!("network=\"devnet\",host=\"hung\",check=\"{check}\"");
        series[&format!("butler_host_check_duration_seconds{{{labels}}}")]
    };
    assert!(took("rpc_by_ip") >= 1.0 && took("p2p") < took("rpc_by_ip"), "the deadline is one second");
    drop(listener);
    program.when("a closed port", |series| check(series, "hung", "p2p") == Some(0.0)).await;
    let _again = TcpListener::bind(address).unwrap();
    program.when("an open port", |series| check(series, "hung", "p2p") == Some(1.0)).await;
    wait_for("the recovery in the log", || {
        program.log().contains("check p2p of host hung is well again").then_some(())
    })
    .await;
}
