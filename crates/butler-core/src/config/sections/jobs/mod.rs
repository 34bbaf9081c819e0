//! The sections `[pipelines.NAME]`: jobs that the watcher does once for each item that a trigger tells.

pub(super) mod check;
pub(super) mod definition;
pub(super) mod job;
pub(crate) mod read;
pub(crate) mod schedule;
pub(super) mod settings;
pub(super) mod trigger;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use ethers_core::types::H256;

use self::schedule::Schedule;
use crate::config::endpoint::EndpointConfig;
use crate::domain::action::{Policy, Priority};
use crate::domain::job::{Argument, ArtifactPath, Graph, JobName, PipelineName, ServicePath, Stream};

/// `[pipelines.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineConfig {
    /// Its name.
    pub name: PipelineName,
    /// What tells its items.
    pub trigger: TriggerConfig,
    /// So many items may be unfinished.
    pub backlog: usize,
    /// Time between two questions to the trigger.
    pub poll_interval: Duration,
    /// The folder of its artifacts; there wherever a job has one.
    pub folder: Option<PathBuf>,
    /// Its jobs by name.
    pub jobs: BTreeMap<JobName, JobConfig>,
    /// Which job waits for which.
    pub graph: Graph,
}

/// What tells the items of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum TriggerConfig {
    /// Periods of the beacon chain's final epochs.
    BeaconPeriod {
        /// Whom to ask.
        beacons: Vec<EndpointConfig>,
        /// How many of them must have an epoch as final.
        agreeing: usize,
        /// Epochs of a period.
        epochs_per_period: NonZeroU64,
        /// The item is so many periods after the final one.
        ahead: u64,
        /// Its items.
        stream: Stream,
    },
    /// Final blocks of a network's chain.
    L1Blocks {
        /// The network.
        network: String,
        /// Its items.
        stream: Stream,
    },
    /// Blocks of Aztec.
    L2Blocks {
        /// The network, whose nodes are asked.
        network: String,
        /// Up to which block.
        tip: TipConfig,
        /// Its items.
        stream: Stream,
    },
    /// A schedule; items are the seconds at which it was due.
    Cron(Box<Schedule>),
    /// What another pipeline's job has done, in the order of that one's items.
    After {
        /// The other pipeline.
        pipeline: PipelineName,
        /// Its job.
        job: JobName,
        /// The items, which are those of the other pipeline.
        stream: Stream,
    },
}

/// Up to which block of Aztec there are items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TipConfig {
    /// Blocks whose proof is final on L1.
    Finalized,
    /// Blocks that are proven.
    Proven,
}

impl TriggerConfig {
    /// The items, where they follow each other by number.
    #[must_use]
    pub fn stream(&self) -> Option<Stream> {
        match self {
            Self::BeaconPeriod { stream, .. }
            | Self::L1Blocks { stream, .. }
            | Self::L2Blocks { stream, .. }
            | Self::After { stream, .. } => Some(*stream),
            Self::Cron(_) => None,
        }
    }

    /// The trigger in a few words, without secrets.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::BeaconPeriod { agreeing, beacons, stream, .. } => {
                format!("beacon periods from {}, {agreeing} of {} agreeing", stream.from, beacons.len())
            }
            Self::L1Blocks { network, stream } => format!("final L1 blocks of {network} from {}", stream.from),
            Self::L2Blocks { network, tip, stream } => {
                let tip = match tip {
                    TipConfig::Finalized => "final",
                    TipConfig::Proven => "proven",
                };
                format!("{tip} L2 blocks of {network} from {}", stream.from)
            }
            Self::Cron(schedule) => format!("cron {schedule}"),
            Self::After { pipeline, job, .. } => format!("after {pipeline}/{job}"),
        }
    }
}

/// `[pipelines.NAME.jobs.JOB]`.
#[derive(Debug, Clone, PartialEq)]
pub struct JobConfig {
    /// Its name.
    pub name: JobName,
    /// Jobs of the same item that must be done before.
    pub after: Vec<JobName>,
    /// Whether this job of the item before must be done before, too.
    pub ordered: bool,
    /// How many items are worked on at the same time.
    pub concurrency: usize,
    /// Which of what is due is taken first.
    pub priority: Priority,
    /// What the operator wants of it.
    pub policy: Policy,
    /// Tries before it is parked.
    pub tries: u32,
    /// Time between two tries.
    pub retry_interval: Duration,
    /// Looks after a try before it is parked.
    pub looks: u32,
    /// Time between two looks.
    pub look_interval: Duration,
    /// How long after it was created it may still be begun.
    pub deadline: Duration,
    /// How the work is done.
    pub work: WorkConfig,
    /// How programs run: the one that does the work, and the one that checks it.
    pub programs: ProgramsConfig,
    /// Where the artifact is, below the pipeline's folder.
    pub artifact: Option<ArtifactPath>,
    /// The most bytes of the artifact.
    pub artifact_limit: u64,
    /// A program that looks whether it is done, with its arguments.
    pub verify: Option<Vec<Argument>>,
    /// A file of metrics of this job.
    pub textfile: Option<PathBuf>,
    /// SHA-256 of what is done: the work, its programs and its artifact, not of how often and when.
    pub definition: H256,
}

/// How the work of a job is done.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkConfig {
    /// By a program: its absolute path, and its arguments.
    Command(Vec<Argument>),
    /// By a service.
    Service(Box<ServiceConfig>),
}

/// How programs run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramsConfig {
    /// The only variables of their environment, beside those of `environment_files`.
    pub environment: BTreeMap<String, String>,
    /// Variables whose values are secrets, and the files that hold these.
    pub environment_files: BTreeMap<String, PathBuf>,
    /// How long one may take.
    pub timeout: Duration,
    /// How long one that is told to end may take for that.
    pub kill_grace: Duration,
    /// The most bytes that one may write to its output and its errors together.
    pub output_limit: u64,
}

/// A service that does the work.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// Where it is.
    pub endpoint: EndpointConfig,
    /// Where work is posted to.
    pub submit: ServicePath,
    /// What is posted, as JSON.
    pub body: BTreeMap<String, Argument>,
    /// The job whose artifact is posted instead.
    pub upload: Option<JobName>,
    /// Where the answer says what the service calls the work: a JSON pointer.
    pub id: String,
    /// Where it is asked how the work stands.
    pub status: ServicePath,
    /// Where that answer says it: a JSON pointer.
    pub state: String,
    /// What it says when the work is done.
    pub done: Vec<String>,
    /// What it says when the work failed.
    pub failed: Vec<String>,
    /// Where the artifact is fetched from.
    pub fetch: Option<ServicePath>,
}
