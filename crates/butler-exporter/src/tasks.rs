//! Scrapers as tasks: each ticks on its own, and one that panics is counted and started again.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, NetworkConfig};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::kinds::ScraperKind;
use crate::scrape_l1::L1Scraper;
use crate::scrape_nodes::NodesScraper;
use crate::status::Slot;

/// The shortest time that a scrape of the chain may take: the first one may scan years of logs.
const L1_DEADLINE: Duration = Duration::from_secs(300);
/// How long one node may take to answer.
const NODES_DEADLINE: Duration = Duration::from_secs(30);
/// The first and the longest pause before a scraper is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A task that goes on until it is dropped.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A slot and what fills it.
#[derive(Clone)]
pub struct Job {
    /// Where the readings go.
    pub slot: Arc<Slot>,
    /// Begins the task, at the start and after each panic.
    pub start: Arc<dyn Fn(Arc<Slot>) -> Task + Send + Sync>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// What threads hold while they scrape. The program must not end its runtime before all of them are gone: a thread that
/// still waits for a timer of it would panic.
pub type AtWork = mpsc::Sender<()>;

/// The jobs of every network of the configuration.
#[must_use]
pub fn jobs(config: &Arc<Config>, at_work: &AtWork) -> Vec<Job> {
    config.networks.values().flat_map(|network| network_jobs(config, network, at_work)).collect()
}

fn network_jobs(config: &Arc<Config>, network: &NetworkConfig, at_work: &AtWork) -> Vec<Job> {
    let pace = config.exporter.scrape_interval;
    let slot = |kind, deadline| Arc::new(Slot::new(&network.name, kind, pace, pace.max(deadline)));
    let (shared, at_work) = (Arc::clone(config), at_work.clone());
    let mut jobs = vec![Job {
        slot: slot(ScraperKind::L1, L1_DEADLINE),
        start: Arc::new(move |slot| {
            let mut scraper = L1Scraper::new(Arc::clone(&shared));
            let at_work = at_work.clone();
            Box::pin(async move {
                let mut ticks = ticks(slot.interval);
                loop {
                    ticks.tick().await;
                    scraper = scrape_chain(scraper, Arc::clone(&slot), at_work.clone()).await;
                }
            })
        }),
    }];
    if !network.aztec_nodes.is_empty() {
        let network = network.clone();
        jobs.push(Job {
            slot: slot(ScraperKind::Nodes, NODES_DEADLINE),
            start: Arc::new(move |slot| {
                let mut scraper = NodesScraper::new(network.clone());
                Box::pin(async move {
                    let mut ticks = ticks(slot.interval);
                    loop {
                        ticks.tick().await;
                        scraper.scrape(&slot).await;
                    }
                })
            }),
        });
    }
    jobs
}

fn ticks(pace: Duration) -> tokio::time::Interval {
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Scrapes everything once, side by side.
pub async fn scrape_once(config: &Arc<Config>, jobs: &[Job], at_work: &AtWork) {
    let mut tasks = JoinSet::new();
    for job in jobs {
        let (slot, config, at_work) = (Arc::clone(&job.slot), Arc::clone(config), at_work.clone());
        tasks.spawn(async move {
            match (slot.kind, config.networks.get(&slot.network)) {
                (ScraperKind::Nodes, Some(network)) => NodesScraper::new(network.clone()).scrape(&slot).await,
                (ScraperKind::L1 | ScraperKind::Nodes, _) => {
                    drop(scrape_chain(L1Scraper::new(config), slot, at_work).await);
                }
            }
        });
    }
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
        let id = tasks.spawn((job.start)(Arc::clone(&job.slot))).id();
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
        let (start, slot) = (Arc::clone(&job.start), Arc::clone(&job.slot));
        let id = tasks.spawn(async move {
            sleep(pause).await;
            start(slot).await;
        });
        // One that worked for a while begins with the short pause.
        let pause = if began.elapsed() > BACKOFF.1 { BACKOFF.0 } else { pause.saturating_mul(2).min(BACKOFF.1) };
        running.insert(id.id(), Running { job, began: Instant::now(), pause });
    }
}

/// Scrapes a chain on a thread that may block, because key files and the ledger are files. A panic there is one here.
async fn scrape_chain(mut scraper: L1Scraper, slot: Arc<Slot>, at_work: AtWork) -> L1Scraper {
    let runtime = Handle::current();
    // Dropped with this task, which ends the scrape too: a thread cannot be aborted.
    let (_wanted, unwanted) = oneshot::channel::<()>();
    let scrape = move || {
        runtime.block_on(async {
            tokio::select! {
                () = scraper.scrape(&slot) => {}
                _ = unwanted => {}
            }
        });
        drop(at_work);
        scraper
    };
    match tokio::task::spawn_blocking(scrape).await {
        Ok(scraper) => scraper,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that ends cancels a thread that has not begun; the program is leaving.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Whether the nth failure in a row is logged: the first, and then every tenth.
pub(crate) fn is_worth_a_line(failures: u64) -> bool {
    failures == 1 || failures.is_multiple_of(10)
}
