//! The pipelines of a configuration, opened: whoever tells their items, and whoever does their jobs.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use butler_core::client::beacon::BeaconNode;
use butler_core::client::l1::Policy;
use butler_core::config::{Config, JobConfig, PipelineConfig, TipConfig, TriggerConfig, WatcherConfig, WorkConfig};
use butler_core::network::{aztec_nodes, http_settings, l1_client};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::report::one_line;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::actions::id;
use super::driver::Driver;
use super::error::JobsError;
use super::run::{Ended, Programs, Record, Runner, Service, Setup, Task, TextfileSetup, Work};
use super::source::{Newest, Trigger};
use super::trigger::{BeaconPeriods, L1Blocks, L2Blocks, Tip};
use super::work::Run;
use crate::health::Health;
use crate::journal::Journal;

/// Whoever asks comes again.
const PATIENCE: Policy = Policy { rounds: 2, patience: Duration::from_secs(20) };

/// Opens the pipelines; `state` is the watcher's own folder. Blocks.
///
/// # Errors
/// See [`JobsError`].
pub fn open(
    config: &Config,
    state: &Path,
    shared: (Arc<dyn Journal>, Arc<Health>, Arc<Notify>),
    wishes: watch::Receiver<Arc<WatcherConfig>>,
) -> Result<Driver<Runner>, JobsError> {
    let folder = state.join("jobs");
    if !config.pipelines.is_empty() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|source| JobsError::Folder { path: folder.clone(), source })?;
    }
    let run = |pipeline: &PipelineConfig, job: &JobConfig| runner(pipeline, job, &folder);
    Driver::open(&config.pipelines, shared, wishes, |pipeline| trigger(config, pipeline), run)
}

/// Looks whether all who are asked for items and jobs could be, without asking anybody; `state` is the watcher's own folder. Blocks.
///
/// # Errors
/// A client of theirs cannot be built.
pub fn examine(config: &Config, state: &Path) -> Result<(), JobsError> {
    let folder = state.join("jobs");
    for pipeline in config.pipelines.values() {
        trigger(config, pipeline)?;
        for job in pipeline.jobs.values() {
            runner(pipeline, job, &folder)?;
        }
    }
    Ok(())
}

fn runner(pipeline: &PipelineConfig, job: &JobConfig, folder: &Path) -> Result<Runner, JobsError> {
    let id = id(pipeline, &job.name);
    Runner::new(&id, setup(pipeline, job, folder)).map_err(|source| JobsError::Client { name: id.to_string(), source })
}

fn trigger(config: &Config, pipeline: &PipelineConfig) -> Result<Option<Box<dyn Trigger>>, JobsError> {
    let network = |name: &str| config.networks.get(name);
    Ok(match &pipeline.trigger {
        TriggerConfig::BeaconPeriod { beacons, agreeing, epochs_per_period, ahead, .. } => {
            let node = |beacon: &butler_core::config::EndpointConfig| {
                let name = &beacon.name;
                let node = BeaconNode::new(name, &http_settings(beacon));
                node.map_err(|source| JobsError::Client { name: name.clone(), source })
            };
            let nodes = beacons.iter().map(node).collect::<Result<_, _>>()?;
            let (agreeing, epochs_per_period, ahead) = (*agreeing, *epochs_per_period, *ahead);
            Some(Box::new(BeaconPeriods { nodes, agreeing, epochs_per_period, ahead }))
        }
        TriggerConfig::L1Blocks { network: name, .. } => match network(name) {
            Some(network) => Some(Box::new(L1Blocks { client: l1_client(network, PATIENCE)? })),
            None => None,
        },
        TriggerConfig::L2Blocks { network: name, tip, .. } => match network(name) {
            Some(network) => {
                let tip = match tip {
                    TipConfig::Finalized => Tip::Finalized,
                    TipConfig::Proven => Tip::Proven,
                };
                Some(Box::new(L2Blocks { nodes: aztec_nodes(network)?, tip }))
            }
            None => None,
        },
        TriggerConfig::Cron(_) | TriggerConfig::After { .. } => None,
    })
}

/// A job as whoever does it wants it.
fn setup(pipeline: &PipelineConfig, job: &JobConfig, folder: &Path) -> Setup {
    let work = match &job.work {
        WorkConfig::Command(command) => Work::Command(command.clone()),
        WorkConfig::Service(service) => Work::Service(Box::new(Service {
            http: http_settings(&service.endpoint),
            submit: service.submit.clone(),
            body: service.body.clone(),
            upload: service.upload.clone(),
            id: service.id.clone(),
            status: service.status.clone(),
            state: service.state.clone(),
            done: service.done.clone(),
            failed: service.failed.clone(),
            fetch: service.fetch.clone(),
            look_interval: job.look_interval,
        })),
    };
    let programs = Programs {
        folder: pipeline.folder.clone().unwrap_or_else(|| folder.to_path_buf()),
        environment: job.programs.environment.clone(),
        environment_files: job.programs.environment_files.clone(),
        timeout: job.programs.timeout,
        kill_grace: job.programs.kill_grace,
        output_limit: job.programs.output_limit,
    };
    let textfile = job.textfile.clone().map(|path| TextfileSetup { path, chain: None, clock: unix_now });
    let (verify, artifact_limit) = (job.verify.clone(), job.artifact_limit);
    Setup { work, verify, programs, artifact_limit, locks: folder.join("locks"), textfile }
}

impl Run for Runner {
    async fn process(&self, task: &Task, intent: Option<&Value>, record: &impl Record) -> Ended {
        Self::process(self, task, intent, record).await
    }

    async fn verify(&self, task: &Task, intent: Option<&Value>) -> Ended {
        Self::verify(self, task, intent).await
    }
}

macro_rules! trigger {
    ($trigger:ty) => {
        impl Trigger for $trigger {
            fn newest(&mut self) -> Newest<'_> {
                Box::pin(async { Self::newest(self).await.map(Some).map_err(|error| one_line(&error)) })
            }
        }
    };
}

trigger!(BeaconPeriods);
trigger!(L1Blocks);
trigger!(L2Blocks);
