//! What an operator sees before and after another rollup becomes canonical, with something of theirs in every place.

use std::collections::BTreeMap;

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::aztec_node::cases::{CASES, Followed};
use butler_testkit::devnet::{Chain, CheckpointWish, DevnetSpec, Move, RollupSide, ensure, example_files};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind};
use ethers_core::types::Address;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Bench, butler, finish, shown};

/// Position, state and version of the rollup of the named attesters.
async fn rows(bench: &Bench) -> BTreeMap<&'static str, (String, String, String)> {
    let report = bench.json(&["status"], 0).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let names = ["A0", "A8", "A9", "D0", "D1", "D2", "D3"];
    let row = |name: &'static str| {
        let address = bench.shown(name);
        let row =
            report["attesters"].as_array().unwrap().iter().find(|row| row["address"] == address.as_str()).unwrap();
        (name, (text(&row["position"]), text(&row["state"]), text(&row["rollup"]["version"])))
    };
    names.into_iter().map(row).collect()
}

#[tokio::test]
async fn a_cut_over_moves_nobody_out_of_sight() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let chain = Chain::start(&state).await.unwrap();
    let folder = TempDir::new().unwrap();
    example_files(folder.path(), chain.oracle().unwrap(), chain.url()).unwrap();
    let mut bench = Bench { chain, folder };
    let before = rows(&bench).await;
    let upgrade = bench.oracle().upgrade.clone().unwrap();
    let (old, new) = (upgrade.former.version.to_string(), upgrade.next.version.to_string());
    let report = bench.json(&["upgrade"], 0).await;
    let tasks = |report: &Value| -> Vec<(String, usize, bool)> {
        let one = |item: &Value| {
            let (task, open) = (item["task"].as_str().unwrap().to_owned(), item["is_open"].as_bool().unwrap());
            (task, item["attesters"].as_array().unwrap().len(), open)
        };
        report["checklist"].as_array().unwrap().iter().map(one).collect()
    };
    assert_eq!(tasks(&report), [("at_risk".to_owned(), 1, false)], "D1 and D2 wait, and D2 does not move along");
    let findings = |report: &Value| -> Vec<String> {
        report["findings"].as_array().unwrap().iter().map(|one| format!("{} {}", one["kind"], one["subject"])).collect()
    };
    let audited_before = findings(&bench.json(&["audit"], 5).await);

    bench.chain.cut_over(&state).await.unwrap();
    let after = rows(&bench).await;
    for (name, (position, state, rollup)) in &before {
        let expected = if *name == "A0" { &new } else { rollup };
        let mut state = state.clone();
        // It will be refunded: it needs no coinbase any more.
        if *name == "D1" {
            state.clone_from(&after["D1"].1);
        }
        assert_eq!(after[name], (position.clone(), state, expected.clone()), "{name}");
    }
    let report = bench.json(&["status"], 0).await;
    let a0 = report["attesters"].as_array().unwrap().iter().find(|row| row["address"] == bench.shown("A0")).unwrap();
    assert_eq!(a0["pending_rewards"], "1000000000000000000000");
    assert_eq!(a0["rewards_left"][0]["version"], old.as_str());
    let former = &report["former_rollups"][0];
    assert_eq!((&former["version"], &former["coinbases"]), (&Value::from(old.as_str()), &Value::from(3)));
    assert_eq!(former["counts_by_position"]["exiting"], 1);

    let queue = bench.json(&["queue"], 0).await;
    assert_eq!(queue["entry_queue"]["length"], 0);
    let entries = &queue["former_entry_queues"][0]["entries"];
    assert_eq!(
        (&entries[0]["attester"], &entries[0]["refusal"]),
        (&bench.shown("D1").into(), &"rollup_replaced".into())
    );
    assert_eq!((&entries[1]["attester"], &entries[1]["refusal"]), (&bench.shown("D2").into(), &Value::Null));
    assert!(entries[1]["arrival"]["earliest"].is_u64());

    let list = bench.json(&["upgrade"], 0).await;
    let expected = [
        ("moved", 7, false),
        ("duties", 7, true),
        ("left_behind", 1, true),
        ("refund", 1, true),
        ("arrives", 1, false),
        ("zombie", 1, true),
        ("exiting", 1, false),
        ("rewards", 2, true),
    ];
    assert_eq!(tasks(&list), expected.map(|(task, count, open)| (task.to_owned(), count, open)));
    let text = bench.run(&["upgrade"]).await.stdout;
    assert!(text.contains(&old) && text.contains(&new) && text.contains("claimSequencerRewards"), "{text}");
    let text = bench.run(&["status"]).await.stdout;
    assert!(text.contains(&format!("exiting (at {old})")) && text.contains("former rollup, version"), "{text}");

    // What is wrong now and was not before has to do with the former rollup.
    let audited = findings(&bench.json(&["audit"], 5).await);
    let news: Vec<&String> = audited.iter().filter(|one| !audited_before.contains(one)).collect();
    let expected =
        [format!("\"deposit_failed\" \"{}\"", bench.shown("D1")), format!("\"left_behind\" \"{}\"", bench.shown("A8"))];
    let mut news: Vec<&str> = news.into_iter().map(String::as_str).collect();
    news.sort_unstable();
    assert_eq!(news, expected);
}

