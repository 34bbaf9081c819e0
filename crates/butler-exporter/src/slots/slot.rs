//! What is known of one scraper: its last readings and how its scrapes went. Written by its task, read by every request.
//!
//! A failed scrape changes how scrapes went, and never a reading. What is in here survives a panic of the task.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use butler_core::domain::attester::state::State;
use butler_core::domain::findings::Finding;
use butler_core::domain::findings::program::ScraperState;
use ethers_core::types::Address;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::endpoints::EndpointFigures;
use super::progress::{Progress, Store};
use super::scraped::{Outcome, Scraped};
use super::served::{ProgressReadings, ScrapedReadings, View};
use crate::catalogue::values::{FailureKind, ScraperKind};
use crate::readings::details::Details;
use crate::readings::{Readings, Sample};
use crate::states::StatesFile;

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

impl Slot {
    /// A slot without readings.
    #[must_use]
    pub fn new(network: &str, kind: ScraperKind, interval: Duration, deadline: Duration) -> Self {
        Self {
            network: network.to_owned(),
            kind,
            interval,
            deadline,
            staleness: None,
            wake: Notify::new(),
            states_file: OnceLock::new(),
            current: ArcSwapOption::empty(),
            progress: Mutex::new(Progress::new()),
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
        progress.restarted = before.restarted;
        progress.unkept.clone_from(&before.unkept);
        progress.steps.clone_from(&before.steps);
        progress.states.clone_from(&before.states);
        progress.gone.clone_from(&before.endpoints);
        progress.today.clone_from(&before.today);
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
        if let Some(file) = self.states_file.get() {
            let is_kept = file.save(&self.states());
            self.note_kept(Store::States, is_kept);
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
        let progress = self.progress();
        let most = self.interval.saturating_add(self.deadline).saturating_add(progress.slowed).saturating_add(slack);
        progress.ticked.elapsed() <= most
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
    pub fn succeeded(&self, mut scraped: Scraped, took: Duration, now: u64) -> u64 {
        let (states, steps) = (std::mem::take(&mut scraped.states), std::mem::take(&mut scraped.steps));
        let readings = Arc::new(ScrapedReadings::new(&self.network, scraped, took));
        // All of it under the lock that `view` takes, so that no request sees half of a scrape.
        let mut progress = self.change();
        self.current.store(Some(readings));
        progress.states = states;
        for judgement in steps {
            let counted = progress.steps.entry(judgement).or_default();
            *counted = counted.saturating_add(1);
        }
        progress.last = Some((Outcome::Success, took));
        progress.last_success = Some(now);
        std::mem::take(&mut progress.failures_in_a_row)
    }

    /// What is read of a scrape that goes on is served already. How scrapes went does not change.
    pub fn publish(&self, scraped: Scraped, took: Duration) {
        let readings = ScrapedReadings::new(&self.network, scraped, took);
        let _progress = self.change();
        self.current.store(Some(Arc::new(readings)));
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
    }

    /// Notes whether a file of the program's own is as it should be, or could not be written now.
    pub fn note_kept(&self, store: Store, is_kept: bool) {
        if is_kept {
            self.change().unkept.remove(&store);
        } else {
            self.count_error(FailureKind::LocalFile);
            self.change().unkept.insert(store);
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

    /// The next scrape waits so much longer than its interval. Says whether it did not before, or no longer does.
    pub fn slow(&self, longer: Duration) -> bool {
        if self.progress().slowed == longer {
            return false;
        }
        let before = std::mem::replace(&mut self.change().slowed, longer);
        before.is_zero() != longer.is_zero()
    }

    /// Replaces the endpoints' counters, at `now` in unix seconds.
    pub fn note_endpoints(&self, endpoints: Vec<EndpointFigures>, now: u64) {
        let mut progress = self.change();
        let gone = std::mem::take(&mut progress.gone);
        let with_gone = |endpoint: EndpointFigures| match gone.iter().find(|gone| gone.name == endpoint.name) {
            Some(before) => endpoint.plus(before),
            None => endpoint,
        };
        let endpoints: Vec<_> = endpoints.into_iter().map(with_gone).collect();
        progress.today.note(endpoints.iter().map(EndpointFigures::used), now);
        progress.endpoints = endpoints;
        progress.gone = gone;
    }

    /// The readings, unless they are too old.
    fn fresh(&self) -> Option<Arc<ScrapedReadings>> {
        self.current.load_full().filter(|readings| readings.taken.elapsed() <= self.budget())
    }

    /// The readings that are still good, and their age.
    #[must_use]
    pub fn readings(&self) -> Option<(Arc<Readings>, Duration)> {
        self.fresh().map(|readings| (Arc::clone(&readings.readings), readings.taken.elapsed()))
    }

    /// What was found by the scrape whose readings are still good.
    #[must_use]
    pub fn findings(&self) -> Option<Arc<Vec<Finding>>> {
        self.fresh().map(|readings| Arc::clone(&readings.findings))
    }

    /// What the page shows beside, of the scrape whose readings are still good.
    #[must_use]
    pub fn details(&self) -> Option<Arc<Details>> {
        self.fresh().map(|readings| Arc::clone(&readings.details))
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
            is_unkept: !progress.unkept.is_empty(),
            bad_endpoints: bad.map(|endpoint| endpoint.name.clone()).collect(),
        }
    }

    /// Everything that is served now.
    #[must_use]
    pub fn view(&self) -> View {
        let mut progress = self.progress();
        let readings = self.fresh();
        let own = match &progress.served {
            Some(own) => Arc::clone(own),
            None => {
                let own = Arc::new(ProgressReadings::new(&self.network, progress.readings(self.kind)));
                progress.served = Some(Arc::clone(&own));
                own
            }
        };
        View { network: self.network.clone(), progress: own, scraped: readings }
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
