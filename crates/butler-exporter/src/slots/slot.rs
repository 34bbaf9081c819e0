//! What is known of one scraper: its last readings and how its scrapes went. Written by its task, read by every request.
//!
//! A failed scrape changes how scrapes went, and never a reading. What is in here survives a panic of the task.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use butler_core::domain::findings::program::ScraperState;
use butler_core::domain::findings::{Finding, Source};
use butler_core::domain::state::State;
use ethers_core::types::Address;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::catalogue;
use crate::catalogue::values::{FailureKind, JUDGEMENTS, ScraperKind};
use crate::readings::findings::push_findings;
use crate::readings::{Readings, Sample, number, truth};
use crate::states::StatesFile;

use super::endpoints::EndpointFigures;
use super::served::{ProgressReadings, ScrapedReadings, View};

/// The shortest time for which a reading is served.
const LEAST_BUDGET: Duration = Duration::from_secs(300);
/// A reading is served for this many intervals.
const BUDGET_INTERVALS: u32 = 3;

/// One scraper of one network.
#[derive(Debug)]
pub struct Slot {
    /// The network's name.
    pub network: String,
    /// What is scraped.
    pub kind: ScraperKind,
    /// Time between two scrapes.
    pub interval: Duration,
    /// The longest that a scrape may take.
    pub deadline: Duration,
    staleness: Option<Duration>,
    wake: Notify,
    states_file: OnceLock<StatesFile>,
    current: ArcSwapOption<ScrapedReadings>,
    progress: Mutex<Progress>,
}

/// How one scrape went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Success,
    /// Nothing was; the readings are those from before.
    Failure,
}

/// What a good scrape leaves behind.
#[derive(Debug, Default)]
pub struct Scraped {
    /// What is served.
    pub readings: Readings,
    /// What is wrong, as old as the readings.
    pub findings: Vec<Finding>,
    /// The attesters' states, for the next scrape.
    pub states: BTreeMap<Address, State>,
    /// The judgements to count.
    pub steps: Vec<&'static str>,
}

impl Scraped {
    /// Readings with everything that a source found at `now`, which is counted in them.
    #[must_use]
    pub fn found(mut readings: Readings, source: Source, findings: Vec<Finding>, now: u64) -> Self {
        push_findings(&mut readings, source, &findings, now);
        Self { readings, findings, ..Self::default() }
    }
}

impl From<Readings> for Scraped {
    fn from(readings: Readings) -> Self {
        Self { readings, ..Self::default() }
    }
}

#[derive(Debug)]
struct Progress {
    last: Option<(Outcome, Duration)>,
    last_success: Option<u64>,
    errors: BTreeMap<FailureKind, u64>,
    restarts: u64,
    steps: BTreeMap<&'static str, u64>,
    states: BTreeMap<Address, State>,
    endpoints: Vec<EndpointFigures>,
    /// What clients counted that are gone.
    gone: Vec<EndpointFigures>,
    ticked: Instant,
    /// When the task panicked last.
    restarted: Option<Instant>,
    /// When a file of the program's own could not be written last.
    unkept: Option<Instant>,
    failures_in_a_row: u64,
    /// What is served of all this, until something of it changes.
    served: Option<Arc<ProgressReadings>>,
}

impl Progress {
    fn readings(&self, kind: ScraperKind) -> Readings {
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
        self.endpoints.iter().for_each(|endpoint| endpoint.push(&mut own));
        if kind == ScraperKind::L1 {
            for (judgement, steps) in &self.steps {
                own.push(&catalogue::TRANSITIONS, [(*judgement).to_owned()], number(*steps));
            }
        }
        own
    }
}

