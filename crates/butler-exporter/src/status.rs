//! What is known of one scraper: its last readings and how its scrapes went. Written by its task, read by every request.
//!
//! A failed scrape changes how scrapes went, and never a reading. What is in here survives a panic of the task.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use butler_core::client::error::ErrorKind;
use butler_core::domain::state::State;
use ethers_core::types::Address;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::catalogue;
use crate::kinds::{FailureKind, JUDGEMENTS, ScraperKind};
use crate::readings::{Readings, Sample, number, truth};
use crate::states::StatesFile;
use crate::text::{Lines, compress, encode};

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
    current: ArcSwapOption<Dated>,
    progress: Mutex<Progress>,
}

/// The readings of one scrape, also as they are served.
#[derive(Debug)]
pub(crate) struct Dated {
    pub(crate) readings: Arc<Readings>,
    lines: Result<Lines, fmt::Error>,
    taken: Instant,
}

impl Dated {
    /// Readings are as old as the beginning of their scrape: that is when the block was chosen.
    fn new(network: &str, readings: Readings, took: Duration) -> Self {
        let readings = Arc::new(readings);
        let lines = encode(Some(network), &readings).map(|texts| compress(&texts));
        let now = Instant::now();
        Self { readings, lines, taken: now.checked_sub(took).unwrap_or(now) }
    }

    /// The lines of the readings.
    ///
    /// # Errors
    /// When a label cannot be written, which is a bug.
    pub(crate) fn lines(&self) -> Result<&Lines, fmt::Error> {
        self.lines.as_ref().map_err(|error| *error)
    }
}

/// Everything that a slot serves at one moment. Equal views are served as equal texts.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) network: String,
    /// How scrapes went.
    pub(crate) own: Arc<Readings>,
    /// What they read, while it is fresh.
    pub(crate) dated: Option<Arc<Dated>>,
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network
            && self.own == other.own
            && match (&self.dated, &other.dated) {
                (None, None) => true,
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, Some(_)) | (Some(_), None) => false,
            }
    }
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
    /// The attesters' states, for the next scrape.
    pub states: BTreeMap<Address, State>,
    /// The judgements to count.
    pub steps: Vec<&'static str>,
}

impl From<Readings> for Scraped {
    fn from(readings: Readings) -> Self {
        Self { readings, ..Self::default() }
    }
}

/// The counters of one L1 endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointFigures {
    /// Its name.
    pub name: String,
    /// Requests begun.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub sent: u64,
    /// Bytes of bodies received.
    pub received: u64,
    /// Microseconds that exchanges took.
    pub microseconds: u64,
    /// Failures by kind.
    pub failures: BTreeMap<ErrorKind, u64>,
    /// Whether its last exchange was good.
    pub healthy: bool,
}

impl EndpointFigures {
    /// These counts and those of clients that are gone.
    fn plus(mut self, before: &Self) -> Self {
        self.requests = self.requests.saturating_add(before.requests);
        self.sent = self.sent.saturating_add(before.sent);
        self.received = self.received.saturating_add(before.received);
        self.microseconds = self.microseconds.saturating_add(before.microseconds);
        for (kind, failures) in &before.failures {
            let count = self.failures.entry(*kind).or_default();
            *count = count.saturating_add(*failures);
        }
        self
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
    failures_in_a_row: u64,
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
            failures_in_a_row: 0,
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
        let mut progress = self.progress();
        progress.last_success = before.last_success;
        progress.errors.clone_from(&before.errors);
        progress.restarts = before.restarts;
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
        let dated = Arc::new(Dated::new(&self.network, scraped.readings, took));
        // All of it under the lock that `view` takes, so that no request sees half of a scrape.
        let mut progress = self.progress();
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
        let mut progress = self.progress();
        progress.last = Some((Outcome::Failure, took));
        progress.failures_in_a_row = progress.failures_in_a_row.saturating_add(1);
        progress.failures_in_a_row
    }

    /// Counts a failure that did not end the scrape.
    pub fn count_error(&self, kind: FailureKind) {
        let mut progress = self.progress();
        let errors = progress.errors.entry(kind).or_default();
        *errors = errors.saturating_add(1);
    }

