//! The scraper of one network's Aztec nodes: who answers, what it follows, how far it is.
//!
//! A node that does not answer is a reading (`butler_node_up` 0), and its failure is counted by kind. How nodes are asked and
//! judged is core's `network/nodes`; one that hangs keeps nobody waiting.

mod readings;

use std::sync::Arc;
use std::time::Duration;

use butler_core::client::aztec_node::AztecNode;
use butler_core::config::NetworkConfig;
use butler_core::domain::findings::Source;
use butler_core::network::aztec_nodes;
use butler_core::network::nodes::{NodeAnswers, ask_node, judge_nodes};
use butler_core::runtime::clock::unix_now;
use futures_util::future::BoxFuture;

use self::readings::node_readings;
use crate::readings::Readings;
use crate::scrapers::ask::kind_of;
use crate::scrapers::failure::Failure;
use crate::scrapers::failure_log::FailureLog;
use crate::scrapers::fleet::Fleet;
use crate::scrapers::last_snapshot::{FirstLook, LastSnapshotReceiver, fresh};
use crate::scrapers::scrape::Scrape;
use crate::slots::{Scraped, Slot};

/// Scrapes one network's nodes, again and again.
#[derive(Debug)]
pub struct NodesScraper {
    config: Arc<NetworkConfig>,
    last: LastSnapshotReceiver,
    /// A snapshot that is older does not count.
    age_limit: Duration,
    first_look: FirstLook,
    clients: Option<Vec<Arc<AztecNode>>>,
    fleet: Fleet<NodeAnswers>,
    log: FailureLog,
}

impl NodesScraper {
    /// A scraper that has asked nobody yet.
    #[must_use]
    pub fn new(config: NetworkConfig, last: LastSnapshotReceiver, age_limit: Duration) -> Self {
        Self {
            config: Arc::new(config),
            last,
            age_limit,
            first_look: FirstLook::default(),
            clients: None,
            fleet: Fleet::default(),
            log: FailureLog::default(),
        }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        let clients = match self.clients.take() {
            Some(clients) => self.clients.insert(clients),
            None => self.clients.insert(aztec_nodes(&self.config)?.into_iter().map(Arc::new).collect()),
        };
        for node in clients.iter() {
            let (node, config, deadline) = (Arc::clone(node), Arc::clone(&self.config), slot.deadline);
            let name = node.name().to_owned();
            self.fleet.ask(&name, || async move { Box::pin(ask_node(&node, &config, deadline)).await });
        }
        self.first_look.wait(&mut self.last).await;
        let (config, last, age_limit) = (&self.config, &self.last, self.age_limit);
        self.fleet.gather(slot, |fleet| scraped(fleet, last, age_limit, config)).await;
        for node in self.fleet.news() {
            for (_, failure) in node.failures() {
                slot.count_error(kind_of(failure));
            }
            self.log.note(
                slot,
                "node",
                &node.name,
                node.failures().next().map(|(_, failure)| (kind_of(failure), None)),
            );
        }
        Ok(scraped(&self.fleet, last, age_limit, config))
    }
}

/// What is served of what the nodes told, held against the last snapshot.
fn scraped(
    fleet: &Fleet<NodeAnswers>,
    last: &LastSnapshotReceiver,
    age_limit: Duration,
    config: &NetworkConfig,
) -> Scraped {
    let last = fresh(last, age_limit);
    let snapshot = last.as_ref().map(|last| &last.snapshot);
    let (states, found) = judge_nodes(fleet.known(), snapshot, &config.thresholds());
    let mut readings = Readings::default();
    for (node, state) in fleet.known().zip(&states) {
        let configured = config.aztec_nodes.iter().find(|configured| configured.endpoint.name == node.name);
        let server = configured.and_then(|configured| configured.server.as_deref());
        node_readings(&mut readings, (node, server), state, snapshot);
    }
    Scraped::found(readings, Source::Nodes, found, unix_now())
}

impl Scrape for NodesScraper {
    fn subject(&self) -> &'static str {
        "the nodes"
    }

    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(self.read(slot))
    }

    fn has_more(&self) -> bool {
        self.fleet.is_asking()
    }
}
