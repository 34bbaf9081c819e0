//! The scraper of one network's Aztec nodes: who answers, what it follows, how far it is.
//!
//! A node that does not answer is a reading (`butler_node_up` 0), and its failure is counted by kind. A node's own error
//! texts go nowhere: some hold the URL of its L1 endpoint.

mod facts;
mod readings;

use std::time::Duration;

use butler_core::client::aztec_node::AztecNode;
use butler_core::config::NetworkConfig;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::node::of_nodes;
use butler_core::network::aztec_nodes;
use butler_core::runtime::clock::unix_now;
use futures_util::future::{BoxFuture, join_all};

use self::facts::ask;
use self::readings::{node_readings, node_state};
use crate::scrapers::failure::Failure;
use crate::scrapers::failure_log::FailureLog;
use crate::scrapers::last_snapshot::{FirstLook, LastSnapshotReceiver, fresh};
use crate::scrapers::scrape::Scrape;
use crate::slots::{Scraped, Slot};

/// Scrapes one network's nodes, again and again.
#[derive(Debug)]
pub struct NodesScraper {
    config: NetworkConfig,
    last: LastSnapshotReceiver,
    /// A snapshot that is older does not count.
    age_limit: Duration,
    first_look: FirstLook,
    clients: Option<Vec<AztecNode>>,
    log: FailureLog,
}

impl NodesScraper {
    /// A scraper that has asked nobody yet.
    #[must_use]
    pub fn new(config: NetworkConfig, last: LastSnapshotReceiver, age_limit: Duration) -> Self {
        Self { config, last, age_limit, first_look: FirstLook::default(), clients: None, log: FailureLog::default() }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        let clients = match self.clients.take() {
            Some(clients) => self.clients.insert(clients),
            None => self.clients.insert(aztec_nodes(&self.config)?),
        };
        let (config, deadline) = (&self.config, slot.deadline);
        let asked = join_all(clients.iter().map(|node| ask(node, config, deadline)));
        let (nodes, ()) = tokio::join!(asked, self.first_look.wait(&mut self.last));
        for node in &nodes {
            for kind in node.failures() {
                slot.count_error(kind);
            }
            self.log.note(slot, "node", &node.name, node.failures().next().map(|kind| (kind, None)));
        }
        let last = fresh(&self.last, self.age_limit);
        let snapshot = last.as_ref().map(|last| &last.snapshot);
        let limits = self.config.thresholds();
        let grace = limits.node_on_former_rollup;
        let states: Vec<_> = nodes.iter().map(|node| node_state(node, snapshot, grace)).collect();
        let found = of_nodes(&states, &limits);
        Ok(Scraped::found(node_readings(&nodes, snapshot, grace), Source::Nodes, found, unix_now()))
    }
}

impl Scrape for NodesScraper {
    fn subject(&self) -> &'static str {
        "the nodes"
    }

    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(self.read(slot))
    }
}
