//! A devnet, two exporters that watch it, a real Prometheus with the shipped rules, a real Alertmanager with the shipped routes.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{Chain, DevnetSpec, ExampleFiles, ensure, example_files};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use ethers_core::utils::to_checksum;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::mailbox::Mailbox;
use super::trouble::Kind;
use super::{http, scale};
use crate::command::{remove, workspace};
use crate::exporter::following_node;
use crate::process::Process;

/// How long Prometheus and Alertmanager may take until they answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing was told for so long: what is wrong from the beginning was told.
const QUIET: Duration = Duration::from_secs(20);
/// The names of the exporters' files.
const NAMES: [&str; 2] = ["a", "b"];

/// Everything that runs.
pub(super) struct World {
    pub(super) folder: PathBuf,
    program: PathBuf,
    files: ExampleFiles,
    /// The key files while nothing is wrong.
    keys: [Value; 2],
    proxy: FaultProxy,
    node_proxy: FaultProxy,
    exporters: Vec<Process>,
    pub(super) mailbox: Mailbox,
    pub(super) prometheus: SocketAddr,
    /// Where the exporters listen.
    pub(super) ports: [SocketAddr; 2],
    _node: FakeAztecNode,
    _tools: [Killed; 2],
    /// Mines while it is there.
    _miner: JoinSet<()>,
}

