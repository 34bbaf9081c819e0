//! A running devnet with a watcher's configuration, and the real binary on it.

pub(crate) mod agent;
pub(crate) mod chore;
pub(crate) mod person;
pub(crate) mod proposals;
pub(crate) mod receiver;
pub(crate) mod safe;
pub(crate) mod servers;
pub(crate) mod traces;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use butler_core::domain::action::{Action, ActionKind, ActionSubject, EffectKey, Phase};
use butler_core::store::file::save_atomic;
use butler_testkit::devnet::{Chain, DevnetSpec, Oracle, ensure, example_files};
use butler_testkit::keystore_node::KeystoreNode;
use butler_watcher::journal::{Cursor, Journal as _, Keeper, Op, Query, Settings};
use butler_watcher::program::journal_directory;
use ethers_core::types::Address;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Blocks on top of a final one.
pub(crate) const CONFIRMATIONS: u64 = 2;

/// A devnet of its own, with the files of an operator.
pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let state = ensure(&DevnetSpec::scenario()).unwrap();
        Self::on(Chain::start(&state).await.unwrap())
    }

    /// The files of an operator who runs validators on this chain.
    pub(crate) fn on(chain: Chain) -> Self {
        let folder = TempDir::new().unwrap();
        operator(folder.path(), chain.oracle().unwrap(), &[chain.url().to_owned()]);
        Self { chain, folder }
    }

    pub(crate) fn oracle(&self) -> &Oracle {
        self.chain.oracle().unwrap()
    }

    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("butler.toml")).unwrap()
    }

    pub(crate) fn configure(&self, text: &str) {
        save_atomic(&self.folder.path().join("butler.toml"), text.as_bytes(), 0o600).unwrap();
    }

    pub(crate) fn attester(&self, name: &str) -> Address {
        self.oracle().attester(name).unwrap().address
    }

    /// The block that is final when nothing more is mined.
    pub(crate) async fn last_block(&self) -> u64 {
        self.chain.block_number().await.unwrap() - CONFIRMATIONS
    }

    /// Empty blocks, so that what happened before them is final.
    pub(crate) async fn settle(&self) {
        for _ in 0..CONFIRMATIONS {
            self.chain.mine().await.unwrap();
        }
    }

    /// `replay` with `--json`.
    pub(crate) async fn replay(&self, from: u64, to: Option<u64>) -> (i32, Value, String) {
        replay_in(self.folder.path(), from, to).await
    }

    /// Starts the watcher.
    pub(crate) fn watch(&self) -> Watcher {
        watch_in(self.folder.path())
    }

    /// What somebody plans who comes later and reads the chain in one pass.
    pub(crate) async fn clean_pass(&self, last: u64) -> Kept {
        let text = self.config();
        self.configure(&text.replace("state_directory = \"state\"", "state_directory = \"later/state\""));
        let watcher = self.watch();
        watcher.reached(last).await;
        watcher.stop();
        self.configure(&text);
        self.journal_in("later/state")
    }

    /// The journal of a watcher that has ended.
    pub(crate) fn journal(&self) -> Kept {
        self.journal_in("state")
    }

    /// The journal in another folder.
    pub(crate) fn journal_in(&self, state: &str) -> Kept {
        let keeper = Keeper::open(&journal_directory(&self.folder.path().join(state)), Settings::default()).unwrap();
        let mut actions = Vec::new();
        let mut planned = BTreeMap::new();
        let mut after = 0;
        loop {
            let lines = keeper.history(after, 1000).unwrap();
            let Some(last) = lines.last() else { break };
            after = last.line;
            for line in lines {
                if let Op::Planned(entry) = line.op {
                    *planned.entry(entry.action.key.clone()).or_default() += 1;
                    actions.push(entry.action);
                }
            }
        }
        let mut finished = BTreeMap::new();
        for phase in [Phase::Done, Phase::Dropped] {
            let page = keeper.read(&Query { phase: Some(phase), after: None, limit: 10_000 }).unwrap();
            finished.extend(page.finished.into_iter().map(|one| (one.key, one.phase)));
        }
        let live = keeper.read(&Query { phase: None, after: None, limit: 10_000 }).unwrap().live.len();
        Kept { actions, planned, finished, live, cursor: keeper.cursor("devnet").unwrap() }
    }
}

/// Writes the files of an operator who asks these endpoints.
pub(crate) fn operator(folder: &Path, oracle: &Oracle, urls: &[String]) {
    let files = example_files(folder, oracle, "http://127.0.0.1:1").unwrap();
    let text = std::fs::read_to_string(&files.config).unwrap();
    let (network, rest) = text.split_once("\nprovider_ids").unwrap();
    let (rest, _) = rest.split_once("[[networks.devnet.l1]]").unwrap();
    let endpoints: String = urls
        .iter()
        .enumerate()
        .map(|(index, url)| format!("[[networks.devnet.l1]]\nname = \"e{index}\"\nurl = \"{url}\"\n"))
        .collect();
    let start = oracle.events[0].block;
    let text = format!(
        "{network}\nstart_block = {start}\nconfirmations = {CONFIRMATIONS}\nprovider_ids{rest}{endpoints}[watcher]\n\
         listen = \"127.0.0.1:0\"\npoll_interval = \"1s\"\nstate_directory = \"state\"\n[watcher.policies]\nconfigure_coinbase = \"notify\"\n[log]\nformat = \"json\"\n"
    );
    save_atomic(&files.config, text.as_bytes(), 0o600).unwrap();
}

