//! The loop: items are begun, jobs claimed and done, their ends settled together with what follows from them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{JobConfig, PipelineConfig, WatcherConfig};
use butler_core::domain::action::{Action, Phase, Policy};
use butler_core::domain::job::{Item, JobId, JobName, PipelineName};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::actions::{id, plan};
use super::error::JobsError;
use super::held::{Held, LEASE, Over};
use super::lanes::places;
use super::line::Line;
use super::progress::{Change, End, Progress};
use super::reconcile::{is_stale, replaced};
use super::run::{Input, Task};
use super::source::{Trigger, ask};
use super::work::{Run, counted};
use crate::health::Health;
use crate::journal::{Batch, JobClaim, Journal, JournalError, Leased, Outcome, Plan, Settled, Settlement};
use crate::plan::approvals::notices;
use crate::queues::queues_of;

/// The most jobs that are done or looked at together.
const AT_ONCE: usize = 256;
/// How long nothing is looked for where something may come due.
const TICK: Duration = Duration::from_millis(500);
/// How often it is looked what persons decided.
const LOOK: Duration = Duration::from_secs(2);
/// How long it waits where the disk is full.
const FULL: Duration = Duration::from_secs(10);

/// Drives the pipelines.
#[derive(Debug)]
pub struct Driver<R> {
    lines: BTreeMap<PipelineName, Line<R>>,
    triggers: Vec<(PipelineName, Box<dyn Trigger>)>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    news: Arc<Notify>,
    wishes: watch::Receiver<Arc<WatcherConfig>>,
}

impl<R: Run> Driver<R> {
    /// Opens the pipelines: `trigger` asks whoever tells the items of one, where that is not seen here, and `run` does a job. Blocks.
    ///
    /// # Errors
    /// See [`JobsError`].
    pub fn open(
        pipelines: &BTreeMap<PipelineName, PipelineConfig>,
        (journal, health, news): (Arc<dyn Journal>, Arc<Health>, Arc<Notify>),
        wishes: watch::Receiver<Arc<WatcherConfig>>,
        trigger: impl Fn(&PipelineConfig) -> Result<Option<Box<dyn Trigger>>, JobsError>,
        run: impl Fn(&PipelineConfig, &JobConfig) -> Result<R, JobsError>,
    ) -> Result<Self, JobsError> {
        let plans = replaced(pipelines, journal.as_ref(), unix_now())?;
        let (mut lines, mut triggers) = (BTreeMap::new(), Vec::new());
        for (name, config) in pipelines {
            let runs = config.jobs.iter().map(|(name, job)| Ok((name.clone(), Arc::new(run(config, job)?))));
            let runs = runs.collect::<Result<_, JobsError>>()?;
            let progress = Progress::load(Arc::new(config.clone()), journal.as_ref())?;
            triggers.extend(trigger(config)?.map(|trigger| (name.clone(), trigger)));
            lines.insert(name.clone(), Line { progress, newest: None, runs });
        }
        let driver = Self { lines, triggers, journal, health, news, wishes };
        driver.commit(Batch { plans, ..Batch::default() })?;
        Ok(driver)
    }

