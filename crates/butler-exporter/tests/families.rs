//! Every family with its right value: served by the program, and in a real Prometheus.

use std::process::Command;

use butler_exporter::catalogue;
use serde_json::Value;

use crate::expected::{World, assert_expected, settled};
use crate::support;
use crate::support::{Bench, Program, Series};

#[tokio::test(flavor = "multi_thread")]
async fn every_family_is_served_with_the_oracles_values() {
    let bench = Bench::start().await;
    let mut world = World::stand_up(&bench).await;
    let program = bench.run().await;
    program.when_all_scraped().await;
    world.go_on(&bench).await;
    let series = settled(&bench, &world, || Some(program.series())).await;
    for key in series.keys() {
        let name = key.split('{').next().unwrap();
        assert!(catalogue::all().any(|family| family.has_series(name)), "{key} is not in the catalogue");
    }
    let deadline = bench.about("butler_coinbase_deadline_timestamp_seconds", &bench.shown("A6"));
    let next = "butler_entry_queue_own_next_arrival_timestamp_seconds{network=\"devnet\"}";
    assert_eq!(series[&deadline], series[next], "A6 is at the head of the queue");
    let of_files: f64 =
        series.iter().filter(|(key, _)| key.starts_with("butler_key_file_attesters{")).map(|(_, count)| count).sum();
    assert!(of_files >= 1.0, "{of_files} attesters in key files");
    let (sum, former) = ("butler_rpc_request_duration_seconds_sum", "butler_rpc_request_duration_seconds_total");
    let of_endpoint = |name: &str| series[&format!("{name}{{network=\"devnet\",endpoint=\"127.0.0.1\"}}")];
    assert_eq!(of_endpoint(sum), of_endpoint(former), "the name of 0.1.0 says the same");
    assert!(series["butler_rpc_requests_total{network=\"devnet\",endpoint=\"127.0.0.1\"}"] >= 1.0);
    assert_eq!(program.get("/readyz").status, 200);
    assert_eq!(program.get("/livez").status, 200);
    let page = program.get("/").text();
    assert!(page.contains(&bench.shown("A6")) && page.contains("devnet"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_prints_everything_and_its_code_tells_of_a_failure() {
    let bench = Bench::start().await;
    let world = World::stand_up(&bench).await;
    let output = bench.command().arg("--once").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_expected(&bench, &world, &support::series(&String::from_utf8(output.stdout).unwrap()));
    bench.reconfigure(bench.chain.url(), "http://127.0.0.1:1");
    let output = bench.command().arg("--once").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(support::series(&text)["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 0.0);
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
    let _world = World::stand_up(&bench).await;
    let program = bench.run().await;
    program.when_all_scraped().await;
    bench.write("metrics.txt", &program.get("/metrics").text());
    let written = "butler_textfile_last_write_timestamp_seconds";
    program.when("the textfile", |series| series.contains_key(written)).await;
    for name in ["metrics.txt", "butler.prom"] {
        let text = std::fs::File::open(bench.path(name)).unwrap();
        let output = tool("promtool").args(["check", "metrics"]).stdin(text).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.trim().is_empty(), "{name}: {said}");
    }
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
        let query = "/api/v1/query?query=%7B__name__%3D~%22%28butler%7Cprocess%29_.%2A%22%7D";
        write!(stream, "GET {query} HTTP/1.0\r\nHost: x\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        let key = |metric: &Value| {
            let name = metric["__name__"].as_str()?;
            let family = catalogue::all().find(|family| family.has_series(name))?;
            let labels: Option<Vec<String>> = family
                .labels
                .iter()
                .map(|label| Some(format!("{}=\"{}\"", label.name, metric[label.name].as_str()?)))
                .collect();
            let end = metric["le"].as_str().map(|end| format!("le=\"{end}\""));
            let labels = labels?.into_iter().chain(end).collect::<Vec<_>>().join(",");
            Some(if labels.is_empty() { name.to_owned() } else { format!("{name}{{{labels}}}") })
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
    let mut world = World::stand_up(&bench).await;
    let program = bench.run().await;
    program.when_all_scraped().await;
    world.go_on(&bench).await;
    let prometheus = Prometheus::start(&bench, &program);
    settled(&bench, &world, || prometheus.query()).await;
}
