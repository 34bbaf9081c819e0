//! What the tasks do at each tick: one module for each thing that is scraped.
//!
//! A scraper returns what it read, or why it could not ([`scrape::Scrape`]); the one driver does the rest. A new one is a module
//! here, a [`ScraperKind`], and its job in [`jobs`].

mod ask;
pub mod at_head;
pub mod driver;
pub mod duties;
pub mod failure;
mod failure_log;
mod fleet;
pub mod governance;
pub mod hosts;
pub mod l1;
pub mod last_snapshot;
pub mod nodes;
mod others;
pub mod rewards;
pub mod scrape;
pub mod sentinel;
pub mod slashing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, NetworkConfig};

use self::at_head::AtHeadScraper;
use self::driver::Job;
use self::duties::{DutiesScraper, LastDuties};
use self::last_snapshot::LastSnapshotSender;
use crate::catalogue::values::ScraperKind;
use crate::key_keeper::{KeyKeeper, private_keys};
use crate::slots::Slot;
use crate::strips::StripsFile;

/// The shortest time that a scrape of the chain may take: the first one may scan years of logs.
const L1_DEADLINE: Duration = Duration::from_secs(300);
/// How long one node may take to answer.
const NODES_DEADLINE: Duration = Duration::from_secs(30);
/// How long slashing or governance may take; the first look reads every open round.
const AT_HEAD_DEADLINE: Duration = Duration::from_secs(120);

/// The jobs of every network of the configuration, each with the keeper of its key files. One without keeps nothing for a next start.
#[must_use]
pub fn jobs(config: &Arc<Config>, keepers: &BTreeMap<String, KeyKeeper>) -> Vec<Job> {
    config.networks.iter().flat_map(|(name, network)| network_jobs(config, network, keepers.get(name))).collect()
}

fn network_jobs(config: &Arc<Config>, network: &NetworkConfig, keeper: Option<&KeyKeeper>) -> Vec<Job> {
    let is_kept = keeper.is_some();
    let keeper = keeper.cloned().unwrap_or_default();
    let paces = &config.exporter.scrape;
    let pace = paces.interval;
    let slot = |kind, pace: Duration, deadline| {
        let slot = Slot::new(&network.name, kind, pace, pace.max(deadline));
        // A slower scraper's readings must not vanish before its next scrape.
        let budget = |staleness: Duration| if staleness < pace { pace.saturating_mul(2) } else { staleness };
        Arc::new(slot.with_staleness(paces.staleness.map(budget)))
    };
    let shared = Arc::clone(config);
    let last = LastSnapshotSender::new(None);
    // All begin with what the chain's scraper has told by then, so that its first failure is not missed.
    let (slashing_sees, governance_sees, rewards_see) = (last.subscribe(), last.subscribe(), last.subscribe());
    let receiver = last.subscribe();
    let chain = slot(ScraperKind::L1, pace, L1_DEADLINE);
    let (age_limit, aztec_registry) = (chain.budget(), network.aztec_registry);
    let own_keeper = keeper.clone();
    let mut jobs = vec![
        Job::new(chain, move || Box::new(l1::L1Scraper::new(Arc::clone(&shared), own_keeper.clone(), last.clone()))),
        Job::new(slot(ScraperKind::Slashing, paces.slashing_interval, AT_HEAD_DEADLINE), move || {
            let query = slashing::SlashingQuery::default();
            Box::new(AtHeadScraper::new(query, slashing_sees.clone(), age_limit))
        }),
        Job::new(slot(ScraperKind::Governance, paces.governance_interval, AT_HEAD_DEADLINE), move || {
            let query = governance::GovernanceQuery::new(aztec_registry);
            Box::new(AtHeadScraper::new(query, governance_sees.clone(), age_limit))
        }),
        Job::new(slot(ScraperKind::Rewards, paces.rewards_interval, AT_HEAD_DEADLINE), move || {
            Box::new(AtHeadScraper::new(rewards::RewardsQuery, rewards_see.clone(), age_limit))
        }),
    ];
    let (duties_see, duties) = (receiver.clone(), LastDuties::new(None));
    let shown = duties.subscribe();
    let (shared, owned) = (Arc::clone(config), network.clone());
    jobs.push(Job::new(slot(ScraperKind::Duties, pace, L1_DEADLINE), move || {
        let strips = is_kept.then(|| StripsFile::of(&shared, &owned)).flatten();
        Box::new(DutiesScraper::new(duties_see.clone(), age_limit, duties.clone(), strips))
    }));
    if !network.aztec_nodes.is_empty() {
        let (owned, last) = (network.clone(), receiver.clone());
        jobs.push(Job::new(slot(ScraperKind::Nodes, pace, NODES_DEADLINE), move || {
            Box::new(nodes::NodesScraper::new(owned.clone(), last.clone(), age_limit))
        }));
        let (owned, last, keeper) = (network.clone(), receiver, keeper.clone());
        let private_keys = private_keys(config);
        jobs.push(Job::new(slot(ScraperKind::Sentinel, paces.sentinel_interval, NODES_DEADLINE), move || {
            let keys = (keeper.clone(), private_keys);
            Box::new(sentinel::SentinelScraper::new(owned.clone(), keys, (last.clone(), shown.clone()), age_limit))
        }));
    }
    if !network.hosts.is_empty() {
        let owned = network.clone();
        let deadline = hosts::deadline(&network.hosts);
        jobs.push(Job::new(slot(ScraperKind::Hosts, paces.hosts_interval, deadline), move || {
            Box::new(hosts::HostsScraper::new(owned.clone()))
        }));
    }
    jobs
}
