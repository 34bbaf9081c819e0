//! A ledger that is damaged, of something else, or overtaken by a reorg.

use std::os::unix::fs::symlink;

use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};
use serde_json::{Value, json};

use crate::bad_input::behind_proxy;
use crate::support::{Bench, butler, finish};

const LEDGER: &str = ".cache/butler/devnet-ledger.json";

#[tokio::test]
async fn a_damaged_ledger_is_scanned_anew() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    let expected = bench.json(&["status"], 0).await;
    let good = bench.read(LEDGER);
    let half = &good[..good.len() / 2];
    let deep = "[".repeat(100_000);
    for damaged in ["", "{}", "null", half, "\u{0}\u{0}\u{0}", deep.as_str()] {
        bench.write(LEDGER, damaged);
        proxy.reset();
        let ran = bench.run(&["status", "--json"]).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.json(), expected);
        assert!(ran.stderr.contains("the ledger is scanned anew"), "{}", ran.stderr);
        assert_eq!(bench.read(LEDGER), good);
        assert!(proxy.stats().calls_by_method["eth_getLogs"] > 0);
    }
    std::fs::remove_file(bench.path(LEDGER)).unwrap();
    symlink("nowhere", bench.path(LEDGER)).unwrap();
    let ran = bench.run(&["status", "--json"]).await;
    assert_eq!(ran.json(), expected, "a link that leads nowhere");
}

#[tokio::test]
async fn a_ledger_of_another_chain_contract_or_version_is_not_used() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    let expected = bench.json(&["status"], 0).await;
    let good = bench.read(LEDGER);
    let changes: [fn(&mut Value); 4] = [
        |ledger| ledger["key"]["chain_id"] = json!(1),
        |ledger| ledger["key"]["staking_registry"] = json!(format!("0x{}", "11".repeat(20))),
        |ledger| ledger["version"] = json!(2),
        |ledger| ledger["anchors"][0]["hash"] = json!(format!("0x{}", "22".repeat(32))),
    ];
    for change in changes {
        bench.edit(LEDGER, |ledger| {
            change(ledger);
            ledger["delegations"] = json!([]);
        });
        proxy.reset();
        assert_eq!(bench.json(&["status"], 0).await, expected);
        assert_eq!(bench.read(LEDGER), good);
        assert!(proxy.stats().calls_by_method["eth_getLogs"] > 0);
    }
}

/// What a run without any ledger says.
async fn fresh(bench: &Bench) -> Value {
    let folder = bench.path("fresh");
    let ran =
        finish(butler(bench.folder.path()).env("CACHE_DIRECTORY", &folder).args(["provider", "show", "--json"])).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    std::fs::remove_dir_all(folder).unwrap();
    ran.json()
}

#[tokio::test]
async fn delegations_that_a_reorg_took_away_are_forgotten() {
    let bench = Bench::start().await;
    let delegations = |report: &Value| report["providers"][0]["delegations"].as_array().unwrap().len();
    let show: &[&str] = &["provider", "show"];
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let before = bench.json(show, 0).await;
    assert_eq!(delegations(&before), 8);
    bench.chain.play(Move::Mine).await.unwrap();
    bench.chain.play(Move::Reorg { depth: 2 }).await.unwrap();
    let ran = bench.run(&["provider", "show", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(delegations(&ran.json()), 7);
    assert_eq!(ran.json(), fresh(&bench).await);
    insta::assert_snapshot!(ran.stderr, @r"
     WARN the chain differs from the ledger's last blocks: dropping what came after the last that agrees
    ");

    // The same key is taken again, in another block: it is in the ledger once.
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let after = bench.json(show, 0).await;
    assert_eq!(delegations(&after), 8);
    assert_eq!(after, fresh(&bench).await);
    assert_eq!(bench.run(&["provider", "show"]).await.stderr, "");
}

#[tokio::test]
async fn a_ledger_of_a_chain_that_went_another_way_is_reconciled() {
    let bench = Bench::start().await;
    for action in [Move::Stake { provider: 1 }, Move::Stake { provider: 1 }] {
        bench.chain.play(action).await.unwrap();
    }
    bench.json(&["provider", "show"], 0).await;
    // The same history up to the scenario's end, and then empty blocks.
    let other = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    for _ in 0..5 {
        other.play(Move::Mine).await.unwrap();
    }
    bench.endpoint(&format!("url = \"{}\"", other.url()));
    let report = bench.json(&["provider", "show"], 0).await;
    assert_eq!(report["providers"][0]["delegations"].as_array().unwrap().len(), 7);
    assert_eq!(report, fresh(&bench).await);
}
