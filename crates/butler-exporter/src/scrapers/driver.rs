//! The one driver of all scrapers: it ticks, times, counts and logs, and puts results into slots.
//!
//! A failure changes no reading. A scraper that panics is counted and made anew, see [`supervise`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use butler_core::daemon::service::supervise::{self as service, AfterPanic, Worker};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::is_worth_a_line;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::failure::Failure;
use super::scrape::{Ending, Patience, Scrape};
use crate::slots::Slot;

/// The shortest time between the beginnings of two scrapes of the same thing, however often one is asked for.
const LEAST_PAUSE: Duration = Duration::from_secs(2);

/// How often something is scraped again of which only one scrape is wanted, while it has more: a node that hangs is waited for.
const MOST_ROUNDS: usize = 32;

/// A slot and what fills it.
#[derive(Clone)]
pub struct Job {
    /// Where the readings go.
    pub slot: Arc<Slot>,
    make: Arc<dyn Fn() -> Box<dyn Scrape> + Send + Sync>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("slot", &self.slot).finish_non_exhaustive()
    }
}

impl Job {
    /// A job whose scraper is made at the start and after each panic.
    pub fn new(slot: Arc<Slot>, make: impl Fn() -> Box<dyn Scrape> + Send + Sync + 'static) -> Self {
        Self { slot, make: Arc::new(make) }
    }

    async fn scrape_once(self) {
        let mut scraper = (self.make)();
        drive(scraper.as_mut(), &self.slot).await;
        scraper.afterwards(&self.slot).await;
        // There is no next scrape.
        for _ in 0..MOST_ROUNDS {
            if !scraper.has_more() {
                break;
            }
            drive(scraper.as_mut(), &self.slot).await;
        }
    }

    async fn scrape_forever(self, scraped: Arc<Notify>) {
        let mut scraper = (self.make)();
        let mut ticks = interval(self.slot.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut began = None::<Instant>;
        let mut held = Instant::now();
        loop {
            let tick = async {
                sleep_until(held).await;
                ticks.tick().await;
            };
            tokio::select! {
                () = tick => {}
                () = self.slot.woken() => {
                    let least = began.and_then(|began| began.checked_add(LEAST_PAUSE.min(self.slot.interval)));
                    sleep_until(least.unwrap_or_else(Instant::now)).await;
                    ticks.reset();
                }
            }
            let now = Instant::now();
            began = Some(now);
            drive(scraper.as_mut(), &self.slot).await;
            scraped.notify_one();
            scraper.afterwards(&self.slot).await;
            held = hold(scraper.as_ref(), &self.slot, now);
        }
    }
}

/// Before when the next scrape does not begin, so that the credits of the endpoints last: it may be late, and what is served is fresh until
/// then. `began` is when the last one did.
fn hold(scraper: &dyn Scrape, slot: &Slot, began: Instant) -> Instant {
    let (pause, budget) = (scraper.pause(), slot.budget());
    // The next scrape takes about as long as this one did, and must be there while this one's readings are fresh.
    let in_time = budget.saturating_sub(began.elapsed().saturating_mul(3) / 2);
    let most = (budget.saturating_mul(2) / 3).min(in_time);
    let wait = began.elapsed().saturating_add(pause).min(most);
    let longer = if pause.is_zero() { Duration::ZERO } else { wait.saturating_sub(slot.interval) };
    if slot.slow(longer) {
        let (network, subject) = (&slot.network, scraper.subject());
        match longer.is_zero() {
            true => tracing::info!(network, "{subject} of {network} is read at its usual pace again"),
            false => tracing::warn!(
                network,
                "{subject} of {network} is read less often, so that the day's credits of its endpoints last (hint: `credits_per_day`, `scrape_interval`)"
            ),
        }
    }
    began.checked_add(if longer.is_zero() { Duration::ZERO } else { wait }).unwrap_or(began)
}

/// One scrape, from its beginning to its place in the slot.
async fn drive(scraper: &mut dyn Scrape, slot: &Slot) {
    slot.tick();
    let (began, subject, network) = (Instant::now(), scraper.subject(), &slot.network);
    let result = match scraper.patience() {
        Patience::PerRequest => scraper.scrape(slot).await,
        Patience::WholeScrape => {
            let result = timeout(slot.deadline, scraper.scrape(slot)).await;
            result.unwrap_or_else(|_| Err(Failure::deadline(slot.deadline)))
        }
    };
    let took = began.elapsed();
    scraper.ended(slot, if result.is_ok() { Ending::Good } else { Ending::Bad });
    match result {
        Ok(scraped) => {
            let failures = slot.succeeded(scraped, took, unix_now());
            if failures > 0 {
                tracing::info!(network, failures, "{subject} of {network} is read again after {failures} failures");
            }
            scraper.served(slot);
        }
        Err(Failure { kind, why, .. }) => {
            let failures = slot.failed(kind, took);
            if is_worth_a_line(failures) {
                let kind = kind.name();
                tracing::warn!(network, kind, failures, "failed to scrape {subject} of {network}: {why}");
            }
        }
    }
}

/// Scrapes everything once, side by side.
pub async fn scrape_once(jobs: &[Job]) {
    let mut tasks: JoinSet<()> = jobs.iter().cloned().map(Job::scrape_once).collect();
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// A job that goes on, and whom it tells of each scrape.
#[derive(Debug, Clone)]
struct Running {
    job: Job,
    scraped: Arc<Notify>,
    /// Held for as long as the job is there.
    present: Present,
}

/// Whoever holds one is not gone yet.
pub type Present = mpsc::Sender<()>;

impl Worker for Running {
    fn name(&self) -> String {
        format!("{} of {}", self.job.slot.kind.name(), self.job.slot.network)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job.slot, &other.job.slot)
    }

    fn work(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _present = self.present;
            self.job.scrape_forever(self.scraped).await;
        })
    }
}

/// Runs the jobs until it is dropped. A task that ends, which only a panic makes it do, is counted and begun again. When
/// the jobs change, those whose slot stays go on. `scraped` is told after each scrape. When it is dropped in the middle of a
/// scrape that writes a file, that goes on to its end: each job holds `present` until then.
pub async fn supervise(mut jobs: watch::Receiver<Vec<Job>>, scraped: Arc<Notify>, present: Present) {
    let running = |jobs: &[Job]| -> Vec<Running> {
        jobs.iter()
            .map(|job| Running { job: job.clone(), scraped: Arc::clone(&scraped), present: present.clone() })
            .collect()
    };
    let (sender, workers) = watch::channel(running(&jobs.borrow_and_update()));
    let follow = async {
        while jobs.changed().await.is_ok() {
            sender.send_replace(running(&jobs.borrow_and_update()));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = service::supervise(workers, begin_again) => {}
        () = follow => {}
    }
}

/// The exporter's policy: whoever panicked is counted and begins anew.
fn begin_again(worker: &Running, pause: Duration) -> AfterPanic {
    let slot = &worker.job.slot;
    let (network, scraper) = (&slot.network, slot.kind.name());
    tracing::error!(network, scraper, "the scraper {scraper} of {network} panicked: it starts again in {pause:?}");
    slot.restarted();
    slot.tick();
    AfterPanic::Restart
}
