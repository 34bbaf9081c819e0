//! The whole program on the devnet: what it serves is what the oracle and the captured node say.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::process::Command;

use butler_exporter::catalogue;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use serde_json::{Value, json};
use support::{Bench, Program, Series, shown, wait_for};

/// A fake node that follows the devnet's registry, and its section of the configuration.
async fn with_node(bench: &Bench) -> FakeAztecNode {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let contracts = bench.oracle().contracts;
    node.set_result(
        "node_getNodeInfo",
        json!({
            "nodeVersion": "4.1.2", "l1ChainId": bench.oracle().chain_id, "rollupVersion": 1,
            "l1ContractAddresses":
                { "rollupAddress": contracts.rollup_address, "registryAddress": contracts.registry_address },
        }),
    );
    bench.append(&format!("[[networks.devnet.aztec_nodes]]\nname = \"alpha\"\nurl = \"{}\"", node.url()));
    node
}

/// Every value that the oracle has an answer to, by series.
fn expected(bench: &Bench) -> Vec<(String, f64)> {
    let oracle = bench.oracle();
    let rollup = &oracle.rollup;
    let of = |family: &str| format!("{family}{{network=\"devnet\"}}");
    let with = |family: &str, label: &str, value: &str| format!("{family}{{network=\"devnet\",{label}=\"{value}\"}}");
    let number = |value: u64| f64::from(u32::try_from(value).unwrap());
    let mut all = vec![
        (of("butler_snapshot_block_number"), number(oracle.block.number)),
        (of("butler_snapshot_block_timestamp_seconds"), number(oracle.block.timestamp)),
        (of("butler_active_attesters"), number(rollup.active_attester_count)),
        (of("butler_epoch"), number(rollup.current_epoch)),
        (of("butler_entry_queue_length"), number(rollup.entry_queue_length)),
        (of("butler_entry_queue_own"), 2.0),
        (of("butler_entry_queue_flush_size"), number(rollup.entry_queue_flush_size)),
        (of("butler_entry_queue_available_flushes"), number(rollup.available_validator_flushes)),
        (of("butler_key_file_faults"), 0.0),
        (with("butler_coinbase_missing", "attester", &bench.shown("A6")), 1.0),
        (with("butler_coinbase_wrong", "attester", &bench.shown("A3")), 1.0),
        (with("butler_duplicates", "kind", "key_file_twice"), 0.0),
        (with("butler_provider_queue_length", "provider", "1"), 2.0),
        (
            with("butler_provider_admin_change_pending", "provider", "1"),
            f64::from(u8::from(!oracle.providers[&1].pending_admin.is_zero())),
        ),
        (
            with("butler_provider_delegations", "provider", "1"),
            number(
                oracle
                    .events_named("StakedWithProvider")
                    .filter(|event| event.args["providerIdentifier"] == "1")
                    .count()
                    .try_into()
                    .unwrap(),
            ),
        ),
        (
            with("butler_provider_take_rate_ratio", "provider", "1"),
            f64::from(oracle.providers[&1].provider_take_rate) / 10_000.0,
        ),
        (with("butler_node_up", "node", "alpha"), 1.0),
        (with("butler_node_ready", "node", "alpha"), 1.0),
        (with("butler_node_proposed_block", "node", "alpha"), 2.0),
        (with("butler_node_proven_block", "node", "alpha"), 0.0),
        (with("butler_node_finalized_block", "node", "alpha"), 0.0),
        ("butler_node_info{network=\"devnet\",node=\"alpha\",version=\"4.1.2\"}".to_owned(), 1.0),
        (format!("butler_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
        (with("butler_endpoint_healthy", "endpoint", "127.0.0.1"), 1.0),
    ];
    for (state, attesters) in [
        ("NEW", 1.0),
        ("IN_STAKING_PROVIDER_QUEUE", 2.0),
        ("COINBASE_NEEDED", 1.0),
        ("IN_STAKING_QUEUE", 1.0),
        ("ACTIVE", 5.0),
        ("NO_LONGER_ACTIVE", 0.0),
    ] {
        all.push((with("butler_attesters", "state", state), attesters));
    }
    for (position, attesters) in [
        ("unregistered", 1.0),
        ("provider_queue", 2.0),
        ("entry_queue", 2.0),
        ("validating", 5.0),
        ("zombie", 0.0),
        ("exiting", 0.0),
        ("withdrawn", 0.0),
    ] {
        all.push((with("butler_attesters_at_position", "position", position), attesters));
    }
    for (publisher, load, required) in [(0, 5.0, 0.5), (2, 5.0, 0.5)] {
        let publisher = &oracle.publishers[publisher];
        let label = shown(publisher.address);
        let balance: f64 = ethers_core::utils::format_ether(publisher.balance).parse().unwrap();
        all.push((with("butler_publisher_load_attesters", "publisher", &label), load));
        all.push((with("butler_publisher_required_ether", "publisher", &label), required));
        all.push((with("butler_publisher_balance_ether", "publisher", &label), balance));
        all.push((with("butler_publisher_top_up_ether", "publisher", &label), (required - balance).max(0.0)));
    }
    all
}

fn assert_expected(bench: &Bench, series: &Series) {
    for (key, value) in expected(bench) {
        let found = series.get(&key).unwrap_or_else(|| panic!("{key} is not served: {series:#?}"));
        assert!((found - value).abs() < 1e-9, "{key} is {found}, not {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_family_is_served_with_the_oracles_values() {
    let bench = Bench::start().await;
    let _node = with_node(&bench).await;
    let program = bench.run().await;
    program.when_scraped("devnet", "nodes").await;
    let series = program.when_scraped("devnet", "l1").await;
    assert_expected(&bench, &series);
    for family in catalogue::all() {
        let found = series.keys().any(|key| key.split('{').next() == Some(family.name));
        assert!(found, "{} is not served: {series:#?}", family.name);
    }
    for key in series.keys() {
        let name = key.split('{').next().unwrap();
        assert!(catalogue::all().any(|family| family.name == name), "{key} is not in the catalogue");
    }
    let deadline =
        format!("butler_coinbase_deadline_timestamp_seconds{{network=\"devnet\",attester=\"{}\"}}", bench.shown("A6"));
    let next = "butler_entry_queue_own_next_arrival_timestamp_seconds{network=\"devnet\"}";
    assert_eq!(series[&deadline], series[next], "A6 is at the head of the queue");
    assert!(series["butler_rpc_requests_total{network=\"devnet\",endpoint=\"127.0.0.1\"}"] >= 1.0);
    assert_eq!(program.get("/readyz").status, 200);
    assert_eq!(program.get("/livez").status, 200);
    let page = program.get("/").text();
    assert!(page.contains(&bench.shown("A6")) && page.contains("devnet"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_key_file_is_seen_and_the_step_is_counted() {
    let bench = Bench::start().await;
    let program = bench.run().await;
    let steps = "butler_transitions_total{network=\"devnet\",judgement=\"documented\"}";
    let missing = format!("butler_coinbase_missing{{network=\"devnet\",attester=\"{}\"}}", bench.shown("A6"));
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
    let broken = program.when("a fault", |series| series[faults] > 0.0).await;
    assert_eq!(broken["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 1.0);
    bench.write("keys/server-2.json", &good);
    program.when("no faults any more", |series| series[faults] == 0.0).await;
    let told = || program.log().matches("a key file is left out").count();
    wait_for("the fault in the log", || (told() > 0).then_some(())).await;
    assert_eq!(told(), 1, "{}", program.log());
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
    let errors = |series: &Series| -> f64 {
        let errors = series.iter().filter(|(key, _)| key.starts_with("butler_scrape_errors_total"));
        errors.map(|(_, count)| count).sum()
    };
    let still = program.when("a second failure", |series| errors(series) > errors(&down)).await;
    assert_eq!(still[last], down[last]);
    proxy.set(FaultPlan::none());
    let up = program.when_scraped("devnet", "l1").await;
    assert!(up[last] >= down[last]);
    wait_for("the recovery in the log", || program.log().contains("is read again").then_some(())).await;
    assert_eq!(program.log().matches("failed to scrape").count(), 1, "{}", program.log());
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
        assert_eq!(series[&format!("butler_node_up{{network=\"devnet\",node=\"{node}\"}}")], 0.0);
        assert!(!series.contains_key(&format!("butler_node_proposed_block{{network=\"devnet\",node=\"{node}\"}}")));
    }
    assert!(series["butler_scrape_errors_total{network=\"devnet\",scraper=\"nodes\",kind=\"wrong_chain\"}"] >= 1.0);
    assert!(!program.log().contains("hunter2") && !program.get("/metrics").text().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn once_prints_everything_and_its_code_tells_of_a_failure() {
    let bench = Bench::start().await;
    let _node = with_node(&bench).await;
    let output = bench.command().arg("--once").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_expected(&bench, &support::series(&String::from_utf8(output.stdout).unwrap()));
    bench.reconfigure(bench.chain.url(), "http://127.0.0.1:1");
    let output = bench.command().arg("--once").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(support::series(&text)["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 0.0);
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

/// Whether the tests with Prometheus are to be left out.
fn without_prometheus() -> bool {
    std::env::var_os("BUTLER_SKIP_PROMETHEUS").is_some_and(|value| value == "1")
}

fn tool(name: &str) -> Command {
    let found = Command::new(name).arg("--version").output();
    assert!(
        found.is_ok(),
        "`{name}` is not on the PATH: `apt-get install prometheus`, or set BUTLER_SKIP_PROMETHEUS=1 to do without these tests"
    );
    Command::new(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_accepts_the_text() {
    if without_prometheus() {
        return;
    }
    let bench = Bench::start().await;
    let _node = with_node(&bench).await;
    let program = bench.run().await;
    program.when_scraped("devnet", "nodes").await;
    program.when_scraped("devnet", "l1").await;
    bench.write("metrics.txt", &program.get("/metrics").text());
    let text = std::fs::File::open(bench.path("metrics.txt")).unwrap();
    let output = tool("promtool").args(["check", "metrics"]).stdin(text).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

/// A Prometheus that scrapes one exporter in one format; killed when dropped.
struct Prometheus {
    child: std::process::Child,
    port: u16,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(bench: &Bench, program: &Program) -> Self {
        let config = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: butler\n    static_configs:\n      - targets: [\"{}\"]\n",
            program.address
        );
        bench.write("prometheus.yml", &config);
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = tool("prometheus")
            .arg(format!("--config.file={}", bench.path("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", bench.path("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// The latest samples of all butler's families, as the API has them.
    fn query(&self) -> Option<Series> {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let query = "/api/v1/query?query=%7B__name__%3D~%22butler_.%2A%22%7D";
        write!(stream, "GET {query} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        let key = |metric: &Value| {
            let name = metric["__name__"].as_str()?;
            let family = catalogue::all().find(|family| family.name == name)?;
            let labels: Option<Vec<String>> =
                family.labels.iter().map(|label| Some(format!("{label}=\"{}\"", metric[label].as_str()?))).collect();
            Some(format!("{name}{{{}}}", labels?.join(",")))
        };
        let results = answer["data"]["result"].as_array()?.iter();
        results.map(|result| Some((key(&result["metric"])?, result["value"][1].as_str()?.parse().ok()?))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_has_every_family_with_the_oracles_values() {
    if without_prometheus() {
        return;
    }
    let bench = Bench::start().await;
    let _node = with_node(&bench).await;
    let program = bench.run().await;
    program.when_scraped("devnet", "nodes").await;
    program.when_scraped("devnet", "l1").await;
    let prometheus = Prometheus::start(&bench, &program);
    let series = wait_for("the values in Prometheus", || prometheus.query().filter(|found| !found.is_empty())).await;
    assert_expected(&bench, &series);
    for family in catalogue::all() {
        let found = series.keys().any(|key| key.split('{').next() == Some(family.name));
        assert!(found, "{} is not in Prometheus: {series:#?}", family.name);
    }
}
