//! The running watcher of a bench, and its configuration.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_core::store::file::save_atomic;
use butler_testkit::devnet::{Chain, example_files};

use crate::connection::{Coding, Connection};
use crate::process::Process;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// An operator's files, and the folder of the watcher's state.
#[derive(Debug)]
pub(super) struct Setting {
    config: PathBuf,
    pub(super) state: PathBuf,
}

impl Setting {
    /// Files of the operator of that chain's provider 1 behind these endpoints. `network` is more of the network's keys. What an
    /// earlier run left is removed.
    pub(super) fn new(
        folder: &Path,
        chain: &Chain,
        urls: &[String],
        network: &str,
        poll: Duration,
    ) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("failed to remove `{}`", folder.display()))?;
        }
        let state = folder.join("state");
        std::fs::create_dir_all(&state).with_context(|| format!("failed to create `{}`", state.display()))?;
        let files = example_files(folder, chain.oracle()?, chain.url())?;
        let text = std::fs::read_to_string(&files.config).context("failed to read the example's configuration")?;
        let (text, _) = text.split_once("[[networks.devnet.l1]]").context("no endpoint in the example")?;
        let endpoints = urls.iter().enumerate();
        let endpoints =
            endpoints.map(|(at, url)| format!("[[networks.devnet.l1]]\nname = \"e{at}\"\nurl = \"{url}\"\n"));
        let text = format!(
            "{}{}[watcher]\nlisten = \"127.0.0.1:0\"\npoll_interval = \"{}s\"\n[log]\nformat = \"json\"\n",
            text.replace("provider_ids", &format!("{network}\nprovider_ids")),
            endpoints.collect::<String>(),
            poll.as_secs()
        );
        save_atomic(&files.config, text.as_bytes(), 0o600).context("failed to write the bench's configuration")?;
        Ok(Self { config: files.config, state })
    }

    /// Starts the program.
    pub(super) fn start(&self, binary: &Path) -> anyhow::Result<Watcher> {
        let began = Instant::now();
        let process = Process::start(binary, &self.config, &self.state)?;
        let connection = Connection::new(process.address);
        Ok(Watcher { process, connection, began, listening: began.elapsed() })
    }
}

/// A running watcher; killed when dropped.
pub(super) struct Watcher {
    pub(super) process: Process,
    connection: Connection,
    began: Instant,
    /// From its start until it listened: its journal was open by then.
    pub(super) listening: Duration,
}

impl Watcher {
    /// The sum of what it serves under this beginning of a line.
    pub(super) fn metric(&mut self, series: &str) -> anyhow::Result<f64> {
        let text = String::from_utf8(self.connection.get(Coding::Identity)?).context("the metrics are no text")?;
        let lines = text.lines().filter(|line| line.starts_with(series));
        Ok(lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }

    /// Waits until a metric is at least so much; how long that took since the program's start.
    pub(super) fn until(&mut self, series: &str, least: f64) -> anyhow::Result<Duration> {
        loop {
            if self.metric(series)? >= least {
                return Ok(self.began.elapsed());
            }
            if self.began.elapsed() > PATIENCE {
                bail!("{series} is {} after {PATIENCE:?}, and not {least}", self.metric(series)?);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until every event up to that block was planned.
    pub(super) fn reached(&mut self, block: u64) -> anyhow::Result<Duration> {
        self.until("butler_watcher_checkpoint_block{network=\"devnet\"", super::number(block))
    }
}
