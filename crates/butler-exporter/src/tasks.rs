//! Scrapers as tasks: each ticks on its own, and one that panics is counted and started again.
//!
//! The jobs may be replaced while they run: a job whose slot stays goes on undisturbed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::scrapers::Scrape;
use crate::status::Slot;

/// The first and the longest pause before a scraper is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The shortest time between the beginnings of two scrapes of the same thing, however often one is asked for.
const LEAST_PAUSE: Duration = Duration::from_secs(2);

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
        (self.make)().scrape(&self.slot).await;
    }

    async fn scrape_forever(self, scraped: Arc<Notify>) {
        let mut scraper = (self.make)();
        let mut ticks = interval(self.slot.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut began = None::<Instant>;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.slot.woken() => {
                    let least = began.and_then(|began| began.checked_add(LEAST_PAUSE.min(self.slot.interval)));
                    sleep_until(least.unwrap_or_else(Instant::now)).await;
                    ticks.reset();
                }
            }
            began = Some(Instant::now());
            scraper.scrape(&self.slot).await;
            scraped.notify_one();
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

struct Running {
    job: Job,
    began: Instant,
    pause: Duration,
    task: AbortHandle,
}

/// The tasks of the jobs.
struct Crew {
    tasks: JoinSet<()>,
    running: BTreeMap<Id, Running>,
    scraped: Arc<Notify>,
}

/// Runs the jobs until it is dropped. A task that ends, which only a panic makes it do, is counted and begun again. When
/// the jobs change, those whose slot stays go on. `scraped` is told after each scrape.
pub async fn supervise(mut jobs: watch::Receiver<Vec<Job>>, scraped: Arc<Notify>) {
    let mut crew = Crew { tasks: JoinSet::new(), running: BTreeMap::new(), scraped };
    crew.change(&jobs.borrow_and_update().clone());
    let mut may_change = true;
    loop {
        tokio::select! {
            changed = jobs.changed(), if may_change => match changed {
                Ok(()) => crew.change(&jobs.borrow_and_update().clone()),
                Err(_) => may_change = false,
            },
            Some(ended) = crew.tasks.join_next_with_id(), if !crew.tasks.is_empty() => {
                crew.ended(match &ended {
                    Ok((id, ())) => *id,
                    Err(error) => error.id(),
                });
            }
            else => return,
        }
    }
}

impl Crew {
    fn change(&mut self, jobs: &[Job]) {
        let same = |left: &Job, right: &Job| Arc::ptr_eq(&left.slot, &right.slot);
        self.running.retain(|_, running| {
            let stays = jobs.iter().any(|job| same(job, &running.job));
            if !stays {
                running.task.abort();
            }
            stays
        });
        for job in jobs {
            if !self.running.values().any(|running| same(job, &running.job)) {
                self.start(job.clone(), Duration::ZERO, BACKOFF.0);
            }
        }
    }

    /// Starts a job after `wait`; `pause` is for its first panic.
    fn start(&mut self, job: Job, wait: Duration, pause: Duration) {
        let (again, scraped) = (job.clone(), Arc::clone(&self.scraped));
        let task = self.tasks.spawn(async move {
            sleep(wait).await;
            again.scrape_forever(scraped).await;
        });
        self.running.insert(task.id(), Running { job, began: Instant::now(), pause, task });
    }

    fn ended(&mut self, id: Id) {
        // Whoever is not there any more was ended on purpose.
        let Some(Running { job, began, pause, .. }) = self.running.remove(&id) else { return };
        let (network, scraper) = (&job.slot.network, job.slot.kind.name());
        tracing::error!(network, scraper, "the scraper {scraper} of {network} panicked: it starts again in {pause:?}");
        job.slot.restarted();
        job.slot.tick();
        // One that worked for a while begins with the short pause.
        let next = if began.elapsed() > BACKOFF.1 { BACKOFF.0 } else { pause.saturating_mul(2).min(BACKOFF.1) };
        self.start(job, pause, next);
    }
}

/// Whether the nth failure in a row is logged: the first, and then every tenth.
pub(crate) fn is_worth_a_line(failures: u64) -> bool {
    failures == 1 || failures.is_multiple_of(10)
}
