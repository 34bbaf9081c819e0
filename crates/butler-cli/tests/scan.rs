//! A scan that is cut goes on the next time, what is kept is the program's own, and events need no old state.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogLimit, LogLimitStyle, PruneStyle, When};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Bench, butler};

const LEDGER: &str = ".cache/butler/devnet-ledger.json";

async fn behind_proxy(bench: &Bench) -> FaultProxy {
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", proxy.url()));
    proxy
}

/// An endpoint that grants one block a query, and takes its time.
fn slow() -> FaultPlan {
    let limit = LogLimit { style: LogLimitStyle::AlchemyFree, max_range: Some(1), max_results: None };
    FaultPlan::always(Fault::LogLimit(limit))
        .with(Fault::Latency(Duration::from_millis(60)), When::ForMethod("eth_getLogs".to_owned()))
}

fn mode(bench: &Bench, name: &str) -> u32 {
    bench.path(name).metadata().unwrap().permissions().mode() & 0o777
}

/// The block after the last one that the ledger covers.
fn scanned(bench: &Bench) -> u64 {
    let ledger: Value = serde_json::from_str(&bench.read(LEDGER)).unwrap();
    ledger["anchors"].as_array().unwrap().last().map_or(0, |anchor| anchor["number"].as_u64().unwrap() + 1)
}

/// Starts `status`, sends it a signal once some logs were read, and returns how it ended.
async fn cut(bench: &Bench, proxy: &FaultProxy, signal: &str) -> (Option<i32>, String) {
    proxy.reset();
    let child = butler(bench.folder.path()).args(["status"]).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while proxy.stats().calls_by_method.get("eth_getLogs").is_none_or(|count| *count < 40) {
        assert!(Instant::now() < deadline, "no logs are asked for");
        sleep(Duration::from_millis(5)).await;
    }
    let pid = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    let output = child.wait_with_output().await.unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_scan_that_a_signal_cuts_is_kept_and_goes_on_the_next_time() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let bench = Bench::start().await;
        let expected = bench.json(&["status"], 0).await;
        std::fs::remove_dir_all(bench.path(".cache")).unwrap();
        let proxy = behind_proxy(&bench).await;
        proxy.set(slow());
        let (ended, told) = cut(&bench, &proxy, signal).await;
        assert_eq!((ended, told.as_str()), (Some(code), "error: stopped by a signal before the result was complete\n"));
        let kept = scanned(&bench);
        assert!(kept > 8, "{kept}");
        let report = bench.json(&["status"], 0).await;
        assert_eq!(report["attesters"], expected["attesters"]);
    }
}

#[tokio::test]
async fn a_scan_that_is_killed_again_and_again_gets_there() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    let limit = LogLimit { style: LogLimitStyle::AlchemyFree, max_range: Some(1), max_results: None };
    let latency = Fault::Latency(Duration::from_millis(250));
    proxy.set(FaultPlan::always(Fault::LogLimit(limit)).with(latency, When::ForMethod("eth_getLogs".to_owned())));
    let (ended, _) = cut(&bench, &proxy, "-KILL").await;
    assert_eq!(ended, None);
    assert!(scanned(&bench) > 0);
}

#[tokio::test]
async fn rescan_forgets_what_was_kept() {
    let bench = Bench::start().await;
    let expected = bench.json(&["provider", "show"], 0).await;
    // A delegation's staker is told by its log only.
    bench.edit(LEDGER, |ledger| {
        for event in ledger["events"].as_array_mut().unwrap() {
            if let Some(staked) = event[5].get_mut("staked") {
                staked[3] = json!("0x1111111111111111111111111111111111111111");
                event[6] = json!(null);
            }
        }
    });
    let proxy = behind_proxy(&bench).await;
    assert_eq!(bench.json(&["provider", "show", "--rescan"], 0).await, expected);
    assert!(!bench.read(LEDGER).contains("0x1111111111111111111111111111111111111111"));
    assert!(proxy.stats().calls_by_method["eth_getLogs"] > 0);
}