impl Slot {
    /// A slot without readings.
    #[must_use]
    pub fn new(network: &str, kind: ScraperKind, interval: Duration, deadline: Duration) -> Self {
        let progress = Progress {
            last: None,
            last_success: None,
            errors: FailureKind::all().map(|kind| (kind, 0)).collect(),
            restarts: 0,
            steps: JUDGEMENTS.into_iter().map(|name| (name, 0)).collect(),
            states: BTreeMap::new(),
            endpoints: Vec::new(),
            gone: Vec::new(),
            ticked: Instant::now(),
            restarted: None,
            unkept: None,
            failures_in_a_row: 0,
            served: None,
        };
        Self {
            network: network.to_owned(),
            kind,
            interval,
            deadline,
            staleness: None,
            wake: Notify::new(),
            states_file: OnceLock::new(),
            current: ArcSwapOption::empty(),
            progress: Mutex::new(progress),
        }
    }

    /// The slot with another time for which a reading is served; `None` leaves it to the interval.
    #[must_use]
    pub fn with_staleness(self, staleness: Option<Duration>) -> Self {
        Self { staleness, ..self }
    }

    /// Takes over the counts and the attesters' states of the slot that this one replaces; its readings are left behind.
    pub fn adopt(&self, before: &Self) {
        let before = before.progress();
        let mut progress = self.change();
        progress.last_success = before.last_success;
        progress.errors.clone_from(&before.errors);
        progress.restarts = before.restarts;
        (progress.restarted, progress.unkept) = (before.restarted, before.unkept);
        progress.steps.clone_from(&before.steps);
        progress.states.clone_from(&before.states);
        progress.gone.clone_from(&before.endpoints);
    }

    /// Begins with the attesters' states of an earlier run.
    pub fn restore(&self, states: BTreeMap<Address, State>) {
        self.progress().states = states;
    }

    /// Keeps the attesters' states in this file from now on. Only the first one counts.
    pub fn keep_states_in(&self, file: StatesFile) {
        let _ = self.states_file.set(file);
    }

    /// Keeps the states of the last good scrape for the next start, where there is a file for them. Blocks.
    pub fn save_states(&self) {
        if let Some(file) = self.states_file.get()
            && !file.save(&self.states())
        {
            self.count_error(FailureKind::LocalFile);
        }
    }