/// Starts the watcher of whoever has that folder.
pub(crate) fn watch_in(folder: &Path) -> Watcher {
    spawn(command(folder), folder)
}

/// Starts the exporter with that configuration. It is looked at as a watcher is.
pub(crate) fn exporter_in(folder: &Path, config: &str) -> Watcher {
    let exporter = Path::new(env!("CARGO_BIN_EXE_butler-watcher")).with_file_name("butler-exporter");
    assert!(exporter.exists(), "build the workspace first: {} is not there", exporter.display());
    spawn(program(&exporter, folder, config), folder)
}

fn spawn(mut command: Command, folder: &Path) -> Watcher {
    let log = folder.join(format!("watcher-{}.log", rand_name()));
    let file = std::fs::File::create(&log).unwrap();
    let child = command.stderr(file).stdout(Stdio::null()).spawn().unwrap();
    Watcher { child, log }
}

fn command(folder: &Path) -> Command {
    let mut command = program(Path::new(env!("CARGO_BIN_EXE_butler-watcher")), folder, "butler.toml");
    command.env("ADMIN_KEY", KeystoreNode::ADMIN_KEY);
    command
}

fn program(path: &Path, folder: &Path, config: &str) -> Command {
    let mut command = Command::new(path);
    command.current_dir(folder).env_clear().env("HOME", folder);
    command.args(["--config", config]).stdin(Stdio::null());
    command
}

/// `replay` with `--json` by whoever has that folder.
pub(crate) async fn replay_in(folder: &Path, from: u64, to: Option<u64>) -> (i32, Value, String) {
    let mut command = command(folder);
    command.args(["replay", "--json", "--from", &from.to_string()]);
    command.args(to.map(|to| format!("--to={to}")));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), report, String::from_utf8(output.stderr).unwrap())
}

fn rand_name() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string()
}

/// What a journal holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Kept {
    /// Every action that was planned, in order; one that was replaced is there twice.
    pub(crate) actions: Vec<Action>,
    /// How often each was.
    pub(crate) planned: BTreeMap<EffectKey, u32>,
    pub(crate) finished: BTreeMap<EffectKey, Phase>,
    pub(crate) live: usize,
    pub(crate) cursor: Option<Cursor>,
}

impl Kept {
    /// Kind, subject and block of everything that events asked for.
    pub(crate) fn of_events(&self) -> Vec<(ActionKind, Address, u64)> {
        let is_of_event =
            |action: &&Action| !matches!(action.kind, ActionKind::ConditionBegan | ActionKind::ConditionEnded);
        self.actions.iter().filter(is_of_event).map(told).collect()
    }
}

/// Kind, subject and block of an action.
pub(crate) fn told(action: &Action) -> (ActionKind, Address, u64) {
    let subject = match &action.subject {
        ActionSubject::Attester(address) | ActionSubject::Rollup(address) => *address,
        ActionSubject::Provider(id) => Address::from_low_u64_be(id.get()),
        ActionSubject::Named(_) | ActionSubject::Network | ActionSubject::Job { .. } => Address::zero(),
    };
    let block = action.evidence.iter().find_map(|evidence| match evidence {
        butler_core::domain::action::Evidence::Log(log) => Some(log.block_number),
        butler_core::domain::action::Evidence::Finding { .. }
        | butler_core::domain::action::Evidence::State { .. }
        | butler_core::domain::action::Evidence::Proposal { .. } => None,
    });
    (action.kind, subject, block.unwrap_or_default())
}

/// A running watcher; killed when dropped.
pub(crate) struct Watcher {
    child: Child,
    log: PathBuf,
}

impl Watcher {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The most memory that it ever had, in KB.
    pub(crate) fn high_water_mark(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Waits for something; the log is shown when it does not come.
    pub(crate) async fn until<T>(&self, what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = check().await {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} did not come\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address that it listens on.
    pub(crate) async fn address(&self) -> String {
        self.until("an address", async || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("\"listening on "))?;
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["address"].as_str()?.to_owned())
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.address().await).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// The value of a metric, by the beginning of its line.
    pub(crate) async fn metric(&self, series: &str) -> Option<f64> {
        let answer = self.get("/metrics").await;
        answer.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }

    /// Waits until events up to that block were planned, and nothing is left to tell.
    pub(crate) async fn reached(&self, block: u64) {
        self.until(&format!("block {block}"), async || {
            let at = self.metric("butler_watcher_checkpoint_block{network=\"devnet\"}").await?;
            (at >= f64::from(u32::try_from(block).unwrap())).then_some(())
        })
        .await;
    }

    /// Ends it as systemd does, and waits.
    pub(crate) fn stop(mut self) -> (i32, String) {
        self.signal("TERM");
        let code = self.child.wait().unwrap().code().unwrap();
        (code, self.log())
    }

    /// Has it read its configuration again.
    pub(crate) fn reload(&self) {
        self.signal("HUP");
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self) -> (i32, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code().unwrap_or(-1), self.log());
            }
            assert!(Instant::now() < deadline, "it does not end\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A question to the watcher's socket, as it is posted.
pub(crate) fn posted(question: &str) -> String {
    format!("POST /v1/ask HTTP/1.1\r\nHost: butler\r\nContent-Length: {}\r\n\r\n{question}", question.len())
}

/// The folder of a bench, for whoever looks into it.
pub(crate) fn path_in(bench: &Bench, name: &str) -> PathBuf {
    Path::new(bench.folder.path()).join(name)
}