#[tokio::test]
async fn what_is_kept_is_readable_by_nobody_else_and_a_link_is_replaced() {
    let bench = Bench::start().await;
    let expected = bench.json(&["status"], 0).await;
    assert_eq!((mode(&bench, LEDGER), mode(&bench, ".cache/butler")), (0o600, 0o700));
    std::fs::set_permissions(bench.path(LEDGER), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = bench.run(&["status", "--json"]).await;
    assert_eq!(ran.json(), expected);
    assert!(ran.stderr.contains("may be read or written by other users"), "{}", ran.stderr);
    assert_eq!(mode(&bench, LEDGER), 0o600);

    bench.write("victim", "precious");
    std::fs::remove_file(bench.path(LEDGER)).unwrap();
    symlink(bench.path("victim"), bench.path(LEDGER)).unwrap();
    let ran = bench.run(&["status", "--json"]).await;
    assert_eq!(ran.json(), expected);
    assert!(ran.stderr.contains("is a symbolic link"), "{}", ran.stderr);
    assert_eq!(bench.read("victim"), "precious");
    assert!(!bench.path(LEDGER).symlink_metadata().unwrap().is_symlink());
    assert_eq!(bench.run(&["status"]).await.stderr, "");
}

#[tokio::test]
async fn events_of_old_blocks_need_no_archive() {
    let bench = Bench::start().await;
    let all = bench.json(&["events"], 0).await;
    let proxy = behind_proxy(&bench).await;
    proxy.set(FaultPlan::always(Fault::PruneHistory { keep: 0, style: PruneStyle::Geth }));
    let old = bench.json(&["events", "--to-block", "60"], 0).await;
    let is_old = |event: &&Value| event["block_number"].as_u64().unwrap() <= 60;
    let expected: Vec<&Value> = all["events"].as_array().unwrap().iter().filter(is_old).collect();
    assert_eq!(old["events"].as_array().unwrap().iter().collect::<Vec<_>>(), expected);
    assert_eq!((&old["to_block"], &old["scope"]["rollup"]), (&json!(60), &all["scope"]["rollup"]));
}

#[tokio::test]
async fn events_of_our_providers_that_are_kept_from_us_are_missed() {
    let bench = Bench::start().await;
    let all = bench.json(&["events"], 0).await;
    let proxy = behind_proxy(&bench).await;
    for lie in [Lie::EmptyLogs, Lie::PrunedLogs(60)] {
        proxy.set(FaultPlan::always(Fault::Lie(lie)));
        let ran = bench.run(&["events"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{lie}: {}", ran.stderr);
        assert!(ran.stderr.contains("logs are not complete"), "{lie}: {}", ran.stderr);
    }
    // The ledger is right, and then the endpoint begins to lie.
    proxy.set(FaultPlan::none());
    bench.json(&["status"], 0).await;
    bench.chain.rpc("anvil_mine", json!(["0x64"])).await.unwrap();
    bench.json(&["status"], 0).await;
    proxy.set(FaultPlan::always(Fault::Lie(Lie::PrunedLogs(90))));
    let ran = bench.run(&["events"]).await;
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("is missing"), "{}", ran.stderr);
    // Where there is another endpoint it is asked for all of them.
    let honest = FaultProxy::start(bench.chain.url()).await.unwrap();
    // The quicker one is asked first.
    honest.set(FaultPlan::always(Fault::Latency(Duration::from_millis(80))));
    let both = format!(
        "name = \"liar\"\nurl = \"{}\"\n[[networks.devnet.l1]]\nname = \"honest\"\nurl = \"{}\"",
        proxy.url(),
        honest.url()
    );
    bench.endpoint(&both);
    let ran = bench.run(&["events", "--json"]).await;
    assert_eq!((ran.code, &ran.json()["events"]), (0, &all["events"]), "{}", ran.stderr);
    assert!(ran.stderr.contains("endpoint liar stands back"), "{}", ran.stderr);
}
