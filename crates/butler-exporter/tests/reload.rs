//! The running program takes a new configuration, and keeps the old one when the new one is bad.

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support;
use crate::support::{Bench, Program, Series, shown, wait_for};

/// So long that no tick comes while a test runs.
const SELDOM: &str = "scrape_interval = \"1h\"";
const SUCCESSFUL: &str = "butler_config_last_reload_successful";
const DEVNET: &str = "butler_attesters{network=\"devnet\",state=\"ACTIVE\"}";

fn reloads(series: &Series, result: &str) -> f64 {
    series[&format!("butler_config_reloads_total{{result=\"{result}\"}}")]
}

async fn reloaded(program: &Program, times: f64) -> Series {
    program.when("the reload", |series| reloads(series, "success") >= times).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_changes_nothing_and_is_told_once_without_its_secrets() {
    let bench = Bench::start().await;
    let program = bench.run_with(SELDOM).await;
    let before = program.when_scraped("devnet", "l1").await;
    let good = bench.read("butler.toml");
    bench.append("[log]\nlevel = \"hunter2\"");
    let bad = program.when("the failed reload", |series| reloads(series, "failure") == 1.0).await;
    assert_eq!((bad[SUCCESSFUL], bad[DEVNET]), (0.0, before[DEVNET]));
    let at = "butler_config_last_reload_success_timestamp_seconds";
    assert_eq!(bad[at], before[at]);
    bench.write("butler.toml", &good);
    let mended = reloaded(&program, 1.0).await;
    assert_eq!((mended[SUCCESSFUL], reloads(&mended, "failure")), (1.0, 1.0));
    assert!(mended[at] >= before[at] && mended[at] > 1_700_000_000.0);
    assert_eq!(mended[DEVNET], before[DEVNET], "an unchanged network keeps its readings");
    program.when_logged("no network changed").await;
    let log = program.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("stays in effect")).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(told[0].contains("butler.toml:") && told[0].contains("log.level") && !log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_come_go_and_change_and_the_others_are_left_alone() {
    let bench = Bench::start().await;
    let alone = bench.read("butler.toml");
    let program = bench.run_with(SELDOM).await;
    let requests = "butler_rpc_requests_total{network=\"devnet\",endpoint=\"127.0.0.1\"}";
    let last = "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"l1\"}";
    let before = program.when_scraped("devnet", "l1").await;
    let one = bench.read("butler.toml");
    let section = alone.split_once("[networks.devnet]").unwrap().1.replace("networks.devnet", "networks.twin");
    bench.append(&format!("[networks.twin]{section}"));
    let both = program.when_scraped("twin", "l1").await;
    assert_eq!((both[requests], both[last]), (before[requests], before[last]), "devnet was not asked again");
    assert_eq!(both["butler_attesters{network=\"twin\",state=\"ACTIVE\"}"], both[DEVNET]);
    assert_eq!(program.get("/readyz").status, 200);
    // Attesters that are followed besides: the twin is read anew, and keeps its counts.
    let two = bench.read("butler.toml");
    bench
        .write("butler.toml", &two.replace("[networks.twin]", "[networks.twin]\nminimum_ether_per_attester = \"0.7\""));
    let required = |series: &Series| -> f64 {
        let required =
            series.iter().filter(|(key, _)| key.starts_with("butler_publisher_required_ether{network=\"twin\""));
        required.map(|(_, value)| value).sum()
    };
    let changed = program.when("the twin's new figures", |series| required(series) > 6.0).await;
    assert_eq!((changed[requests], changed[last]), (before[requests], before[last]));
    program.when_logged("networks changed: twin").await;
    bench.write("butler.toml", &one);
    let gone = program.when("no twin", |series| !series.keys().any(|key| key.contains("\"twin\""))).await;
    assert_eq!((gone[requests], gone[last], gone[DEVNET]), (before[requests], before[last], before[DEVNET]));
    assert_eq!(program.get("/livez").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_opens_and_the_old_one_does_not_any_more() {
    let bench = Bench::start().await;
    bench.write("token", "first\n");
    let program = bench.run_with(&format!("{SELDOM}\nbearer_token_file = \"token\"")).await;
    let status = |token: &str| program.request("GET", "/metrics", &[&format!("Authorization: Bearer {token}")]).status;
    assert_eq!((status("first"), status("second")), (200, 401));
    bench.write("token", "second\n");
    wait_for("the second token", || (status("second") == 200).then_some(())).await;
    assert_eq!(status("first"), 401);
    // A file of secrets that is gone is a bad configuration; one that returns is seen, too.
    std::fs::remove_file(bench.path("token")).unwrap();
    program.when_logged("stays in effect").await;
    assert_eq!(status("second"), 200);
    bench.write("token", "third\n");
    wait_for("the third token", || (status("third") == 200).then_some(())).await;
    let log = program.log();
    assert!(!["first", "second", "third"].iter().any(|token| log.contains(token)), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_file_is_read_at_once_however_it_changes() {
    let bench = Bench::start().await;
    let missing = bench.about("butler_coinbase_missing", &bench.shown("A6"));
    // As Kubernetes lays out a volume: each file is a link through a link to a folder.
    for version in ["..1", "..2"] {
        std::fs::create_dir(bench.path(&format!("keys/{version}"))).unwrap();
    }
    let lacking = bench.read("keys/server-1.json");
    let coinbase = bench.oracle().coinbases()[&bench.oracle().attester("A6").unwrap().address];
    bench.edit("keys/server-1.json", |keys| keys["validators"][3]["coinbase"] = Value::from(shown(coinbase)));
    let having = bench.read("keys/server-1.json");
    std::fs::remove_file(bench.path("keys/server-1.json")).unwrap();
    bench.write("keys/..1/server-1.json", &lacking);
    bench.write("keys/..2/server-1.json", &having);
    symlink("..1", bench.path("keys/..data")).unwrap();
    symlink("..data/server-1.json", bench.path("keys/server-1.json")).unwrap();
    let key_files = bench.read("butler.toml");
    let line = key_files.lines().find(|line| line.starts_with("key_files")).unwrap();
    bench.reconfigure(line, "key_files = [\"keys/*.json\", \"more/*/*.json\"]");
    let program = bench.run_with(SELDOM).await;
    program.when("the missing coinbase", |series| series.contains_key(&missing)).await;
    let lacks = |expected: bool| {
        let (program, missing) = (&program, &missing);
        async move {
            program
                .when("the new key files", |series| {
                    series.contains_key(DEVNET) && series.contains_key(missing) == expected
                })
                .await
        }
    };
    symlink("..2", bench.path("keys/..next")).unwrap();
    std::fs::rename(bench.path("keys/..next"), bench.path("keys/..data")).unwrap();
    lacks(false).await;
    // In place, through the link.
    let mut file = std::fs::File::create(bench.path("keys/server-1.json")).unwrap();
    std::io::Write::write_all(&mut file, lacking.as_bytes()).unwrap();
    drop(file);
    lacks(true).await;
    std::fs::remove_file(bench.path("keys/server-1.json")).unwrap();
    bench.write("keys/server-1.json", &having);
    lacks(false).await;
    // A file that is gone is not an empty one.
    std::fs::remove_file(bench.path("keys/server-1.json")).unwrap();
    let is_kept = |series: &support::Series| series.keys().any(|key| key.starts_with("butler_key_file_kept{"));
    let gone = program.when("what it said last", is_kept).await;
    assert!(!gone.contains_key(&missing));
    std::fs::create_dir_all(bench.path("more/server-1")).unwrap();
    bench.write("more/server-1/keystore.json", &having);
    program.when("the file that has its keys now", |series| series.contains_key(DEVNET) && !is_kept(series)).await;
    lacks(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reads_everything_again_and_the_service_manager_is_told() {
    let bench = Bench::start().await;
    let socket = std::os::unix::net::UnixDatagram::bind(bench.path("notify")).unwrap();
    socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
    bench.append(&format!("[exporter]\nlisten = \"127.0.0.1:0\"\n{SELDOM}"));
    let mut command = bench.command();
    command.env("NOTIFY_SOCKET", bench.path("notify"));
    let program = support::start(command).await;
    let heard = || {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap().trim().to_owned()
    };
    assert_eq!(heard(), "READY=1");
    let requests = "butler_rpc_requests_total{network=\"devnet\",endpoint=\"127.0.0.1\"}";
    let before = program.when_scraped("devnet", "l1").await;
    for name in ["USR1", "USR2", "HUP"] {
        program.signal(name);
    }
    let (state, time) = heard().split_once('\n').map(|(state, time)| (state.to_owned(), time.to_owned())).unwrap();
    assert_eq!(state, "RELOADING=1");
    assert!(time.strip_prefix("MONOTONIC_USEC=").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(heard(), "READY=1");
    reloaded(&program, 1.0).await;
    program.when("another scrape", |series| series[requests] > before[requests]).await;
    program.when_logged("SIGUSR1 means nothing").await;
    program.when_logged("SIGUSR2 means nothing").await;
    // A signal to end that comes while it reads again ends it.
    program.signal("HUP");
    assert_eq!(program.end("TERM").await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_stays_and_the_log_follows() {
    let bench = Bench::start().await;
    let program = bench.run_with(SELDOM).await;
    bench.reconfigure("127.0.0.1:0", "127.0.0.1:1");
    program.when_logged("stays 127.0.0.1:0 (hint: a restart takes the new address)").await;
    assert_eq!(program.get("/livez").status, 200);
    bench.append("[log]\nlevel = \"debug\"\nformat = \"text\"");
    reloaded(&program, 2.0).await;
    let is_text =
        |line: &str| line.contains("INFO butler_core::daemon::service::reload: the configuration was read again");
    wait_for("a line of text", || program.log().lines().any(is_text).then_some(())).await;
    bench.reconfigure("\"debug\"", "\"error\"");
    reloaded(&program, 3.0).await;
    let lines = program.log().lines().count();
    program.signal("HUP");
    reloaded(&program, 4.0).await;
    assert_eq!(program.log().lines().count(), lines, "{}", program.log());
}
