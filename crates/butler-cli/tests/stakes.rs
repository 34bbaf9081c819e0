//! What `status`, `queue` and `audit` say of keys that were staked twice, of bad keys in a queue, and of own coinbases.

use std::collections::{BTreeMap, BTreeSet};

use butler_testkit::devnet::{Move, Told, ToldOfStranger, with_wrong_proof};
use serde_json::{Value, json};

use crate::support::{Bench, shown};

fn by_address(report: &Value) -> BTreeMap<String, Value> {
    let rows = report["attesters"].as_array().unwrap();
    rows.iter().map(|row| (row["address"].as_str().unwrap().to_owned(), row.clone())).collect()
}

fn findings<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == kind).collect()
}

#[tokio::test]
async fn status_names_the_split_of_the_stake_that_counts_and_what_became_of_the_others() {
    let bench = Bench::start().await;
    let told = bench.chain.stake_twice().await.unwrap();
    let report = bench.json(&["status"], 0).await;
    let rows = by_address(&report);
    for Told { story, attester, coinbases } in &told {
        let row = &rows[&shown(*attester)];
        let name = story.name;
        let expected = story.counts.map(|place| shown(coinbases[place]));
        assert_eq!(row["coinbase"]["expected"], json!(expected), "{name}");
        let verdict = if expected.is_some() { "missing" } else { "not_applicable" };
        assert_eq!(row["coinbase"]["verdict"], verdict, "{name}");
        let stakes = row["stakes"].as_array().unwrap();
        let fates: Vec<&Value> = stakes.iter().map(|stake| &stake["fate"]).collect();
        assert_eq!(fates, story.fates, "{name}");
        let counts: Vec<bool> = stakes.iter().map(|stake| stake["counts"] == true).collect();
        // Of one that left, it counts for what it earned, and nothing is expected any more.
        let exited = story.counts.is_none() && story.fates[0] == "succeeded";
        let which = story.counts.or(exited.then_some(0));
        assert_eq!(counts, [which == Some(0), which == Some(1)], "{name}");
        assert_eq!(row["deposit_failed"], story.fates == ["refunded", "refunded"], "{name}");
    }
    // A8 and A9 were dripped, and no memory is needed to say so.
    for name in ["A8", "A9"] {
        let row = &rows[&bench.shown(name)];
        assert_eq!((&row["state"], &row["coinbase"]["verdict"]), (&json!("COINBASE_NEEDED"), &json!("not_applicable")));
    }
    let audit = bench.json(&["audit"], 5).await;
    let of = |name: &str, kind| {
        let told = told.iter().find(|told| told.story.name == name).unwrap();
        findings(&audit, kind).into_iter().filter(|finding| finding["subject"] == shown(told.attester)).count()
    };
    assert_eq!(of("both refunded", "deposit_failed"), 1);
    assert_eq!(of("success, then a stake that waits", "deposit_failed"), 1, "the second stake waits for its refund");
    assert_eq!(of("refund, then success", "deposit_failed"), 0);
    for name in ["success, then a refund", "refund, then success", "refund, then a stake that waits"] {
        assert_eq!(of(name, "stake_refunded"), 1, "{name}");
    }
    assert_eq!(of("both refunded", "stake_refunded"), 0, "told at once");
    assert_eq!(of("both refunded", "coinbase_missing"), 0, "a burnt key is no missing coinbase");
}

