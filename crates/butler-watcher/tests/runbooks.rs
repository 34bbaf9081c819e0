//! The commands of the runbooks that need more than the chain: the watcher's socket, what both daemons serve, files, certificates. They run as they
//! stand there, through a shell, beside a real watcher and two real exporters on the devnet, with the words in capitals filled in.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and writes files of its own")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use butler_testkit::aztec_node::FakeAztecNode;

use crate::support;
use crate::support::person::{begun, cli, own, stake, text, wait_for};
use crate::support::receiver::Receiver;
use crate::support::{Bench, Watcher};

/// What no test can run: it asks the machine's service manager, another user, another machine or another program.
const ELSEWHERE: [&str; 6] = [
    "systemctl ",
    "systemd-run ",
    "timedatectl",
    "/usr/bin/ssh ",
    "curl -s http://127.0.0.1:9090/",
    "curl -s http://127.0.0.1:9093/",
];

/// The commands of the runbooks but those that only read the chain, which the tests of `butler-cli` run; each with a page that has it.
fn commands() -> BTreeMap<String, String> {
    let mut commands = BTreeMap::new();
    for (name, page) in pages() {
        let mut is_code = false;
        for line in page.lines() {
            is_code ^= line.starts_with("```");
            let found: Vec<&str> = if is_code { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
            let meant =
                found.into_iter().filter(|line| if is_code { needs_more(line) } else { asks_the_watcher(line) });
            commands.extend(meant.map(|line| (line.to_owned(), name.clone())));
        }
    }
    commands
}

fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbooks");
    let page = |path: PathBuf| {
        (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| page(entry.unwrap().path())).collect()
}

fn asks_the_watcher(line: &str) -> bool {
    ["actions ", "watcher "]
        .iter()
        .any(|name| line.strip_prefix("butler-cli ").is_some_and(|rest| rest.starts_with(name)))
}

fn needs_more(line: &str) -> bool {
    let is_read_alone = line.starts_with("butler-cli ") && !asks_the_watcher(line) && !line.contains(" keystore ");
    !(line.is_empty() || line.starts_with("```") || is_read_alone)
}

/// Whether a command decides something, for which a terminal is asked.
fn decides(line: &str) -> bool {
    ["approve", "retry", "drop", "reject"].iter().any(|verb| line.contains(&format!("actions {verb} ")))
}

/// Everything that runs, and what stands for what.
struct World {
    bench: Bench,
    watcher: Watcher,
    exporters: [Watcher; 2],
    node: FakeAztecNode,
    key: String,
}

impl World {
    async fn start() -> Self {
        let bench = begun(&format!("approvers = [\"{}\"]\n", own()), "").await;
        let (_, url) = Receiver::start(&[]).await;
        let channel = format!("[[watcher.webhooks]]\nname = \"ops\"\nurl = \"{url}\"\n");
        let exporter =
            "[exporter]\nlisten = \"127.0.0.1:0\"\nscrape_interval = \"1s\"\nstate_directory = \"exporter\"\n";
        // A look at the service knows the watcher by its port. Nobody else has this one meanwhile.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = bench.config().replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
        bench.configure(&format!("{config}{channel}{exporter}"));
        let folder = bench.folder.path();
        let certificate = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem";
        let made = Command::new("openssl").current_dir(folder).args(certificate.split(' ')).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let tls = "tls_certificate_file = \"cert.pem\"\ntls_key_file = \"key.pem\"\n";
        std::fs::write(folder.join("tls.toml"), bench.config().replace("\"exporter\"\n", &format!("\"tls\"\n{tls}")))
            .unwrap();
        std::fs::write(folder.join("token"), "a token").unwrap();
        let exporters = ["butler.toml", "tls.toml"].map(|config| support::exporter_in(folder, config));
        let watcher = bench.watch();
        stake(&bench, 1).await;
        let rows = wait_for(&bench, &watcher, "awaiting_approval", 1).await;
        let key = text(&rows[0], "short").to_owned();
        let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
        let world = Self { bench, watcher, exporters, node, key };
        let [plain, _] = &world.exporters;
        for scraper in ["l1", "governance", "slashing"] {
            let scraped = format!("butler_scrape_success{{network=\"devnet\",scraper=\"{scraper}\"}}");
            plain.until(&scraped, async || plain.metric(&scraped).await.filter(|value| *value > 0.5)).await;
        }
        world.bin();
        world
    }

    /// The programs of this build, under the names that they are installed as.
    fn bin(&self) {
        let folder = self.bench.folder.path().join("bin");
        std::fs::create_dir(&folder).unwrap();
        for name in ["butler-cli", "butler-exporter", "butler-watcher"] {
            symlink(cli().with_file_name(name), folder.join(name)).unwrap();
        }
    }

    /// A command with everything filled in.
    async fn filled(&self, line: &str) -> String {
        let folder = self.bench.folder.path();
        let shown = |name: &str| folder.join(name).display().to_string();
        let [plain, tls] = [self.exporters[0].address().await, self.exporters[1].address().await];
        let watcher = self.watcher.address().await;
        let words = [
            ("-connect INSTANCE", format!("-connect {tls}")),
            ("DOMAIN:443", tls),
            ("127.0.0.1:9464", plain.clone()),
            ("127.0.0.1:9465", watcher),
            ("INSTANCE", plain),
            ("DOMAIN", "localhost".to_owned()),
            ("NODE_URL", self.node.url()),
            ("/etc/butler/butler.toml", shown("butler.toml")),
            ("/etc/prometheus/butler-token", shown("token")),
            ("/etc/butler/metrics-token", shown("token")),
            ("/etc/butler/watcher-token", shown("no-such-token")),
            ("/var/lib/private/butler-exporter", shown("exporter")),
            ("/var/cache/private/butler-exporter", shown(".cache/butler")),
            ("/var/lib/butler-watcher", shown("state")),
            ("/var/lib/prometheus/node-exporter/", shown("keys")),
            ("CERTIFICATE", shown("cert.pem")),
            ("FILE", shown("keys/server-1.json")),
            ("FOLDER", shown("keys")),
            ("STATE", shown("agent")),
            ("CHANNEL", "ops".to_owned()),
            ("SERVER", "server-1".to_owned()),
            ("HOST", "host-1".to_owned()),
            ("KEY", self.key.clone()),
        ];
        // The journal of this machine is none of ours.
        let line = line.replacen("journalctl ", &format!("journalctl --directory={} ", shown("keys")), 1);
        words.iter().fold(line, |line, (word, value)| line.replace(word, value))
    }

    async fn run(&self, line: &str) -> (String, Output) {
        let folder = self.bench.folder.path().to_owned();
        let filled = self.filled(line).await;
        let asked = filled.clone();
        let output = tokio::task::spawn_blocking(move || {
            let mut command = if decides(&asked) { at_a_terminal(&asked) } else { shell(&asked) };
            command.env_clear().env("HOME", &folder).env("BUTLER_CONFIG", folder.join("butler.toml"));
            command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.join("bin").display()));
            command.current_dir(&folder).output().unwrap()
        });
        (filled, output.await.unwrap())
    }
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::null());
    command
}

