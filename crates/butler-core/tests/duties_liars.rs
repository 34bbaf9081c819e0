//! Endpoints that lie about proposals in ways that a count of checkpoints does not show: older ones told again, single transactions that are
//! not what was asked for, and answers that are wrong only where something travels along with the question for the newest block.

use std::collections::BTreeSet;

use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::domain::duties::DutiesSeen;
use butler_testkit::devnet::{CheckpointWish, ProposedCheckpoint};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, When};
use ethers_core::types::H256;
use serde_json::{Value, json};

use crate::duties_book::Bench;
use crate::support;

const CHECKPOINT: &str = "CheckpointProposed(uint256,bytes32,bytes32[],bytes32,bytes32)";
const TRANSACTION: &str = "eth_getTransactionByHash";

fn topic() -> Value {
    json!(H256(ethers_core::utils::keccak256(CHECKPOINT)))
}

fn transaction(one: &ProposedCheckpoint) -> Value {
    json!(one.played.transaction.unwrap())
}

async fn proxy(bench: &Bench) -> (FaultProxy, L1Client) {
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let client = support::client(&[support::endpoint("liar", &proxy.url())]);
    (proxy, client)
}

fn slots(seen: &DutiesSeen) -> Vec<u64> {
    seen.proposals.iter().map(|one| one.slot).collect()
}

/// Tells the log of one proposal again in the place of that of a later one, whose number it gets.
fn told_again(old: &Value, new: &Value, answer: &mut Value) {
    let Some(logs) = answer["result"].as_array_mut() else { return };
    let of = |logs: &[Value], transaction: &Value| {
        let is_of = |log: &Value| log["transactionHash"] == *transaction && log["topics"][0] == topic();
        logs.iter().position(is_of)
    };
    let (Some(old), Some(new)) = (of(logs, old), of(logs, new)) else { return };
    let mut log = logs[old].clone();
    for part in ["blockNumber", "blockHash", "logIndex", "transactionIndex", "blockTimestamp"] {
        log[part] = logs[new][part].clone();
    }
    log["topics"][1] = logs[new]["topics"][1].clone();
    logs[new] = log;
}

#[tokio::test]
async fn an_older_proposal_that_is_told_again_in_the_place_of_a_new_one_is_not_what_was_proposed_then() {
    let bench = Bench::start().await;
    let (proxy, liar) = proxy(&bench).await;
    let old = bench.propose(CheckpointWish::default()).await;
    for _ in 0..8 {
        bench.chain.pass_slot().await.unwrap();
    }
    let new = bench.propose(CheckpointWish::default()).await;
    let (first, second) = (transaction(&old), transaction(&new));
    proxy.set(FaultPlan::always(Fault::changed(move |_, answer| told_again(&first, &second, answer))));
    let mut book = bench.book(None);
    let seen = bench.follow(&mut book, &liar, Some(new.number)).await;
    assert_eq!(slots(&seen), [old.slot], "{:?}", seen.proposals);
    assert_eq!(seen.unread.len(), 1, "{:?}", seen.unread);
    let missed: Vec<u64> = seen.duties.iter().filter(|duty| duty.done.is_missed()).map(|duty| duty.slot).collect();
    assert!(!missed.contains(&new.slot), "{missed:?}");
    // Who tells the truth is believed.
    proxy.set(FaultPlan::none());
    bench.chain.mine().await.unwrap();
    let seen = bench.follow(&mut book, &liar, Some(new.number)).await;
    assert_eq!((slots(&seen), seen.unread.len()), (vec![old.slot, new.slot], 0));
}

