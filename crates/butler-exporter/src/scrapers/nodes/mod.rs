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
use butler_core::network::{NetworkError, aztec_nodes};
use butler_core::runtime::report::Chain;
use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;

use self::facts::ask;
pub(crate) use self::facts::{fits, within};
pub(crate) use self::readings::version_label;
use self::readings::{node_readings, node_state};
use crate::kinds::FailureKind;
use crate::scrapers::Scrape;
use crate::scrapers::failure_log::FailureLog;
use crate::scrapers::seen::{FirstLook, SeenReceiver, fresh};
use crate::status::{Scraped, Slot};
use crate::tasks::is_worth_a_line;
use butler_core::runtime::clock::unix_now;

/// Scrapes one network's nodes, again and again.
#[derive(Debug)]
pub struct NodesScraper {
    config: NetworkConfig,
    seen: SeenReceiver,
    /// A snapshot that is older does not count.
    age_limit: Duration,
    first_look: FirstLook,
    clients: Option<Vec<AztecNode>>,
    log: FailureLog,
}

impl NodesScraper {
    /// A scraper that has asked nobody yet.
    #[must_use]
    pub fn new(config: NetworkConfig, seen: SeenReceiver, age_limit: Duration) -> Self {
        Self { config, seen, age_limit, first_look: FirstLook::default(), clients: None, log: FailureLog::default() }
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
        let asked = join_all(clients.iter().map(|node| ask(node, config, deadline)));
        let (nodes, ()) = tokio::join!(asked, self.first_look.wait(&mut self.seen));
        for node in &nodes {
            for kind in node.failures() {
                slot.count_error(kind);
            }
            self.log.note(slot, "node", &node.name, node.failures().next().map(|kind| (kind, None)));
        }
        let seen = fresh(&self.seen, self.age_limit);
        let rollup = seen.as_ref().map(|seen| &seen.snapshot.rollup);
        let states: Vec<_> = nodes.iter().map(|node| node_state(node, rollup)).collect();
        let (found, now) = (of_nodes(&states, &self.config.thresholds()), unix_now());
        let scraped = Scraped::found(node_readings(&nodes, rollup), Source::Nodes, found, now);
        slot.succeeded(scraped, began.elapsed(), now);
    }
}

impl Scrape for NodesScraper {
    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()> {
        Box::pin(self.scrape_nodes(slot))
    }
}

/// Notes that the clients of nodes could not be made.
pub(crate) fn setup_failed(slot: &Slot, error: &NetworkError, took: Duration) {
    let failures = slot.failed(FailureKind::Setup, took);
    if is_worth_a_line(failures) {
        let (network, why) = (&slot.network, Chain(error).to_string().replace("\n  because ", ": "));
        tracing::warn!(network, failures, "failed to set up the clients of {network}'s nodes: {why}");
    }
}
