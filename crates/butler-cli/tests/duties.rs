//! What attesters really did, on a chain where they did it: proposals that the rollup took, slots that passed, a cut chain, an
//! endpoint that leaves things out.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::text::time::rfc3339;
use butler_testkit::devnet::{CheckpointWish, ProposedCheckpoint, Way};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind};
use ethers_core::types::Address;
use serde_json::Value;

use crate::support::Bench;

const WRONG: Address = Address::repeat_byte(0x77);

/// The coinbase that each attester must have.
fn right(bench: &Bench, attester: Address) -> Option<Address> {
    bench.oracle().coinbases().get(&attester).copied()
}

async fn proposed(
    bench: &Bench,
    coinbase: impl FnOnce(Address) -> Address,
    wish: CheckpointWish,
) -> ProposedCheckpoint {
    let (_, proposer) = bench.chain.next_proposer().await.unwrap();
    bench.chain.propose_checkpoint(&CheckpointWish { coinbase: coinbase(proposer), ..wish }).await.unwrap()
}

fn rows(report: &Value) -> BTreeMap<u64, &Value> {
    let rows = report["proposals"].as_array().unwrap().iter();
    rows.map(|row| (row["slot"].as_u64().unwrap(), row)).collect()
}

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_proposal_is_told_with_its_coinbase_and_what_that_is_to_the_proposer() {
    let bench = Bench::start().await;
    let mut made = Vec::new();
    let mut expected = BTreeMap::new();
    for turn in 0..24_u64 {
        let way = if turn % 2 == 0 { Way::Wrapped } else { Way::Direct };
        let wish = CheckpointWish { way, ..CheckpointWish::default() };
        let one = match turn % 4 {
            0 | 1 => proposed(&bench, |proposer| right(&bench, proposer).unwrap_or(WRONG), wish).await,
            2 => proposed(&bench, |proposer| proposer, wish).await,
            _ => proposed(&bench, |_| WRONG, wish).await,
        };
        let used = match right(&bench, one.proposer) {
            None => "unjudged",
            Some(right) if right == one.coinbase => "right",
            Some(_) if one.coinbase == one.proposer => "unset",
            Some(_) => "wrong",
        };
        expected.insert(one.slot, used);
        made.push(one);
    }
    let words: BTreeSet<&str> = expected.values().copied().collect();
    assert!(words.is_superset(&BTreeSet::from(["right", "unset", "wrong"])), "{words:?}");

    let report = bench.json(&["proposals", "--all"], 5).await;
    assert_eq!((&report["span"]["is_complete"], &report["span"]["checkpoints"]), (&true.into(), &24.into()));
    let rows = rows(&report);
    for one in &made {
        let row = rows[&one.slot];
        assert_eq!((address(&row["proposer"]), address(&row["coinbase"])), (one.proposer, one.coinbase), "{row:#}");
        assert_eq!((&row["used"], &row["number"]), (&expected[&one.slot].into(), &one.number.into()), "{row:#}");
        assert_eq!((&row["attested"], &row["committee"], &row["fate"]), (&4.into(), &4.into(), &"stands".into()));
    }
    let astray = bench.json(&["proposals", "--all", "--astray"], 5).await;
    let count = expected.values().filter(|used| ["wrong", "unset"].contains(used)).count();
    assert_eq!(astray["proposals"].as_array().unwrap().len(), count);
    let one = &made[0];
    let of_one =
        bench.run(&["proposals", "--json", "--all", "--attester", &format!("{:?}", one.proposer)]).await.json();
    let count = made.iter().filter(|other| other.proposer == one.proposer).count();
    assert_eq!(of_one["proposals"].as_array().unwrap().len(), count);
    let epoch = (one.slot / bench.oracle().rollup.epoch_duration).to_string();
    let of_epoch = bench.run(&["proposals", "--json", "--all", "--epoch", &epoch]).await.json();
    let count = made.iter().filter(|other| other.slot / 32 == one.slot / 32).count();
    assert_eq!(of_epoch["proposals"].as_array().unwrap().len(), count);
}

