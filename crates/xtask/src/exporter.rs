//! The running exporter: what it serves, and what the kernel says of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::Oracle;
use serde_json::json;

use crate::connection::{Coding, Connection};
use crate::process::Process;

/// How long everything may take to be scraped for the first time: 0.1.0 takes three minutes where the endpoint is far.
const PATIENCE: Duration = Duration::from_secs(300);

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
    process: Process,
    connection: Connection,
    pub(crate) address: SocketAddr,
    /// From its start until a response showed that every scraper had succeeded.
    pub(crate) first_scrape: Duration,
}

impl Exporter {
    /// Starts it, and waits for its first scrapes.
    pub(crate) fn start(binary: &Path, config: &Path, state: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        let process = Process::start(binary, config, state)?;
        let address = process.address;
        let mut exporter =
            Self { process, connection: Connection::new(address), address, first_scrape: Duration::ZERO };
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

    /// Memory in use, in MB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        self.process.memory()
    }

    /// The most memory that was ever in use, in MB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        self.process.peak_memory()
    }

    /// The processor's time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.process.cpu()
    }
}
