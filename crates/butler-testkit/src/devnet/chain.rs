//! A running anvil. Each test may own one: it is ready within a tenth of a second.
//!
//! Anvil is started by a tiny shell that waits on a pipe from this process. Whatever ends this process, SIGKILL included,
//! closes the pipe, and the shell then kills anvil; so no chain outlives its test.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{DevnetState, Oracle};
use crate::http::Client;

const READY_WITHIN: Duration = Duration::from_secs(30);

/// The first argument is the log file, the others are the command. The second child is the one that outlives us briefly.
const WATCHDOG: &str = r#"
log=$1; shift
exec 3<&0
"$@" </dev/null >"$log" 2>&1 3<&- &
anvil=$!
( read -r _ <&3; kill -9 "$anvil" 2>/dev/null ) &
exec 3<&-
wait "$anvil"
"#;

/// How much of the past the chain can answer about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Logs, blocks and receipts of all blocks; `eth_call` only from the loaded block on. An older block is refused with
    /// code -32602 and "BlockOutOfRangeError: block height is 83 but requested was 50".
    Recent,
    /// `eth_call` at every block, as an archive node. The scenario only.
    Archive,
}

/// A running anvil; stops when dropped.
#[derive(Debug)]
pub struct Chain {
    process: Process,
    url: String,
    client: Client,
    oracle: Option<Oracle>,
}

impl Chain {
    /// Runs the devnet with [`History::Recent`].
    ///
    /// # Errors
    /// When the oracle cannot be read or anvil does not come up.
    pub async fn start(state: &DevnetState) -> anyhow::Result<Self> {
        Self::start_with(state, History::Recent, None).await
    }

    /// Runs the devnet; `port` `None` lets the system choose.
    ///
    /// # Errors
    /// When the oracle cannot be read or anvil does not come up.
    pub async fn start_with(state: &DevnetState, history: History, port: Option<u16>) -> anyhow::Result<Self> {
        let oracle = state.oracle()?;
        let file = match history {
            History::Recent => state.state_file(),
            History::Archive => state.archive_file(),
        };
        // Without the time, the next block would jump to the wall clock.
        let arguments = [
            "--timestamp".to_owned(),
            oracle.block.timestamp.to_string(),
            "--load-state".to_owned(),
            file.to_string_lossy().into_owned(),
        ];
        let chain = Self::launch(state.anvil(), port, &arguments, Some(oracle)).await?;
        // Every new block is 12 s after the one before, however fast the test is.
        chain.rpc("anvil_setBlockTimestampInterval", json!([12])).await?;
        Ok(chain)
    }

    /// Runs an empty chain with the same id: no contract, no Multicall3.
    ///
    /// # Errors
    /// When anvil does not come up.
    pub async fn start_bare(state: &DevnetState) -> anyhow::Result<Self> {
        Self::launch(state.anvil(), None, &[], None).await
    }

    async fn launch(
        anvil: &Path,
        port: Option<u16>,
        arguments: &[String],
        oracle: Option<Oracle>,
    ) -> anyhow::Result<Self> {
        let mut process = Process::start(anvil, port.unwrap_or(0), arguments)?;
        let deadline = Instant::now() + READY_WITHIN;
        let url = loop {
            if let Some(url) = process.listening_url()? {
                break url;
            }
            if process.has_ended()? || Instant::now() > deadline {
                bail!("anvil did not start\n{}", process.log()?);
            }
            sleep(Duration::from_millis(5)).await;
        };
        let client = Client::new(&url)?;
        let chain = Self { process, url, client, oracle };
        chain.rpc("eth_chainId", json!([])).await.context("failed to reach anvil")?;
        Ok(chain)
    }

    /// Its JSON-RPC address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was true at the end of the build.
    ///
    /// # Errors
    /// When the chain is a bare one.
    pub fn oracle(&self) -> anyhow::Result<&Oracle> {
        self.oracle.as_ref().context("a bare chain has no oracle")
    }

    pub(super) fn set_oracle(&mut self, oracle: Oracle) {
        self.oracle = Some(oracle);
    }

    /// One JSON-RPC call.
    ///
    /// # Errors
    /// When the call fails or is answered with an error.
    pub async fn rpc(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.client.call(method, &params).await
    }

    /// Mines one empty block.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn mine(&self) -> anyhow::Result<()> {
        self.rpc("evm_mine", json!([])).await.map(drop)
    }

    /// Number of the head.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn block_number(&self) -> anyhow::Result<u64> {
        quantity(&self.rpc("eth_blockNumber", json!([])).await?)
    }

    /// Time of the head, in seconds since 1970.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn timestamp(&self) -> anyhow::Result<u64> {
        let block = self.rpc("eth_getBlockByNumber", json!(["latest", false])).await?;
        quantity(&block["timestamp"])
    }

    /// Whatever anvil printed so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> anyhow::Result<String> {
        self.process.log()
    }
}

/// Reads a JSON-RPC quantity (`"0x1f"`).
pub(crate) fn quantity(value: &Value) -> anyhow::Result<u64> {
    let text = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let text = text.with_context(|| format!("expected a quantity, got {value}"))?;
    u64::from_str_radix(text, 16).with_context(|| format!("expected a quantity, got {value}"))
}

#[derive(Debug)]
struct Process {
    watchdog: Child,
    directory: tempfile::TempDir,
}

impl Process {
    fn start(anvil: &Path, port: u16, arguments: &[String]) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("failed to create a folder for anvil")?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh"])
            .arg(directory.path().join("log"))
            .arg(anvil)
            .args(["--host", "127.0.0.1", "--slots-in-an-epoch", "1", "--port", &port.to_string()])
            .args(arguments)
            // Anvil keeps temporary files here, which would otherwise stay in the home folder.
            .env("HOME", directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start a shell for anvil")?;
        Ok(Self { watchdog, directory })
    }

    fn log(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        // The shell creates the file a moment after it started.
        if let Ok(mut file) = File::open(self.directory.path().join("log")) {
            file.read_to_string(&mut text).context("failed to read anvil's log")?;
        }
        Ok(text)
    }

    fn listening_url(&self) -> anyhow::Result<Option<String>> {
        let log = self.log()?;
        let address = log.lines().filter(|_| log.ends_with('\n')).find_map(|line| line.strip_prefix("Listening on "));
        Ok(address.map(|address| format!("http://{}", address.trim())))
    }

    fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.watchdog.try_wait().context("failed to look after anvil")?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // The shell ends once anvil did, so nothing writes to the folder when it is removed.
        let _ = self.watchdog.wait();
    }
}
