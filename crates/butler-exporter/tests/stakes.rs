//! The exporter says the same as the command line of keys that were staked twice, dripped, or are bad in a queue.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use butler_testkit::devnet::{Move, with_wrong_proof};
use serde_json::Value;
use support::{Bench, Series, shown};

fn states(bench: &Bench) -> BTreeMap<String, String> {
    let path = bench.path("state/exporter-devnet-states.json");
    let text = std::fs::read_to_string(path).unwrap();
    let content: Value = serde_json::from_str(&text).unwrap();
    let states = content["states"].as_object().unwrap();
    states.iter().map(|(attester, state)| (attester.clone(), state.as_str().unwrap().to_owned())).collect()
}

fn missing(series: &Series) -> BTreeSet<String> {
    let of = |key: &String| Some(key.strip_prefix("butler_coinbase_missing{")?.split('"').nth(3)?.to_owned());
    series.keys().filter_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_running_exporter_says_what_a_fresh_look_says() {
    let bench = Bench::start().await;
    std::fs::create_dir(bench.path("state")).unwrap();
    let lines = format!("scrape_interval = \"1s\"\nstate_directory = \"{}\"", bench.path("state").display());
    let program = bench.run_with(&lines).await;
    program.when_scraped("devnet", "l1").await;
    let told = bench.chain.stake_twice().await.unwrap();
    let head = bench.chain.block_number().await.unwrap();
    let block = "butler_snapshot_block_number{network=\"devnet\"}";
    let number = |series: &Series| series.get(block).copied().unwrap_or_default();
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a block of a devnet")]
    let head = head as f64;
    let series = program.when("the stories", |series| number(series) >= head).await;

    // The stakes that wait or count have no coinbase in any key file; the others are no missing coinbase.
    let found = missing(&series);
    for story in &told {
        let is_missing = found.contains(&shown(story.attester));
        assert_eq!(is_missing, story.story.counts.is_some(), "{}", story.story.name);
    }
    program.end("TERM").await;
    let before = states(&bench);

    // Another exporter, without memory, that has never seen these keys in a queue.
    std::fs::remove_file(bench.path("state/exporter-devnet-states.json")).unwrap();
    let fresh = support::start(bench.command()).await;
    fresh.when_scraped("devnet", "l1").await;
    fresh.end("TERM").await;
    assert_eq!(states(&bench), before, "the ledger says of dripped keys what the memory said");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_stranger_deposited_is_a_critical_finding_and_no_missing_coinbase() {
    let bench = Bench::start().await;
    let told = bench.chain.meet_strangers().await.unwrap();
    let program = bench.run().await;
    let series = program.when_scraped("devnet", "l1").await;
    let found = missing(&series);
    for story in &told {
        assert_eq!(found.contains(&shown(story.attester)), story.story.counts, "{}", story.story.name);
    }
    let expected = |kind: &str, severity: &str| {
        let all = told.iter().flat_map(|told| told.story.findings);
        all.filter(|finding| **finding == (kind, severity)).count()
    };
    for (kind, severity) in
        [("stranger_deposit", "critical"), ("stranger_deposit", "warning"), ("stake_refunded", "warning")]
    {
        let key = format!("butler_findings{{network=\"devnet\",kind=\"{kind}\",severity=\"{severity}\"}}");
        assert_eq!(series[&key].to_string(), expected(kind, severity).to_string(), "{kind}");
    }
    let page = program.get("/").text();
    assert!(page.contains("ButlerStrangerDeposit") && page.contains("ButlerStakeRefunded"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_key_at_the_front_of_a_queue_is_a_critical_finding() {
    let bench = Bench::start().await;
    let keys = vec![with_wrong_proof(&bench.oracle().spare_keys[0])];
    bench.chain.play(Move::AddKeys { provider: 1, keys }).await.unwrap();
    let program = bench.run().await;
    let finding = |severity: &str| {
        let kind = "network=\"devnet\",kind=\"queue_blocked\"";
        format!("butler_findings{{{kind},severity=\"{severity}\"}}")
    };
    let series = program.when_scraped("devnet", "l1").await;
    assert_eq!((series[&finding("warning")], series[&finding("critical")]), (1.0, 0.0), "{series:?}");
    bench.chain.play(Move::Drip { provider: 1, count: 2 }).await.unwrap();
    program.when("the key at the front", |series| series[&finding("critical")] == 1.0).await;
}