    /// The task panicked. The scrape that it was in failed.
    pub fn restarted(&self) {
        let mut progress = self.progress();
        progress.restarts = progress.restarts.saturating_add(1);
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
        let mut progress = self.progress();
        let gone = std::mem::take(&mut progress.gone);
        let with_gone = |endpoint: EndpointFigures| match gone.iter().find(|gone| gone.name == endpoint.name) {
            Some(before) => endpoint.plus(before),
            None => endpoint,
        };
        progress.endpoints = endpoints.into_iter().map(with_gone).collect();
        progress.gone = gone;
    }

    /// The readings, unless they are too old.
    fn fresh(&self) -> Option<Arc<Dated>> {
        self.current.load_full().filter(|dated| dated.taken.elapsed() <= self.budget())
    }

    /// The readings that are still good, and their age.
    #[must_use]
    pub fn readings(&self) -> Option<(Arc<Readings>, Duration)> {
        self.fresh().map(|dated| (Arc::clone(&dated.readings), dated.taken.elapsed()))
    }

    /// Everything that is served now.
    #[must_use]
    pub fn view(&self) -> View {
        let mut own = Readings::default();
        let dated;
        {
            let progress = self.progress();
            dated = self.fresh();
            let scraper = || self.kind.name().to_owned();
            if let Some((outcome, took)) = progress.last {
                own.push(&catalogue::SCRAPE_SUCCESS, [scraper()], truth(outcome == Outcome::Success));
                own.push(&catalogue::SCRAPE_DURATION, [scraper()], took.as_secs_f64());
            }
            for (kind, errors) in &progress.errors {
                own.push(&catalogue::SCRAPE_ERRORS, [scraper(), kind.name().to_owned()], number(*errors));
            }
            own.push(&catalogue::SCRAPER_RESTARTS, [scraper()], number(progress.restarts));
            if let Some(at) = progress.last_success {
                own.push(&catalogue::SCRAPE_LAST_SUCCESS, [scraper()], number(at));
            }
            for endpoint in &progress.endpoints {
                let label = || [endpoint.name.clone()];
                own.push(&catalogue::RPC_REQUESTS, label(), number(endpoint.requests));
                own.push(&catalogue::RPC_SENT, label(), number(endpoint.sent));
                own.push(&catalogue::RPC_RECEIVED, label(), number(endpoint.received));
                own.push(&catalogue::RPC_DURATION, label(), number(endpoint.microseconds) / 1_000_000.0);
                for kind in ErrorKind::ALL {
                    let failures = endpoint.failures.get(&kind).copied().unwrap_or_default();
                    own.push(&catalogue::RPC_ERRORS, [endpoint.name.clone(), kind.name().to_owned()], number(failures));
                }
                own.push(&catalogue::ENDPOINT_HEALTHY, label(), truth(endpoint.healthy));
            }
            if self.kind == ScraperKind::L1 {
                for (judgement, steps) in &progress.steps {
                    own.push(&catalogue::TRANSITIONS, [(*judgement).to_owned()], number(*steps));
                }
            }
        }
        View { network: self.network.clone(), own: Arc::new(own), dated }
    }

