//! The exporter says the same as the command line of keys that were staked twice, dripped, or are bad in a queue.

use std::collections::{BTreeMap, BTreeSet};

use butler_testkit::devnet::{Move, with_wrong_proof};
use serde_json::Value;

use crate::support;
use crate::support::{Bench, Series, shown};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_provider_queued_too_is_seen_as_audit_sees_it() {
    let bench = Bench::start().await;
    let copied = bench.oracle().spare_keys[0].clone();
    let other = vec![copied.clone(), bench.oracle().spare_keys[1].clone()];
    bench.chain.play(Move::AddKeys { provider: 2, keys: other }).await.unwrap();
    bench.chain.play(Move::AddKeys { provider: 1, keys: vec![copied] }).await.unwrap();
    let program = bench.run_with("scrape_interval = \"1s\"").await;
    let duplicates = "butler_duplicates{network=\"devnet\",kind=\"own_queue_and_other_queue\"}";
    let blocked = |severity: &str| {
        format!("butler_findings{{network=\"devnet\",kind=\"queue_blocked\",severity=\"{severity}\"}}")
    };
    let series = program.when("the other queues", |series| series.get(duplicates) == Some(&1.0)).await;
    assert_eq!((series[&blocked("warning")], series[&blocked("critical")]), (1.0, 0.0));
    assert_eq!(series["butler_other_provider_queue_keys{network=\"devnet\"}"], 4.0, "two were there before");
    let block = "butler_snapshot_block_timestamp_seconds{network=\"devnet\"}";
    assert_eq!(series["butler_other_provider_queues_timestamp_seconds{network=\"devnet\"}"], series[block]);
    bench.chain.play(Move::Drip { provider: 1, count: 2 }).await.unwrap();
    let length = "butler_provider_queue_length{network=\"devnet\",provider=\"1\"}";
    let series = program.when("the copied key at the front", |series| series.get(length) == Some(&1.0)).await;
    // Nobody knows the proof of its copy: a stranger can put one there for nothing, and it is no alarm.
    assert_eq!((series[&blocked("warning")], series[&blocked("critical")]), (1.0, 0.0));
    // It is the last answer that is used until the next one.
    bench.chain.play(Move::Drip { provider: 2, count: 4 }).await.unwrap();
    program.when("the next look", |series| series.get(duplicates) == Some(&0.0)).await;
}

/// How many findings of a kind there are, of whatever severity.
fn found(series: &Series, kind: &str) -> f64 {
    let start = format!("butler_findings{{network=\"devnet\",kind=\"{kind}\",");
    series.iter().filter(|(key, _)| key.starts_with(&start)).map(|(_, value)| value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cause_of_a_blocked_queue_is_a_finding_as_audit_has_it() {
    let bench = Bench::start().await;
    let bad = bench.chain.fill_queue_badly().await.unwrap();
    let program = bench.run_with("scrape_interval = \"1s\"").await;
    let expected = bad.iter().filter(|key| !key.why.is_empty()).count();
    // The copied key is known when the other providers' queues were read.
    let series = program
        .when("every bad key", |series| found(series, "queue_blocked").to_string() == expected.to_string())
        .await;
    assert_eq!(found(&series, "queue_blocked").to_string(), expected.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_on_two_attesters_is_a_finding_until_it_is_on_one() {
    let bench = Bench::start().await;
    let program = bench.run_with("scrape_interval = \"1s\"").await;
    // The example gives A3 the split of A2.
    let series = program.when_scraped("devnet", "l1").await;
    assert_eq!(found(&series, "split_shared").to_string(), "1");
    let keys = bench.read("keys/server-2.json");
    let mut right: Value = serde_json::from_str(&keys).unwrap();
    right["validators"][0]["coinbase"] =
        Value::from(shown(bench.oracle().coinbases()[&bench.oracle().attester("A3").unwrap().address]));
    bench.write("keys/server-2.json", &right.to_string());
    program.when("the right coinbase", |series| found(series, "split_shared") == 0.0).await;
    bench.write("keys/server-2.json", &keys);
    program.when("the split of another", |series| found(series, "split_shared") == 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_says_the_same_twice_and_what_a_running_exporter_says() {
    let bench = Bench::start().await;
    bench.chain.play(Move::Drip { provider: 1, count: 2 }).await.unwrap();
    let once = || {
        let output = bench.command().arg("--once").output().unwrap();
        support::series(&String::from_utf8(output.stdout).unwrap())
    };
    let of_chain = |series: &Series| -> BTreeMap<String, String> {
        let names = ["butler_attesters{", "butler_findings{", "butler_coinbase_", "butler_duplicates{"];
        let told = series.iter().filter(|(key, _)| names.iter().any(|name| key.starts_with(name)));
        // What the program says of itself and of nodes is another matter.
        told.filter(|(key, _)| !key.contains("scrape") && !key.contains("node_"))
            .map(|(key, value)| (key.clone(), value.to_string()))
            .collect()
    };
    let first = of_chain(&once());
    assert!(!first.is_empty());
    assert_eq!(of_chain(&once()), first);
    let program = bench.run().await;
    for scraper in ["l1", "slashing", "governance", "rewards"] {
        program.when_scraped("devnet", scraper).await;
    }
    let states = |told: &BTreeMap<String, String>| {
        told.iter()
            .filter(|(key, _)| !key.starts_with("butler_findings"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(states(&of_chain(&program.series())), states(&first));
}
