//! How the exporter scrapes. A network's scrapers begin anew when anything of it changes.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::directory::{STATE, read_directory};
use crate::config::reader::{Read, Section};
use crate::config::setting::Problem;

/// Paces of the scrapers, and what they may read and keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeConfig {
    /// Time between two snapshots of the chain.
    pub interval: Duration,
    /// Time between two looks at the slashing rounds.
    pub slashing_interval: Duration,
    /// Time between two looks at governance.
    pub governance_interval: Duration,
    /// Time between two computations of the own share of rewards.
    pub rewards_interval: Duration,
    /// Time between two questions to the sentinels and admin ports.
    pub sentinel_interval: Duration,
    /// Time between two checks of the hosts.
    pub hosts_interval: Duration,
    /// How long a reading is served; absent when it follows from the interval.
    pub staleness: Option<Duration>,
    /// The folder of the attesters' last states; absent when neither the key nor the environment has one.
    pub state_directory: Option<PathBuf>,
    /// Whether addresses may be derived from the private keys of node keystores.
    pub read_private_keystores: bool,
}

/// Reads how the exporter scrapes.
pub(crate) fn read_scrape(section: &Section<'_>) -> Read<ScrapeConfig> {
    let interval = section.get::<Duration>("scrape_interval");
    let (sentinel_interval, hosts_interval) = (section.get("sentinel_interval"), section.get("hosts_interval"));
    let staleness = section.optional::<Duration>("staleness");
    let state_directory = read_directory(section, "state_directory", &STATE);
    let slashing_interval = section.get("slashing_interval");
    let governance_interval = section.get("governance_interval");
    let rewards_interval = section.get("rewards_interval");
    let read_private_keystores = section.get("read_private_keystores");
    let (interval, staleness) = (interval?, staleness?);
    if let Some(staleness) = staleness
        && staleness < interval
    {
        let problem = Problem::new("readings would vanish before the next scrape");
        return Err(section.fault("staleness", problem.hint("at least `scrape_interval`, better three times that")));
    }
    Ok(ScrapeConfig {
        interval,
        slashing_interval: slashing_interval?,
        governance_interval: governance_interval?,
        rewards_interval: rewards_interval?,
        sentinel_interval: sentinel_interval?,
        hosts_interval: hosts_interval?,
        staleness,
        state_directory: state_directory?,
        read_private_keystores: read_private_keystores?,
    })
}
