//! The world of the soak: a chain behind a proxy, a node behind a proxy, files, and the exporter among them.
//!
//! State and textfile are on a small disk of their own, a tmpfs in a namespace of the exporter's, which can be filled. The
//! exporter's clock can be stepped where libfaketime is installed. Where either is missing the soak goes without.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure, example_files};
use butler_testkit::proxy::FaultProxy;
use serde_json::Value;

use super::truth::Truth;
use crate::command::succeeds;
use crate::exporter::following_node;

/// Time between two scrapes of the exporter.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);
/// How long the exporter may serve a reading.
pub(super) const STALENESS: Duration = Duration::from_secs(5);
/// Part of a URL that must never be seen.
const SECRET: &str = "hunter2";
/// How long anything of the set-up may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Debian's package `faketime` has it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// Mounts the disk and becomes the exporter: a folder, then a command.
const ON_ITS_DISK: &str = "mount -t tmpfs -o size=512k,mode=0700 soak \"$1\" && shift && exec \"$@\"";

/// Everything that stands and runs.
pub(super) struct Stage {
    pub(super) chain: Arc<Chain>,
    pub(super) truth: Arc<Truth>,
    pub(super) proxy: FaultProxy,
    pub(super) node_proxy: FaultProxy,
    _node: FakeAztecNode,
    pub(super) folder: PathBuf,
    pub(super) has_disk: bool,
    pub(super) has_clock: bool,
    log: Arc<Mutex<Vec<String>>>,
    child: Child,
    pub(super) address: SocketAddr,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stage {
    /// Sets it up in a folder of its own, and waits until the exporter listens.
    pub(super) async fn set(folder: &Path, program: &Path) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("failed to remove `{}`", folder.display()))?;
        }
        fs::create_dir_all(folder.join("disk")).context("failed to create the soak's folder")?;
        let chain = Arc::new(Chain::start(&ensure(&DevnetSpec::scenario())?).await?);
        let truth = Arc::new(Truth::default());
        truth.note(&chain, Instant::now()).await?;
        let proxy = FaultProxy::start(chain.url()).await?;
        let node = following_node(chain.oracle()?).await?;
        let node_proxy = FaultProxy::start(&node.url()).await?;
        write_files(folder, &chain, &proxy, &node_proxy)?;

        let has_disk = succeeds(Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "soak"]).arg(folder));
        let has_clock = Path::new(FAKETIME).exists();
        let mut command = command(folder, program, has_disk, has_clock);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("failed to start")?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let stderr = child.stderr.take().context("no stderr")?;
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                written.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let mut stage = Self {
            chain,
            truth,
            proxy,
            node_proxy,
            _node: node,
            folder: folder.to_owned(),
            has_disk,
            has_clock,
            log,
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        stage.address = stage.listening().await?;
        Ok(stage)
    }

    async fn listening(&mut self) -> anyhow::Result<SocketAddr> {
        let began = Instant::now();
        loop {
            let line = self.log().into_iter().find(|line| line.contains("listening on "));
            if let Some(line) = line {
                let line: Value = serde_json::from_str(&line).context("a line of the log is no JSON")?;
                return line["address"].as_str().and_then(|it| it.parse().ok()).context("no address in the log");
            }
            if began.elapsed() > PATIENCE || self.ended()?.is_some() {
                bail!("the exporter does not listen: {:?}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything that the exporter logged.
    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a secret is in the log.
    pub(super) fn has_told_the_secret(&self) -> bool {
        self.log().iter().any(|line| line.contains(SECRET))
    }

    /// The exporter's number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("failed to look after the exporter")
    }

    /// Sends a signal by its name.
    pub(super) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        anyhow::ensure!(sent.context("failed to start `kill`")?.success(), "failed to send SIG{name}");
        Ok(())
    }

    /// Asks it to end, and waits for that.
    pub(super) async fn end(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal("TERM")?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the exporter does not end");
    }

    /// A file of the exporter's disk, as it can be reached from here.
    pub(super) fn on_disk(&self, name: &str) -> PathBuf {
        let path = self.folder.join("disk").join(name);
        if !self.has_disk {
            return path;
        }
        let root = PathBuf::from(format!("/proc/{}/root", self.id()));
        root.join(path.strip_prefix("/").unwrap_or(&path))
    }

    /// Fills the exporter's disk to the last byte.
    pub(super) fn fill_disk(&self) -> anyhow::Result<()> {
        let mut file = fs::File::create(self.on_disk("filler")).context("failed to open the filler")?;
        for block in [vec![0; 4096], vec![0; 1]] {
            while file.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Sets the exporter's clock so many seconds off.
    pub(super) fn step_clock(&self, seconds: i64) -> anyhow::Result<()> {
        self.replace("clock", &format!("{seconds:+}\n"))
    }

    /// The text of a file of the soak's folder.
    pub(super) fn read(&self, name: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.folder.join(name)).with_context(|| format!("failed to read `{name}`"))
    }

    /// Replaces a file of the soak's folder, as an operator's tools do.
    pub(super) fn replace(&self, name: &str, text: &str) -> anyhow::Result<()> {
        replace(&self.folder.join(name), text)
    }

    /// The URL of the proxied endpoint, with a secret in it.
    pub(super) fn endpoint(&self) -> String {
        format!("{}/{SECRET}", self.proxy.url())
    }
}

fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    #[expect(clippy::disallowed_methods, reason = "a soak's own throwaway file, renamed into place")]
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("failed to write `{}`", path.display()))
}

fn write_files(folder: &Path, chain: &Chain, proxy: &FaultProxy, node: &FaultProxy) -> anyhow::Result<()> {
    let files = example_files(folder, chain.oracle()?, "ENDPOINT")?;
    let config = fs::read_to_string(&files.config).context("failed to read the example's configuration")?;
    let endpoint = "url_file = \"url\"\ntimeout = \"1s\"\nmax_response_bytes = 2000000\n";
    let mut config = config.replace("url = \"ENDPOINT\"\n", endpoint);
    config +=
        &format!("[[networks.devnet.aztec_nodes]]\nname = \"alpha\"\nurl = \"{}\"\ntimeout = \"1s\"\n", node.url());
    config += &format!(
        "[exporter]\nlisten = \"127.0.0.1:0\"\nscrape_interval = \"{}s\"\nstaleness = \"{}s\"\n\
         state_directory = \"disk\"\ntextfile = \"disk/butler.prom\"\n",
        INTERVAL.as_secs(),
        STALENESS.as_secs(),
    );
    replace(&files.config, &config)?;
    replace(&folder.join("url"), &format!("{}/{SECRET}\n", proxy.url()))?;
    replace(&folder.join("clock"), "+0\n")
}

fn command(folder: &Path, program: &Path, has_disk: bool, has_clock: bool) -> Command {
    let mut command = if has_disk {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", ON_ITS_DISK, "sh"]).arg(folder.join("disk")).arg("env");
        command
    } else {
        Command::new("env")
    };
    if has_clock {
        command.arg(format!("LD_PRELOAD={FAKETIME}"));
        command.arg(format!("FAKETIME_TIMESTAMP_FILE={}", folder.join("clock").display()));
        // Only the time of day: neither the monotonic clock nor the times of files.
        command.args([
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        ]);
    }
    command.arg(program).arg("--config").arg(folder.join("butler.toml"));
    command.env_clear().env("HOME", folder).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}