#[tokio::test]
async fn one_transaction_that_is_told_wrongly_or_refused_hides_none_of_the_others() {
    let bench = Bench::start().await;
    let wrong: [fn(&mut Value); 4] = [
        |answer| answer["result"]["hash"] = json!(H256::repeat_byte(7)),
        |answer| answer["result"] = json!("garbage"),
        |answer| answer["result"]["input"] = json!("0x"),
        |answer| {
            *answer =
                json!({ "jsonrpc": "2.0", "id": answer["id"], "error": { "code": -32000, "message": "go away" } });
        },
    ];
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(bench.propose(CheckpointWish::default()).await);
    }
    bench.end_epoch().await;
    let hidden = transaction(&made[1]);
    for (index, change) in wrong.into_iter().enumerate() {
        let (proxy, liar) = proxy(&bench).await;
        let here = hidden.clone();
        let lie = Fault::changed(move |call, answer| {
            if call["params"][0] == here {
                change(answer);
            }
        });
        proxy.set(FaultPlan::none().with(lie, When::ForMethod(TRANSACTION.to_owned())));
        let mut book = bench.book(None);
        let seen = bench.follow(&mut book, &liar, None).await;
        assert_eq!(slots(&seen), [made[0].slot, made[2].slot], "{index}: {:?}", seen.unread);
        assert_eq!(seen.unread.keys().map(|hash| json!(hash)).collect::<Vec<_>>(), std::slice::from_ref(&hidden));
        // Another endpoint has it.
        let two =
            support::client(&[support::endpoint("liar", &proxy.url()), support::endpoint("devnet", bench.chain.url())]);
        let seen = bench.follow(&mut bench.book(None), &two, None).await;
        assert_eq!((slots(&seen).len(), seen.unread.len()), (3, 0), "{index}");
    }
}

#[tokio::test]
async fn whatever_an_endpoint_makes_of_what_travels_along_the_newest_block_is_told() {
    let bench = Bench::start().await;
    let one = bench.propose(CheckpointWish::default()).await.played.transaction.unwrap();
    let (_, honest) = bench.client.transactions(&[one], &BTreeSet::new()).await.unwrap();
    let status = |code| Fault::Status { code, retry_after: Some(60).filter(|_| code == 429), body: String::new() };
    let single = |change: fn(&mut Value)| Fault::changed(move |_, answer| change(answer));
    let refused: fn(&mut Value) = |answer| {
        let error = json!({ "code": -32005, "message": "too many requests in this batch" });
        *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
    };
    let faults = [
        status(401),
        status(403),
        status(404),
        status(429),
        status(500),
        Fault::Truncate,
        Fault::Close,
        Fault::NotJson,
        single(|answer| answer["result"]["hash"] = json!(H256::zero())),
        single(|answer| answer["result"] = Value::Null),
        single(|answer| answer["id"] = json!(1)),
        single(refused),
    ];
    for fault in faults {
        let (proxy, liar) = proxy(&bench).await;
        let told = format!("{fault:?}");
        liar.send_along([one]);
        proxy.set(FaultPlan::none().with(fault, When::FirstForMethod(1, TRANSACTION.to_owned())));
        let head = liar.head(BlockTag::Latest, &[]).await;
        assert!(head.is_ok(), "{told}: {head:?}");
        assert!(proxy.stats().calls_by_method[TRANSACTION] > 0, "it travelled: {told}");
        assert!(liar.came_along([one]).values().all(|came| *came == honest[&one]), "{told}");
    }
    // A batch each of whose calls is refused, with the question itself.
    let (proxy, liar) = proxy(&bench).await;
    let lie = Fault::changed(move |call, answer| {
        if call["id"].as_u64().is_some_and(|id| id <= 4) {
            refused(answer);
        }
    });
    proxy.set(FaultPlan::always(lie));
    liar.send_along([one]);
    let head = liar.head(BlockTag::Latest, &[]).await;
    assert!(head.is_ok(), "{head:?}");
}

#[tokio::test]
async fn a_book_of_a_chain_that_went_on_otherwise_is_read_anew_also_where_it_is_ahead() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duties.json");
    let snapshot = bench.chain.rpc("evm_snapshot", json!([])).await.unwrap();
    let mut book = bench.book(Some(&path));
    let gone = bench.propose(CheckpointWish::default()).await;
    for _ in 0..100 {
        bench.chain.mine().await.unwrap();
    }
    bench.follow(&mut book, &bench.client, None).await;
    for _ in 0..20 {
        bench.chain.mine().await.unwrap();
    }
    bench.follow(&mut book, &bench.client, None).await;
    book.save().unwrap();
    bench.chain.rpc("evm_revert", json!([snapshot])).await.unwrap();
    bench.chain.pass_slot().await.unwrap();
    let new = bench.propose(CheckpointWish::default()).await;
    for _ in 0..110 {
        bench.chain.mine().await.unwrap();
    }
    let mut book = bench.book(Some(&path));
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!(slots(&seen), [new.slot], "not {}", gone.slot);
}