#[tokio::test]
async fn a_key_that_a_stranger_deposited_first_is_told_as_that_and_no_coinbase_is_named() {
    let bench = Bench::start().await;
    let told = bench.chain.meet_strangers().await.unwrap();
    let audit = bench.json(&["audit"], 5).await;
    let rows = by_address(&bench.json(&["status"], 0).await);
    for ToldOfStranger { story, attester, coinbase } in &told {
        let (name, subject, split) = (story.name, shown(*attester), shown(*coinbase));
        let about = audit["findings"].as_array().unwrap().iter().filter(|finding| finding["subject"] == subject);
        let of_stakes: Vec<&Value> = about
            .clone()
            .filter(|finding| {
                ["stranger_deposit", "stake_refunded", "deposit_failed"].iter().any(|kind| finding["kind"] == *kind)
            })
            .collect();
        let mut found_kinds: Vec<_> = of_stakes
            .iter()
            .map(|finding| (finding["kind"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
            .collect();
        found_kinds.sort_unstable();
        assert_eq!(found_kinds, story.findings, "{name}");
        for finding in of_stakes.iter().filter(|finding| finding["kind"] == "stranger_deposit") {
            let words = format!("{finding}");
            assert!(
                words.contains("withdrawer 0x") && words.contains("stake again") || words.contains("staked again"),
                "{words}"
            );
            assert!(!words.contains(&split), "no coinbase is named: {words}");
        }
        let missing = about.filter(|finding| finding["kind"] == "coinbase_missing").count();
        assert_eq!(missing, usize::from(story.counts), "{name}");
        let row = &rows[&subject];
        assert_eq!(row["coinbase"]["expected"], json!(story.counts.then_some(split)), "{name}");
        if name == "both wait, the stranger first" {
            let stake = &row["stakes"][0];
            assert_eq!((&stake["refusal"], &stake["overtaken_by"]["is_ours"]), (&json!("overtaken"), &json!(false)));
            assert_eq!(stake["overtaken_by"]["attester"], subject);
        }
    }
}

#[tokio::test]
async fn a_bad_key_in_a_queue_is_critical_when_it_is_next_and_says_how_to_drip_it() {
    let bench = Bench::start().await;
    let spare = &bench.oracle().spare_keys;
    let bad = with_wrong_proof(&spare[0]);
    let keys = vec![bad.clone(), spare[1].clone()];
    bench.chain.play(Move::AddKeys { provider: 1, keys }).await.unwrap();
    let audit = bench.json(&["audit"], 5).await;
    let of_bad = |report: &Value| {
        let found = findings(report, "queue_blocked").into_iter().cloned().collect::<Vec<_>>();
        let [finding] = <[Value; 1]>::try_from(found).unwrap();
        assert_eq!(finding["subject"], shown(bad.attester));
        finding
    };
    let behind = of_bad(&audit);
    assert_eq!(behind["severity"], "warning");
    assert!(behind["remedy"].as_str().unwrap().contains("`dripProviderQueue(1, 3)`"), "{behind}");
    assert!(behind["remedy"].as_str().unwrap().contains("the 2 good keys before it"), "{behind}");
    let foreign = findings(&audit, "queue_foreign_key");
    let subjects: Vec<&str> = foreign.iter().map(|finding| finding["subject"].as_str().unwrap()).collect();
    let mut expected = [shown(bad.attester), shown(spare[1].attester)];
    expected.sort();
    assert_eq!(subjects, expected, "no key file has them");

    bench.chain.play(Move::Drip { provider: 1, count: 2 }).await.unwrap();
    let next = of_bad(&bench.json(&["audit"], 5).await);
    assert_eq!((&next["severity"], &next["level"]), (&json!("critical"), &json!("error")));
    let queue = bench.json(&["queue"], 0).await;
    let obstacles = |place: usize| queue["provider_queues"]["1"][place]["obstacles"].clone();
    assert_eq!(obstacles(0), json!(["its proof of possession is wrong"]));
    assert_eq!(obstacles(1), json!([]));
}

#[tokio::test]
async fn with_an_own_coinbase_no_split_is_missing_or_wrong() {
    let bench = Bench::start().await;
    bench.configure("coinbase_policy = \"own\"");
    let own = shown(bench.oracle().account("recipient").unwrap());
    bench.edit("keys/server-1.json", |keys| {
        for validator in keys["validators"].as_array_mut().unwrap() {
            validator["coinbase"] = json!(own);
        }
    });
    let rows = by_address(&bench.json(&["status"], 0).await);
    for name in ["A0", "A1", "A2", "A3", "A6"] {
        let coinbase = &rows[&bench.shown(name)]["coinbase"];
        assert_eq!((&coinbase["verdict"], &coinbase["expected"]), (&json!("matches"), &Value::Null), "{name}");
    }
    // The same, for one provider that has its own policy.
    bench.reconfigure("coinbase_policy = \"own\"", "");
    bench.reconfigure(
        "[[networks.devnet.l1]]",
        "[[networks.devnet.providers]]\nid = 1\ncoinbase_policy = \"own\"\n\n[[networks.devnet.l1]]",
    );
    let rows = by_address(&bench.json(&["status"], 0).await);
    assert_eq!(rows[&bench.shown("A0")]["coinbase"]["verdict"], "matches");
}

#[tokio::test]
async fn a_zero_coinbase_and_the_split_of_another_are_errors_of_their_own() {
    let bench = Bench::start().await;
    bench.edit("keys/server-1.json", |keys| {
        keys["validators"][0]["coinbase"] = json!("0x0000000000000000000000000000000000000000");
    });
    let audit = bench.json(&["audit"], 5).await;
    let subjects = |kind| findings(&audit, kind).iter().map(|finding| finding["subject"].clone()).collect::<Vec<_>>();
    assert_eq!(subjects("coinbase_zero"), [json!(bench.shown("A0"))]);
    assert_eq!(subjects("split_shared"), [json!(bench.shown("A3"))], "it has the split of A2");
    let rows = by_address(&bench.json(&["status"], 0).await);
    assert_eq!(rows[&bench.shown("A0")]["coinbase"]["verdict"], "zero");
}

/// What `queue` says of each key of the own queue.
fn obstacles(queue: &Value) -> Vec<(String, Vec<String>)> {
    let keys = queue["provider_queues"]["1"].as_array().unwrap().iter();
    let words =
        |key: &Value| key["obstacles"].as_array().unwrap().iter().map(|why| why.as_str().unwrap().to_owned()).collect();
    keys.map(|key| (key["attester"].as_str().unwrap().to_owned(), words(key))).collect()
}

#[tokio::test]
async fn every_cause_of_a_blocked_queue_is_told_by_queue_and_audit_and_twice_alike() {
    let bench = Bench::start().await;
    let bad = bench.chain.fill_queue_badly().await.unwrap();
    let queue = bench.json(&["queue"], 0).await;
    let told = obstacles(&queue);
    assert_eq!(told.len(), 2 + bad.len());
    for (key, (attester, why)) in bad.iter().zip(&told[2..]) {
        assert_eq!(*attester, shown(key.attester));
        let is_told = why.iter().any(|why| why.starts_with(key.why));
        assert!(is_told != key.why.is_empty(), "{}: {why:?}", key.why);
    }
    assert!(told[..2].iter().all(|(_, why)| why.is_empty()), "{told:?}");
    let audit = bench.json(&["audit"], 5).await;
    let subjects = |report: &Value| {
        let found = findings(report, "queue_blocked");
        found.iter().map(|finding| finding["subject"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let expected: BTreeSet<String> =
        bad.iter().filter(|key| !key.why.is_empty()).map(|key| shown(key.attester)).collect();
    assert_eq!(subjects(&audit), expected);
    // Whoever looks again, with what was remembered or anew, says the same.
    for arguments in [&["queue"][..], &["--rescan", "queue"]] {
        assert_eq!(bench.json(arguments, 0).await, queue);
    }
    for arguments in [&["audit"][..], &["--rescan", "audit"]] {
        assert_eq!(bench.json(arguments, 5).await, audit);
    }
    let status = bench.json(&["status"], 0).await;
    assert_eq!(bench.json(&["status"], 0).await, status);
}

#[tokio::test]
async fn queue_knows_the_keys_of_other_providers() {
    let bench = Bench::start().await;
    let spare = &bench.oracle().spare_keys;
    let (copied, own) = (spare[0].clone(), spare[1].clone());
    bench.chain.play(Move::AddKeys { provider: 1, keys: vec![copied.clone(), own.clone()] }).await.unwrap();
    let of = |told: Vec<(String, Vec<String>)>, key: &butler_testkit::devnet::KeyStore| {
        told.into_iter().find(|(attester, _)| *attester == shown(key.attester)).unwrap().1
    };
    assert_eq!(of(obstacles(&bench.json(&["queue"], 0).await), &copied), Vec::<String>::new());
    bench.chain.play(Move::AddKeys { provider: 2, keys: vec![copied.clone()] }).await.unwrap();
    let queue = bench.json(&["queue"], 0).await;
    let [why] = <[String; 1]>::try_from(of(obstacles(&queue), &copied)).unwrap();
    assert!(why.starts_with("its address or BLS key stands in the queue of provider 2, too, at index "), "{why}");
    assert_eq!(of(obstacles(&queue), &own), Vec::<String>::new());
    assert!(bench.run(&["queue"]).await.stdout.contains("stands in the queue of provider 2, too"));
}

#[tokio::test]
async fn the_admins_role_that_was_offered_is_a_warning() {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    let admin = ethers_core::types::Address::repeat_byte(0xad);
    bench.chain.play(Move::ProposeAdmin { provider: 1, admin }).await.unwrap();
    let audit = bench.json(&["audit"], 0).await;
    let [finding] = <[&Value; 1]>::try_from(findings(&audit, "provider_admin_change")).unwrap();
    assert_eq!((&finding["subject"], &finding["level"]), (&json!("provider 1"), &json!("warning")));
    assert!(finding["message"].as_str().unwrap().contains(&shown(admin)), "{finding}");
    bench.chain.play(Move::AcceptAdmin { provider: 1 }).await.unwrap();
    assert!(findings(&bench.json(&["audit"], 0).await, "provider_admin_change").is_empty());
}
