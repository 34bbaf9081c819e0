//! The jobs of a configuration, and what of them stays when the configuration changes.
//!
//! A network about which nothing changed keeps its jobs with their readings. One that changed gets new jobs, which take
//! over counts and, on the same chain, the attesters' states. Everything that a job reads must be part of its `NetworkPlan`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use butler_core::config::{Config, NetworkConfig, ScrapeConfig};
use butler_core::store::watch::{Marks, look};

use crate::catalogue::values::ScraperKind;
use crate::key_keeper::KeyKeeper;
use crate::scrapers::driver::Job;
use crate::scrapers::jobs;
use crate::slots::Slot;
use crate::states::StatesFile;

/// The jobs of one configuration.
#[derive(Debug)]
pub struct Plan {
    plans: BTreeMap<String, NetworkPlan>,
    keepers: BTreeMap<String, KeyKeeper>,
    jobs: Vec<Job>,
}

/// Everything that the jobs of one network are made from.
#[derive(Debug, PartialEq)]
struct NetworkPlan {
    network: NetworkConfig,
    cache_directory: PathBuf,
    scrape: ScrapeConfig,
    authorities: Marks,
}

/// What a new configuration means for the networks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Networks that were not there.
    pub added: Vec<String>,
    /// Networks that have new jobs.
    pub changed: Vec<String>,
    /// Networks that are not there any more.
    pub removed: Vec<String>,
}

impl NetworkPlan {
    fn of(config: &Config, network: &NetworkConfig) -> Self {
        let endpoints = network.l1.iter().chain(network.aztec_nodes.iter().map(|node| &node.endpoint));
        Self {
            network: network.clone(),
            cache_directory: config.cache_directory.clone(),
            scrape: config.exporter.scrape.clone(),
            authorities: look(endpoints.filter_map(|endpoint| endpoint.ca_file.as_ref())),
        }
    }

    /// Whether the attesters' states mean the same under both plans.
    fn has_same_attesters(&self, other: &Self) -> bool {
        let chain = |plan: &Self| (plan.network.chain_id, plan.network.staking_registry);
        chain(self) == chain(other)
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("new", &self.added), ("changed", &self.changed), ("removed", &self.removed)];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, networks)| !networks.is_empty())
            .map(|(what, networks)| format!("{what}: {}", networks.join(", ")))
            .collect();
        if parts.is_empty() { f.write_str("no network changed") } else { write!(f, "networks {}", parts.join("; ")) }
    }
}

impl Plan {
    /// The jobs at the start, with the attesters' states of the last run. Blocks while it reads them.
    #[must_use]
    pub fn new(config: &Arc<Config>) -> Self {
        Self { plans: BTreeMap::new(), keepers: BTreeMap::new(), jobs: Vec::new() }.next(config).0
    }

    /// The jobs under another configuration, and what changed. Blocks while it reads files.
    #[must_use]
    pub fn next(&self, config: &Arc<Config>) -> (Self, Changes) {
        let plan = |network: &NetworkConfig| (network.name.clone(), NetworkPlan::of(config, network));
        let plans: BTreeMap<String, NetworkPlan> = config.networks.values().map(plan).collect();
        let mut changes = Changes::default();
        changes.removed.extend(self.plans.keys().filter(|name| !plans.contains_key(*name)).cloned());
        let mut next = Vec::new();
        let keeper = |name: &String| (name.clone(), self.keepers.get(name).cloned().unwrap_or_default());
        let keepers = config.networks.keys().map(keeper).collect();
        let mut all = jobs(config, &keepers);
        for (name, plan) in &plans {
            let (fresh, others) = all.into_iter().partition(|job| job.slot.network == *name);
            all = others;
            match self.plans.get(name) {
                Some(before) if before == plan => next.extend(self.of_network(name).cloned()),
                Some(before) => {
                    changes.changed.push(name.clone());
                    self.hand_over(config, plan, plan.has_same_attesters(before), &fresh);
                    next.extend(fresh);
                }
                None => {
                    changes.added.push(name.clone());
                    self.hand_over(config, plan, false, &fresh);
                    next.extend(fresh);
                }
            }
        }
        (Self { plans, keepers, jobs: next }, changes)
    }

    /// Gives new jobs what the old ones of the same network leave behind, or what the last run left on disk.
    fn hand_over(&self, config: &Config, plan: &NetworkPlan, same_attesters: bool, fresh: &[Job]) {
        for job in fresh {
            let before = self.of_network(&job.slot.network).find(|before| before.slot.kind == job.slot.kind);
            if let Some(before) = before.filter(|_| same_attesters) {
                job.slot.adopt(&before.slot);
            }
            if job.slot.kind == ScraperKind::L1
                && let Some(file) = StatesFile::of(config, &plan.network)
            {
                if before.is_none() || !same_attesters {
                    job.slot.restore(file.load());
                }
                job.slot.keep_states_in(file);
            }
        }
    }

    fn of_network(&self, name: &str) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(move |job| job.slot.network == name)
    }

    /// The jobs.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// The slots that the jobs fill.
    #[must_use]
    pub fn slots(&self) -> Vec<Arc<Slot>> {
        self.jobs.iter().map(|job| Arc::clone(&job.slot)).collect()
    }

    /// Asks the scrapers of a network's chain to read now, because a file that they read changed.
    pub fn wake(&self, network: &str) {
        self.of_network(network).filter(|job| job.slot.kind == ScraperKind::L1).for_each(|job| job.slot.wake());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_name() {
        assert_eq!(Changes::default().to_string(), "no network changed");
        let changes =
            Changes { added: vec!["b".to_owned()], changed: Vec::new(), removed: vec!["a".to_owned(), "c".to_owned()] };
        assert_eq!(changes.to_string(), "networks new: b; removed: a, c");
    }
}
