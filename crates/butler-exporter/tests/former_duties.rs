//! What attesters that stayed at a former rollup propose there is told like what others do; and its silence hides nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use butler_testkit::devnet::{CheckpointWish, DevnetSpec, Move, ProposedCheckpoint, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind, When};
use ethers_core::types::{Address, H256};
use ethers_core::utils::keccak256;
use serde_json::json;

use crate::support;
use crate::support::{Bench, Series};

const WRONG: Address = Address::repeat_byte(0x77);
const CRITICAL: &str = "butler_findings{network=\"devnet\",kind=\"coinbase_used_wrong\",severity=\"critical\"}";
const UNREAD: &str = "butler_findings{network=\"devnet\",kind=\"duties_unread\",severity=\"warning\"}";
const SCRAPED: &str = "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"duties\"}";
const SUCCESS: &str = "butler_scrape_success{network=\"devnet\",scraper=\"duties\"}";
const PROVEN: &str = "butler_coinbase_proofs{network=\"devnet\",proof=\"right\"}";
const GAP: &str = "butler_duties_gap{network=\"devnet\"}";

/// A proposal at the former rollup of an attester whose coinbase is known, with that one or the wrong one. Slots of others pass.
async fn propose(bench: &Bench, former: Address, is_right: bool, by: Option<Address>) -> ProposedCheckpoint {
    loop {
        let (_, proposer) = bench.chain.next_proposer_at(former).await.unwrap();
        let right = bench.oracle().coinbases().get(&proposer).copied();
        match right.filter(|_| by.is_none_or(|by| by == proposer)) {
            Some(right) => {
                let coinbase = if is_right { right } else { WRONG };
                let wish = CheckpointWish { coinbase, ..CheckpointWish::default() };
                return bench.chain.propose_checkpoint_at(former, &wish).await.unwrap();
            }
            None => drop(bench.chain.pass_slot_at(former).await.unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_coinbase_at_a_former_rollup_is_told_within_two_scrapes_and_its_silence_hides_nothing() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    bench.chain.cut_over(&state).await.unwrap();
    let former = bench.chain.stay_behind().await.unwrap();
    let version = bench.oracle().upgrade.as_ref().unwrap().former.version;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    let right = propose(&bench, former, true, None).await;
    let program = bench.run().await;
    let good = program.when("a proof", |series| series.get(PROVEN) == Some(&1.0)).await;
    assert_eq!((good[CRITICAL], good[UNREAD], good[GAP]), (0.0, 0.0, 0.0));

    let wrong = propose(&bench, former, false, Some(right.proposer)).await;
    let scrapes = RefCell::new(BTreeSet::new());
    let told = |series: &Series| {
        scrapes.borrow_mut().insert(series[SCRAPED].to_bits());
        series[CRITICAL] == 1.0
    };
    let bad = program.when("the finding", told).await;
    let scrapes = scrapes.into_inner().len();
    assert!(scrapes <= 3, "two scrapes after the one that was there, not {scrapes}");
    assert_eq!(bad[PROVEN], 0.0);
    let page = program.get("/").text();
    let place = format!("slot {} of the former rollup (version {version})", wrong.slot);
    for part in [place, support::shown(WRONG), format!("{:#x}", wrong.played.transaction.unwrap())] {
        assert!(page.contains(&part), "{part} is not on the page");
    }
    program.end("TERM").await;

    // It is remembered; and a log of that rollup that is withheld is told of that one.
    let program = support::start(bench.command()).await;
    program.when("the finding after a restart", |series| series.get(CRITICAL) == Some(&1.0)).await;
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Checkpoint))));
    propose(&bench, former, false, None).await;
    let gap = program.when("the gap", |series| series[UNREAD] == 1.0).await;
    assert_eq!((gap[GAP], gap[SUCCESS]), (0.0, 1.0));
    let page = program.get("/").text();
    assert!(page.contains(&format!("a log of the former rollup (version {version})")), "{page}");
    proxy.set(FaultPlan::none());
    bench.chain.rpc("anvil_mine", json!([300, 1])).await.unwrap();
    program.when("no gap", |series| series[UNREAD] == 0.0).await;

    // The rollup does not answer any more: what it paid stays told, and nothing else fails.
    bench.chain.rpc("anvil_setCode", json!([former, "0x"])).await.unwrap();
    bench.chain.play(Move::JumpEpochs(1)).await.unwrap();
    let unread = |series: &Series| series.keys().any(|key| key.starts_with("butler_former_rollup_unread{"));
    let silent = program.when("a rollup that does not answer", unread).await;
    assert!(silent[CRITICAL] >= 1.0, "{}", silent[CRITICAL]);
    let later = program.when("another scrape", |series| series[SCRAPED] > silent[SCRAPED]).await;
    assert!(later[CRITICAL] >= 1.0 && later[SUCCESS] == 1.0, "{} {}", later[CRITICAL], later[SUCCESS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_whoever_moved_along_proposed_last_at_the_former_rollup_is_told_by_an_exporter_that_was_down_meanwhile() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    let former = bench.oracle().contracts.rollup_address;
    bench.chain.cut_over(&state).await.unwrap();
    // Who is left there begins to leave; the others moved along, and still have duties there.
    let mut moved = BTreeSet::new();
    for attester in bench.oracle().coinbases().keys().copied() {
        if bench.chain.play_at(former, Move::InitiateWithdraw { attester }).await.is_err() {
            moved.insert(attester);
        }
    }
    let (_, mut next) = bench.chain.next_proposer_at(former).await.unwrap();
    while !moved.contains(&next) {
        bench.chain.pass_slot_at(former).await.unwrap();
        (_, next) = bench.chain.next_proposer_at(former).await.unwrap();
    }
    propose(&bench, former, false, Some(next)).await;
    bench.chain.play(Move::JumpEpochs(5)).await.unwrap();
    let program = bench.run().await;
    program.when("a wrong coinbase", |series| series.get(CRITICAL) == Some(&1.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_whoever_stayed_proposed_before_it_left_is_told_by_an_exporter_that_was_down_meanwhile() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    bench.chain.cut_over(&state).await.unwrap();
    // When the cut-over was is remembered: long before, so that nobody else can have had duties there of late.
    let program = bench.run().await;
    program.when("a scrape", |series| series.get(SUCCESS) == Some(&1.0)).await;
    program.end("TERM").await;
    bench.chain.play(Move::JumpSeconds(3 * 86_400)).await.unwrap();
    let former = bench.chain.stay_behind().await.unwrap();
    let wrong = propose(&bench, former, false, None).await;
    for attester in bench.oracle().coinbases().keys().copied() {
        // Those that moved along are not there.
        let _ = bench.chain.play_at(former, Move::InitiateWithdraw { attester }).await;
    }
    bench.chain.play(Move::JumpEpochs(5)).await.unwrap();
    let program = support::start(bench.command()).await;
    program.when("a wrong coinbase", |series| series.get(CRITICAL) == Some(&1.0)).await;
    let page = program.get("/").text();
    assert!(page.contains(&support::shown(wrong.proposer)), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_of_two_endpoints_withholds_of_a_former_rollup_the_other_one_tells() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut bench = Bench::of(&state).await;
    bench.chain.cut_over(&state).await.unwrap();
    let former = bench.chain.stay_behind().await.unwrap();
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    // The liar is asked first; of the canonical rollup it tells the truth.
    let withheld = Fault::changed(move |_, answer| {
        let topic = json!(H256(keccak256("CheckpointProposed(uint256,bytes32,bytes32[],bytes32,bytes32)")));
        if let Some(logs) = answer["result"].as_array_mut() {
            logs.retain(|log| log["address"] != json!(former) || log["topics"][0] != topic);
        }
    });
    proxy.set(FaultPlan::none().with(withheld, When::ForMethod("eth_getLogs".to_owned())));
    let section = "[[networks.devnet.l1]]\n";
    let liar = format!("{section}name = \"liar\"\nurl = \"{}\"\n{section}", proxy.url());
    bench.reconfigure(section, &liar);
    let wrong = propose(&bench, former, false, None).await;
    let program = bench.run().await;
    let told = program.when("the finding", |series| series.get(CRITICAL) == Some(&1.0)).await;
    assert_eq!(told[UNREAD], 0.0, "slot {}", wrong.slot);
    propose(&bench, former, true, Some(wrong.proposer)).await;
    program.when("the end", |series| series[CRITICAL] == 0.0 && series[UNREAD] == 0.0).await;
}
