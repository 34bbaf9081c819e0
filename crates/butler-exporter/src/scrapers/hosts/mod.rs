//! The scraper of one network's hosts: each is looked at as a stranger would.
//!
//! A check that fails is a reading (`butler_host_check_success` 0), and its failure is counted by kind. Hosts are checked
//! side by side, so many at once that none waits long, and no more.

mod checks;

use std::time::Duration;

use butler_core::config::{HostConfig, NetworkConfig};
use butler_core::domain::findings::Source;
use butler_core::domain::findings::host::{HostState, of_host};
use butler_core::runtime::clock::unix_now;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _};

use self::checks::{HostFacts, check_host};
use crate::catalogue;
use crate::readings::{Readings, number, truth};
use crate::scrapers::ask::version_label;
use crate::scrapers::failure::Failure;
use crate::scrapers::failure_log::FailureLog;
use crate::scrapers::scrape::Scrape;
use crate::slots::{Scraped, Slot};

/// How many hosts are checked at the same time.
const SIDE_BY_SIDE: usize = 32;

/// The longest that checking all these hosts may take.
#[must_use]
pub fn deadline(hosts: &[HostConfig]) -> Duration {
    let slowest = hosts.iter().map(|host| host.timeout).max().unwrap_or_default();
    let rounds = u32::try_from(hosts.len().div_ceil(SIDE_BY_SIDE)).unwrap_or(u32::MAX);
    slowest.saturating_mul(rounds)
}

/// Scrapes one network's hosts, again and again. Files of authorities are read in place, which needs a runtime of several
/// threads.
#[derive(Debug)]
pub struct HostsScraper {
    config: NetworkConfig,
    log: FailureLog,
}

impl HostsScraper {
    /// A scraper that has looked at nothing yet.
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        Self { config, log: FailureLog::default() }
    }

    async fn read(&mut self, slot: &Slot) -> Scraped {
        let config = &self.config;
        let checks: Vec<_> = config.hosts.iter().map(|host| check_host(host, config).boxed()).collect();
        let hosts: Vec<HostFacts> =
            stream::iter(checks).buffered(SIDE_BY_SIDE).inspect(|_| slot.tick()).collect().await;
        for host in &hosts {
            for result in &host.checks {
                let fault = result.fault.as_ref();
                if let Some(fault) = fault {
                    slot.count_error(fault.kind);
                }
                let subject = format!("check {} of host", result.check.name());
                let failure = fault.map(|fault| (fault.kind, fault.detail.as_deref()));
                self.log.note(slot, &subject, &host.name, failure);
            }
        }
        let (now, thresholds) = (unix_now(), self.config.thresholds());
        let found = hosts.iter().flat_map(|host| of_host(&host_state(host), now, &thresholds)).collect();
        Scraped::found(host_readings(&hosts), Source::Hosts, found, now)
    }
}

impl Scrape for HostsScraper {
    fn subject(&self) -> &'static str {
        "the hosts"
    }

    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(async { Ok(self.read(slot).await) })
    }
}

/// What findings are made from.
fn host_state(host: &HostFacts) -> HostState {
    let failed = host.checks.iter().filter(|result| result.fault.is_some()).map(|result| result.check);
    HostState { name: host.name.clone(), failed: failed.collect(), certificate_end: host.certificate_end }
}

fn host_readings(hosts: &[HostFacts]) -> Readings {
    let mut readings = Readings::default();
    for host in hosts {
        for result in &host.checks {
            let label = || [host.name.clone(), result.check.name().to_owned()];
            readings.push(&catalogue::HOST_CHECK_SUCCESS, label(), truth(result.fault.is_none()));
            readings.push(&catalogue::HOST_CHECK_DURATION, label(), result.took.as_secs_f64());
        }
        if let Some(end) = host.certificate_end {
            readings.push(&catalogue::HOST_CERTIFICATE_EXPIRY, [host.name.clone()], number(end));
        }
        for version in &host.versions {
            readings.push(&catalogue::HOST, [host.name.clone(), version_label(version)], 1.0);
        }
    }
    readings
}