#[tokio::test]
async fn each_node_is_held_against_the_rollup_that_it_follows_and_nothing_is_expected_of_a_new_one() {
    let bench = Bench::after_cut_over().await;
    let sides = bench.oracle().upgrade.clone().unwrap();
    let registry = format!("{:#x}", bench.oracle().contracts.registry_address);
    let followed = |rollup: &RollupSide| Followed {
        chain_id: bench.oracle().chain_id,
        registry: registry.clone(),
        rollup: format!("{:#x}", rollup.address),
        version: rollup.version,
        slot: 0,
    };
    bench.write("admin-key", FakeAztecNode::ADMIN_KEY);
    let mut text = bench.read("butler.toml");
    let case = |name: &str| CASES.iter().find(|case| case.name == name).unwrap();
    let keys = ("admin-key", "admin-key");
    let (_old, section) = case("well").start("devnet", &followed(&sides.former), keys).await.unwrap();
    text.push_str(&section);
    // Its sentinel has looked at nothing for an age, and there was nothing to see.
    let (_new, section) = case("stale").start("devnet", &followed(&sides.next), keys).await.unwrap();
    text.push_str(&section);
    bench.write("butler.toml", &text);
    let list = bench.json(&["upgrade"], 0).await;
    let standings: Vec<&str> =
        list["nodes"].as_array().unwrap().iter().map(|node| node["standing"].as_str().unwrap()).collect();
    assert_eq!(standings, ["needed", "canonical"], "{list:#}");
    let until = |list: &Value| {
        let duties = list["checklist"].as_array().unwrap().iter().find(|item| item["task"] == "duties").cloned();
        duties.map(|duties| duties["earliest"].as_u64().unwrap())
    };
    let now = bench.chain.timestamp().await.unwrap();
    assert!(until(&list).unwrap() > now, "{list:#}");
    let report = bench.json(&["doctor"], 5).await;
    let about = |report: &Value, name: &str| -> Vec<String> {
        let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["subject"] == name);
        checks.filter_map(|check| check["finding"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(about(&report, "stale"), Vec::<String>::new(), "{report:#}");
    assert!(about(&report, "well").contains(&"node_other_rollup".to_owned()), "{report:#}");
    let lights = report["checks"].as_array().unwrap().iter().filter(|check| check["finding"] == "node_other_rollup");
    assert!(lights.clone().all(|check| check["light"] == "green") && lights.count() == 1, "{report:#}");
    // Later there is a committee to be seen on the new one, and none of before on the old one.
    bench.chain.play(Move::JumpEpochs(4)).await.unwrap();
    assert_eq!(until(&bench.json(&["upgrade"], 0).await), None);
    let report = bench.json(&["doctor"], 5).await;
    assert_eq!(about(&report, "stale"), ["sentinel_stale"], "{report:#}");
}

#[tokio::test]
async fn an_exit_that_the_attester_began_is_called_so_and_a_slash_out_too() {
    let bench = Bench::after_cut_over().await;
    let (own, slashed) = (bench.attester("A1"), bench.attester("A2"));
    bench.chain.exit_by_attester(own).await.unwrap();
    for _ in 0..6 {
        bench.chain.play(Move::Slash { attester: slashed, tokens: 2_000 }).await.unwrap();
    }
    let status = bench.json(&["status"], 0).await;
    let cause = |attester| {
        let rows = status["attesters"].as_array().unwrap();
        let row = rows.iter().find(|row| row["address"] == shown(attester).as_str()).unwrap();
        (row["position"].clone(), row["zombie_cause"].clone())
    };
    assert_eq!(cause(own), ("zombie".into(), "own_exit".into()));
    assert_eq!(cause(slashed), ("zombie".into(), "slashed_out".into()));
    assert_eq!(cause(bench.attester("D0")), ("zombie".into(), "slashed_out".into()), "at the former rollup");
    let exit = |attester: ethers_core::types::Address| {
        let rows = status["attesters"].as_array().unwrap();
        rows.iter().find(|row| row["address"] == shown(attester).as_str()).unwrap()["exit"].clone()
    };
    for (attester, next) in [(own, "initiate_withdraw"), (bench.attester("A9"), "wait")] {
        let exit = exit(attester);
        let [rollups, governances, both] =
            ["exitable_at", "unlocks_at", "finalizable_at"].map(|key| exit[key].as_u64().unwrap());
        assert_eq!((both, exit["next"].as_str()), (rollups.max(governances), Some(next)), "{exit}");
    }
    // A pipe of no width gets whole lines.
    let text = finish(butler(bench.folder.path()).env_remove("COLUMNS").arg("status")).await.stdout;
    let former = bench.oracle().upgrade.as_ref().unwrap().former.version;
    for told in ["zombie (own exit)".to_owned(), "zombie (slashed out)".into(), format!("slashed out (at {former})")] {
        assert!(text.contains(&told), "{told}: {text}");
    }
    let events = bench.json(&["events", "--name", "WithdrawInitiatedByAttester"], 0).await;
    let events = events["events"].as_array().unwrap();
    assert!(events.len() == 1 && events[0].to_string().contains(&shown(own)), "{events:#?}");
    let chain = bench.json(&["chain"], 0).await;
    let exits = &chain["rollup"]["attester_exits"];
    assert_eq!((&exits["limit"]["used"], &exits["limit"]["allowance"]), (&1.into(), &1.into()));
    // Its withdrawer names a recipient: the same exit, with the same delays, and no zombie any more.
    bench.chain.play(Move::InitiateWithdraw { attester: own }).await.unwrap();
    let named = bench.json(&["status"], 0).await;
    let row = named["attesters"].as_array().unwrap().iter().find(|row| row["address"] == shown(own).as_str()).unwrap();
    let begun = exit(own);
    assert_eq!((&row["position"], &row["zombie_cause"]), (&"exiting".into(), &Value::Null));
    for key in ["exitable_at", "unlocks_at", "finalizable_at"] {
        assert_eq!(row["exit"][key], begun[key], "{key}");
    }
    assert_eq!(row["exit"]["next"], "wait");
    let chain = Bench::start().await.json(&["chain"], 0).await;
    assert_eq!(chain["rollup"]["attester_exits"], Value::Null);
}

#[tokio::test]
async fn a_stake_for_the_former_rollup_eats_a_key_and_is_told() {
    let bench = Bench::after_cut_over().await;
    let former = bench.oracle().upgrade.as_ref().unwrap().former.address;
    bench.chain.play_at(former, Move::Stake { provider: 1 }).await.unwrap();
    let list = bench.json(&["upgrade"], 0).await;
    let refund = list["checklist"].as_array().unwrap().iter().find(|item| item["task"] == "refund").unwrap();
    assert_eq!(refund["attesters"].as_array().unwrap().len(), 2);
    let eaten = shown(bench.attester("D3"));
    assert!(refund["attesters"].as_array().unwrap().contains(&eaten.as_str().into()), "{refund}");
    let status = bench.json(&["status"], 0).await;
    let row = status["attesters"].as_array().unwrap().iter().find(|row| row["address"] == eaten.as_str()).unwrap();
    assert_eq!((&row["position"], &row["coinbase"]["verdict"]), (&"entry_queue".into(), &"not_applicable".into()));
    assert_eq!(row["stakes"][0]["refusal"], "rollup_replaced");
    assert_eq!(row["stakes"][0]["rollup"]["address"], shown(former));

    // The flush there gives it back: its key is as good as before, and is told to be.
    bench.chain.play_at(former, Move::Flush).await.unwrap();
    let list = bench.json(&["upgrade"], 0).await;
    let refunded = list["checklist"].as_array().unwrap().iter().find(|item| item["task"] == "refunded").unwrap();
    assert!(refunded["attesters"].as_array().unwrap().contains(&eaten.as_str().into()), "{refunded}");
    let audited = bench.json(&["audit"], 5).await;
    let failed = audited["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["kind"] == "deposit_failed" && finding["subject"] == eaten.as_str());
    let message = failed.unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("may be queued again") && message.contains("former rollup"), "{message}");

    // Queued again it is one key of the queue like any other.
    bench.chain.play(Move::AddKeysRaw { provider: 1, attester: bench.attester("D3") }).await.unwrap();
    let status = bench.json(&["status"], 0).await;
    let row = status["attesters"].as_array().unwrap().iter().find(|row| row["address"] == eaten.as_str()).unwrap();
    assert_eq!((&row["position"], &row["deposit_failed"]), (&"provider_queue".into(), &false.into()));
}

#[tokio::test]
async fn what_those_that_stayed_propose_at_the_former_rollup_is_told_with_its_coinbase() {
    let bench = Bench::after_cut_over().await;
    let former = bench.chain.stay_behind().await.unwrap();
    let version = bench.oracle().upgrade.as_ref().unwrap().former.version.to_string();
    let wrong = Address::repeat_byte(0x77);
    let coinbases = bench.oracle().coinbases();
    let mut made = Vec::new();
    while made.len() < 2 {
        let (_, proposer) = bench.chain.next_proposer_at(former).await.unwrap();
        // The first one pays whom it must, the second one does not.
        match coinbases.get(&proposer) {
            Some(right) => {
                let coinbase = if made.is_empty() { *right } else { wrong };
                let wish = CheckpointWish { coinbase, ..CheckpointWish::default() };
                made.push(bench.chain.propose_checkpoint_at(former, &wish).await.unwrap());
            }
            None => drop(bench.chain.pass_slot_at(former).await.unwrap()),
        }
    }
    bench.chain.pass_slot_at(former).await.unwrap();
    let report = bench.json(&["proposals"], 5).await;
    let rollups = report["rollups"].as_array().unwrap();
    let read: Vec<_> = rollups.iter().map(|at| (&at["rollup"]["is_canonical"], &at["span"]["is_complete"])).collect();
    assert_eq!(read, [(&true.into(), &true.into()), (&false.into(), &true.into())], "{rollups:#?}");
    assert_eq!((&report["span"], &rollups[1]["span"]["checkpoints"]), (&rollups[0]["span"], &2.into()));
    let rows = report["proposals"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{rows:#?}");
    for (row, (one, used)) in rows.iter().zip(made.iter().zip(["right", "wrong"])) {
        assert_eq!((&row["slot"], &row["used"]), (&one.slot.into(), &used.into()), "{row:#}");
        assert_eq!((&row["rollup"]["version"], &row["epoch"]), (&version.as_str().into(), &(one.slot / 32).into()));
    }
    let duties = bench.json(&["duties", "--rollup", &version], 0).await;
    let spans = duties["rollups"].as_array().unwrap();
    assert_eq!((spans.len(), &spans[0]["rollup"]["version"]), (1, &version.as_str().into()));
    assert!(
        duties["total"]["proposals"]["done"] == 2 && duties["total"]["attestations"]["done"] == 4,
        "{made:#?} {duties:#}"
    );
    let text = bench.run(&["proposals", "--rollup", &shown(former)]).await.stdout;
    assert!(text.contains(&format!("former rollup, version {version}: ")) && text.contains("ROLLUP"), "{text}");
    let refused = bench.run(&["proposals", "--rollup", "7"]).await;
    assert!(refused.code == 2 && refused.stderr.contains(&version), "{}", refused.stderr);

    let of_kind = |report: &Value, kind: &str| -> Vec<Value> {
        let all = report["findings"].as_array().unwrap().iter();
        all.filter(|finding| finding["kind"] == kind).cloned().collect()
    };
    let report = bench.json(&["audit"], 5).await;
    let told = of_kind(&report, "coinbase_used_wrong");
    assert_eq!((told.len(), &told[0]["severity"]), (1, &"critical".into()), "{report:#}");
    assert_eq!(told[0]["subject"], shown(made[1].proposer).as_str());
    let place = format!("slot {} of the former rollup (version {version})", made[1].slot);
    assert!(told[0]["message"].as_str().unwrap().contains(&place), "{told:#?}");
    assert_eq!(of_kind(&report, "duties_unread"), [Value::Null; 0]);

    // An endpoint that withholds logs of the former rollup.
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Checkpoint))));
    let report = bench.run(&["proposals", "--json", "--l1-url", &proxy.url()]).await.json();
    let gap = &report["rollups"][1]["span"]["gap"];
    assert!(report["span"]["is_complete"] == true && gap.as_str().unwrap().contains("follows"), "{report:#}");
    let report = bench.json(&["audit", "--l1-url", &proxy.url()], 5).await;
    let told = of_kind(&report, "duties_unread");
    let gap = format!("a log of the former rollup (version {version})");
    assert!(told.iter().any(|one| one["message"].as_str().unwrap().contains(&gap)), "{told:#?}");
}
