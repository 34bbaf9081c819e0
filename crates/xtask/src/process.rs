//! A running daemon of ours: where it listens, and what the kernel says of it. Killed when dropped.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(300);
/// The kernel counts a process's time in these for whoever reads `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts a program with a configuration and a folder of its own, and waits until it listens.
    pub(crate) fn start(binary: &Path, config: &Path, state: &Path) -> anyhow::Result<Self> {
        let name = binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(binary);
        // As the unit sets it.
        command
            .env_clear()
            .env("MALLOC_ARENA_MAX", "1")
            .env("HOME", state)
            .env("CACHE_DIRECTORY", state)
            .env("STATE_DIRECTORY", state);
        let mut child = command.arg("--config").arg(config).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().context("no stderr")?;
        let (sender, receiver) = std::sync::mpsc::channel();
        let told = name.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let is_notable = !line.contains("\"INFO\"");
                if is_notable {
                    eprintln!("{told}: {line}");
                }
                // Nobody listens any more when the address was found.
                let _ = sender.send(line);
            }
        });
        let found: Option<SocketAddr> = loop {
            let line = receiver.recv_timeout(PATIENCE);
            let Ok(line) = line else {
                let _ = child.kill();
                bail!("`{name}` does not listen");
            };
            if line.contains("listening on") {
                let line: Value = serde_json::from_str(&line).context("a line of the log is no JSON")?;
                break line["address"].as_str().and_then(|address| address.parse().ok());
            }
        };
        Ok(Self { child, address: found.context("no address in the log")? })
    }

    fn proc(&self, name: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{name}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))
    }

    fn status(&self, key: &str) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.with_context(|| format!("no {key} in the status"))? / 1024.0)
    }

    /// Memory in use, in MB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that was ever in use, in MB.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    /// The processor's time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = self.proc("stat")?;
        let fields = stat.rsplit_once(')').context("no name in the stat")?.1;
        let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
    }
}
