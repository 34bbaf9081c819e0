//! What the program keeps on disk: the attesters' states for the next start, and the file for node_exporter.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support;
use crate::support::{Bench, shown, wait_for};

const STATES: &str = ".local/state/butler/exporter-devnet-states.json";
const STRIPS: &str = ".local/state/butler/exporter-devnet-strips.json";
const SELDOM: &str = "scrape_interval = \"1h\"";
const DOCUMENTED: &str = "butler_transitions_total{network=\"devnet\",judgement=\"documented\"}";
const KEPT: &str = "butler_scrape_errors_total{network=\"devnet\",scraper=\"l1\",kind=\"local_file\"}";

async fn saved(bench: &Bench) {
    wait_for("the file of states", || bench.path(STATES).exists().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_while_it_was_down_is_judged_and_counted() {
    let bench = Bench::start().await;
    let program = bench.run_with(SELDOM).await;
    saved(&bench).await;
    wait_for("the file of strips", || bench.path(STRIPS).exists().then_some(())).await;
    assert_eq!(program.end("TERM").await.code(), Some(0));
    let waiting = bench.oracle().attester("A6").unwrap().address;
    let needs_coinbase = || {
        let states: Value = serde_json::from_str(&bench.read(STATES)).unwrap();
        states["states"][format!("{waiting:?}")] == "COINBASE_NEEDED"
    };
    assert!(needs_coinbase());
    let coinbase = bench.oracle().coinbases()[&waiting];
    bench.edit("keys/server-1.json", |keys| keys["validators"][3]["coinbase"] = Value::from(shown(coinbase)));
    let program = support::start(bench.command()).await;
    let series = program.when_scraped("devnet", "l1").await;
    assert_eq!(series[DOCUMENTED], 1.0);
    wait_for("the new states", || (!needs_coinbase()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_that_cannot_be_used_are_told_and_moved_aside() {
    let bench = Bench::start().await;
    std::fs::create_dir_all(bench.path(".local/state/butler")).unwrap();
    bench.write(STATES, "{ \"version\": 99 }");
    let program = bench.run_with(SELDOM).await;
    let series = program.when_scraped("devnet", "l1").await;
    assert_eq!((series[DOCUMENTED], series[KEPT]), (0.0, 0.0));
    saved(&bench).await;
    program.when_logged("has version 99, this program knows 1").await;
    assert_eq!(bench.read(&format!("{STATES}.unusable")), "{ \"version\": 99 }");
    assert_eq!(program.log().matches("begin anew").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_keeps_nothing_and_judges_nothing() {
    let bench = Bench::start().await;
    assert_eq!(bench.command().arg("--once").output().unwrap().status.code(), Some(0));
    assert!(!bench.path(STATES).exists() && !bench.path(STRIPS).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_textfile_says_what_is_served_and_when_it_was_written() {
    let bench = Bench::start().await;
    let program = bench.run_with(&format!("{SELDOM}\ntextfile = \"butler.prom\"")).await;
    let served = program.when_scraped("devnet", "l1").await;
    let active = "butler_attesters{network=\"devnet\",state=\"ACTIVE\"}";
    let written = wait_for("the readings in the file", || {
        let text = std::fs::read_to_string(bench.path("butler.prom")).ok()?;
        Some(support::series(&text)).filter(|series| series.contains_key(active))
    })
    .await;
    assert_eq!(written[active], served[active]);
    assert!(written["butler_textfile_last_write_timestamp_seconds"] > 1_700_000_000.0);
    let mode = bench.path("butler.prom").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    // It can be switched off and on again while the program runs.
    bench.reconfigure("textfile", "# textfile");
    program.when("no textfile", |series| !series.contains_key("butler_textfile_write_failures_total")).await;
    std::fs::remove_file(bench.path("butler.prom")).unwrap();
    bench.reconfigure("# textfile", "textfile");
    wait_for("the file again", || bench.path("butler.prom").exists().then_some(())).await;
}

/// The program on a disk that takes no byte more, as far as a limit can stand in for one.
fn on_a_full_disk(bench: &Bench) -> Command {
    let own = bench.command();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
    command.env_clear().env("HOME", bench.folder.path());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_counted_and_told_once_and_the_figures_go_on() {
    let bench = Bench::start().await;
    bench.append("[exporter]\nlisten = \"127.0.0.1:0\"\nscrape_interval = \"1s\"\ntextfile = \"butler.prom\"");
    bench.write("butler.prom", "old 1\n");
    let program = support::start(on_a_full_disk(&bench)).await;
    let failures = "butler_textfile_write_failures_total";
    let series = program.when("failures", |series| series[KEPT] >= 4.0 && series[failures] >= 2.0).await;
    assert_eq!(series["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 1.0);
    assert!(!series.contains_key("butler_textfile_last_write_timestamp_seconds"));
    assert_eq!(bench.read("butler.prom"), "old 1\n");
    assert!(!bench.path(STATES).exists());
    for what in ["states of devnet cannot be kept", "ledger of devnet cannot be kept", "textfile is not written"] {
        assert_eq!(program.log().matches(what).count(), 1, "{what}: {}", program.log());
    }
    let left = std::fs::read_dir(bench.folder.path()).unwrap().flatten();
    assert_eq!(left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".tmp")).count(), 0);
}
