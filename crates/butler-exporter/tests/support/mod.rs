//! A running devnet, the real program on it, and plain HTTP.
//!
//! Nothing here sleeps for a fixed time: a test waits for a condition, and fails when a deadline passes.

pub(crate) mod film;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use butler_core::store::file::save_atomic;
use butler_exporter::catalogue::values::ScraperKind;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{Chain, DevnetSpec, DevnetState, Oracle, ensure, example_files};
use ethers_core::types::Address;
use ethers_core::utils::to_checksum;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The longest that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives something.
pub(crate) async fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An address as labels have it.
pub(crate) fn shown(address: Address) -> String {
    to_checksum(&address, None)
}

/// A devnet with its example configuration in a folder of its own.
pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::of(&ensure(&DevnetSpec::scenario()).unwrap()).await
    }

    /// On a state of its own.
    pub(crate) async fn of(state: &DevnetState) -> Self {
        let chain = Chain::start(state).await.unwrap();
        let folder = TempDir::new().unwrap();
        example_files(folder.path(), chain.oracle().unwrap(), chain.url()).unwrap();
        Self { chain, folder }
    }

    pub(crate) fn oracle(&self) -> &Oracle {
        self.chain.oracle().unwrap()
    }

    pub(crate) fn shown(&self, attester: &str) -> String {
        shown(self.oracle().attester(attester).unwrap().address)
    }

    /// The server whose key file has an attester; empty where none has.
    pub(crate) fn server_of(&self, attester: &str) -> &'static str {
        let has = |server: &&str| self.read(&format!("keys/{server}.json")).contains(attester);
        ["server-1", "server-2"].into_iter().find(has).unwrap_or_default()
    }

    /// The series of a family about an attester, as labels have it.
    pub(crate) fn about(&self, family: &str, attester: &str) -> String {
        let server = self.server_of(attester);
        format!("{family}{{network=\"devnet\",attester=\"{attester}\",server=\"{server}\"}}")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        save_atomic(&self.path(name), content.as_bytes(), 0o600).unwrap();
    }

    /// Adds to the end of the configuration.
    pub(crate) fn append(&self, text: &str) {
        self.write("butler.toml", &format!("{}\n{text}\n", self.read("butler.toml")));
    }

    /// Replaces a part of the configuration, which must be there.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let text = self.read("butler.toml");
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.write("butler.toml", &text.replace(from, to));
    }

    /// Changes a JSON file.
    pub(crate) fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value: Value = serde_json::from_str(&self.read(name)).unwrap();
        change(&mut value);
        self.write(name, &format!("{value:#}\n"));
    }

    pub(crate) fn command(&self) -> Command {
        command(self.folder.path())
    }

    /// Starts the program on a free port, with a scrape each second.
    pub(crate) async fn run(&self) -> Program {
        let scrapers = ["scrape", "slashing", "governance", "rewards", "sentinel", "hosts"];
        let paces = scrapers.map(|of| format!("{of}_interval = \"1s\"\n"));
        self.run_with(&format!("{}textfile = \"butler.prom\"", paces.concat())).await
    }

    /// Starts the program on a free port with these lines in `[exporter]`.
    pub(crate) async fn run_with(&self, lines: &str) -> Program {
        self.append(&format!("[exporter]\nlisten = \"127.0.0.1:0\"\n{lines}"));
        start(self.command()).await
    }
}

/// Lets a recorded node follow the devnet's canonical rollup.
pub(crate) fn follow_devnet(bench: &Bench, node: &FakeAztecNode) {
    let oracle = bench.oracle();
    let addresses = json!({
        "rollupAddress": oracle.contracts.rollup_address, "registryAddress": oracle.contracts.registry_address,
    });
    let info = json!({
        "nodeVersion": "4.1.2", "l1ChainId": oracle.chain_id, "rollupVersion": oracle.rollup.version,
        "l1ContractAddresses": addresses,
    });
    node.set_result("node_getNodeInfo", info);
}

/// Moves L1 on: as many checkpoints, all proven.
pub(crate) async fn advance(bench: &Bench, checkpoints: u64) {
    bench.chain.set_checkpoints(checkpoints).await.unwrap();
}

/// The program with the configuration of that folder.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_butler-exporter"));
    command.env_clear().env("HOME", folder).arg("--config").arg(folder.join("butler.toml"));
    command
}

/// Starts the program, and waits until it listens.
pub(crate) async fn start(mut command: Command) -> Program {
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&log);
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            written.lock().unwrap().push(line);
        }
    });
    let address = wait_for("the address in the log", || {
        let lines = log.lock().unwrap();
        let line = lines.iter().find(|line| line.contains("listening on "))?;
        let line: Value = serde_json::from_str(line).unwrap();
        line["address"].as_str()?.parse().ok()
    })
    .await;
    Program { child, address, log }
}

/// A running exporter; killed when dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Series by their text, such as `butler_epoch{network="devnet"}`.
pub(crate) type Series = BTreeMap<String, f64>;

impl Program {
    /// The log, for after the end.
    pub(crate) fn log_handle(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.log)
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        request(stream, method, path, headers)
    }

    pub(crate) fn series(&self) -> Series {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200);
        series(&answer.text())
    }

    /// Waits until the metrics satisfy `condition`.
    pub(crate) async fn when(&self, what: &str, condition: impl Fn(&Series) -> bool) -> Series {
        wait_for(what, || Some(self.series()).filter(|series| condition(series))).await
    }

    /// Waits until a scraper succeeded.
    pub(crate) async fn when_scraped(&self, network: &str, scraper: &str) -> Series {
        let key = format!("butler_scrape_success{{network=\"{network}\",scraper=\"{scraper}\"}}");
        self.when(&key, |series| series.get(&key) == Some(&1.0)).await
    }

    /// Waits until every scraper of the devnet that is not the chain's succeeded.
    pub(crate) async fn when_all_scraped(&self) {
        for scraper in ScraperKind::ALL.into_iter().filter(|scraper| *scraper != ScraperKind::L1) {
            self.when_scraped("devnet", scraper.name()).await;
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until a line of the log holds this.
    pub(crate) async fn when_logged(&self, what: &str) {
        wait_for(&format!("{what:?} in the log"), || self.log().contains(what).then_some(())).await;
    }

    /// Sends a signal by its name and waits for the end.
    pub(crate) async fn end(mut self, name: &str) -> ExitStatus {
        self.signal(name);
        wait_for("the end of the program", || self.child.try_wait().unwrap()).await
    }
}

/// One request over a connection that ends with it.
pub(crate) fn request(mut stream: impl Read + Write, method: &str, path: &str, headers: &[&str]) -> Answer {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..split].to_vec()).unwrap();
    Answer { status: head[9..12].parse().unwrap(), head, body: answer[split + 4..].to_vec() }
}

/// The program with an endpoint that nobody answers at: the HTTP side does not need one. Lines are of `[exporter]`.
pub(crate) async fn idle(lines: &str) -> (TempDir, Program) {
    let folder = TempDir::new().unwrap();
    let toml = format!(
        "[networks.mainnet]\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:1\"\n[exporter]\nlisten = \"127.0.0.1:0\"\n{lines}\n"
    );
    save_atomic(&folder.path().join("butler.toml"), toml.as_bytes(), 0o600).unwrap();
    let program = start(command(folder.path())).await;
    (folder, program)
}

pub(crate) fn series(text: &str) -> Series {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(key, value)| (key.to_owned(), value.parse().unwrap()))
        .collect()
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// What stands between the tags.
pub(crate) fn text_of(html: &str) -> String {
    html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect()
}
