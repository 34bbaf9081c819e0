//! A folder with programs, and jobs that run them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use butler_core::domain::job::{Argument, Item};
use butler_core::store::file::save_atomic;
use butler_watcher::jobs::run::{Ended, LostLease, Programs, Record, Runner, Setup, Task, Work};
use serde_json::Value;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A shell script with that name.
    pub(crate) fn program(&self, name: &str, text: &str) -> String {
        program(self.folder.path(), name, text)
    }

    pub(crate) fn setup(&self, argv: &[&str]) -> Setup {
        setup(self.folder.path(), argv)
    }

    /// The job of an item, with an artifact.
    pub(crate) fn task(&self, item: u64) -> Task {
        task(self.folder.path(), item)
    }

    /// What a script that is `text` makes of it; its artifact is `$1`.
    pub(crate) async fn run(&self, text: &str) -> Ended {
        let program = self.program("job", text);
        self.process(self.setup(&[&program, "{artifact}"])).await
    }

    pub(crate) async fn process(&self, setup: Setup) -> Ended {
        runner_of(setup).process(&self.task(7), None, &Recorder::default()).await
    }

    pub(crate) fn artifact(&self) -> Option<Vec<u8>> {
        std::fs::read(self.path("out/7/pie.bin")).ok()
    }

    /// Names of what is beside the artifact.
    pub(crate) fn beside(&self) -> Vec<String> {
        names(&self.path("out/7")).into_iter().filter(|name| name != "pie.bin").collect()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) fn program(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    let script = format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{text}\n");
    save_atomic(&path, script.as_bytes(), 0o700).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn arguments(argv: &[&str]) -> Vec<Argument> {
    argv.iter().map(|text| text.parse().unwrap()).collect()
}

pub(crate) fn setup(folder: &Path, argv: &[&str]) -> Setup {
    let programs = Programs {
        folder: folder.to_path_buf(),
        environment: BTreeMap::new(),
        environment_files: BTreeMap::new(),
        timeout: LONG,
        kill_grace: Duration::from_secs(20),
        output_limit: 1 << 20,
    };
    Setup {
        work: Work::Command(arguments(argv)),
        verify: None,
        programs,
        artifact_limit: 1 << 20,
        locks: folder.join("locks"),
        textfile: None,
    }
}

pub(crate) fn task(folder: &Path, item: u64) -> Task {
    Task {
        pipeline: "blocks".to_owned(),
        job: "snos".to_owned(),
        item: Item::one(item),
        key: format!("blocks-snos-{item}"),
        attempt: 1,
        inputs: BTreeMap::new(),
        artifact: Some(folder.join(format!("out/{item}/pie.bin"))),
    }
}

pub(crate) fn runner_of(setup: Setup) -> Runner {
    Runner::new(&"blocks/snos".parse().unwrap(), setup).unwrap()
}

/// Keeps what was recorded.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) intents: Mutex<Vec<Value>>,
    pub(crate) is_lost: bool,
}

impl Recorder {
    pub(crate) fn last(&self) -> Option<Value> {
        self.intents.lock().unwrap().last().cloned()
    }

    pub(crate) fn count(&self) -> usize {
        self.intents.lock().unwrap().len()
    }
}

impl Record for Recorder {
    async fn record(&self, intent: Value) -> Result<(), LostLease> {
        if self.is_lost {
            return Err(LostLease);
        }
        self.intents.lock().unwrap().push(intent);
        Ok(())
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a process is there and is no zombie.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !(stat.is_empty() || stat.contains(") Z") || stat.contains(") X"))
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn reason(ended: &Ended) -> &str {
    match ended {
        Ended::Done { proof, .. } => proof,
        Ended::Submitted { id, .. } => id,
        Ended::Pending { reason }
        | Ended::Retry { reason, .. }
        | Ended::Unknown { reason }
        | Ended::Refused { reason }
        | Ended::Busy { reason } => reason,
    }
}
