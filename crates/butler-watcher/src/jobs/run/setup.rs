//! What a job is made of, as configured.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use butler_core::client::http::HttpSettings;
use butler_core::domain::job::{Argument, JobName, ServicePath};

use super::textfile::TextfileSetup;

/// How the work is done.
#[derive(Debug, Clone)]
pub enum Work {
    /// By a program: its path, and its arguments.
    Command(Vec<Argument>),
    /// By a service.
    Service(Box<Service>),
}

/// A service that does work.
#[derive(Debug, Clone)]
pub struct Service {
    /// Where it is.
    pub http: HttpSettings,
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
    /// When work that was submitted is looked at first.
    pub look_interval: Duration,
}

/// How programs run: the one that does the work, and the one that checks it.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Where they run.
    pub folder: PathBuf,
    /// The only variables of their environment, beside those of `environment_files`.
    pub environment: BTreeMap<String, String>,
    /// Variables whose values are secrets, and the files that hold these: read at each start, only by root and this user.
    pub environment_files: BTreeMap<String, PathBuf>,
    /// How long one may take, and a service's artifact to be fetched.
    pub timeout: Duration,
    /// How long one that is told to end may take for that.
    pub kill_grace: Duration,
    /// The most bytes that one may write to its output and its errors together; one that writes more is ended.
    pub output_limit: u64,
}

/// A job as configured.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How the work is done.
    pub work: Work,
    /// A program that looks whether it is done: 0 says that it is, 1 that it is not, anything else nothing.
    pub verify: Option<Vec<Argument>>,
    /// How programs run.
    pub programs: Programs,
    /// The most bytes of the artifact.
    pub artifact_limit: u64,
    /// A private folder of the watcher's state, for locks.
    pub locks: PathBuf,
    /// A file of figures.
    pub textfile: Option<TextfileSetup>,
}
