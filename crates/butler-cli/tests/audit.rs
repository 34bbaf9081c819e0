//! What `audit` finds: every kind of duplicate that can be planted, wrong coinbases, keys that nobody runs, bad key files.

use butler_testkit::devnet::Move;
use serde_json::{Value, json};

use crate::support::{Bench, shown};

/// A bench whose key files are right, and where nothing waits at an attester's own address.
async fn clean() -> Bench {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    bench.collect().await;
    bench
}

/// Level, kind and subject of every finding.
fn findings(report: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (text(finding, "level"), text(finding, "kind"), text(finding, "subject"))).collect()
}

/// The places of the only finding of that kind.
fn places(report: &Value, kind: &str) -> Vec<String> {
    let all = report["findings"].as_array().unwrap();
    let found: Vec<&Value> = all.iter().filter(|finding| finding["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind} in {report:#}");
    serde_json::from_value(found[0]["places"].clone()).unwrap()
}

fn error(kind: &str, subject: &str) -> (String, String, String) {
    ("error".to_owned(), kind.to_owned(), subject.to_owned())
}

fn warning(kind: &str, subject: &str) -> (String, String, String) {
    ("warning".to_owned(), kind.to_owned(), subject.to_owned())
}

#[tokio::test]
async fn a_clean_provider_passes() {
    let bench = clean().await;
    let report = bench.json(&["audit", "--strict"], 0).await;
    let verdict = [&report["passed"], &report["errors"], &report["warnings"], &report["findings"]];
    assert_eq!(verdict, [&json!(true), &json!(0), &json!(0), &json!([])]);
    let mut checked = report["checked"].clone();
    assert!(checked.as_object_mut().unwrap().remove("duties").unwrap().is_u64(), "{report:#}");
    let expected = json!({
        "attesters": 10, "key_files": 2, "entry_queue": 3, "active_set": 6,
        "own_provider_queue": 2, "other_provider_queues": 2, "proposals": 0,
    });
    assert_eq!(checked, expected);
    let ran = bench.run(&["audit"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("passed (0 errors, 0 warnings)"), "{}", ran.stdout);
}

/// What is done to an attester of the story to put it in a second place.
enum Plant {
    Key(u64, &'static str),
    Deposit(&'static str),
    Exit(&'static str),
    Eject(&'static str),
}

impl Plant {
    async fn play(&self, bench: &Bench) {
        let action = match self {
            Self::Key(provider, name) => Move::AddKeysRaw { provider: *provider, attester: bench.attester(name) },
            Self::Deposit(name) => Move::Deposit { attester: bench.attester(name) },
            Self::Exit(name) => Move::InitiateWithdraw { attester: bench.attester(name) },
            // 200,000 staked, ejected under 190,000.
            Self::Eject(name) => Move::Slash { attester: bench.attester(name), tokens: 20_000 },
        };
        bench.chain.play(action).await.unwrap();
    }
}

#[tokio::test]
async fn an_attester_in_two_places_on_chain_is_an_error_of_its_own_kind() {
    use Plant::{Deposit, Eject, Exit, Key};
    // S0 is exiting, S1 was active once, S3 is a zombie; B0 waits in the queue of provider 2.
    let table: [(&str, &str, &[Plant]); 18] = [
        ("own_queue_twice", "A8", &[Key(1, "A8")]),
        ("own_queue_and_other_queue", "A8", &[Key(2, "A8")]),
        ("own_queue_and_entry_queue", "A6", &[Key(1, "A6")]),
        ("own_queue_and_active_set", "A0", &[Key(1, "A0")]),
        ("own_queue_and_exiting", "S0", &[Key(1, "S0")]),
        ("own_queue_and_zombie", "S3", &[Key(1, "S3")]),
        ("own_queue_and_history", "S1", &[Key(1, "S1")]),
        ("other_queue_twice", "B0", &[Key(2, "B0")]),
        ("other_queue_twice", "B1", &[Key(3, "B1")]),
        ("other_queue_and_entry_queue", "A7", &[Key(2, "A7")]),
        ("other_queue_and_active_set", "A1", &[Key(3, "A1")]),
        ("other_queue_and_exiting", "S0", &[Key(2, "S0")]),
        ("other_queue_and_zombie", "S3", &[Key(2, "S3")]),
        ("other_queue_and_history", "S1", &[Key(2, "S1")]),
        ("entry_queue_twice", "A7", &[Deposit("A7")]),
        ("entry_queue_and_active_set", "A2", &[Deposit("A2")]),
        ("entry_queue_and_exiting", "A2", &[Deposit("A2"), Exit("A2")]),
        ("entry_queue_and_zombie", "A4", &[Deposit("A4"), Eject("A4")]),
    ];
    for (kind, name, plants) in table {
        let bench = clean().await;
        bench.track(["B0", "B1", "S0", "S1", "S3"]);
        for plant in plants {
            plant.play(&bench).await;
        }
        let report = bench.json(&["audit"], 5).await;
        let subject = bench.shown(name);
        let mut expected = vec![error(kind, &subject)];
        if kind.starts_with("own_queue_") {
            // A key of an own queue is a bad one, too; no error, for it is behind others, or nobody knows the proof of its copy.
            expected.push(warning("queue_blocked", &subject));
            // S0, S1 and S3 are in no key file.
            expected.extend(name.starts_with('S').then(|| warning("queue_foreign_key", &subject)));
        }
        assert_eq!(findings(&report), expected, "{kind}");
        assert!(places(&report, kind).len() >= 2, "{kind}");
        assert_eq!(report["passed"], false);
        assert_eq!(report["errors"], findings(&report).iter().filter(|finding| finding.0 == "error").count());
    }
}

#[tokio::test]
async fn an_attester_that_left_and_is_deposited_again_is_an_error() {
    let bench = clean().await;
    bench.track(["S1"]);
    Plant::Deposit("S1").play(&bench).await;
    let report = bench.json(&["audit"], 5).await;
    let subject = bench.shown("S1");
    // It waits again, and will be refunded: no coinbase is missing.
    assert_eq!(findings(&report), [error("entry_queue_and_history", &subject)]);
    assert_eq!(places(&report, "entry_queue_and_history"), ["entry queue, place 4", "was active once"]);
}

#[tokio::test]
async fn places_say_where_a_duplicate_is() {
    let bench = clean().await;
    for plant in [Plant::Key(1, "A8"), Plant::Key(2, "A8"), Plant::Deposit("A8")] {
        plant.play(&bench).await;
    }
    let report = bench.json(&["audit"], 5).await;
    let (own, other) =
        (["queue of own provider 1, index 9", "queue of own provider 1, index 11"], "queue of provider 2, index 3");
    let entry = "entry queue, place 4";
    assert_eq!(places(&report, "own_queue_twice"), own);
    assert_eq!(places(&report, "own_queue_and_other_queue"), [own[0], own[1], other]);
    assert_eq!(places(&report, "own_queue_and_entry_queue"), [own[0], own[1], entry]);
    assert_eq!(places(&report, "other_queue_and_entry_queue"), [other, entry]);
}

#[tokio::test]
async fn duplicates_of_strangers_are_warnings_that_only_strict_fails_on() {
    let bench = clean().await;
    Plant::Key(2, "B0").play(&bench).await;
    Plant::Deposit("S2").play(&bench).await;
    let report = bench.json(&["audit"], 0).await;
    let mut expected =
        [warning("entry_queue_and_active_set", &bench.shown("S2")), warning("other_queue_twice", &bench.shown("B0"))];
    expected.sort();
    assert_eq!(findings(&report), expected);
    assert_eq!((&report["passed"], &report["warnings"]), (&json!(true), &json!(2)));
    let strict = bench.json(&["audit", "--strict"], 5).await;
    assert_eq!(strict["passed"], false);
    assert_eq!(strict["findings"], report["findings"]);
}

#[tokio::test]
async fn an_attester_twice_in_one_key_file_is_an_error() {
    let bench = clean().await;
    bench.edit("keys/server-1.json", |keys| {
        let first = keys["validators"][0].clone();
        keys["validators"].as_array_mut().unwrap().push(first);
    });
    let report = bench.json(&["audit"], 5).await;
    // One BLS key for one attester is no second finding.
    assert_eq!(findings(&report), [error("key_file_twice", &bench.shown("A0"))]);
    let file = bench.path("keys/server-1.json").display().to_string();
    let place = |index| format!("{file}, validators[{index}]");
    let found = places(&report, "key_file_twice");
    assert!(found.iter().all(|place| file.ends_with(place.split(',').next().unwrap())), "{found:?}");
    assert_eq!(found.len(), 2);
    assert!(place(0).ends_with(&found[0]) && place(5).ends_with(&found[1]), "{found:?}");
}

/// Puts a copy of A0 into the other server's file.
fn copy_a0(bench: &Bench, change: impl FnOnce(&mut Value)) {
    let keys: Value = serde_json::from_str(&bench.read("keys/server-1.json")).unwrap();
    let mut copy = keys["validators"][0].clone();
    copy.as_object_mut().unwrap().remove("publisher");
    change(&mut copy);
    bench.edit("keys/server-2.json", |keys| keys["validators"].as_array_mut().unwrap().push(copy));
}

#[tokio::test]
async fn an_attester_on_two_servers_is_an_error_unless_keys_are_replicated() {
    let bench = clean().await;
    copy_a0(&bench, |_| ());
    let report = bench.json(&["audit"], 5).await;
    assert_eq!(findings(&report), [error("several_key_files", &bench.shown("A0"))]);
    assert_eq!(places(&report, "several_key_files").len(), 2);
    bench.configure("replicated_keys = true");
    let report = bench.json(&["audit", "--strict"], 0).await;
    assert_eq!(findings(&report), []);
}

#[tokio::test]
async fn replicas_that_disagree_on_the_coinbase_are_an_error_all_the_same() {
    let a0 = |bench: &Bench| bench.shown("A0");
    let bench = clean().await;
    bench.configure("replicated_keys = true");
    let other = shown(bench.oracle().coinbases()[&bench.attester("A1")]);
    copy_a0(&bench, |copy| copy["coinbase"] = json!(other));
    let report = bench.json(&["audit"], 5).await;
    let of = |finding: fn(&str, &str) -> (String, String, String), kind| finding(kind, &a0(&bench));
    let expected = [of(error, "coinbase_wrong"), of(error, "conflicting_coinbase"), of(warning, "split_shared")];
    assert_eq!(findings(&report), expected, "one file has the split of A1");

    let bench = clean().await;
    bench.configure("replicated_keys = true");
    copy_a0(&bench, |copy| drop(copy.as_object_mut().unwrap().remove("coinbase")));
    let report = bench.json(&["audit"], 5).await;
    assert_eq!(findings(&report), [error("partial_coinbase", &a0(&bench))]);
}

#[tokio::test]
async fn rewards_at_an_own_address_are_told_until_they_were_collected_although_the_coinbase_is_set() {
    let bench = Bench::start().await;
    bench.correct_coinbases();
    let report = bench.json(&["audit"], 0).await;
    assert_eq!(findings(&report), [warning("rewards_at_attester", &bench.shown("A0"))]);
    bench.collect().await;
    assert_eq!(findings(&bench.json(&["audit", "--strict"], 0).await), []);
}

#[tokio::test]
async fn a_bls_key_that_is_not_the_registered_one_refuses_its_file_and_is_not_printed() {
    let bench = clean().await;
    bench.edit("keys/server-2.json", |keys| {
        let bls = keys["validators"][0]["attester"]["bls"].clone();
        keys["validators"][4]["attester"]["bls"] = bls;
    });
    let report = bench.json(&["audit"], 5).await;
    let bls = format!("{:#x}", bench.oracle().attester("A3").unwrap().bls);
    let found = findings(&report);
    let differs = found.iter().find(|(level, kind, _)| (level.as_str(), kind.as_str()) == ("error", "bls_differs"));
    assert!(differs.is_some_and(|(_, _, subject)| subject.ends_with("keys/server-2.json")), "{report:#}");
    assert!(found.iter().any(|(_, kind, _)| kind == "coinbase_unknown"), "nothing is concluded from that file");
    assert!(!report.to_string().contains(&bls[2..18]), "{report:#}");
}

#[tokio::test]
async fn a_publisher_on_two_servers_is_an_error() {
    let bench = clean().await;
    let rich = shown(bench.oracle().publishers[0].address);
    bench.edit("keys/server-2.json", |keys| keys["validators"][1]["publisher"] = json!([rich]));
    let report = bench.json(&["audit"], 5).await;
    assert_eq!(findings(&report), [error("shared_publisher", &rich)]);
    assert_eq!(places(&report, "shared_publisher"), ["server server-1", "server server-2"]);
}

#[tokio::test]
async fn wrong_and_missing_coinbases_are_errors_that_name_the_right_one() {
    let bench = Bench::start().await;
    let report = bench.json(&["audit"], 5).await;
    let (a3, a6) = (bench.shown("A3"), bench.shown("A6"));
    let rewards = warning("rewards_at_attester", &bench.shown("A0"));
    let expected =
        [error("coinbase_missing", &a6), error("coinbase_wrong", &a3), rewards, warning("split_shared", &a3)];
    assert_eq!(findings(&report), expected, "A3 has the split of A2");
    let coinbases = bench.oracle().coinbases();
    let messages: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["message"].as_str().unwrap()).collect();
    assert!(messages[0].ends_with(&format!("it must be {}", shown(coinbases[&bench.attester("A6")]))), "{messages:?}");
    for name in ["A2", "A3"] {
        assert!(messages[1].contains(&shown(coinbases[&bench.attester(name)])), "{messages:?}");
    }
}

#[tokio::test]
async fn a_coinbase_before_the_delegation_is_a_warning() {
    let bench = clean().await;
    let own = shown(bench.oracle().account("recipient").unwrap());
    bench.edit("keys/server-1.json", |keys| keys["validators"][4]["coinbase"] = json!(own));
    let report = bench.json(&["audit"], 0).await;
    assert_eq!(findings(&report), [warning("coinbase_unverifiable", &bench.shown("A8"))]);
    bench.json(&["audit", "--strict"], 5).await;
}

#[tokio::test]
async fn a_key_that_got_the_split_of_another_is_an_error_before_it_is_staked() {
    let bench = clean().await;
    let split = shown(bench.oracle().coinbases()[&bench.attester("A0")]);
    bench.edit("keys/server-1.json", |keys| keys["validators"][4]["coinbase"] = json!(split));
    let report = bench.json(&["audit"], 5).await;
    let a8 = bench.shown("A8");
    assert_eq!(findings(&report), [error("split_shared", &a8), warning("coinbase_unverifiable", &a8)]);
}

#[tokio::test]
async fn an_active_attester_in_no_key_file_is_an_error_and_a_waiting_one_a_warning() {
    let bench = clean().await;
    bench.edit("keys/server-1.json", |keys| drop(keys["validators"].as_array_mut().unwrap().remove(1)));
    bench.edit("keys/server-2.json", |keys| drop(keys["validators"].as_array_mut().unwrap().remove(3)));
    let report = bench.json(&["audit"], 5).await;
    let (a1, a7) = (bench.shown("A1"), bench.shown("A7"));
    let expected = [
        error("coinbase_missing", &a1),
        error("coinbase_missing", &a7),
        error("unserved", &a1),
        warning("unserved", &a7),
    ];
    let mut found = findings(&report);
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn without_key_files_nobody_is_called_unserved_no_coinbase_is_judged_and_that_is_told() {
    let bench = clean().await;
    bench.reconfigure("key_files = [\"keys/*.json\"]\npublisher_files = [\"publishers.json\"]\n", "");
    let report = bench.json(&["audit"], 0).await;
    assert_eq!(findings(&report), [warning("not_watched", "network")], "{report:#}");
    let notes: Vec<_> =
        report["notes"].as_array().unwrap().iter().map(|note| note["message"].as_str().unwrap()).collect();
    assert!(notes.iter().any(|note| note.starts_with("no publisher is known")), "{report:#}");
    assert!(notes.iter().any(|note| note.starts_with("no Aztec node is configured")), "{report:#}");
    bench.json(&["audit", "--strict"], 5).await;
    bench.reconfigure("provider_ids = [1]\n", "");
    let report = bench.json(&["audit"], 0).await;
    assert_eq!(findings(&report), [warning("not_watched", "network"), warning("not_watched", "network")], "{report:#}");
    let shown = bench.run(&["audit"]).await.stdout;
    assert!(shown.contains("neither its queue nor its delegations are looked at"), "{shown}");
}

#[tokio::test]
async fn a_failed_deposit_is_a_warning() {
    let bench = clean().await;
    let attester = ethers_core::types::Address::repeat_byte(0xbd);
    for action in [
        Move::Drip { provider: 1, count: 2 },
        Move::AddKeysRaw { provider: 1, attester },
        Move::Stake { provider: 1 },
        Move::Flush,
    ] {
        bench.chain.play(action).await.unwrap();
    }
    let report = bench.json(&["audit"], 0).await;
    assert!(findings(&report).contains(&warning("deposit_failed", &shown(attester))), "{report:#}");
    let status = bench.json(&["status", "--attention", "--attester", &shown(attester)], 0).await;
    assert_eq!(status["attesters"][0]["deposit_failed"], true);
    assert_eq!(status["attesters"][0]["position"], "unregistered");
}

#[tokio::test]
async fn a_bad_key_file_is_an_error_and_the_others_are_still_checked() {
    let bench = Bench::start().await;
    bench.write("keys/server-3.json", "{ \"validators\": [");
    let report = bench.json(&["audit"], 5).await;
    let found = findings(&report);
    assert_eq!(found.len(), 5, "the split of A2 that A3 has is a warning, and so are rewards of A0: {report:#}");
    assert_eq!((found[2].0.as_str(), found[2].1.as_str()), ("error", "key_file"));
    assert!(found[2].2.ends_with("keys/server-3.json"), "{report:#}");
    assert_eq!(report["checked"]["key_files"], 2);
}

#[tokio::test]
async fn the_table_names_every_finding_and_the_verdict() {
    let bench = Bench::start().await;
    let ran = bench.run(&["audit"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (5, ""));
    insta::assert_snapshot!(ran.stdout, @r"
    devnet · chain 31337 · block 83 · 2026-01-05 02:11 UTC
    looked at 10 attesters, 2 key files, 3 queued and 6 active on the rollup, 2 in own and 2 in other providers' queues
    on L1: 0 own proposals, and 2 own duties to propose or attest

    LEVEL    FINDING              SUBJECT                                     WHAT
    ERROR    coinbase_missing     0x4548774216F19914493d051481FEb56246bC13f0  it has no coinbase and it may be active now (2026-01-05 02:11 UTC); it must be
                                                                              0x3eEE123d0817566E7E45032b97328cd2CFe76613
    ERROR    coinbase_wrong       0xC4c81D5C1851702d27d602aA8ff830A7689F17cc  its coinbase is 0x04ED4ad3cDe36FE8ba944E3D6CFC54f7Fe6c3C72, the delegation's split is
                                                                              0x972B2c69B067FFF06fB054f3Ad36210C75792f95
    warning  rewards_at_attester  0x8C3229EC621644789d7F61FAa82c6d0E5F97d43D  its own address has 123.5 tokens of rewards, from a time when no coinbase was set
    warning  split_shared         0xC4c81D5C1851702d27d602aA8ff830A7689F17cc  key files give the split 0x04ED4ad3cDe36FE8ba944E3D6CFC54f7Fe6c3C72 to it and to
                                                                              0x0e9971c0005D91336c1441b8F03c1C4fe5FB4584: it pays one delegator

    note: bls_unproven: a file has a BLS key for it, and the chain has none yet: it may be the private one
    note: coinbase_unproven: 5 of 5 validating attesters whose coinbase is known made no proposal that was read since it counts, up to slot 4904: nobody can know
    what their nodes use
    note: duties_network: own attesters missed 2 proposals and 0 attestations together with most others in slots 4903 to 4904
    note: not_watched: no Aztec node is configured: neither nodes nor what they see of duties is looked at

    FAILED (2 errors, 2 warnings)
    ");
}