/// A program that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl World {
    /// Starts everything in a folder of its own.
    pub(super) async fn set(folder: &Path, program: &Path) -> anyhow::Result<Self> {
        remove(folder)?;
        fs::create_dir_all(folder)?;
        let chain = Arc::new(Chain::start(&ensure(&DevnetSpec::scenario())?).await?);
        let proxy = FaultProxy::start(chain.url()).await?;
        let node = following_node(chain.oracle()?).await?;
        let node_proxy = FaultProxy::start(&node.url()).await?;
        let files = example_files(folder, chain.oracle()?, &proxy.url())?;
        let coinbases = chain.oracle()?.coinbases();
        let mut keys = [Value::Null, Value::Null];
        for (keys, path) in keys.iter_mut().zip([&files.server_1, &files.server_2]) {
            *keys = serde_json::from_str(&fs::read_to_string(path)?)?;
            for validator in keys["validators"].as_array_mut().into_iter().flatten() {
                let own =
                    coinbases.iter().find(|(attester, _)| validator["attester"]["eth"] == to_checksum(attester, None));
                if let Some((_, coinbase)) = own {
                    validator["coinbase"] = json!(to_checksum(coinbase, None));
                }
            }
        }
        let ports = [free()?, free()?];
        let base = fs::read_to_string(&files.config)?;
        for (name, port) in NAMES.iter().zip(ports) {
            let node = format!(
                "[[networks.devnet.aztec_nodes]]\nname = \"alpha\"\nserver = \"server-1\"\nurl = \"{}\"\ntimeout = \"1s\"\n",
                node_proxy.url()
            );
            let exporter =
                format!("[exporter]\nlisten = \"{port}\"\nscrape_interval = \"2s\"\nstate_directory = \"{name}\"\n");
            write(&folder.join(format!("{name}.toml")), &format!("{base}{node}{exporter}"))?;
            fs::create_dir_all(folder.join(name))?;
        }
        let mailbox = Mailbox::open()?;
        let (prometheus, alertmanager) = (free()?, free()?);
        let tools = [
            start_alertmanager(folder, alertmanager, mailbox.address)?,
            start_prometheus(folder, prometheus, alertmanager, ports)?,
        ];
        let mining = Arc::clone(&chain);
        let mut miner = JoinSet::new();
        miner.spawn(async move {
            // A chain that is gone is told by the exporters.
            while mining.mine().await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let (folder, program) = (folder.to_owned(), program.to_owned());
        let mut world = Self {
            folder,
            program,
            files,
            keys,
            proxy,
            node_proxy,
            exporters: Vec::new(),
            mailbox,
            prometheus,
            ports,
            _node: node,
            _tools: tools,
            _miner: miner,
        };
        world.write_keys(&world.keys.clone())?;
        world.start_exporters()?;
        Ok(world)
    }

    /// Waits until both tools answer and nothing more is told.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let (mut last, mut since) = (0, Instant::now());
        while since.elapsed() < QUIET || last == 0 {
            let told = self.mailbox.len();
            if told != last {
                (last, since) = (told, Instant::now());
            }
            if began.elapsed() > PATIENCE * 4 {
                bail!("{last} messages came, and it does not become quiet");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let targets = http::get(self.prometheus, "/api/v1/query?query=sum(up)")?;
        anyhow::ensure!(targets["data"]["result"][0]["value"][1] == "2", "not both exporters are scraped: {targets}");
        Ok(())
    }

    /// Makes something go wrong.
    pub(super) fn plant(&mut self, kind: Kind) -> anyhow::Result<()> {
        let mut keys = self.keys.clone();
        match kind {
            Kind::NodeDown => self.node_proxy.set(FaultPlan::always(Fault::Close)),
            Kind::EndpointDown => self.proxy.set(FaultPlan::always(Fault::Close)),
            Kind::KeyFileBroken => write(&self.files.server_1, "{ half of it")?,
            Kind::KeyFilesBroken => {
                write(&self.files.server_1, "{ half of it")?;
                write(&self.files.server_2, "{ half of it")?;
            }
            Kind::CoinbaseWrong => {
                keys[0]["validators"][0]["coinbase"] = keys[0]["validators"][1]["coinbase"].clone();
                self.write_keys(&keys)?;
            }
            Kind::CoinbaseMissing => {
                let validator = keys[0]["validators"][0].as_object_mut().context("no validator")?;
                validator.remove("coinbase");
                self.write_keys(&keys)?;
            }
            Kind::KeyTwice => {
                let mut copy = keys[0]["validators"][0].clone();
                // One account on two servers would be a trouble of its own.
                copy["publisher"] = keys[1]["validators"][0]["publisher"].clone();
                keys[1]["validators"].as_array_mut().context("no validators")?.push(copy);
                self.write_keys(&keys)?;
            }
            Kind::ExporterKilled => drop(self.exporters.pop()),
            Kind::ExportersKilled => self.exporters.clear(),
        }
        Ok(())
    }

    /// Mends it.
    pub(super) fn mend(&mut self, kind: Kind) -> anyhow::Result<()> {
        match kind {
            Kind::NodeDown => self.node_proxy.set(FaultPlan::none()),
            Kind::EndpointDown => self.proxy.set(FaultPlan::none()),
            Kind::KeyFileBroken
            | Kind::KeyFilesBroken
            | Kind::CoinbaseWrong
            | Kind::CoinbaseMissing
            | Kind::KeyTwice => {
                self.write_keys(&self.keys.clone())?;
            }
            Kind::ExporterKilled | Kind::ExportersKilled => self.start_exporters()?,
        }
        Ok(())
    }

    fn write_keys(&self, keys: &[Value; 2]) -> anyhow::Result<()> {
        let [one, two] = keys;
        write(&self.files.server_1, &format!("{one:#}\n"))?;
        write(&self.files.server_2, &format!("{two:#}\n"))
    }

    /// Starts those that do not run: the first ones are those that do.
    fn start_exporters(&mut self) -> anyhow::Result<()> {
        for name in NAMES.iter().skip(self.exporters.len()) {
            let config = self.folder.join(format!("{name}.toml"));
            self.exporters.push(Process::start(&self.program, &config, &self.folder.join(name))?);
        }
        Ok(())
    }
}

fn start_alertmanager(folder: &Path, address: SocketAddr, mailbox: SocketAddr) -> anyhow::Result<Killed> {
    let shipped = fs::read_to_string(workspace().join("deploy/prometheus/alertmanager.yml"))?;
    let config = folder.join("alertmanager.yml");
    write(&config, &scale::alertmanager(&shipped, mailbox))?;
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.path={}", folder.join("alertmanager").display()));
    command.args([format!("--web.listen-address={address}"), "--cluster.listen-address=".to_owned()]);
    start(command, address, folder)
}

fn start_prometheus(
    folder: &Path,
    address: SocketAddr,
    alertmanager: SocketAddr,
    exporters: [SocketAddr; 2],
) -> anyhow::Result<Killed> {
    let shipped = fs::read_to_string(workspace().join("deploy/prometheus/butler.rules.yml"))?;
    write(&folder.join("butler.rules.yml"), &scale::rules(&shipped))?;
    let [one, two] = exporters;
    let config = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
         rule_files: [butler.rules.yml]\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: [\"{alertmanager}\"] }}] }}] }}\n\
         scrape_configs: [{{ job_name: butler, static_configs: [{{ targets: [\"{one}\", \"{two}\"] }}] }}]\n"
    );
    write(&folder.join("prometheus.yml"), &config)?;
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", folder.join("prometheus.yml").display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()));
    command.args([format!("--web.listen-address={address}"), "--rules.alert.resend-delay=1s".to_owned()]);
    start(command, address, folder)
}

/// Starts a tool, whose log goes into the folder, and waits until it is ready.
fn start(mut command: Command, address: SocketAddr, folder: &Path) -> anyhow::Result<Killed> {
    let name = command.get_program().to_string_lossy().into_owned();
    let log = fs::File::create(folder.join(format!("{name}.log")))?;
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let hint = "hint: apt-get install prometheus prometheus-alertmanager";
    let child = Killed(command.spawn().with_context(|| format!("failed to start `{name}`\n{hint}"))?);
    let began = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        anyhow::ensure!(began.elapsed() < PATIENCE, "`{name}` does not listen: its log is in {}", folder.display());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(child)
}

/// An address at which nobody listens.
fn free() -> anyhow::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr().context("failed to find a free port")
}

/// Writes a file below the folder.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    #[expect(clippy::disallowed_methods, reason = "a throwaway file, renamed into place")]
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("failed to write `{}`", path.display()))
}
