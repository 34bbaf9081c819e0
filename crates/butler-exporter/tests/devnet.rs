//! The whole program on the devnet: what it serves is what the oracle and the captured node say.

use std::process::Command;

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use serde_json::{Value, json};

use crate::support;
use crate::support::{Bench, Series, shown, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_key_file_is_seen_and_the_step_is_counted() {
    let bench = Bench::start().await;
    let program = bench.run().await;
    let steps = "butler_transitions_total{network=\"devnet\",judgement=\"documented\"}";
    let missing = bench.about("butler_coinbase_missing", &bench.shown("A6"));
    let before = program.when_scraped("devnet", "l1").await;
    assert_eq!((before[steps], before[&missing]), (0.0, 1.0));
    let coinbase = bench.oracle().coinbases()[&bench.oracle().attester("A6").unwrap().address];
    bench.edit("keys/server-1.json", |keys| keys["validators"][3]["coinbase"] = Value::from(shown(coinbase)));
    let after = program.when("the step", |series| series[steps] == 1.0).await;
    assert_eq!(after.get(&missing), None, "the series vanishes with what it describes");
    wait_for("the step in the log", || program.log().contains("IN_STAKING_QUEUE").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_breaks_is_told_and_mends_by_itself() {
    let bench = Bench::start().await;
    let program = bench.run().await;
    let faults = "butler_key_file_faults{network=\"devnet\"}";
    program.when("no faults", |series| series.get(faults) == Some(&0.0)).await;
    let good = bench.read("keys/server-2.json");
    bench.write("keys/server-2.json", "{ \"validators\": [");
    let is_kept = |series: &Series| series.keys().any(|key| key.starts_with("butler_key_file_kept{"));
    let broken = program.when("what it said last", is_kept).await;
    assert_eq!(broken["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 1.0);
    assert_eq!(broken[faults], 0.0, "told once");
    bench.write("keys/server-2.json", &good);
    program.when("the file itself again", |series| series.contains_key(faults) && !is_kept(series)).await;
    let told = || program.log().matches("a key file is left out").count();
    wait_for("the fault in the log", || (told() > 0).then_some(())).await;
    assert_eq!(told(), 1, "{}", program.log());
    // One that was never good is a fault, and is named.
    bench.write("keys/server-9.json", "{");
    let is_named = |key: &str| key.starts_with("butler_key_file_faulty{") && key.contains("keys/server-9.json");
    let faulty = program.when("the faulty file", |series| series.keys().any(|key| is_named(key))).await;
    assert_eq!(faulty[faults], 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_outlive_a_dead_endpoint_and_the_failure_is_plain() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &format!("{}/hunter2", proxy.url()));
    let program = bench.run().await;
    program.when_scraped("devnet", "l1").await;
    proxy.set(FaultPlan::always(Fault::Close));
    let (success, last) = (
        "butler_scrape_success{network=\"devnet\",scraper=\"l1\"}",
        "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"l1\"}",
    );
    let down = program.when("a failed scrape", |series| series[success] == 0.0).await;
    assert_eq!(down["butler_attesters{network=\"devnet\",state=\"ACTIVE\"}"], 5.0);
    assert_eq!(down["butler_endpoint_healthy{network=\"devnet\",endpoint=\"127.0.0.1\"}"], 0.0);
    let broken = "butler_rpc_errors_total{network=\"devnet\",endpoint=\"127.0.0.1\",kind=\"broken\"}";
    assert!(down[broken] >= 1.0);
    assert!(down["butler_rpc_request_duration_seconds_sum{network=\"devnet\",endpoint=\"127.0.0.1\"}"] > 0.0);
    let errors = |series: &Series| -> f64 {
        let errors = series.iter().filter(|(key, _)| key.starts_with("butler_scrape_errors_total"));
        errors.map(|(_, count)| count).sum()
    };
    let still = program.when("a second failure", |series| errors(series) > errors(&down)).await;
    assert_eq!(still[last], down[last]);
    proxy.set(FaultPlan::none());
    let up = program.when_scraped("devnet", "l1").await;
    assert!(up[last] >= down[last]);
    wait_for("the recovery in the log", || program.log().contains("the chain of devnet is read again").then_some(()))
        .await;
    assert_eq!(program.log().matches("failed to scrape the chain").count(), 1, "{}", program.log());
    assert!(!program.log().contains("hunter2") && !program.get("/metrics").text().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_down_leaves_the_other_alone() {
    let bench = Bench::start().await;
    let text = bench.read("butler.toml");
    let (_, section) = text.split_once("[networks.devnet]").unwrap();
    let twin = format!("[networks.devnet]{section}")
        .replace("devnet", "twin")
        .replace(bench.chain.url(), "http://127.0.0.1:1");
    bench.append(&twin);
    let program = bench.run().await;
    program.when_scraped("devnet", "l1").await;
    let down = "butler_scrape_success{network=\"twin\",scraper=\"l1\"}";
    let series = program.when("the twin's failure", |series| series.get(down) == Some(&0.0)).await;
    assert_eq!(series["butler_attesters{network=\"devnet\",state=\"ACTIVE\"}"], 5.0);
    assert!(!series.contains_key("butler_attesters{network=\"twin\",state=\"ACTIVE\"}"));
    assert!(series["butler_scrape_errors_total{network=\"twin\",scraper=\"l1\",kind=\"unreachable\"}"] >= 1.0);
    assert!(!series.contains_key("butler_scrape_last_success_timestamp_seconds{network=\"twin\",scraper=\"l1\"}"));
    let before = series["butler_rpc_requests_total{network=\"devnet\",endpoint=\"127.0.0.1\"}"];
    let key = "butler_rpc_requests_total{network=\"devnet\",endpoint=\"127.0.0.1\"}";
    program.when("another scrape of the healthy network", |series| series[key] > before).await;
    assert_eq!(program.get("/readyz").status, 200, "every network was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_chains_in_one_process_one_goes_down_and_the_other_stays_fresh() {
    let (bench, other) = (Bench::start().await, Bench::start().await);
    other.chain.rpc("anvil_setChainId", json!([31_338])).await.unwrap();
    other.chain.mine().await.unwrap();
    let proxy = FaultProxy::start(other.chain.url()).await.unwrap();
    let text = other.read("butler.toml");
    let (_, section) = text.split_once("[networks.devnet]").unwrap();
    let folder = other.folder.path().display();
    let section = format!("[networks.devnet]{section}")
        .replace("networks.devnet", "networks.other")
        .replace("chain_id = 31337", "chain_id = 31338")
        .replace("\"keys/", &format!("\"{folder}/keys/"))
        .replace("\"publishers.json", &format!("\"{folder}/publishers.json"))
        .replace(other.chain.url(), &proxy.url());
    bench.append(&section);
    let program = bench.run_with("scrape_interval = \"1s\"\nstaleness = \"5s\"").await;
    let block = |network: &str| format!("butler_snapshot_block_number{{network=\"{network}\"}}");
    let heights = program
        .when("both chains", |series| series.contains_key(&block("devnet")) && series.contains_key(&block("other")));
    let heights = heights.await;
    assert_eq!(heights[&block("other")], heights[&block("devnet")] + 1.0, "each has its own chain");

    proxy.set(FaultPlan::always(Fault::Close));
    bench.chain.mine().await.unwrap();
    bench.chain.mine().await.unwrap();
    let head = heights[&block("devnet")] + 2.0;
    let down = program.when("figures of one chain only", |series| {
        !series.contains_key(&block("other")) && series.get(&block("devnet")) == Some(&head)
    });
    let down = down.await;
    let of = |network: &str| format!("{{network=\"{network}\",scraper=\"l1\"}}");
    assert_eq!(down[&format!("butler_scrape_success{}", of("devnet"))], 1.0);
    assert_eq!(down[&format!("butler_scrape_success{}", of("other"))], 0.0);
    assert!(down.contains_key(&format!("butler_scrape_last_success_timestamp_seconds{}", of("other"))));
    assert!(!down.keys().any(|key| key.starts_with("butler_attesters{network=\"other\"")));
    assert_eq!(down["butler_attesters{network=\"devnet\",state=\"ACTIVE\"}"], 5.0);

    proxy.set(FaultPlan::none());
    program.when("the other chain again", |series| series.contains_key(&block("other"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_l1_is_gone_and_a_stranger_are_told_without_their_words() {
    let bench = Bench::start().await;
    let gone = FakeAztecNode::replay("l1-down").await.unwrap();
    let stranger = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let contracts = json!({ "rollupAddress": shown(bench.oracle().accounts["solo"]), "registryAddress": shown(bench.oracle().accounts["solo"]) });
    stranger.set_result(
        "node_getNodeInfo",
        json!({ "nodeVersion": "9", "l1ChainId": 7, "rollupVersion": 1, "l1ContractAddresses": contracts }),
    );
    gone.set_error("node_getNodeInfo", -32000, "HTTP request failed. URL: http://l1.example/v2/hunter2");
    for (name, node) in [("gone", &gone), ("stranger", &stranger)] {
        bench.append(&format!("[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{}\"", node.url()));
    }
    let program = bench.run().await;
    let series = program.when_scraped("devnet", "nodes").await;
    for node in ["gone", "stranger"] {
        assert_eq!(series[&format!("butler_node_up{{network=\"devnet\",node=\"{node}\",server=\"\"}}")], 0.0);
        assert!(!series.contains_key(&format!("butler_node_proposed_block{{network=\"devnet\",node=\"{node}\"}}")));
    }
    assert!(series["butler_scrape_errors_total{network=\"devnet\",scraper=\"nodes\",kind=\"wrong_chain\"}"] >= 1.0);
    assert!(!program.log().contains("hunter2") && !program.get("/metrics").text().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told() {
    let bench = Bench::start().await;
    let socket = std::os::unix::net::UnixDatagram::bind(bench.path("notify")).unwrap();
    socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
    bench.append("[exporter]\nlisten = \"127.0.0.1:0\"");
    // systemd names the process that it watches; a shell knows its own number and becomes the program.
    let own = bench.command();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
    command.env_clear().env("HOME", bench.folder.path());
    command.env("NOTIFY_SOCKET", bench.path("notify")).env("WATCHDOG_USEC", "100000");
    let program = support::start(command).await;
    let heard = || {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap().trim().to_owned()
    };
    assert_eq!(heard(), "READY=1");
    assert_eq!(heard(), "WATCHDOG=1");
    let ended = program.end("TERM").await;
    assert_eq!(ended.code(), Some(0));
    assert!(std::iter::repeat_with(heard).take(1_000).any(|message| message == "STOPPING=1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_end_it_with_code_0() {
    for name in ["TERM", "INT"] {
        let bench = Bench::start().await;
        let program = bench.run().await;
        assert_eq!(program.end(name).await.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_and_a_client_that_hang_do_not_hold_up_the_end() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Hang));
    bench.reconfigure(bench.chain.url(), &proxy.url());
    let program = bench.run().await;
    let mut client = std::net::TcpStream::connect(program.address).unwrap();
    std::io::Write::write_all(&mut client, b"GET /metrics HTTP/1.1\r\n").unwrap();
    wait_for("a request to the endpoint", || (proxy.stats().http_requests > 0).then_some(())).await;
    assert_eq!(program.get("/readyz").status, 503);
    assert_eq!(program.get("/livez").status, 200);
    let (asked, log) = (std::time::Instant::now(), program.log_handle());
    assert_eq!(program.end("TERM").await.code(), Some(0));
    assert!(asked.elapsed() < std::time::Duration::from_secs(10), "it took {:?}", asked.elapsed());
    let log = log.lock().unwrap().join("\n");
    assert!(!log.contains("panicked"), "{log}");
}
