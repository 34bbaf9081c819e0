//! What the tasks do at each tick: one module for each thing that is scraped.
//!
//! A scraper reads, turns facts into readings and puts them into its slot, well or badly; it never returns an error. A
//! new one is a module here, a [`ScraperKind`](crate::kinds::ScraperKind), and its jobs in [`jobs`].

pub mod l1;
pub mod nodes;
pub mod seen;

use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, NetworkConfig};
use futures_util::future::BoxFuture;

use self::seen::SeenSender;
use crate::kinds::ScraperKind;
use crate::status::Slot;
use crate::tasks::Job;

/// The shortest time that a scrape of the chain may take: the first one may scan years of logs.
const L1_DEADLINE: Duration = Duration::from_secs(300);
/// How long one node may take to answer.
const NODES_DEADLINE: Duration = Duration::from_secs(30);

/// Scrapes the same thing again and again.
pub trait Scrape: Send {
    /// Scrapes once, and notes in the slot how it went.
    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()>;
}

/// The jobs of every network of the configuration.
#[must_use]
pub fn jobs(config: &Arc<Config>) -> Vec<Job> {
    config.networks.values().flat_map(|network| network_jobs(config, network)).collect()
}

fn network_jobs(config: &Arc<Config>, network: &NetworkConfig) -> Vec<Job> {
    let pace = config.exporter.scrape_interval;
    let slot = |kind, deadline| {
        let slot = Slot::new(&network.name, kind, pace, pace.max(deadline));
        Arc::new(slot.with_staleness(config.exporter.staleness))
    };
    let shared = Arc::clone(config);
    let seen = SeenSender::new(None);
    let mut jobs = vec![Job::new(slot(ScraperKind::L1, L1_DEADLINE), move || {
        Box::new(l1::L1Scraper::new(Arc::clone(&shared), seen.clone()))
    })];
    if !network.aztec_nodes.is_empty() {
        let network = network.clone();
        jobs.push(Job::new(slot(ScraperKind::Nodes, NODES_DEADLINE), move || {
            Box::new(nodes::NodesScraper::new(network.clone()))
        }));
    }
    jobs
}
