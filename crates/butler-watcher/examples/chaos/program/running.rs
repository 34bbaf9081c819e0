//! The running watcher: started, asked through its socket, killed.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use butler_core::control::{Answer, Ask, WatcherStatus, ask, socket_in};
use rustix::process::{Pid, Signal, kill_process};

use super::trouble::Clock;

/// How long the socket may take.
const ANSWER: Duration = Duration::from_secs(2);

/// How a watcher is started.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) program: PathBuf,
    /// Its configuration is there.
    pub(super) folder: PathBuf,
}

impl Program {
    /// Starts it with this configuration.
    pub(super) fn start(&self, config: &str, clock: Option<&Clock>) -> anyhow::Result<Running> {
        let log = OpenOptions::new().create(true).append(true).open(self.log(config))?;
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).env_clear().env("HOME", &self.folder).args(["--config", config]);
        if let Some(clock) = clock {
            command.envs(clock.variables());
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        Ok(Running::of(child.context("failed to start the watcher")?))
    }

    fn log(&self, config: &str) -> PathBuf {
        self.folder.join(config).with_extension("log")
    }

    /// The end of what it said.
    pub(super) fn last_words(&self, config: &str) -> String {
        let log = std::fs::read_to_string(self.log(config)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(12).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// A watcher; killed when dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    /// Its exit code, once it ended by itself; 128 and more for a signal.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        use std::os::unix::process::ExitStatusExt as _;
        let status = self.0.try_wait()?;
        Ok(status.map(|status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())))
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) -> anyhow::Result<()> {
        let id = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).context("a child has a process id")?;
        Ok(kill_process(id, Signal::TERM)?)
    }
}

/// How the watcher that has this folder for its socket is; nothing while it does not answer.
pub(super) fn status(state: &Path) -> Option<WatcherStatus> {
    // Whoever looks after the night runs in a runtime of its own.
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(ask(&socket_in(state), Ask::Status, ANSWER)).ok()
        });
        asking.join().ok().flatten()
    });
    match asked? {
        Answer::Status(status) => Some(status),
        Answer::Actions { .. }
        | Answer::Action(_)
        | Answer::Several(_)
        | Answer::Decided { .. }
        | Answer::Export(_)
        | Answer::History(_)
        | Answer::Jobs(_)
        | Answer::Refused(_) => None,
    }
}
