//! The scraper of one network's Aztec nodes: who answers, what it follows, how far it is.
//!
//! A node that does not answer is a reading (`butler_node_up` 0), and its failure is counted by kind. A node's own error
//! texts go nowhere: some hold the URL of its L1 endpoint.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, L2Tips, NodeInfo};
use butler_core::client::error::{ErrorKind, RpcFailure};
use butler_core::client::text::printable;
use butler_core::config::NetworkConfig;
use butler_core::network::{NetworkError, aztec_nodes};
use butler_core::runtime::report::Chain;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::{Instant, timeout};

use crate::catalogue;
use crate::edge::unix_now;
use crate::kinds::FailureKind;
use crate::readings::{Readings, number, truth};
use crate::scrapers::Scrape;
use crate::status::Slot;
use crate::tasks::is_worth_a_line;

/// The longest version that becomes a label.
const VERSION_LIMIT: usize = 64;

/// What one node answered to each question.
#[derive(Debug)]
pub struct NodeFacts {
    /// The node's name in the configuration.
    pub name: String,
    /// What it says of itself, if that fits the configuration.
    pub info: Result<NodeInfo, FailureKind>,
    /// Whether it calls itself ready.
    pub ready: Result<bool, FailureKind>,
    /// The heads of its chain.
    pub tips: Result<L2Tips, FailureKind>,
    /// The version of a node that follows something else.
    pub stranger_version: Option<String>,
}

impl NodeFacts {
    /// Everything that is wrong.
    fn failures(&self) -> impl Iterator<Item = FailureKind> {
        let failures = [self.info.as_ref().err(), self.ready.as_ref().err(), self.tips.as_ref().err()];
        failures.into_iter().flatten().copied()
    }
}

/// Turns what nodes answered into readings.
#[must_use]
pub fn node_readings(nodes: &[NodeFacts]) -> Readings {
    let mut readings = Readings::default();
    for node in nodes {
        let label = || [node.name.clone()];
        readings.push(&catalogue::NODE_UP, label(), truth(node.info.is_ok()));
        let version = node.info.as_ref().ok().map(|info| &info.node_version).or(node.stranger_version.as_ref());
        if let Some(version) = version {
            let version = printable(version).chars().take(VERSION_LIMIT).collect();
            readings.push(&catalogue::NODE, [node.name.clone(), version], 1.0);
        }
        if node.info.is_err() {
            continue;
        }
        if let Ok(ready) = node.ready {
            readings.push(&catalogue::NODE_READY, label(), truth(ready));
        }
        if let Ok(tips) = node.tips {
            readings.push(&catalogue::NODE_PROPOSED, label(), number(tips.proposed));
            readings.push(&catalogue::NODE_PROVEN, label(), number(tips.proven));
            readings.push(&catalogue::NODE_FINALIZED, label(), number(tips.finalized));
        }
    }
    readings
}

/// Scrapes one network's nodes, again and again.
#[derive(Debug)]
pub struct NodesScraper {
    config: NetworkConfig,
    clients: Option<Vec<AztecNode>>,
    failures: BTreeMap<String, u64>,
}

impl NodesScraper {
    /// A scraper that has asked nobody yet.
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        Self { config, clients: None, failures: BTreeMap::new() }
    }

    async fn scrape_nodes(&mut self, slot: &Slot) {
        slot.tick();
        let began = Instant::now();
        let clients = match self.clients.take().map_or_else(|| aztec_nodes(&self.config), Ok) {
            Ok(clients) => self.clients.insert(clients),
            Err(error) => {
                setup_failed(slot, &error, began.elapsed());
                return;
            }
        };
        let (config, deadline) = (&self.config, slot.deadline);
        let nodes = join_all(clients.iter().map(|node| ask(node, config, deadline))).await;
        for node in &nodes {
            for kind in node.failures() {
                slot.count_error(kind);
            }
            self.log(slot, node);
        }
        slot.succeeded(node_readings(&nodes).into(), began.elapsed(), unix_now());
    }

    fn log(&mut self, slot: &Slot, facts: &NodeFacts) {
        let failures = self.failures.entry(facts.name.clone()).or_default();
        let (network, node) = (&slot.network, &facts.name);
        match facts.failures().next() {
            None if *failures > 0 => {
                tracing::info!(network, node, failures, "node {node} answers again after {failures} failures");
                *failures = 0;
            }
            None => {}
            Some(kind) => {
                *failures = failures.saturating_add(1);
                if is_worth_a_line(*failures) {
                    let kind = kind.name();
                    tracing::warn!(network, node, kind, failures, "failed to ask node {node}: {kind}");
                }
            }
        }
    }
}

impl Scrape for NodesScraper {
    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()> {
        Box::pin(self.scrape_nodes(slot))
    }
}

fn setup_failed(slot: &Slot, error: &NetworkError, took: Duration) {
    let failures = slot.failed(FailureKind::Setup, took);
    if is_worth_a_line(failures) {
        let (network, why) = (&slot.network, Chain(error).to_string().replace("\n  because ", ": "));
        tracing::warn!(network, failures, "failed to set up the clients of {network}'s nodes: {why}");
    }
}

async fn ask(node: &AztecNode, config: &NetworkConfig, deadline: Duration) -> NodeFacts {
    let (info, ready, tips) = tokio::join!(
        within(deadline, node.node_info()),
        within(deadline, node.is_ready()),
        within(deadline, node.l2_tips())
    );
    let name = node.name().to_owned();
    match info {
        Ok(info) if !fits(&info, config) => {
            let kind = FailureKind::Rpc(ErrorKind::WrongChain);
            NodeFacts { name, info: Err(kind), ready, tips, stranger_version: Some(info.node_version) }
        }
        info => NodeFacts { name, info, ready, tips, stranger_version: None },
    }
}

/// Whether the node follows what is configured.
fn fits(info: &NodeInfo, config: &NetworkConfig) -> bool {
    info.l1_chain_id == config.chain_id && info.l1_contract_addresses.registry_address == config.aztec_registry
}

async fn within<T>(deadline: Duration, answer: impl Future<Output = Result<T, RpcFailure>>) -> Result<T, FailureKind> {
    let answer = timeout(deadline, answer).await.map_err(|_| FailureKind::Deadline)?;
    answer.map_err(|failure| FailureKind::Rpc(failure.kind()))
}
