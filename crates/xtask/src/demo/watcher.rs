//! The last part of the demo: somebody delegates, a person approves what that asks for, and the coinbase stands in the keystore and in the
//! node.
//!
//! The watcher begins behind everything that the chain's story told before, so that what it plans is of this delegation alone. The keystore
//! is a real file; the node is a fake that loads it as real ones do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure as require};
use butler_core::store::file::save_atomic;
use butler_testkit::devnet::{Chain, Move, attester_secret};
use butler_testkit::keystore_node::KeystoreNode;
use ethers_core::types::Address;
use ethers_core::utils::to_checksum;
use serde_json::{Value, json};

use crate::command::target;

/// Blocks on top of one that counts as final.
const CONFIRMATIONS: u64 = 2;
/// How long the watcher may take to start, and to see the delegation.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// The server of the demo.
const SERVER: &str = "server-1";

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
pub(super) async fn watch(chain: &Chain, config: &Path, folder: &Path) -> anyhow::Result<(Watcher, Server)> {
    let start = chain.block_number().await?.saturating_add(1);
    let text = std::fs::read_to_string(config).context("failed to read the example's configuration")?;
    let head = format!("[networks.devnet]\nstart_block = {start}\nconfirmations = {CONFIRMATIONS}\n");
    let server = Server::start(chain, folder).await?;
    let text = text.replacen("[networks.devnet]\n", &head, 1)
        + &server.configuration()
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
        watcher.show(arguments)?;
    }
    println!("\nThe action waits for a person, who was shown what would change, and says yes:");
    let shown = watcher.answer(&["actions", "show", &key]).context("the watcher does not answer")?;
    let shown = shown["action"]["shown"].as_str().context("there is nothing to approve")?.to_owned();
    watcher.show(&["actions", "approve", &key, "--shown", &shown])?;
    watcher.wait_until_done(&key)?;
    server.show(&shown_attester(&key)?)?;
    println!("\nAnother delegation waits for a person in the same way:");
    chain.play(Move::Stake { provider: 1 }).await?;
    for _ in 0..CONFIRMATIONS {
        chain.mine().await?;
    }
    let key = watcher.waiting()?;
    println!("\n$ butler-cli actions approve {key}");
    Ok((watcher, server))
}

/// The attester that an action's key names.
fn shown_attester(key: &str) -> anyhow::Result<Address> {
    key.split('/').nth(3).and_then(|part| part.parse().ok()).context("the action's key names no attester")
}

/// A server with a keystore, and a node that loads it.
pub(super) struct Server {
    folder: PathBuf,
    node: KeystoreNode,
}

impl Server {
    /// Writes a keystore of the attesters that can be staked next, and starts a node on it.
    async fn start(chain: &Chain, folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.join("servers").join(SERVER);
        std::fs::create_dir_all(&folder).context("failed to make the server's folder")?;
        let validators = ["A8", "A9"].map(|name| {
            let secret = attester_secret(chain.oracle()?.attester(name)?.address)?;
            anyhow::Ok(json!({
                "attester": { "eth": secret, "bls": format!("0x{:064x}", 7) },
                "feeRecipient": format!("0x{:064x}", 1),
            }))
        });
        let validators = validators.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let text = format!("{:#}\n", json!({ "schemaVersion": 1, "validators": validators }));
        save_atomic(&folder.join("keystore.json"), text.as_bytes(), 0o600).context("failed to write the keystore")?;
        let node = KeystoreNode::start(&folder).await?;
        Ok(Self { folder, node })
    }

    fn configuration(&self) -> String {
        let (url, admin, folder) = (self.node.url(), self.node.admin_url(), self.folder.display());
        format!(
            "\n[[networks.devnet.aztec_nodes]]\nname = \"{SERVER}\"\nserver = \"{SERVER}\"\nurl = \"{url}\"\nadmin_url = \"{admin}\"\nadmin_api_key_env = \"ADMIN_KEY\"\n\n[[networks.devnet.keystores]]\nserver = \"{SERVER}\"\nfolder = \"{folder}\"\n"
        )
    }

    /// Shows what the file and the node have now.
    fn show(&self, attester: &Address) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(self.folder.join("keystore.json")).context("failed to read the keystore")?;
        let line = text.lines().find(|line| line.contains("\"coinbase\"")).context("no coinbase was written")?;
        let used = self.node.coinbases().get(attester).copied().context("the node does not run it")?;
        println!("\nIt is done. The keystore has one line more, and the node took it:\n");
        println!("  keystore.json   {}", line.trim());
        println!("  node            proposes with {} from now on", to_checksum(&used, None));
        Ok(())
    }
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
        command
            .env_clear()
            .env("HOME", folder)
            .env("ADMIN_KEY", KeystoreNode::ADMIN_KEY)
            .env("BUTLER__LOG__FORMAT", "text")
            .arg("--config")
            .arg(&config);
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
        let key = self.waiting()?;
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

    /// Waits for a coinbase that waits for a person. Answers its key.
    fn waiting(&self) -> anyhow::Result<String> {
        let began = Instant::now();
        let waiting = ["actions", "list", "--phase", "awaiting_approval", "--kind", "configure_coinbase"];
        loop {
            let answer = self.answer(&waiting).unwrap_or_default();
            if let Some(key) = answer["actions"][0]["key"].as_str() {
                return Ok(key.to_owned());
            }
            if began.elapsed() > PATIENCE {
                bail!("the delegation was not planned:\n{}", self.told());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until an action is done.
    fn wait_until_done(&self, key: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let answer = self.answer(&["actions", "show", key]).unwrap_or_default();
            match answer["action"]["phase"].as_str() {
                Some("done") => return Ok(()),
                Some("parked" | "dropped") => bail!("the coinbase was not written: {answer:#}"),
                Some(_) | None if began.elapsed() > PATIENCE => bail!("it is not done:\n{}", self.told()),
                Some(_) | None => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Runs a command and shows what it says.
    fn show(&self, arguments: &[&str]) -> anyhow::Result<()> {
        println!("\n$ butler-cli {}\n", arguments.join(" "));
        let status = self.cli(arguments).status().context("failed to start butler-cli")?;
        require!(status.success(), "butler-cli {} ended with {status}", arguments.join(" "));
        Ok(())
    }

    /// What the command line answers, once it does.
    fn answer(&self, arguments: &[&str]) -> Option<Value> {
        let output = self.cli(arguments).arg("--json").stderr(Stdio::null()).output().ok()?;
        serde_json::from_slice(&output.stdout).ok()
    }

    fn cli(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(target().join("debug/butler-cli"));
        command.args(arguments).env("BUTLER_CONFIG", &self.config).env("ADMIN_KEY", KeystoreNode::ADMIN_KEY);
        command
    }

    fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}
