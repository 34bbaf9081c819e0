//! What the tasks do at each tick: one module for each thing that is scraped.
//!
//! A scraper reads, turns facts into readings and puts them into its slot, well or badly; it never returns an error. A
//! new one is a module here, a [`ScraperKind`], and its jobs in [`jobs`].

pub mod beyond;
mod failure_log;
pub mod governance;
pub mod hosts;
pub mod l1;
pub mod nodes;
mod others;
pub mod rewards;
pub mod seen;
pub mod sentinel;
pub mod slashing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, NetworkConfig};
use futures_util::future::BoxFuture;

use self::seen::SeenSender;
use crate::key_keeper::{KeyKeeper, private_keys};
use crate::kinds::ScraperKind;
use crate::status::Slot;
use crate::tasks::Job;

/// The shortest time that a scrape of the chain may take: the first one may scan years of logs.
const L1_DEADLINE: Duration = Duration::from_secs(300);
/// How long one node may take to answer.
const NODES_DEADLINE: Duration = Duration::from_secs(30);
/// How long slashing or governance may take; the first look reads every open round.
const BEYOND_DEADLINE: Duration = Duration::from_secs(120);

/// Scrapes the same thing again and again.
pub trait Scrape: Send {
    /// Scrapes once, and notes in the slot how it went.
    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()>;
}

/// The jobs of every network of the configuration, each with the keeper of its key files.
#[must_use]
pub fn jobs(config: &Arc<Config>, keepers: &BTreeMap<String, KeyKeeper>) -> Vec<Job> {
    let keeper = |name: &String| keepers.get(name).cloned().unwrap_or_default();
    config.networks.iter().flat_map(|(name, network)| network_jobs(config, network, &keeper(name))).collect()
}

fn network_jobs(config: &Arc<Config>, network: &NetworkConfig, keeper: &KeyKeeper) -> Vec<Job> {
    let exporter = &config.exporter;
    let pace = exporter.scrape_interval;
    let slot = |kind, pace: Duration, deadline| {
        let slot = Slot::new(&network.name, kind, pace, pace.max(deadline));
        // A slower scraper's readings must not vanish before its next scrape.
        let budget = |staleness: Duration| if staleness < pace { pace.saturating_mul(2) } else { staleness };
        Arc::new(slot.with_staleness(exporter.staleness.map(budget)))
    };
    let shared = Arc::clone(config);
    let seen = SeenSender::new(None);
    // All begin with what the chain's scraper has told by then, so that its first failure is not missed.
    let (slashing_sees, governance_sees, rewards_see) = (seen.subscribe(), seen.subscribe(), seen.subscribe());
    let receiver = seen.subscribe();
    let chain = slot(ScraperKind::L1, pace, L1_DEADLINE);
    let (age_limit, aztec_registry) = (chain.budget(), network.aztec_registry);
    let own_keeper = keeper.clone();
    let mut jobs = vec![
        Job::new(chain, move || Box::new(l1::L1Scraper::new(Arc::clone(&shared), own_keeper.clone(), seen.clone()))),
        Job::new(slot(ScraperKind::Slashing, exporter.slashing_interval, BEYOND_DEADLINE), move || {
            let question = slashing::SlashingQuestion::default();
            Box::new(beyond::BeyondScraper::new(question, slashing_sees.clone(), age_limit))
        }),
        Job::new(slot(ScraperKind::Governance, exporter.governance_interval, BEYOND_DEADLINE), move || {
            let question = governance::GovernanceQuestion::new(aztec_registry);
            Box::new(beyond::BeyondScraper::new(question, governance_sees.clone(), age_limit))
        }),
        Job::new(slot(ScraperKind::Rewards, exporter.rewards_interval, BEYOND_DEADLINE), move || {
            Box::new(beyond::BeyondScraper::new(rewards::RewardsQuestion, rewards_see.clone(), age_limit))
        }),
    ];
    if !network.aztec_nodes.is_empty() {
        let (owned, seen) = (network.clone(), receiver.clone());
        jobs.push(Job::new(slot(ScraperKind::Nodes, pace, NODES_DEADLINE), move || {
            Box::new(nodes::NodesScraper::new(owned.clone(), seen.clone(), age_limit))
        }));
        let (owned, seen, keeper) = (network.clone(), receiver, keeper.clone());
        let private_keys = private_keys(config);
        jobs.push(Job::new(slot(ScraperKind::Sentinel, exporter.sentinel_interval, NODES_DEADLINE), move || {
            let keys = (keeper.clone(), private_keys);
            Box::new(sentinel::SentinelScraper::new(owned.clone(), keys, seen.clone(), age_limit))
        }));
    }
    if !network.hosts.is_empty() {
        let owned = network.clone();
        let deadline = hosts::deadline(&network.hosts);
        jobs.push(Job::new(slot(ScraperKind::Hosts, exporter.hosts_interval, deadline), move || {
            Box::new(hosts::HostsScraper::new(owned.clone()))
        }));
    }
    jobs
}