#[tokio::test]
async fn duties_are_what_was_done_and_missed_slot_by_slot() {
    let bench = Bench::start().await;
    let (mut proposals, mut attestations) =
        (BTreeMap::<Address, [u64; 2]>::new(), BTreeMap::<Address, [u64; 2]>::new());
    let mut missed = BTreeSet::new();
    let from = rfc3339(bench.chain.timestamp().await.unwrap());
    // More of them by hand: 500 take two minutes.
    let slots = std::env::var("BUTLER_TEST_SLOTS").ok().and_then(|slots| slots.parse().ok()).unwrap_or(40_u64);
    for turn in 0..slots {
        let (slot, turn_of) = bench.chain.next_proposer().await.unwrap();
        if turn % 7 == 3 {
            bench.chain.pass_slot().await.unwrap();
            proposals.entry(turn_of).or_default()[1] += 1;
            missed.insert((slot, turn_of));
            continue;
        }
        let absent = if turn % 5 == 1 { bench.oracle().attesters.values().nth(3).map(|one| one.address) } else { None };
        let wish = CheckpointWish { absent: absent.into_iter().collect(), ..CheckpointWish::default() };
        let one = proposed(&bench, |_| WRONG, wish).await;
        assert_eq!((one.slot, one.proposer), (slot, turn_of));
        proposals.entry(one.proposer).or_default()[0] += 1;
        for (member, attested) in one.committee {
            attestations.entry(member).or_default()[usize::from(!attested)] += 1;
        }
    }
    // The last slot is over.
    bench.chain.pass_slot().await.unwrap();
    let report = bench.json(&["duties", "--all", "--from", &from], 0).await;
    let found = report["attesters"].as_array().unwrap();
    let count = |row: &Value, kind: &str, done: bool| {
        let of = |key: &str| row[kind][key].as_u64().unwrap();
        // What is cut away when nobody proves it in time excuses the slot after it.
        if done { of("done") } else { of("missed_alone") + of("missed_with_many") + of("excused") }
    };
    let mut told = BTreeSet::new();
    for row in found {
        let attester = address(&row["attester"]);
        let [done, not] = proposals.remove(&attester).unwrap_or_default();
        assert_eq!((count(row, "proposals", true), count(row, "proposals", false)), (done, not), "{row:#}");
        let [done, not] = attestations.remove(&attester).unwrap_or_default();
        assert_eq!((count(row, "attestations", true), count(row, "attestations", false)), (done, not), "{row:#}");
        let slots = row["missed_proposals"].as_array().unwrap().iter();
        told.extend(slots.map(|slot| (slot.as_u64().unwrap(), attester)));
    }
    assert_eq!((proposals.len(), attestations.len()), (0, 0));
    let excused = report["total"]["proposals"]["excused"].as_u64().unwrap();
    assert!(told.is_subset(&missed) && missed.len() - told.len() == usize::try_from(excused).unwrap());
    assert!(slots > 64 || excused == 0);
}

#[tokio::test]
async fn what_was_invalidated_or_pruned_is_told_and_numbers_come_again() {
    let bench = Bench::start().await;
    let few: BTreeSet<Address> = bench.oracle().attesters.values().map(|one| one.address).collect();
    let kept = proposed(&bench, |_| WRONG, CheckpointWish::default()).await;
    let bad = proposed(&bench, |_| WRONG, CheckpointWish { absent: few, ..CheckpointWish::default() }).await;
    bench.chain.invalidate(&bad).await.unwrap();
    let again = proposed(&bench, |_| WRONG, CheckpointWish::default()).await;
    assert_eq!(again.number, bad.number);
    let report = bench.run(&["proposals", "--all", "--json"]).await.json();
    let fates: BTreeMap<u64, &str> =
        rows(&report).into_iter().map(|(slot, row)| (slot, row["fate"].as_str().unwrap())).collect();
    assert_eq!(fates, BTreeMap::from([(kept.slot, "stands"), (bad.slot, "invalidated"), (again.slot, "stands")]));
    bench.chain.prune().await.unwrap();
    let report = bench.run(&["proposals", "--all", "--json"]).await.json();
    assert_eq!(report["span"]["is_complete"], true, "{:#}", report["span"]);
    assert!(
        rows(&report).values().all(|row| row["fate"] == if row["slot"] == bad.slot { "invalidated" } else { "pruned" })
    );
}

#[tokio::test]
async fn a_span_that_cannot_be_and_a_label_that_nothing_has_are_refused() {
    let bench = Bench::start().await;
    for (arguments, told) in [
        (&["duties", "--from", "yesterday"][..], "expected an epoch's number, or a moment"),
        (&["duties", "--epoch", "1", "--from", "1"], "cannot be used with"),
        (&["duties", "--from", "9999999"], "yet to come"),
        (&["duties", "--from", "18446744073709551615"], "there is no epoch"),
        (
            &["duties", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"],
            "before the rollup's first slot",
        ),
        (&["proposals", "--label", "nobody"], "there is no label `nobody`"),
    ] {
        let run = bench.run(arguments).await;
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
    }
}

/// What is told of six proposals and a slot that passed where an endpoint lies; and with an honest one beside it.
async fn told_by_a_liar(lie: Lie) -> (Value, Value, Value) {
    let bench = Bench::start().await;
    for turn in 0..6 {
        proposed(&bench, |_| WRONG, CheckpointWish::default()).await;
        if turn == 2 {
            bench.chain.pass_slot().await.unwrap();
        }
    }
    bench.chain.pass_slot().await.unwrap();
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(lie)));
    let (liar, url) = (proxy.url(), bench.chain.url());
    let alone = bench.run(&["proposals", "--all", "--json", "--l1-url", &liar]).await.json();
    let duties = bench.json(&["duties", "--all", "--l1-url", &liar], 0).await;
    let both = bench.run(&["proposals", "--all", "--json", "--l1-url", &liar, "--l1-url", url]).await.json();
    assert_eq!((&both["span"]["is_complete"], both["proposals"].as_array().unwrap().len()), (&true.into(), 6));
    let is_read = |row: &Value| row["unread"].is_null() && address(&row["coinbase"]) == WRONG;
    assert!(both["proposals"].as_array().unwrap().iter().all(is_read), "{both:#}");
    (alone, duties, both)
}

