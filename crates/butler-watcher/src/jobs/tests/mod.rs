//! Pipelines over a real journal, with work that the tests answer for.

mod decided;
mod order;
mod restarts;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use butler_core::config::{Config, ConfigFile, PipelineConfig, Sources, TriggerConfig, Variables, WatcherConfig};
use butler_core::domain::action::{EffectKey, Phase};
use butler_core::domain::job::{Item, PipelineName};
use butler_core::store::file::save_atomic;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::run::{Ended, Record, Task};
use super::*;
use crate::journal::{Journal, Keeper, Known, Query, Settings};
use crate::queues::paused_of;

/// How a test waits for something, at the longest.
const DEADLINE: Duration = Duration::from_secs(30);

/// The beginning of every configuration here.
const NETWORK: &str = "[networks.mainnet]\n[watcher.policies]\nrun_job = \"auto\"\n";

/// How a try of a job for an item ends; `None` where it is done.
type Script = fn(&Task) -> Option<Ended>;

/// The world outside: what was done in it, in order, each by its job and item.
#[derive(Clone)]
struct World {
    done: Arc<Mutex<Vec<(String, Item)>>>,
    /// Every try, whatever came of it.
    tries: Arc<Mutex<Vec<(String, Item)>>>,
    newest: Arc<AtomicU64>,
    script: Script,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl World {
    fn new(newest: u64, script: Script) -> Self {
        let newest = Arc::new(AtomicU64::new(newest));
        Self { done: Arc::default(), tries: Arc::default(), newest, script }
    }

    fn done(&self) -> Vec<(String, Item)> {
        self.done.lock().unwrap().clone()
    }

    /// What was done, as `job item`.
    fn text(&self) -> Vec<String> {
        self.done().into_iter().map(|(job, item)| format!("{job} {item}")).collect()
    }

    fn has(&self, task: &Task) -> bool {
        self.done().contains(&(task.job.clone(), task.item))
    }
}

impl Run for World {
    async fn process(&self, task: &Task, _: Option<&Value>, record: &impl Record) -> Ended {
        if self.has(task) {
            return Ended::Done { proof: "it was done already".to_owned(), digest: Some([7; 32]) };
        }
        if record.record(json!({ "try": task.attempt })).await.is_err() {
            return Ended::Unknown { reason: "the lease is lost".to_owned() };
        }
        self.tries.lock().unwrap().push((task.job.clone(), task.item));
        if let Some(ended) = (self.script)(task) {
            return ended;
        }
        self.done.lock().unwrap().push((task.job.clone(), task.item));
        // Whoever is killed here did it and could not say so.
        tokio::task::yield_now().await;
        Ended::Done { proof: "done".to_owned(), digest: Some([7; 32]) }
    }

    async fn verify(&self, task: &Task, _: Option<&Value>) -> Ended {
        if self.has(task) {
            Ended::Done { proof: "it is there".to_owned(), digest: Some([7; 32]) }
        } else {
            Ended::Retry { after: None, reason: "it is not there".to_owned() }
        }
    }
}

#[derive(Debug)]
struct Told(Arc<AtomicU64>);

impl Trigger for Told {
    fn newest(&mut self) -> Newest<'_> {
        Box::pin(async { Ok(Some(self.0.load(Ordering::Relaxed))) })
    }
}

fn configured(text: &str) -> (BTreeMap<PipelineName, PipelineConfig>, WatcherConfig) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, format!("{NETWORK}{text}").as_bytes(), 0o600).unwrap();
    let variables = Variables::from_iter([("HOME".to_owned(), "/home/op".to_owned())]);
    let sources = Sources { file: ConfigFile::Required(path), variables, overrides: Vec::new() };
    let config = Config::load(&sources).unwrap();
    (config.pipelines, config.watcher)
}

/// A job of the pipeline `blocks`.
fn job(name: &str, more: &str) -> String {
    format!(
        "[pipelines.blocks.jobs.{name}]\ncommand = [\"/bin/true\"]\nretry_interval = \"1s\"\nlook_interval = \"1s\"\n{more}\n"
    )
}

/// The pipeline `blocks` from block 1 on.
fn blocks(more: &str, jobs: &[String]) -> String {
    let head = "[pipelines.blocks]\ntrigger = \"l1_blocks\"\nnetwork = \"mainnet\"\nfrom = 1\npoll_interval = \"1s\"\n";
    format!("{head}{more}\n{}", jobs.concat())
}

fn keeper(path: &Path) -> Keeper {
    let keeper = Keeper::open(path, Settings::default()).unwrap();
    keeper.take_back().unwrap();
    keeper
}

/// A watcher's journal with pipelines that are driven, until it is killed.
#[derive(Debug)]
struct Running {
    journal: Arc<Keeper>,
    task: JoinHandle<Result<(), JobsError>>,
    _wishes: watch::Sender<Arc<WatcherConfig>>,
}

fn try_start(path: &Path, text: &str, world: &World) -> Result<Running, JobsError> {
    let (pipelines, watcher) = configured(text);
    let (wishes, wanted) = watch::channel(Arc::new(watcher));
    let journal = Arc::new(keeper(path));
    let trigger = |config: &PipelineConfig| {
        let newest = Arc::clone(&world.newest);
        let told = config.trigger.stream().filter(|_| !matches!(config.trigger, TriggerConfig::After { .. }));
        Ok(told.map(|_| {
            let told: Box<dyn Trigger> = Box::new(Told(newest));
            told
        }))
    };
    let kept: Arc<dyn Journal> = journal.clone();
    let shared = (kept, Arc::default(), Arc::new(Notify::new()));
    let driver = Driver::open(&pipelines, shared, wanted, trigger, |_, _| Ok(world.clone()))?;
    #[expect(clippy::disallowed_methods, reason = "a test ends it by its handle")]
    let task = tokio::spawn(async move { driver.run().await });
    Ok(Running { journal, task, _wishes: wishes })
}

fn start(path: &Path, text: &str, world: &World) -> Running {
    try_start(path, text, world).unwrap()
}

impl Running {
    /// Ends it as a kill does.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        let mut journal = self.journal;
        // Tasks that hold it end a moment later.
        for _ in 0..3_000 {
            match Arc::try_unwrap(journal) {
                Ok(keeper) => return drop(keeper),
                Err(held) => journal = held,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the journal is still held");
    }

    /// The phase of `blocks/JOB` for an item.
    fn phase(&self, job: &str, item: u64) -> Option<Phase> {
        let key = EffectKey::of_job(&format!("blocks/{job}").parse().unwrap(), Item::one(item));
        self.journal.look_up(&key).unwrap().map(|known| match known {
            Known::Live(entry) => entry.standing.phase,
            Known::Finished(finished) => finished.phase,
        })
    }

    fn live(&self) -> usize {
        self.journal.read(&Query { phase: None, after: None, limit: 100_000 }).unwrap().live.len()
    }
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "{what} never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
