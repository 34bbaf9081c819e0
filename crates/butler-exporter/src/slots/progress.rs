//! How the scrapes of one slot went: counts, times, and the attesters' states for the next judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use butler_core::domain::attester::state::State;
use ethers_core::types::Address;
use strum::VariantArray as _;
use tokio::time::Instant;

use super::endpoints::EndpointFigures;
use super::scraped::Outcome;
use super::served::ProgressReadings;
use super::today::Today;
use crate::catalogue;
use crate::catalogue::values::{CountedJudgement, FailureKind, ScraperKind};
use crate::readings::{Readings, number, truth};

/// A file of the program's own, or several that are written together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// The ledger of the chain's logs, and what stands beside it.
    Ledger,
    /// What own attesters proposed and did.
    Duties,
    /// The attesters' states.
    States,
    /// What key files said last.
    KeyFiles,
}

/// How the scrapes of one slot went so far.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) last: Option<(Outcome, Duration)>,
    pub(super) last_success: Option<u64>,
    pub(super) errors: BTreeMap<FailureKind, u64>,
    pub(super) restarts: u64,
    pub(super) steps: BTreeMap<CountedJudgement, u64>,
    pub(super) states: BTreeMap<Address, State>,
    pub(super) endpoints: Vec<EndpointFigures>,
    /// What clients counted that are gone.
    pub(super) gone: Vec<EndpointFigures>,
    pub(super) today: Today,
    /// How much longer than its interval the next scrape waits.
    pub(super) slowed: Duration,
    pub(super) ticked: Instant,
    /// When the task panicked last.
    pub(super) restarted: Option<Instant>,
    /// What could not be written when that was tried last.
    pub(super) unkept: BTreeSet<Store>,
    pub(super) failures_in_a_row: u64,
    /// What is served of all this, until something of it changes.
    pub(super) served: Option<Arc<ProgressReadings>>,
}

impl Progress {
    /// Before the first scrape.
    pub(super) fn new() -> Self {
        Self {
            last: None,
            last_success: None,
            errors: FailureKind::all().map(|kind| (kind, 0)).collect(),
            restarts: 0,
            steps: CountedJudgement::VARIANTS.iter().map(|judgement| (*judgement, 0)).collect(),
            states: BTreeMap::new(),
            endpoints: Vec::new(),
            gone: Vec::new(),
            today: Today::default(),
            slowed: Duration::ZERO,
            ticked: Instant::now(),
            restarted: None,
            unkept: BTreeSet::new(),
            failures_in_a_row: 0,
            served: None,
        }
    }

    /// The same as it is served.
    pub(super) fn readings(&self, kind: ScraperKind) -> Readings {
        let mut own = Readings::default();
        let scraper = || kind.name().to_owned();
        if let Some((outcome, took)) = self.last {
            own.push(&catalogue::SCRAPE_SUCCESS, [scraper()], truth(outcome == Outcome::Success));
            own.push(&catalogue::SCRAPE_DURATION, [scraper()], took.as_secs_f64());
        }
        for (kind, errors) in &self.errors {
            own.push(&catalogue::SCRAPE_ERRORS, [scraper(), kind.name().to_owned()], number(*errors));
        }
        own.push(&catalogue::SCRAPER_RESTARTS, [scraper()], number(self.restarts));
        if let Some(at) = self.last_success {
            own.push(&catalogue::SCRAPE_LAST_SUCCESS, [scraper()], number(at));
        }
        own.push(&catalogue::SCRAPE_SLOWED, [scraper()], self.slowed.as_secs_f64());
        self.endpoints.iter().for_each(|endpoint| endpoint.push(self.today.of(&endpoint.name), &mut own));
        if kind == ScraperKind::L1 {
            for (judgement, steps) in &self.steps {
                own.push(&catalogue::TRANSITIONS, [judgement.name().to_owned()], number(*steps));
            }
        }
        own
    }
}
