//! The past replayed on a chain where attesters proposed rightly, then wrongly, then rightly again.

use std::collections::{BTreeMap, BTreeSet};

use butler_testkit::devnet::{CheckpointWish, History};
use ethers_core::types::Address;
use serde_json::Value;

use crate::support::{Bench, shown};

const WRONG: Address = Address::repeat_byte(0x77);

fn list(report: &Value, key: &str) -> Vec<Value> {
    report[key].as_array().unwrap().clone()
}

/// Lets the next proposer propose, and tells who it is and in which slot.
async fn propose(bench: &Bench, is_right: bool) -> (u64, Address) {
    let right = bench.oracle().coinbases();
    let (_, proposer) = bench.chain.next_proposer().await.unwrap();
    let coinbase = if is_right { right.get(&proposer).copied().unwrap_or(WRONG) } else { WRONG };
    let one = bench.chain.propose_checkpoint(&CheckpointWish { coinbase, ..CheckpointWish::default() }).await.unwrap();
    (one.slot, one.proposer)
}

/// What is said of coinbases that were used wrongly: block, change, attester.
fn said(report: &Value) -> BTreeSet<(u64, String, String)> {
    let of = list(report, "said").into_iter().filter(|one| one["kind"] == "coinbase_used_wrong");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of.map(|one| (one["block_number"].as_u64().unwrap(), text(&one["change"]), text(&one["subject"]))).collect()
}

#[tokio::test]
async fn it_is_said_at_the_first_wrong_proposal_and_eased_at_the_first_right_one() {
    let bench = Bench::start().await;
    for _ in 0..6 {
        propose(&bench, true).await;
    }
    let before = bench.json(&["backtest", "--state", "0"], 0).await;
    assert_eq!((said(&before), &before["losses"]["astray"]), (BTreeSet::new(), &0.into()), "{before:#}");
    assert!(before["blocks"].as_u64().unwrap() >= 6, "{before:#}");

    let own: BTreeSet<Address> = bench.oracle().coinbases().into_keys().collect();
    let (mut wrong, mut mended, mut count) = (BTreeMap::new(), BTreeMap::new(), 0);
    for _ in 0..8 {
        let (slot, proposer) = propose(&bench, false).await;
        if own.contains(&proposer) {
            wrong.entry(proposer).or_insert(slot);
            count += 1;
        }
    }
    for _ in 0..60 {
        if wrong.keys().all(|attester| mended.contains_key(attester)) {
            break;
        }
        let (slot, proposer) = propose(&bench, true).await;
        mended.entry(proposer).or_insert(slot);
    }
    assert!(count > 1 && wrong.keys().all(|attester| mended.contains_key(attester)), "{wrong:?} {mended:?}");

    let report = bench.json(&["backtest", "--state", "0"], 5).await;
    let proposals = bench.json(&["proposals"], 5).await;
    let blocks: BTreeMap<u64, u64> = list(&proposals, "proposals")
        .iter()
        .map(|row| (row["slot"].as_u64().unwrap(), row["block_number"].as_u64().unwrap()))
        .collect();
    let began = wrong.iter().map(|(attester, slot)| (blocks[slot], "began".to_owned(), shown(*attester)));
    let eased = wrong.keys().map(|attester| (blocks[&mended[attester]], "eased".to_owned(), shown(*attester)));
    assert_eq!(said(&report), began.chain(eased).collect(), "{report:#}");

    let astray = list(&bench.json(&["proposals", "--astray"], 5).await, "proposals").len();
    let losses = &report["losses"];
    assert_eq!((astray, &losses["astray"], &losses["when_told"]), (count, &count.into(), &1.into()), "{losses:#}");
    let first = wrong.values().min().unwrap();
    assert_eq!(losses["told_block"], blocks[first], "{losses:#}");
    let by_attester: u64 = list(&report, "attesters").iter().map(|one| one["astray"].as_u64().unwrap()).sum();
    assert_eq!((by_attester, list(&report, "attesters").len()), (u64::try_from(count).unwrap(), wrong.len()));
    let text = bench.run(&["backtest", "--state", "0"]).await.stdout;
    for told in ["coinbase_used_wrong", "began", "eased", "1 proposal by then", "only logs and transactions were used"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[tokio::test]
async fn the_state_of_the_past_is_judged_where_an_endpoint_has_it_and_else_it_is_told_that_none_has() {
    let bench = Bench::with_history(History::Archive).await;
    propose(&bench, true).await;
    let from = "2020-01-01T00:00:00Z";
    let report = bench.json(&["backtest", "--from", from, "--state", "200"], 5).await;
    let state = &report["state"];
    assert!(state["blocks"].as_u64().unwrap() > 3, "{state:#}");
    let of_state: BTreeSet<String> = list(&report, "said")
        .iter()
        .filter(|one| one["kind"] == "coinbase_missing" || one["kind"] == "coinbase_wrong")
        .map(|one| one["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(of_state.len(), 2, "both mistakes of the example's key files: {report:#}");
    // What is open in the end is what `audit` finds now, of attesters.
    let audit = bench.run(&["audit", "--json"]).await.json();
    let attester = |one: &Value| one["subject"].as_str().unwrap().starts_with("0x");
    let of = |list: Vec<Value>| -> BTreeSet<(String, String)> {
        let found = list.into_iter().filter(attester).filter(|one| one["kind"] != "coinbase_used_wrong");
        found.map(|one| (one["kind"].to_string(), one["subject"].to_string())).collect()
    };
    let in_audit = of(list(&audit, "findings"));
    assert!(in_audit.len() > 1 && of(list(&report, "open")).is_superset(&in_audit), "{audit:#} {report:#}");

    let bench = Bench::start().await;
    propose(&bench, true).await;
    let report = bench.json(&["backtest", "--from", from, "--state", "200"], 5).await;
    let unread = report["state"]["unread"].as_str().unwrap();
    assert!(unread.contains("the state of block"), "{unread}");
}