    /// Does jobs until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(mut self) -> Result<(), JobsError> {
        if self.lines.is_empty() {
            return std::future::pending().await;
        }
        let mut asking = JoinSet::new();
        for (name, trigger) in std::mem::take(&mut self.triggers) {
            let Some(line) = self.lines.get_mut(&name) else { continue };
            let pause = line.progress.config.poll_interval;
            line.newest = Some(ask(&mut asking, name.to_string(), trigger, (pause, Arc::clone(&self.news))));
        }
        let (mut held, mut streak) = (Held::default(), FailureStreak::default());
        let mut renewals = interval(LEASE / 3);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked: Option<Instant> = None;
        loop {
            let turned = block_in_place(|| self.turn(&mut held, &mut looked));
            let full = match turned {
                Ok(()) => {
                    streak.ended();
                    None
                }
                Err(JobsError::Journal(error @ JournalError::Full { .. })) => Some(error),
                Err(error) => return Err(error),
            };
            let settled = match full {
                Some(error) => Err(error.into()),
                None => tokio::select! {
                    over = held.ended(AT_ONCE) => block_in_place(|| self.settle(&over)),
                    () = self.news.notified() => Ok(()),
                    _ = renewals.tick() => block_in_place(|| held.renew(self.journal.as_ref())).map_err(JobsError::from),
                    () = sleep(TICK) => Ok(()),
                },
            };
            match settled {
                Ok(()) => {}
                Err(JobsError::Journal(error @ JournalError::Full { .. })) => {
                    if streak.failed().is_some() {
                        tracing::error!("no job is begun: {}", one_line(&error));
                    }
                    // What is in memory was ahead of what took.
                    block_in_place(|| self.reload())?;
                    sleep(FULL).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks what persons decided, begins items and claims jobs.
    fn turn(&mut self, held: &mut Held, looked: &mut Option<Instant>) -> Result<(), JobsError> {
        let now = unix_now();
        if looked.is_none_or(|looked| looked.elapsed() > LOOK) {
            *looked = Some(Instant::now());
            self.look(now)?;
            let configs = self.lines.values().map(|line| line.progress.config.as_ref());
            let jobs = configs.flat_map(|config| config.jobs.keys().map(|job| id(config, job)));
            self.health.queues(queues_of(jobs, self.journal.as_ref())?);
        }
        self.begin(now)?;
        self.claim(held, now)
    }

    fn reload(&mut self) -> Result<(), JobsError> {
        for line in self.lines.values_mut() {
            line.progress = Progress::load(Arc::clone(&line.progress.config), self.journal.as_ref())?;
        }
        Ok(())
    }

    /// Takes in what was decided or ended elsewhere.
    fn look(&mut self, now: u64) -> Result<(), JobsError> {
        for name in self.lines.keys().cloned().collect::<Vec<_>>() {
            let Some(line) = self.lines.get_mut(&name) else { continue };
            let changed = line.progress.look(self.journal.as_ref())?;
            let Change { plans, keeps } = line.progress.follow(&changed, now);
            self.commit(Batch { plans, keeps, ..Batch::default() })?;
        }
        Ok(())
    }

    /// Begins the items that there are, as far as there is room.
    fn begin(&mut self, now: u64) -> Result<(), JobsError> {
        for name in self.lines.keys().cloned().collect::<Vec<_>>() {
            while let Some(line) = self.lines.get(&name) {
                let room = line.progress.room();
                let source = line.source().and_then(|source| self.lines.get(source)).map(|line| &line.progress);
                let next = if room == 0 { Vec::new() } else { line.next(source, self.journal.as_ref(), (now, room))? };
                let Some(line) = self.lines.get_mut(&name) else { break };
                let batches = line.take(next, now);
                if batches.is_empty() {
                    break;
                }
                for batch in batches {
                    self.commit(batch)?;
                }
            }
        }
        Ok(())
    }

    /// Commits a batch, with the notices of what waits for a person.
    fn commit(&self, batch: Batch) -> Result<(), JobsError> {
        if batch != Batch::default() {
            self.journal.commit(&dressed(batch, &self.wishes.borrow()))?;
        }
        Ok(())
    }

    fn claim(&mut self, held: &mut Held, now: u64) -> Result<(), JobsError> {
        let limit = AT_ONCE.saturating_sub(held.len());
        if limit == 0 {
            return Ok(());
        }
        let lanes = places(self.lines.values().map(|line| line.progress.config.as_ref()), self.journal.as_ref())?;
        let holds = self.wishes.borrow().holds(now);
        let leased = self.journal.claim_jobs(&JobClaim { limit, lease: LEASE, lanes, holds })?;
        let (mut settlements, mut plans) = (Vec::new(), Vec::new());
        for leased in leased {
            let Some((id, item)) = leased.entry.action.job() else { continue };
            let (id, phase) = (id.clone(), leased.entry.standing.phase);
            let Some(line) = self.lines.get(&id.pipeline) else { continue };
            let config = &line.progress.config;
            let (Some(job), Some(run)) = (config.jobs.get(&id.job), line.runs.get(&id.job)) else { continue };
            if is_stale(&leased.entry.action, job) {
                let outcome = if phase == Phase::Running {
                    plans.push(plan(config, job, item, now));
                    Outcome::Postponed { after: Duration::ZERO, reason: "its definition is another one now".to_owned() }
                } else {
                    let why = "its definition changed while it was under way: look whether it was done, then retry or drop it";
                    Outcome::Refused { reason: why.to_owned() }
                };
                settlements.push(Settlement { lease: leased.lease, outcome });
                continue;
            }
            let task = task(line, job, item, &leased);
            held.begin(Arc::clone(run), (id, task), leased, Arc::clone(&self.journal));
        }
        if !settlements.is_empty() {
            self.journal.settle(&settlements)?;
            self.commit(Batch { plans, ..Batch::default() })?;
        }
        Ok(())
    }

    /// Tells the journal how jobs ended, with what follows.
    fn settle(&mut self, over: &[Over]) -> Result<(), JobsError> {
        let now = unix_now();
        for Over { settlement, job, work, took, .. } in over {
            self.health.job_ended(job, (*work, counted(&settlement.outcome)), *took);
        }
        let settlements: Vec<Settlement> = over.iter().map(|over| over.settlement.clone()).collect();
        let (lines, wishes) = (&mut self.lines, self.wishes.borrow().clone());
        self.journal.settle_then(&settlements, &mut |settled| {
            let mut changed: BTreeMap<PipelineName, BTreeSet<Item>> = BTreeMap::new();
            for (over, settled) in over.iter().zip(settled) {
                let is_done = matches!(settled, Settled::Done(_));
                let JobId { pipeline, job } = &over.job;
                let Some(line) = lines.get_mut(pipeline).filter(|_| is_done) else { continue };
                let made = match &over.settlement.outcome {
                    Outcome::Made { digest, .. } => Some(*digest),
                    Outcome::Acted { .. }
                    | Outcome::Proven { .. }
                    | Outcome::Pending { .. }
                    | Outcome::Postponed { .. }
                    | Outcome::Retry { .. }
                    | Outcome::Unknown { .. }
                    | Outcome::Refused { .. } => None,
                };
                line.progress.ended(over.item, job, End::Done(made));
                changed.entry(pipeline.clone()).or_default().insert(over.item);
            }
            let mut batch = Batch::default();
            for (pipeline, items) in &changed {
                let Some(line) = lines.get_mut(pipeline) else { continue };
                let Change { plans, keeps } = line.progress.follow(items, now);
                batch.plans.extend(plans);
                batch.keeps.extend(keeps);
            }
            dressed(batch, &wishes)
        })?;
        Ok(())
    }
}

/// A batch with how long a person may take, and with the notices of what waits for one.
fn dressed(mut batch: Batch, config: &WatcherConfig) -> Batch {
    let waiting: Vec<&Action> =
        batch.plans.iter().filter(|plan| plan.policy == Policy::Approve).map(|plan| &plan.action).collect();
    let notices: Vec<Plan> =
        notices(waiting).into_iter().map(|action| Plan { policy: config.policies.of(action.kind), action }).collect();
    batch.plans.extend(notices);
    batch.approval = Some(config.approval_expiry);
    batch
}

/// What is to be done for an item.
fn task<R>(line: &Line<R>, job: &JobConfig, item: Item, leased: &Leased) -> Task {
    let config = &line.progress.config;
    let path = |job: &JobConfig| Some(config.folder.as_ref()?.join(job.artifact.as_ref()?.of(item)));
    let done = line.progress.open.get(&item).map(|open| &open.kept.done);
    let input = |name: &JobName| {
        let (path, digest) = (path(config.jobs.get(name)?)?, done?.get(name).copied()??);
        Some((name.to_string(), Input { path, digest: digest.0 }))
    };
    Task {
        pipeline: config.name.to_string(),
        job: job.name.to_string(),
        item,
        key: leased.entry.action.key.to_string(),
        attempt: leased.entry.standing.tries,
        inputs: job.after.iter().filter_map(input).collect(),
        artifact: path(job),
    }
}
