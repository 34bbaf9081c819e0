//! What attesters really proposed is told within two scrapes, by L1 alone, though every file is right; over a restart; and what cannot
//! be read is told as that.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use butler_testkit::devnet::{CheckpointWish, ProposedCheckpoint};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind, When};
use ethers_core::types::Address;
use serde_json::json;

use crate::support;
use crate::support::{Bench, Series};

const WRONG: Address = Address::repeat_byte(0x77);
const CRITICAL: &str = "butler_findings{network=\"devnet\",kind=\"coinbase_used_wrong\",severity=\"critical\"}";
const PAST: &str = "butler_findings{network=\"devnet\",kind=\"coinbase_used_wrong\",severity=\"warning\"}";
const SCRAPED: &str = "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"duties\"}";
const ASTRAY: &str = "butler_coinbase_astray_proposals{network=\"devnet\"}";

fn proofs(proof: &str) -> String {
    format!("butler_coinbase_proofs{{network=\"devnet\",proof=\"{proof}\"}}")
}

/// A proposal of an attester whose coinbase is known, with that one or the wrong one. Slots of others pass.
async fn propose(bench: &Bench, is_right: bool, by: Option<Address>) -> ProposedCheckpoint {
    loop {
        let (_, proposer) = bench.chain.next_proposer().await.unwrap();
        let right = bench.oracle().coinbases().get(&proposer).copied();
        match right.filter(|_| by.is_none_or(|by| by == proposer)) {
            Some(right) => {
                let coinbase = if is_right { right } else { WRONG };
                let wish = CheckpointWish { coinbase, ..CheckpointWish::default() };
                return bench.chain.propose_checkpoint(&wish).await.unwrap();
            }
            None => drop(bench.chain.pass_slot().await.unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_coinbase_is_told_within_two_scrapes_and_over_a_restart_and_ends_with_a_right_one() {
    let bench = Bench::start().await;
    let right = propose(&bench, true, None).await;
    let program = bench.run().await;
    let good = program.when("a proof", |series| series.get(&proofs("right")) == Some(&1.0)).await;
    assert_eq!((good[CRITICAL], good[ASTRAY], good[&proofs("wrong")]), (0.0, 0.0, 0.0));

    // Every file stays as it is: somebody changed it on the node.
    let wrong = propose(&bench, false, Some(right.proposer)).await;
    let scrapes = RefCell::new(BTreeSet::new());
    let told = |series: &Series| {
        scrapes.borrow_mut().insert(series[SCRAPED].to_bits());
        series[CRITICAL] == 1.0
    };
    let bad = program.when("the finding", told).await;
    let scrapes = scrapes.into_inner().len();
    assert!(scrapes <= 3, "two scrapes after the one that was there, not {scrapes}");
    assert_eq!((bad[ASTRAY], bad[&proofs("wrong")], bad[&proofs("right")]), (1.0, 1.0, 0.0));
    let page = program.get("/").text();
    for part in [
        support::shown(WRONG),
        format!("{:#x}", wrong.played.transaction.unwrap()),
        "ButlerCoinbaseUsedWrong".to_owned(),
    ] {
        assert!(page.contains(&part), "{part} is not on the page");
    }
    program.end("TERM").await;

    // It is remembered, and nothing is read twice that was read once.
    let program = support::start(bench.command()).await;
    program.when("the finding after a restart", |series| series.get(CRITICAL) == Some(&1.0)).await;
    propose(&bench, true, Some(right.proposer)).await;
    let mended = program.when("the end", |series| series[CRITICAL] == 0.0).await;
    assert_eq!((mended[PAST], mended[&proofs("right")], mended[ASTRAY]), (1.0, 1.0, 1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_withholds_is_told_as_not_read_and_no_other_scraper_fails() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    proxy.set(FaultPlan::always(Fault::Lie(Lie::NoTransactions)));
    let one = propose(&bench, false, None).await;
    bench.chain.pass_slot().await.unwrap();
    bench.chain.pass_slot().await.unwrap();
    let program = bench.run().await;
    let unread = "butler_findings{network=\"devnet\",kind=\"duties_unread\",severity=\"warning\"}";
    let series = program.when("what is not read", |series| series.get(unread).is_some_and(|count| *count > 0.0)).await;
    assert_eq!((series[CRITICAL], series["butler_duties_unread_transactions{network=\"devnet\"}"]), (0.0, 1.0));
    assert_eq!(series["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 1.0);
    // Somebody has it after all. It is asked for again when blocks have passed, not in vain each time.
    proxy.set(FaultPlan::none());
    bench.chain.rpc("anvil_mine", json!([300, 1])).await.unwrap();
    let series = program.when("the truth", |series| series[CRITICAL] == 1.0).await;
    assert_eq!(series[ASTRAY], 1.0);
    // A log that is left out leaves a gap.
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Checkpoint))));
    propose(&bench, true, Some(one.proposer)).await;
    propose(&bench, true, None).await;
    let gap = "butler_duties_gap{network=\"devnet\"}";
    program.when("the gap", |series| series[gap] == 1.0).await;
    proxy.set(FaultPlan::none());
    bench.chain.rpc("anvil_mine", json!([300, 1])).await.unwrap();
    program.when("no gap", |series| series[gap] == 0.0 && series[CRITICAL] == 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_coinbase_is_told_though_the_endpoint_takes_seconds_for_each_transaction() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    let slow = Fault::Latency(Duration::from_secs(5));
    proxy.set(FaultPlan::none().with(slow, When::ForMethod("eth_getTransactionByHash".to_owned())));
    propose(&bench, false, None).await;
    let program = bench.run().await;
    program.when("the finding", |series| series.get(CRITICAL) == Some(&1.0)).await;
    propose(&bench, false, None).await;
    program.when("the next one", |series| series[ASTRAY] == 2.0).await;
    assert_eq!(program.series()["butler_scrape_success{network=\"devnet\",scraper=\"duties\"}"], 1.0);
}
