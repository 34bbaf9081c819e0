//! A person at the real command line, and a bench on which something waits for one.

#![expect(clippy::disallowed_methods, reason = "a test's files are its own")]

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use butler_testkit::devnet::Move;
use serde_json::Value;

use super::{Bench, Watcher};

/// The command line's program, which stands beside the watcher's.
pub(crate) fn cli() -> PathBuf {
    let cli = Path::new(env!("CARGO_BIN_EXE_butler-watcher")).with_file_name("butler-cli");
    assert!(cli.exists(), "build the workspace first: {} is not there", cli.display());
    cli
}

/// Whether this test may become other users.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn own() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Rules of the watcher beside those of the bench.
fn rules(bench: &Bench, keys: &str, more: &str) {
    let text = bench.config().replace("[watcher.policies]\nconfigure_coinbase = \"notify\"\n", more);
    bench.configure(&text.replace(
        "state_directory = \"state\"",
        &format!("state_directory = \"state\"\nruntime_directory = \"state\"\n{keys}"),
    ));
}

/// Runs `butler-cli` as a user.
async fn run_as(bench: &Bench, user: u32, arguments: &[&str]) -> Output {
    // The operator's files are the operator's alone; whoever decides has a configuration of his own.
    let folder = bench.folder.path().join(format!("of-{user}"));
    if !folder.exists() {
        std::fs::create_dir(&folder).unwrap();
        let state = bench.folder.path().join("state");
        let text = format!("[watcher]\nruntime_directory = \"{}\"\n", state.display());
        std::fs::write(folder.join("butler.toml"), text).unwrap();
    }
    let mut command = Command::new(cli());
    command.env_clear().env("HOME", "/nonexistent").arg("--config").arg(folder.join("butler.toml")).args(arguments);
    if user != own() {
        command.uid(user).gid(user);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(crate) async fn cli_as(bench: &Bench, user: u32, arguments: &[&str]) -> (i32, Value, String) {
    let output = run_as(bench, user, arguments).await;
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), report, String::from_utf8(output.stderr).unwrap())
}

/// The actions in a phase.
pub(crate) async fn listed(bench: &Bench, phase: &str) -> (Vec<Value>, String) {
    asked(bench, phase).await.unwrap()
}

/// As `listed`; nothing while the watcher does not answer.
pub(crate) async fn asked(bench: &Bench, phase: &str) -> Option<(Vec<Value>, String)> {
    let list = ["--json", "actions", "list", "--phase", phase, "--kind", "configure_coinbase"];
    let (code, report, said) = cli_as(bench, own(), &list).await;
    // While it starts nobody listens.
    assert!(code == 0 || said.contains("failed to connect"), "{code} {said}");
    Some((report["actions"].as_array()?.clone(), report["shown"].as_str()?.to_owned()))
}

/// Waits until so many coinbases are in a phase.
pub(crate) async fn wait_for(bench: &Bench, watcher: &Watcher, phase: &str, count: usize) -> Vec<Value> {
    watcher
        .until(&format!("{count} {phase}"), async || {
            let rows = asked(bench, phase).await?.0;
            (rows.len() == count).then_some(rows)
        })
        .await
}

pub(crate) fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap()
}

pub(crate) async fn stake(bench: &Bench, count: usize) {
    for _ in 0..count {
        bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    }
    bench.settle().await;
}

/// A bench whose watcher begins now, so that only what is staked from here on asks for something.
pub(crate) async fn begun(keys: &str, more: &str) -> Bench {
    let bench = Bench::start().await;
    let keys_of_ours = bench.oracle().spare_keys[..3].to_vec();
    bench.chain.play(Move::AddKeys { provider: 1, keys: keys_of_ours }).await.unwrap();
    let start = bench.chain.block_number().await.unwrap() + 1;
    let text = bench.config();
    let old = text.lines().find(|line| line.starts_with("start_block")).unwrap().to_owned();
    bench.configure(&text.replace(&old, &format!("start_block = {start}")));
    rules(&bench, keys, more);
    bench
}
