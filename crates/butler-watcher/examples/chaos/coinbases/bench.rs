//! An operator's folder in which one coinbase is approved and due, made once; every round begins with a copy of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_core::control::{ActionRow, Answer, Ask, Choice, Shown, ask, socket_in};
use butler_core::domain::action::{ActionKind, EffectKey, Goal, Phase};
use butler_testkit::devnet::{Chain, DevnetSpec, Move, attester_secret, ensure, example_files};
use butler_testkit::keystore_node::KeystoreNode;
use ethers_core::types::Address;
use serde_json::json;
use tokio::runtime::Handle;

use crate::program::running::Running;

/// Blocks on top of a final one.
const CONFIRMATIONS: u64 = 2;
/// How long an answer of the watcher, and anything that it does, may take.
const ANSWER: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);
/// The key file that is changed, and one beside it.
pub(super) const FILE: &str = "keystore.json";
pub(super) const OTHER: &str = "more.json";
/// Where they lie, and where the watcher keeps what it needs, in the folder of a round.
pub(super) const SERVER: &str = "paris";
pub(super) const STATE: &str = "state";
/// Who has the key files, where root can give them away.
const OWNER: (u32, u32) = (65_534, 54_321);
const MODE: u32 = 0o640;
/// The coinbase of the attester beside the one that is changed.
const KEPT: Address = Address::repeat_byte(0xc7);

/// What every round begins with.
pub(super) struct Bench {
    pub(super) watcher: PathBuf,
    pub(super) runtime: Handle,
    pub(super) ready: PathBuf,
    pub(super) chain: Chain,
    /// The configuration up to the servers.
    head: String,
    /// The action that is due.
    pub(super) key: EffectKey,
    pub(super) attester: Address,
    pub(super) coinbase: Address,
    pub(super) old: Vec<u8>,
    /// What the other key file says.
    pub(super) other: Vec<u8>,
    /// Each private key, as digits.
    pub(super) secrets: Vec<String>,
}

/// What stands beside a watcher in one round.
pub(super) struct Servers<'a> {
    pub(super) nodes: &'a [KeystoreNode],
    pub(super) signer: Option<String>,
}

impl Bench {
    pub(super) async fn start(ready: PathBuf, watcher: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(&ready)?;
        let chain = Chain::start(&ensure(&DevnetSpec::scenario())?).await?;
        let oracle = chain.oracle()?.clone();
        let files = example_files(&ready, &oracle, "http://127.0.0.1:1")?;
        let text = std::fs::read_to_string(&files.config)?;
        let (head, _) = text.split_once("[[networks.devnet.l1]]").context("the example has an endpoint")?;
        let start = chain.block_number().await? + 1;
        let own = format!("[networks.devnet]\nstart_block = {start}\nconfirmations = {CONFIRMATIONS}\n");
        let head = head.replacen("[networks.devnet]\n", &own, 1);
        let head = format!("{head}[[networks.devnet.l1]]\nurl = \"{}\"\n", chain.url());

        let spare = oracle.spare_keys.get(..2).context("there are spare keys")?;
        let (attester, second) = (oracle.attester("A8")?.address, oracle.attester("A9")?.address);
        let [third, fourth] = [0, 1].map(|index| spare.get(index).map(|key| key.attester));
        let (third, fourth) = (third.context("a key")?, fourth.context("a key")?);
        let folder = ready.join(SERVER);
        std::fs::create_dir(&folder)?;
        let old = keystore(&[(attester, None), (second, Some(KEPT))])?;
        let other = keystore(&[(third, Some(KEPT)), (fourth, None)])?;
        for (name, text) in [(FILE, &old), (OTHER, &other)] {
            write(&folder.join(name), text)?;
        }
        let secrets = [attester, second, third, fourth].map(|attester| {
            let secret = attester_secret(attester)?;
            Ok(secret.trim_start_matches("0x").to_owned())
        });
        let secrets = secrets.into_iter().collect::<anyhow::Result<_>>()?;
        let mut bench = Self {
            // It is run in other folders.
            watcher: watcher.canonicalize().context("the watcher is not built")?,
            runtime: Handle::current(),
            ready,
            chain,
            head,
            key: "none".parse().context("a key")?,
            attester,
            coinbase: Address::zero(),
            old,
            other,
            secrets,
        };
        bench.approve().await?;
        Ok(bench)
    }

