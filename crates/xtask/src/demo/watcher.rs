//! The last part of the demo: somebody delegates, and the real watcher plans what that asks for.
//!
//! The watcher begins behind everything that the chain's story told before, so that what it plans is of this delegation alone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure as require};
use butler_testkit::devnet::{Chain, Move};
use serde_json::Value;

use crate::command::target;

/// Blocks on top of one that counts as final.
const CONFIRMATIONS: u64 = 2;
/// How long the watcher may take to start, and to see the delegation.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// A running watcher; killed when dropped.
pub(super) struct Watcher {
    child: Child,
    config: PathBuf,
    log: PathBuf,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the watcher, lets somebody delegate, and shows what was planned.
pub(super) async fn watch(chain: &Chain, config: &Path, folder: &Path) -> anyhow::Result<Watcher> {
    let start = chain.block_number().await?.saturating_add(1);
    let text = std::fs::read_to_string(config).context("failed to read the example's configuration")?;
    let head = format!("[networks.devnet]\nstart_block = {start}\nconfirmations = {CONFIRMATIONS}\n");
    let text = text.replacen("[networks.devnet]\n", &head, 1)
        + "\n[watcher]\nlisten = \"127.0.0.1:0\"\npoll_interval = \"1s\"\nstate_directory = \"watcher\"\nruntime_directory = \"watcher\"\n"
        + &format!("approvers = [\"{}\"]\n", own_user()?);
    let own = folder.join("watcher.toml");
    #[expect(clippy::disallowed_methods, reason = "a demo's own throwaway file")]
    std::fs::write(&own, text).context("failed to write the watcher's configuration")?;
    println!("\n$ butler-watcher    # follows the chain from here on, and plans what it asks for\n");
    let watcher = Watcher::start(own, folder)?;
    println!("Somebody delegates to provider 1, and the block becomes final.\n");
    chain.play(Move::Stake { provider: 1 }).await?;
    for _ in 0..CONFIRMATIONS {
        chain.mine().await?;
    }
    let key = watcher.show_plan()?;
    for arguments in [&["watcher", "status"][..], &["actions", "list", "--phase", "awaiting_approval"]] {
        println!("\n$ butler-cli {}\n", arguments.join(" "));
        let status = watcher.cli(arguments).status().context("failed to start butler-cli")?;
        require!(status.success(), "butler-cli {} ended with {status}", arguments.join(" "));
    }
    println!("\nThe action waits for a person, and this is how one approves it:\n\n$ butler-cli actions approve {key}");
    Ok(watcher)
}

/// The number of the user who runs this.
fn own_user() -> anyhow::Result<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/self").context("failed to look at this process")?.uid())
}

impl Watcher {
    /// Starts it, and waits until it answers.
    fn start(config: PathBuf, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("watcher.log");
        let file = File::create(&log).context("failed to make the watcher's log")?;
        let mut command = Command::new(target().join("debug/butler-watcher"));
        command.env_clear().env("HOME", folder).env("BUTLER__LOG__FORMAT", "text").arg("--config").arg(&config);
        let child = command.stderr(file).spawn().context("failed to start butler-watcher")?;
        let mut watcher = Self { child, config, log };
        let began = Instant::now();
        while watcher.answer(&["watcher", "status"]).is_none() {
            let ended = watcher.child.try_wait().context("failed to look after the watcher")?;
            if began.elapsed() > PATIENCE || ended.is_some() {
                bail!("the watcher does not answer:\n{}", watcher.told());
            }
            std::thread::sleep(PAUSE);
        }
        Ok(watcher)
    }

    /// Waits for the coinbase that the delegation asks for, and shows what the watcher said of it. Answers its key.
    fn show_plan(&self) -> anyhow::Result<String> {
        let began = Instant::now();
        let waiting = ["actions", "list", "--phase", "awaiting_approval", "--kind", "configure_coinbase"];
        let key = loop {
            let answer = self.answer(&waiting).unwrap_or_default();
            if let Some(key) = answer["actions"][0]["key"].as_str() {
                break key.to_owned();
            }
            if began.elapsed() > PATIENCE {
                bail!("the delegation was not planned:\n{}", self.told());
            }
            std::thread::sleep(PAUSE);
        };
        loop {
            let told = self.told();
            if let Some(line) = told.lines().find(|line| line.contains("approval_needed")) {
                println!("{line}");
                return Ok(key);
            }
            if began.elapsed() > PATIENCE {
                bail!("the watcher told nothing of what waits:\n{told}");
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// What the command line answers, once it does.
    fn answer(&self, arguments: &[&str]) -> Option<Value> {
        let output = self.cli(arguments).arg("--json").stderr(Stdio::null()).output().ok()?;
        serde_json::from_slice(&output.stdout).ok()
    }

    fn cli(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(target().join("debug/butler-cli"));
        command.args(arguments).env("BUTLER_CONFIG", &self.config);
        command
    }

    fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}