    /// Asks the task to scrape now instead of at its next tick.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends when the task is asked to scrape now.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To change something that is served.
    fn change(&self) -> MutexGuard<'_, Progress> {
        let mut progress = self.progress();
        progress.served = None;
        progress
    }

    /// How long a reading is served.
    #[must_use]
    pub fn budget(&self) -> Duration {
        let usual = || self.interval.saturating_mul(BUDGET_INTERVALS).max(LEAST_BUDGET);
        self.staleness.map_or_else(usual, |staleness| staleness.max(self.interval))
    }

    /// The task is at work.
    pub fn tick(&self) {
        self.progress().ticked = Instant::now();
    }

    /// Whether the task was at work lately.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let slack = Duration::from_secs(60);
        self.progress().ticked.elapsed() <= self.interval.saturating_add(self.deadline).saturating_add(slack)
    }

    /// Whether a scrape ended, well or badly.
    #[must_use]
    pub fn was_attempted(&self) -> bool {
        self.progress().last.is_some()
    }

    /// How the last scrape ended.
    #[must_use]
    pub fn last_outcome(&self) -> Option<Outcome> {
        self.progress().last.map(|(outcome, _)| outcome)
    }

    /// A scrape read everything. Returns how many failed before it. `now` is in unix seconds.
    pub fn succeeded(&self, scraped: Scraped, took: Duration, now: u64) -> u64 {
        let dated = Arc::new(ScrapedReadings::new(&self.network, scraped.readings, scraped.findings, took));
        // All of it under the lock that `view` takes, so that no request sees half of a scrape.
        let mut progress = self.change();
        self.current.store(Some(dated));
        progress.states = scraped.states;
        for judgement in scraped.steps {
            let counted = progress.steps.entry(judgement).or_default();
            *counted = counted.saturating_add(1);
        }
        progress.last = Some((Outcome::Success, took));
        progress.last_success = Some(now);
        std::mem::take(&mut progress.failures_in_a_row)
    }

    /// A scrape failed. Returns how many did in a row.
    pub fn failed(&self, kind: FailureKind, took: Duration) -> u64 {
        self.count_error(kind);
        let mut progress = self.change();
        progress.last = Some((Outcome::Failure, took));
        progress.failures_in_a_row = progress.failures_in_a_row.saturating_add(1);
        progress.failures_in_a_row
    }

    /// Counts a failure that did not end the scrape.
    pub fn count_error(&self, kind: FailureKind) {
        let mut progress = self.change();
        let errors = progress.errors.entry(kind).or_default();
        *errors = errors.saturating_add(1);
        if kind == FailureKind::LocalFile {
            progress.unkept = Some(Instant::now());
        }
    }

    /// The task panicked. The scrape that it was in failed.
    pub fn restarted(&self) {
        let mut progress = self.change();
        progress.restarts = progress.restarts.saturating_add(1);
        progress.restarted = Some(Instant::now());
        progress.gone = progress.endpoints.clone();
        progress.last = Some((Outcome::Failure, progress.last.map(|(_, took)| took).unwrap_or_default()));
    }

    /// The attesters' states of the last good scrape.
    #[must_use]
    pub fn states(&self) -> BTreeMap<Address, State> {
        self.progress().states.clone()
    }

    /// Replaces the endpoints' counters.
    pub fn note_endpoints(&self, endpoints: Vec<EndpointFigures>) {
        let mut progress = self.change();
        let gone = std::mem::take(&mut progress.gone);
        let with_gone = |endpoint: EndpointFigures| match gone.iter().find(|gone| gone.name == endpoint.name) {
            Some(before) => endpoint.plus(before),
            None => endpoint,
        };
        progress.endpoints = endpoints.into_iter().map(with_gone).collect();
        progress.gone = gone;
    }

    /// The readings, unless they are too old.
    fn fresh(&self) -> Option<Arc<ScrapedReadings>> {
        self.current.load_full().filter(|dated| dated.taken.elapsed() <= self.budget())
    }

    /// The readings that are still good, and their age.
    #[must_use]
    pub fn readings(&self) -> Option<(Arc<Readings>, Duration)> {
        self.fresh().map(|dated| (Arc::clone(&dated.readings), dated.taken.elapsed()))
    }

    /// What was found by the scrape whose readings are still good.
    #[must_use]
    pub fn findings(&self) -> Option<Arc<Vec<Finding>>> {
        self.fresh().map(|dated| Arc::clone(&dated.findings))
    }

    /// How the scraper's work goes, at `now` in unix seconds.
    #[must_use]
    pub fn state(&self, now: u64) -> ScraperState {
        let progress = self.progress();
        let at = |moment: Instant| now.saturating_sub(moment.elapsed().as_secs());
        let bad = progress.endpoints.iter().filter(|endpoint| !endpoint.healthy);
        ScraperState {
            name: self.kind.name().to_owned(),
            failed: progress.last.map(|(outcome, _)| outcome == Outcome::Failure),
            last_success: progress.last_success,
            is_known: self.fresh().is_some(),
            budget: self.budget().as_secs(),
            restarted_at: progress.restarted.map(at),
            unkept_at: progress.unkept.map(at),
            bad_endpoints: bad.map(|endpoint| endpoint.name.clone()).collect(),
        }
    }

    /// Everything that is served now.
    #[must_use]
    pub fn view(&self) -> View {
        let mut progress = self.progress();
        let dated = self.fresh();
        let own = match &progress.served {
            Some(own) => Arc::clone(own),
            None => {
                let own = Arc::new(ProgressReadings::new(&self.network, progress.readings(self.kind)));
                progress.served = Some(Arc::clone(&own));
                own
            }
        };
        View { network: self.network.clone(), progress: own, scraped: dated }
    }

    /// How scrapes went, as it is now and not as it was written down last.
    #[cfg(test)]
    pub(super) fn fresh_progress(&self) -> Readings {
        self.progress().readings(self.kind)
    }

    /// The samples that are served now, all labels but `network`, for tests.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let view = self.view();
        view.samples().cloned().collect()
    }
}