    /// Delegates, has the watcher see it, and approves what it wants, while nothing may be changed.
    async fn approve(&mut self) -> anyhow::Result<()> {
        let node = KeystoreNode::start(&self.ready.join(SERVER)).await?;
        let nodes = [node];
        let servers = Servers { nodes: &nodes, signer: None };
        self.configure(&self.ready, &servers, "dry_run = true\n")?;
        let log = self.ready.with_extension("log");
        let running = self.watch(&self.ready, &log)?;
        self.chain.play(Move::Stake { provider: 1 }).await?;
        for _ in 0..CONFIRMATIONS {
            self.chain.mine().await?;
        }
        let row = self.wait(&log, |row| !row.action.as_ref().is_none_or(|action| action.edits.is_empty())).await?;
        let action = row.action.context("it is not over")?;
        let Goal::CoinbaseConfigured { coinbase, .. } = action.goal else { bail!("it wants something else") };
        (self.key, self.coinbase) = (row.key.clone(), coinbase.address());
        self.decide(&self.ready, row.key, row.shown.context("it can be decided on")?, Choice::Approve).await?;
        running.terminate()?;
        let mut running = running;
        let until = Instant::now() + PATIENCE;
        while running.ended()?.is_none() {
            if Instant::now() > until {
                bail!("it does not end");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A socket cannot be copied.
        let _ = std::fs::remove_file(socket(&self.ready));
        Ok(())
    }

    async fn wait(&self, log: &Path, is_it: impl Fn(&ActionRow) -> bool) -> anyhow::Result<ActionRow> {
        let until = Instant::now() + PATIENCE;
        loop {
            let waiting = Ask::Actions { phase: Some(Phase::AwaitingApproval), after: None, limit: 100 };
            if let Ok(Answer::Actions { actions, .. }) = ask(&socket(&self.ready), waiting, ANSWER).await
                && let Some(row) =
                    actions.into_iter().find(|row| row.kind == ActionKind::ConfigureCoinbase && is_it(row))
            {
                return Ok(row);
            }
            if Instant::now() > until {
                bail!("nothing waits for an approval\n{}", std::fs::read_to_string(log)?);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Decides on the action of the watcher that has this folder.
    pub(super) async fn decide(
        &self,
        work: &Path,
        key: EffectKey,
        shown: String,
        choice: Choice,
    ) -> anyhow::Result<()> {
        let decide = Ask::Decide { actions: vec![Shown { key: key.into(), shown }], choice, reason: None };
        let answer = ask(&socket(work), decide, ANSWER).await?;
        if !matches!(&answer, Answer::Decided { refused, .. } if refused.is_empty()) {
            bail!("it may not be decided on: {answer:?}");
        }
        Ok(())
    }

    /// How the action stands at the watcher that has this folder; nothing while it does not answer.
    pub(super) async fn row(&self, work: &Path) -> Option<ActionRow> {
        match ask(&socket(work), Ask::Action { key: self.key.clone().into() }, ANSWER).await.ok()? {
            Answer::Action(row) => row.map(|row| *row),
            Answer::Status(_)
            | Answer::Actions { .. }
            | Answer::Several(_)
            | Answer::Decided { .. }
            | Answer::Export(_)
            | Answer::History(_)
            | Answer::Jobs(_)
            | Answer::Refused(_) => None,
        }
    }

    /// Writes the configuration of a folder whose servers are these.
    pub(super) fn configure(&self, work: &Path, servers: &Servers<'_>, more: &str) -> anyhow::Result<()> {
        let mut text = self.head.clone();
        for (index, node) in servers.nodes.iter().enumerate() {
            text.push_str(&format!(
                "[[networks.devnet.aztec_nodes]]\nname = \"n{index}\"\nserver = \"{SERVER}\"\nurl = \"{}\"\nadmin_url = \"{}\"\n\
                 admin_api_key_env = \"ADMIN_KEY\"\n",
                node.url(),
                node.admin_url()
            ));
        }
        let folder = work.join(SERVER);
        text.push_str(&format!(
            "[[networks.devnet.keystores]]\nserver = \"{SERVER}\"\nfolder = \"{}\"\n",
            folder.display()
        ));
        if let Some(url) = &servers.signer {
            text.push_str(&format!("web3signer_url = \"{url}\"\n"));
        }
        text.push_str(&format!(
            "[watcher]\nlisten = \"127.0.0.1:0\"\npoll_interval = \"1s\"\nstate_directory = \"{STATE}\"\nruntime_directory = \"{STATE}\"\n\
             approvers = [\"{}\"]\n{more}",
            rustix::process::geteuid().as_raw()
        ));
        write(&work.join("butler.toml"), text.as_bytes())
    }

    /// The watcher's command line in a folder, below `below` where that is a program.
    pub(super) fn command(&self, work: &Path, below: Option<Command>, log: &Path) -> anyhow::Result<Command> {
        let mut command = match below {
            Some(mut below) => {
                below.arg("--").arg(&self.watcher);
                below
            }
            None => Command::new(&self.watcher),
        };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        command.args(["--config", "butler.toml"]).current_dir(work).env_clear().env("HOME", work);
        command.env("ADMIN_KEY", KeystoreNode::ADMIN_KEY);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(command)
    }

    pub(super) fn watch(&self, work: &Path, log: &Path) -> anyhow::Result<Running> {
        Ok(Running::of(self.command(work, None, log)?.spawn().context("failed to start the watcher")?))
    }
}

/// Where the watcher of a folder is asked.
fn socket(work: &Path) -> PathBuf {
    socket_in(&work.join(STATE))
}

/// A keystore of these attesters, with the coinbases that they have.
fn keystore(validators: &[(Address, Option<Address>)]) -> anyhow::Result<Vec<u8>> {
    let mut listed = Vec::new();
    for (attester, coinbase) in validators {
        let mut validator = json!({
            "attester": { "eth": attester_secret(*attester)?, "bls": format!("0x{:064x}", 7) },
            "feeRecipient": format!("{:#066x}", 1),
        });
        if let Some(coinbase) = coinbase {
            validator["coinbase"] = format!("{coinbase:?}").into();
        }
        listed.push(validator);
    }
    Ok(format!("{:#}\n", json!({ "schemaVersion": 1, "validators": listed })).into_bytes())
}

/// Gives the key files of a folder to somebody else, as far as this user may.
pub(super) fn give(folder: &Path) -> anyhow::Result<()> {
    for name in [FILE, OTHER] {
        let path = folder.join(name);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(OWNER.0), Some(OWNER.1))?;
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(MODE))?;
    }
    Ok(())
}

pub(super) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a file of a trial that is thrown away")]
    std::fs::write(path, content).with_context(|| format!("failed to write {}", path.display()))
}
