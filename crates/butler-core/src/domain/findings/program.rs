//! What is wrong with the program that looks: what it could not read, keep or take over.
//!
//! From plain facts; unlike other findings these are made anew at each look, since most of them come with time alone.

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::text::time::{distance, duration};

/// How one scraper's work goes. Times are unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScraperState {
    /// Its name.
    pub name: String,
    /// Whether its last scrape failed; `None` before the first ended.
    pub failed: Option<bool>,
    /// When a scrape last succeeded.
    pub last_success: Option<u64>,
    /// Whether what it read is fresh enough to be shown.
    pub is_known: bool,
    /// How old its readings may become, in seconds.
    pub budget: u64,
    /// When it panicked last.
    pub restarted_at: Option<u64>,
    /// Whether a file of its own cannot be written.
    pub is_unkept: bool,
    /// The L1 endpoints whose last exchange was bad.
    pub bad_endpoints: Vec<String>,
}

/// Everything that is wrong with a scraper at `now`.
#[must_use]
pub fn of_scraper(scraper: &ScraperState, now: u64, thresholds: &Thresholds) -> Vec<Finding> {
    let about =
        |kind, severity, what: String| Finding::new(kind, severity, Subject::Scraper(scraper.name.clone()), what);
    let mut found = Vec::new();
    if scraper.failed == Some(true) {
        found.push(about(FindingKind::ScrapeFailing, Severity::Warning, "its last scrape failed".to_owned()));
    }
    // A scraper with a long interval of its own succeeds less often.
    let limit = thresholds.scrape_age.max(scraper.budget);
    found.extend(match scraper.last_success {
        None if scraper.is_known => None,
        None => {
            let what = "nothing is known yet from it".to_owned();
            Some(about(FindingKind::ScrapeStale, Severity::Warning, what))
        }
        Some(at) if !scraper.is_known => {
            let what = format!("nothing is known from it: its last success was {}", distance(now, at));
            Some(about(FindingKind::ScrapeStale, Severity::Critical, what))
        }
        Some(at) if now.saturating_sub(at) > limit => {
            let what = format!("no scrape has succeeded for {}", duration(now.saturating_sub(at)));
            Some(about(FindingKind::ScrapeStale, Severity::Critical, what))
        }
        Some(_) => None,
    });
    if scraper.restarted_at.is_some_and(|at| now.saturating_sub(at) <= thresholds.recent) {
        let what = "it panicked and was started again: that is a bug".to_owned();
        found.push(about(FindingKind::ScraperRestarted, Severity::Warning, what));
    }
    if scraper.is_unkept {
        let what = "it cannot write a file of its own".to_owned();
        found.push(about(FindingKind::FilesNotKept, Severity::Warning, what));
    }
    found.extend(scraper.bad_endpoints.iter().map(|endpoint| {
        let subject = Subject::Endpoint(endpoint.clone());
        Finding::new(FindingKind::EndpointUnhealthy, Severity::Warning, subject, "its last exchange was bad")
    }));
    found
}

/// What is known of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessState {
    /// Whether its certificate's files can be used; `None` without a certificate.
    pub certificate_is_current: Option<bool>,
    /// Whether the configuration that was read last is in effect.
    pub configuration_is_current: bool,
    /// When its file for node_exporter was written last, unix seconds; `None` without one.
    pub textfile_written_at: Option<u64>,
}

/// Everything that is wrong with the process at `now`.
#[must_use]
pub fn of_process(process: &ProcessState, now: u64, thresholds: &Thresholds) -> Vec<Finding> {
    let about = |kind, what: String| Finding::new(kind, Severity::Warning, Subject::Program, what);
    let mut found = Vec::new();
    if process.certificate_is_current == Some(false) {
        let what = "the new certificate cannot be used; the old one is served".to_owned();
        found.push(about(FindingKind::CertificateNotReplaced, what));
    }
    if !process.configuration_is_current {
        let what = "the configuration has faults; the one from before stays in effect".to_owned();
        found.push(about(FindingKind::ConfigurationRejected, what));
    }
    if let Some(at) = process.textfile_written_at.filter(|at| now.saturating_sub(*at) > thresholds.textfile_age) {
        let what = format!("the file for node_exporter was written {}", distance(now, at));
        found.push(about(FindingKind::TextfileStale, what));
    }
    found
}

/// A local clock that is behind the chain by so many seconds.
#[must_use]
pub fn of_clock(behind: u64) -> Finding {
    let what = format!("this machine's clock is {} behind the chain", duration(behind));
    Finding::new(FindingKind::ClockBehind, Severity::Warning, Subject::Network, what)
}

/// An endpoint that told some of a snapshot alone, although several are configured.
#[must_use]
pub fn of_unconfirmed(endpoint: &str) -> Finding {
    let what = format!("only endpoint {endpoint} tells some of what is shown: no other one confirmed it in time");
    Finding::new(FindingKind::SnapshotUnconfirmed, Severity::Warning, Subject::Network, what)
}

/// A newest block that is old at `now`.
#[must_use]
pub fn of_block(number: u64, timestamp: u64, now: u64, thresholds: &Thresholds) -> Option<Finding> {
    let age = now.saturating_sub(timestamp);
    (age > thresholds.block_age).then(|| {
        let what = format!("the newest block that the L1 endpoints have, {number}, is {} old", duration(age));
        Finding::new(FindingKind::BlockOld, Severity::Warning, Subject::Network, what)
    })
}