#[tokio::test]
async fn a_log_that_is_withheld_leaves_a_gap_that_another_endpoint_fills_or_nothing_counts_as_missed() {
    let (alone, duties, _) = told_by_a_liar(Lie::LeftOut(LogKind::Checkpoint)).await;
    assert_eq!(alone["span"]["is_complete"], false, "{:#}", alone["span"]);
    assert!(alone["span"]["gap"].as_str().unwrap().contains("checkpoint 6 follows 5"), "{:#}", alone["span"]);
    assert!(alone["proposals"].as_array().unwrap().iter().all(|row| row["fate"] == "unknown"), "{alone:#}");
    let total = &duties["total"]["proposals"];
    assert_eq!((&total["missed_alone"], &total["missed_with_many"]), (&0.into(), &0.into()), "{total:#}");
    assert!(total["unread"].as_u64().unwrap() >= 3, "{total:#}");
}

#[tokio::test]
async fn a_transaction_that_is_withheld_or_pays_another_one_is_not_read_and_another_endpoint_has_it() {
    for (lie, why) in [
        (Lie::NoTransactions, "no endpoint has the transaction"),
        (Lie::OtherPayee, "it has no proposal of which the log tells"),
    ] {
        let (alone, duties, _) = told_by_a_liar(lie).await;
        let rows = alone["proposals"].as_array().unwrap();
        assert!(
            rows.len() == 6 && rows.iter().all(|row| row["coinbase"].is_null() && row["unread"] == why),
            "{rows:#?}"
        );
        let total = &duties["total"];
        assert_eq!(total["attestations"]["done"], 0, "{total:#}");
        assert_eq!(total["proposals"]["missed_alone"], 0, "{total:#}");
    }
}

#[tokio::test]
async fn a_coinbase_that_was_changed_by_hand_on_the_node_is_found_by_audit_though_every_file_is_right() {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    bench.collect().await;
    let status = bench.run(&["status", "--json"]).await.json();
    let own: BTreeMap<Address, Address> = status["attesters"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["coinbase"]["expected"].is_string())
        .map(|row| (address(&row["address"]), address(&row["coinbase"]["expected"])))
        .collect();
    // Everybody pays whom it must, until one of ours has.
    let paid_right = async |is_last: &dyn Fn(Address) -> bool| loop {
        let wish = CheckpointWish::default();
        let one = proposed(&bench, |proposer| own.get(&proposer).copied().unwrap_or(WRONG), wish).await;
        if is_last(one.proposer) {
            break one;
        }
    };
    let is_own = |proposer: Address| own.contains_key(&proposer);
    paid_right(&is_own).await;
    let report = bench.json(&["audit"], 0).await;
    let told = |report: &Value, list: &str, kind: &str| {
        let all = report[list].as_array().unwrap().iter();
        all.filter(|one| one["kind"] == kind).cloned().collect::<Vec<Value>>()
    };
    assert_eq!(told(&report, "findings", "coinbase_used_wrong"), [Value::Null; 0], "{report:#}");
    assert!(report["checked"]["proposals"].as_u64().unwrap() >= 1, "{report:#}");

    // The next one of ours whose turn it is proposes as its node has it, whatever its file says.
    let wrong = loop {
        let (_, turn) = bench.chain.next_proposer().await.unwrap();
        let one =
            proposed(&bench, |proposer| if is_own(proposer) { proposer } else { WRONG }, CheckpointWish::default())
                .await;
        if is_own(turn) {
            break one;
        }
    };
    let report = bench.json(&["audit"], 5).await;
    let found = told(&report, "findings", "coinbase_used_wrong");
    assert_eq!(found.len(), 1, "{report:#}");
    assert_eq!((address(&found[0]["subject"]), &found[0]["severity"]), (wrong.proposer, &"critical".into()));
    let text = found[0]["message"].as_str().unwrap();
    assert!(text.contains("its own address") && text.contains(&format!("since slot {}", wrong.slot)), "{text}");
    let report = bench.json(&["audit", "--duties-span", "0s"], 0).await;
    assert_eq!(
        (&report["checked"]["duties"], told(&report, "findings", "coinbase_used_wrong").len()),
        (&Value::Null, 0)
    );

    // An endpoint that has no transactions: that is told, and the rest is as it was.
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::NoTransactions)));
    let report = bench.json(&["audit", "--l1-url", &proxy.url()], 0).await;
    let unread = told(&report, "findings", "duties_unread");
    assert!(
        unread.iter().any(|one| one["message"].as_str().unwrap().contains("no endpoint has the transaction")),
        "{report:#}"
    );
    assert_eq!(told(&report, "findings", "coinbase_used_wrong"), [Value::Null; 0]);

    // It was mended: what went astray is told until the span has passed.
    paid_right(&|proposer| proposer == wrong.proposer).await;
    let report = bench.json(&["audit"], 0).await;
    let found = told(&report, "findings", "coinbase_used_wrong");
    assert_eq!((found.len(), &found[0]["severity"]), (1, &"warning".into()), "{report:#}");
}
