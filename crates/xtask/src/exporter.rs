//! The running exporter: what it serves, and what the kernel says of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::Oracle;
use serde_json::{Value, json};

use crate::connection::{Coding, Connection};

/// How long everything may take to be scraped for the first time: 0.1.0 takes three minutes where the endpoint is far.
const PATIENCE: Duration = Duration::from_secs(300);
/// The kernel counts a process's time in these for whoever reads `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// A node that follows the chain of this oracle.
pub(crate) async fn following_node(oracle: &Oracle) -> anyhow::Result<FakeAztecNode> {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await?;
    let contracts = &oracle.contracts;
    node.set_result(
        "node_getNodeInfo",
        json!({
            "nodeVersion": "4.1.2", "l1ChainId": oracle.chain_id, "rollupVersion": 1,
            "l1ContractAddresses":
                { "rollupAddress": contracts.rollup_address, "registryAddress": contracts.registry_address },
        }),
    );
    Ok(node)
}

/// A running exporter; killed when dropped.
pub(crate) struct Exporter {
    child: Child,
    connection: Connection,
    pub(crate) address: SocketAddr,
    /// From its start until a response showed that every scraper had succeeded.
    pub(crate) first_scrape: Duration,
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Exporter {
    /// Starts it, and waits for its first scrapes.
    pub(crate) fn start(binary: &Path, config: &Path, state: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut command = Command::new(binary);
        // As the unit sets it.
        command
            .env_clear()
            .env("MALLOC_ARENA_MAX", "1")
            .env("HOME", state)
            .env("CACHE_DIRECTORY", state)
            .env("STATE_DIRECTORY", state);
        let mut child = command.arg("--config").arg(config).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().context("no stderr")?;
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let is_notable = !line.contains("\"INFO\"");
                if is_notable {
                    eprintln!("exporter: {line}");
                }
                // Nobody listens any more when the address was found.
                let _ = sender.send(line);
            }
        });
        let found = loop {
            let line = receiver.recv_timeout(PATIENCE);
            let Ok(line) = line else {
                let _ = child.kill();
                bail!("the exporter does not listen");
            };
            if line.contains("listening on") {
                let line: Value = serde_json::from_str(&line).context("a line of the log is no JSON")?;
                break line["address"].as_str().and_then(|address| address.parse().ok());
            }
        };
        let address: SocketAddr = found.context("no address in the log")?;
        let mut exporter = Self { child, connection: Connection::new(address), address, first_scrape: Duration::ZERO };
        while !exporter.is_complete()? {
            if began.elapsed() > PATIENCE {
                let text = exporter.metrics()?;
                let failed =
                    text.lines().filter(|line| line.starts_with("butler_scrape_success{") && !line.ends_with("} 1.0"));
                bail!("not everything was scraped within {PATIENCE:?}: {}", failed.collect::<Vec<_>>().join(", "));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        exporter.first_scrape = began.elapsed();
        Ok(exporter)
    }

    /// Whether every scraper has succeeded: the page `/readyz` is content with an attempt.
    fn is_complete(&mut self) -> anyhow::Result<bool> {
        let text = self.metrics()?;
        let count =
            |start: &str, end: &str| text.lines().filter(|line| line.starts_with(start) && line.ends_with(end)).count();
        Ok(count("butler_scrape_success{", "} 1.0") == count("butler_scraper_restarts_total{", ""))
    }

    /// What it serves.
    pub(crate) fn metrics(&mut self) -> anyhow::Result<String> {
        let body = self.connection.get(Coding::Identity)?;
        String::from_utf8(body).context("the metrics are no text")
    }

    /// How long the last scrape of each scraper with this name took: a figure that changes with each scrape.
    pub(crate) fn scrapes(&mut self, scraper: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let label = format!("scraper=\"{scraper}");
        let text = self.metrics()?;
        let lines = text.lines().filter(|line| line.starts_with("butler_scrape_duration_seconds{"));
        let lines = lines.filter(|line| line.contains(&label)).filter_map(|line| line.rsplit_once(' '));
        Ok(lines.map(|(scraper, took)| (scraper.to_owned(), took.to_owned())).collect())
    }

    fn proc(&self, name: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{name}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))
    }

    fn status(&self, key: &str) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.with_context(|| format!("no {key} in the status"))? / 1024.0)
    }

    /// Memory in use, in MB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that was ever in use, in MB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    /// The processor's time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = self.proc("stat")?;
        let fields = stat.rsplit_once(')').context("no name in the stat")?.1;
        let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
    }
}