/// Where a person says yes.
fn at_a_terminal(line: &str) -> Command {
    shell(&format!("echo yes | script --quiet --return --command '{line}' /dev/null"))
}

/// What is wrong with how a command ended.
fn fault(line: &str, output: &Output) -> Option<String> {
    let (code, talk) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
    let is_good = if line.starts_with("journalctl ") {
        // Nothing is found in an empty journal.
        code <= Some(1) && (talk.is_empty() || talk.starts_with("No journal files were found"))
    } else if line.contains("actions retry ") {
        // What was approved and dropped before is not parked.
        code == Some(6)
    } else {
        code == Some(0) && !output.stdout.is_empty()
    };
    (!is_good).then(|| format!("{code:?}: {}{talk}", String::from_utf8_lossy(&output.stdout)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_needs_the_daemons_or_the_machine_runs_beside_them() {
    let world = World::start().await;
    let (mut ran, mut faults) = (0, Vec::new());
    let (deciding, reading): (Vec<_>, Vec<_>) = commands().into_iter().partition(|(line, _)| decides(line));
    assert_eq!(deciding.len(), 3, "approve, drop and retry, in this order: {deciding:?}");
    for (line, page) in reading.into_iter().chain(deciding) {
        if ELSEWHERE.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let (filled, output) = world.run(&line).await;
        faults.extend(fault(&line, &output).map(|fault| format!("{page}: `{filled}`: {fault}")));
        ran += 1;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(ran > 40, "{ran}");
}

#[test]
fn what_is_searched_in_the_journal_is_what_the_programs_write() {
    let mut sources = String::new();
    for name in ["butler-core", "butler-exporter", "butler-watcher"] {
        read_into(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src"));
    }
    let mut searched = 0;
    for line in commands().into_keys().filter(|line| line.starts_with("journalctl ")) {
        let Some((_, words)) = line.split_once("grep ") else { continue };
        let words = words.trim_start_matches("-i ");
        let end = words.find("  ").unwrap_or(words.len());
        let words = words[..end].trim_matches(['\'', '"']);
        if words.chars().all(|letter| letter.is_ascii_uppercase()) {
            continue;
        }
        assert!(sources.contains(words), "{line}");
        searched += 1;
    }
    assert!(searched > 6, "{searched}");
}

fn read_into(text: &mut String, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_into(text, &path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