    /// The samples that are served now, all labels but `network`, for tests.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let view = self.view();
        let read = view.dated.iter().flat_map(|dated| &dated.readings.0);
        view.own.0.iter().chain(read).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot::new("devnet", ScraperKind::L1, Duration::from_secs(60), Duration::from_secs(60))
    }

    fn value(slot: &Slot, family: &catalogue::Family) -> Option<f64> {
        slot.samples().into_iter().find(|sample| sample.family == family).map(|sample| sample.value)
    }

    fn readings(epoch: f64) -> Readings {
        let mut readings = Readings::default();
        readings.push(&catalogue::EPOCH, [], epoch);
        readings
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_scrape_changes_no_reading_and_an_old_reading_is_not_served() {
        let slot = slot();
        assert_eq!(value(&slot, &catalogue::SCRAPE_SUCCESS), None);
        // It was read when the scrape began.
        slot.succeeded(readings(7.0).into(), Duration::from_secs(30), 1_000);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(slot.failed(FailureKind::Restless, Duration::from_secs(2)), 1);
        assert_eq!(value(&slot, &catalogue::EPOCH), Some(7.0));
        assert_eq!(value(&slot, &catalogue::SCRAPE_SUCCESS), Some(0.0));
        assert_eq!(value(&slot, &catalogue::SCRAPE_LAST_SUCCESS), Some(1_000.0));
        tokio::time::advance(Duration::from_secs(209)).await;
        assert_eq!(value(&slot, &catalogue::EPOCH), Some(7.0));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(value(&slot, &catalogue::EPOCH), None);
        assert_eq!(value(&slot, &catalogue::SCRAPE_LAST_SUCCESS), Some(1_000.0));
        assert_eq!(slot.succeeded(readings(8.0).into(), Duration::from_secs(1), 1_400), 1);
        assert_eq!(value(&slot, &catalogue::EPOCH), Some(8.0));
        assert_eq!(value(&slot, &catalogue::SCRAPE_SUCCESS), Some(1.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_staleness_of_ones_own_is_kept_and_never_shorter_than_the_interval() {
        let slot = |seconds| slot().with_staleness(Some(Duration::from_secs(seconds)));
        assert_eq!(slot(90).budget(), Duration::from_secs(90));
        assert_eq!(slot(1).budget(), Duration::from_secs(60));
        let slot = slot(90);
        slot.succeeded(readings(7.0).into(), Duration::from_secs(1), 1_000);
        tokio::time::advance(Duration::from_secs(91)).await;
        assert_eq!(value(&slot, &catalogue::EPOCH), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_takes_over_counts_and_states_but_no_readings() {
        let (before, after) = (slot(), slot());
        let states = BTreeMap::from([(Address::zero(), State::Active)]);
        let scraped = Scraped { readings: readings(7.0), states: states.clone(), steps: vec!["documented"] };
        before.succeeded(scraped, Duration::from_secs(1), 1_000);
        before.count_error(FailureKind::Restless);
        before.restarted();
        after.adopt(&before);
        assert_eq!(after.states(), states);
        assert_eq!(value(&after, &catalogue::SCRAPER_RESTARTS), Some(1.0));
        assert_eq!(value(&after, &catalogue::SCRAPE_LAST_SUCCESS), Some(1_000.0));
        let steps = |slot: &Slot| -> f64 {
            let steps = slot.samples().into_iter().filter(|sample| sample.family == &catalogue::TRANSITIONS);
            steps.map(|sample| sample.value).sum()
        };
        assert_eq!((steps(&before), steps(&after)), (1.0, 1.0));
        assert_eq!((value(&after, &catalogue::EPOCH), after.last_outcome()), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoints_counts_outlive_its_client() {
        let slot = slot();
        let counted = |requests| EndpointFigures {
            name: "one".to_owned(),
            requests,
            sent: 0,
            received: 0,
            microseconds: 500_000,
            failures: BTreeMap::from([(ErrorKind::Timeout, requests)]),
            healthy: true,
        };
        slot.note_endpoints(vec![counted(7)]);
        slot.restarted();
        for _ in 0..2 {
            slot.note_endpoints(vec![counted(2)]);
        }
        assert_eq!(value(&slot, &catalogue::RPC_REQUESTS), Some(9.0));
        assert_eq!(value(&slot, &catalogue::RPC_DURATION), Some(1.0));
        let errors = |sample: &Sample| sample.family == &catalogue::RPC_ERRORS;
        let errors: f64 = slot.samples().iter().filter(|sample| errors(sample)).map(|sample| sample.value).sum();
        assert_eq!(errors, 9.0);
    }

    #[tokio::test(start_paused = true)]
    async fn every_kind_of_error_is_there_from_the_start() {
        let samples = slot().samples();
        let errors = samples.iter().filter(|sample| sample.family == &catalogue::SCRAPE_ERRORS);
        assert_eq!(errors.count(), FailureKind::all().count());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_hangs_is_not_alive() {
        let slot = slot();
        tokio::time::advance(Duration::from_secs(180)).await;
        assert!(slot.is_alive());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!slot.is_alive());
    }
}
