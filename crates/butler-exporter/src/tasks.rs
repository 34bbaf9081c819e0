//! Scrapers as tasks: each ticks on its own, and one that panics is counted and started again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::scrapers::Scrape;
use crate::status::Slot;

/// The first and the longest pause before a scraper is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

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

    async fn scrape_forever(self) {
        let mut scraper = (self.make)();
        let mut ticks = interval(self.slot.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            scraper.scrape(&self.slot).await;
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
}

/// Runs the jobs until it is dropped. A task that ends, which only a panic makes it do, is counted and begun again.
pub async fn supervise(jobs: Vec<Job>) {
    let mut tasks = JoinSet::new();
    let mut running = BTreeMap::<Id, Running>::new();
    for job in jobs {
        let id = tasks.spawn(job.clone().scrape_forever()).id();
        running.insert(id, Running { job, began: Instant::now(), pause: BACKOFF.0 });
    }
    while let Some(ended) = tasks.join_next_with_id().await {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let Some(Running { job, began, pause }) = running.remove(&id) else { continue };
        let (network, scraper) = (&job.slot.network, job.slot.kind.name());
        tracing::error!(network, scraper, "the scraper {scraper} of {network} panicked: it starts again in {pause:?}");
        job.slot.restarted();
        job.slot.tick();
        let again = job.clone();
        let id = tasks.spawn(async move {
            sleep(pause).await;
            again.scrape_forever().await;
        });
        // One that worked for a while begins with the short pause.
        let pause = if began.elapsed() > BACKOFF.1 { BACKOFF.0 } else { pause.saturating_mul(2).min(BACKOFF.1) };
        running.insert(id.id(), Running { job, began: Instant::now(), pause });
    }
}

/// Whether the nth failure in a row is logged: the first, and then every tenth.
pub(crate) fn is_worth_a_line(failures: u64) -> bool {
    failures == 1 || failures.is_multiple_of(10)
}
