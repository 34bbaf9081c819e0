//! The configurations that `butler-cli status` runs with, and one run of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure as require};
use butler_testkit::devnet::{Oracle, example_files};
use serde_json::Value;

/// One configuration of the program.
#[derive(Debug)]
pub(super) struct Setting {
    folder: PathBuf,
    config: PathBuf,
    providers: String,
}

/// One run of the program.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) attesters: usize,
    pub(super) wall: Duration,
    pub(super) peak_rss_kb: u64,
}

impl Setting {
    /// Writes it into a folder of that name.
    pub(super) fn new(
        folder: &Path,
        name: &str,
        oracle: &Oracle,
        url: &str,
        providers: &[u64],
    ) -> anyhow::Result<Self> {
        let folder = folder.join(name);
        let files = example_files(&folder, oracle, url)?;
        // What is tracked comes from the providers alone, so that its number is that of the size.
        std::fs::remove_dir_all(folder.join("keys")).context("failed to remove the example's key files")?;
        let config = std::fs::read_to_string(&files.config).context("failed to read the example's configuration")?;
        let without_keys: String =
            config.lines().filter(|line| !line.starts_with("key_files")).map(|line| format!("{line}\n")).collect();
        #[expect(clippy::disallowed_methods, reason = "a bench's own throwaway file")]
        std::fs::write(&files.config, without_keys).context("failed to write the bench's configuration")?;
        let providers = providers.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        Ok(Self { config: files.config, folder, providers })
    }

    /// Runs without a ledger on disk: the first time ever.
    pub(super) fn cold(&self, program: &Path) -> anyhow::Result<Run> {
        let cache = self.folder.join("cache");
        if cache.exists() {
            std::fs::remove_dir_all(&cache).with_context(|| format!("failed to remove `{}`", cache.display()))?;
        }
        self.warm(program)
    }

    /// The program with its arguments.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["status", "--json", "--config"]).arg(&self.config);
        for provider in self.providers.split(',') {
            command.args(["--provider-id", provider]);
        }
        command.env("BUTLER__CACHE_DIRECTORY", self.folder.join("cache"));
        command
    }

    /// Runs with whatever the run before left.
    pub(super) fn warm(&self, program: &Path) -> anyhow::Result<Run> {
        let began = Instant::now();
        let mut command = self.command(program);
        let mut child = command.stdout(Stdio::piped()).spawn().context("failed to start butler-cli")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let pid = child.id();
        let reader = std::thread::spawn(move || std::io::read_to_string(stdout));
        let mut peak_rss_kb = 0;
        // The high-water mark only grows; its last reading before the end is the peak but for the last milliseconds.
        let status = loop {
            peak_rss_kb = peak_rss_kb.max(high_water_mark(pid).unwrap_or_default());
            if let Some(status) = child.try_wait().context("failed to wait for butler-cli")? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let wall = began.elapsed();
        require!(status.success(), "butler-cli ended with {status}");
        let Ok(text) = reader.join() else { bail!("the reader of stdout panicked") };
        let report: Value = serde_json::from_str(&text.context("failed to read stdout")?)?;
        let attesters = report["attesters"].as_array().context("no attesters in the report")?.len();
        Ok(Run { attesters, wall, peak_rss_kb })
    }
}

fn high_water_mark(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
