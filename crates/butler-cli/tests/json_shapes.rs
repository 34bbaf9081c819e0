//! `docs/cli.md` promises paths, types and names of the JSON; every command's real output is held against that, both ways.
//!
//! A documented path that never occurs fails the test, and so does one that occurs and is not documented.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its files are its own")]

use std::collections::{BTreeMap, BTreeSet};

use butler_core::client::error::ErrorKind;
use butler_core::domain::action::{ActionKind, Assurance, Phase, Priority};
use butler_core::domain::attester::coinbase::{Severity, Unverified};
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::view::OnChainStatus;
use butler_core::domain::backtest::Change;
use butler_core::domain::duties::{Fate, Used};
use butler_core::domain::findings::{self, FindingKind};
use butler_core::transaction::form::Form;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{CheckpointWish, Move};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie, LogKind};
use serde_json::Value;

use crate::support::Bench;
use crate::support::safe::SafeSetting;
use crate::support::shapes::{Checker, Page, page, read};
use crate::support::signer::bench_with_signer;

/// A devnet with every kind of attester, file and endpoint answer that the tables speak of.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    let others: Vec<String> = ["S0", "S1", "S2", "S3", "S4"]
        .iter()
        .map(|name| format!("\"{:?}\"", bench.oracle().attester(name).unwrap().address))
        .collect();
    let path = bench.folder.path().join("butler.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let config = config
        .replace("provider_ids = [1]\n", &format!("provider_ids = [1, 2]\nextra_attesters = [{}]\n", others.join(",")));
    assert!(config.contains("extra_attesters"));
    std::fs::write(&path, &config).unwrap();
    let without_keys: Vec<&str> = config.lines().filter(|line| !line.contains("_files")).collect();
    std::fs::write(bench.folder.path().join("without_keys.toml"), without_keys.join("\n")).unwrap();
    // A file of its own with a fault, for `key_file_faults`, and an attester on two servers whose coinbase nothing says.
    std::fs::write(bench.folder.path().join("keys/broken.json"), "{").unwrap();
    let server_1 = std::fs::read_to_string(bench.folder.path().join("keys/server-1.json")).unwrap();
    let mut keys: Value = serde_json::from_str(&server_1).unwrap();
    // One stays on the first server alone, without a coinbase: with a broken file nothing is said of those that no file names.
    let missing = format!("{:?}", bench.oracle().attester("A6").unwrap().address);
    let stays = |validator: &Value| !validator["attester"]["eth"].as_str().unwrap().eq_ignore_ascii_case(&missing);
    keys["validators"].as_array_mut().unwrap().retain(stays);
    for validator in keys["validators"].as_array_mut().unwrap() {
        if validator.get("coinbase").is_none() {
            validator["coinbase"] = "0x00000000000000000000000000000000000000C0".into();
        }
    }
    std::fs::write(bench.folder.path().join("keys/server-3.json"), keys.to_string()).unwrap();
    bench
}

#[tokio::test]
async fn every_command_prints_what_is_documented_and_nothing_else() {
    let bench = bench().await;
    // One key is staked twice, and another one is staked after somebody else deposited it.
    bench.chain.play(Move::Drip { provider: 2, count: 2 }).await.unwrap();
    let taken = bench.oracle().spare_keys[1].clone();
    bench.chain.play(Move::DepositKey { key: taken.clone() }).await.unwrap();
    bench.chain.play(Move::AddKeys { provider: 2, keys: vec![taken] }).await.unwrap();
    bench.chain.play(Move::Stake { provider: 2 }).await.unwrap();
    for _ in 0..2 {
        let keys = vec![bench.oracle().spare_keys[0].clone()];
        bench.chain.play(Move::AddKeys { provider: 2, keys }).await.unwrap();
        bench.chain.play(Move::Stake { provider: 2 }).await.unwrap();
    }
    let admin_of_another = format!("{:?}", bench.oracle().providers[&3].provider_admin);
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::Reverted(Getter::SplitHash))));
    let liar = proxy.url();
    // Proposals, some of which pay somebody else, and a slot without one.
    for turn in 0..12_u64 {
        let (_, proposer) = bench.chain.next_proposer().await.unwrap();
        let coinbase = if turn % 2 == 0 { proposer } else { ethers_core::types::Address::repeat_byte(7) };
        let absent = bench.oracle().attesters.values().map(|one| one.address).filter(|_| turn == 3).collect();
        let wish = CheckpointWish { coinbase, absent, ..CheckpointWish::default() };
        bench.chain.propose_checkpoint(&wish).await.unwrap();
        if turn == 5 {
            bench.chain.pass_slot().await.unwrap();
        }
    }
    bench.chain.pass_slot().await.unwrap();
    let lying = async |lie| {
        let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
        proxy.set(FaultPlan::always(Fault::Lie(lie)));
        (proxy.url(), proxy)
    };
    let (without_log, _no_log) = lying(Lie::LeftOut(LogKind::Checkpoint)).await;
    let (without_transactions, _no_transactions) = lying(Lie::NoTransactions).await;
    bench.chain.play(Move::SetTakeRate { provider: 1, rate: 1001 }).await.unwrap();
    let set_take_rate = |rate| ["provider", "set-take-rate", rate, "--provider-id", "1", "--out", "form.json"];
    let (another, same) = (set_take_rate("4321"), set_take_rate("1001"));
    let runs: [(&str, &[&str], i32); 31] = [
        ("butler-cli provider set-take-rate", &another[..5], 0),
        ("butler-cli provider set-take-rate", &another, 0),
        ("butler-cli provider set-take-rate", &same, 0),
        ("butler-cli status", &["status"], 0),
        ("butler-cli status", &["status", "--attention", "--state", "ACTIVE"], 0),
        ("butler-cli status", &["status", "--config", "without_keys.toml"], 0),
        ("butler-cli status", &["status", "--l1-url", &liar], 0),
        ("butler-cli queue", &["queue"], 0),
        ("butler-cli audit", &["audit"], 5),
        ("butler-cli audit", &["audit", "--strict"], 5),
        ("butler-cli audit", &["audit", "--duties-span", "0s"], 5),
        ("butler-cli provider show", &["provider", "show"], 0),
        ("butler-cli provider show", &["provider", "find", &admin_of_another], 0),
        ("butler-cli provider show", &["provider", "find", "0x00000000000000000000000000000000000000ff"], 5),
        ("butler-cli publishers", &["publishers"], 0),
        ("butler-cli chain", &["chain"], 0),
        ("butler-cli chain", &["chain", "--l1-url", bench.chain.url(), "--l1-url", "http://localhost:1"], 0),
        ("butler-cli events", &["events"], 0),
        ("butler-cli proposals", &["proposals", "--all"], 5),
        ("butler-cli proposals", &["proposals", "--all", "--l1-url", &without_log], 5),
        ("butler-cli proposals", &["proposals", "--all", "--l1-url", &without_transactions], 0),
        ("butler-cli duties", &["duties", "--all"], 0),
        ("butler-cli duties", &["duties", "--all", "--l1-url", &without_log], 0),
        ("butler-cli backtest", &["backtest"], 5),
        ("butler-cli backtest", &["backtest", "--all", "--l1-url", &without_log], 5),
        (
            "butler-cli backtest",
            &["backtest", "--all", "--attester", "0x00000000000000000000000000000000000000ff", "--state", "0"],
            0,
        ),
        ("butler-cli doctor", &["doctor"], 5),
        ("butler-cli doctor", &["doctor", "--network", "no-such-network"], 5),
        ("butler-cli config check", &["config", "check"], 3),
        ("butler-cli config check", &["config", "check", "--network", "no-such-network"], 3),
        ("butler-cli config show", &["config", "show"], 0),
    ];
    let page = page();
    let scope = &page.tables["The scope of a report"];
    let mut checkers = BTreeMap::new();
    for (command, arguments, code) in runs {
        let report = bench.json(arguments, code).await;
        let checker = checkers.entry(command).or_insert_with(|| {
            let mut table = page.tables[command].clone();
            if report.get("scope").is_some() {
                table.extend(scope.clone());
            }
            Checker::new(&page, table)
        });
        checker.object("", &report);
    }
    let after = Bench::after_cut_over().await;
    let former = after.oracle().upgrade.as_ref().unwrap().former.address;
    after.chain.exit_by_attester(after.attester("A1")).await.unwrap();
    checkers.get_mut("butler-cli chain").unwrap().object("", &after.json(&["chain"], 0).await);
    for is_whole in [true, false] {
        if !is_whole {
            // Somebody's list of rollups has one that is none.
            after.chain.rpc("anvil_setCode", serde_json::json!([former, "0x"])).await.unwrap();
            after.chain.mine().await.unwrap();
        }
        for command in ["status", "queue", "proposals", "duties"] {
            let report = after.json(&[command], 0).await;
            checkers.get_mut(format!("butler-cli {command}").as_str()).unwrap().object("", &report);
        }
    }
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let nodes =
        |url: &str, name: &str| format!("\n[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{url}\"\n");
    let config = after.read("butler.toml") + &nodes(&node.url(), "alpha") + &nodes("http://127.0.0.1:1", "beta");
    after.write("butler.toml", &config);
    let mut upgrade = Checker::new(&page, page.tables["butler-cli upgrade"].clone());
    upgrade.table.extend(scope.clone());
    upgrade.object("", &after.json(&["upgrade"], 0).await);
    upgrade.object("", &Bench::after_cut_over().await.json(&["upgrade"], 0).await);
    checkers.insert("butler-cli upgrade", upgrade);

    safe_shapes(&page, &mut checkers).await;
    signed_shapes(&page, &mut checkers).await;

    // One slasher that decided and is paused; and three of one rollup, of which the one that waits cannot be read.
    bench.chain.decide_a_slash().await.unwrap();
    bench.chain.play(Move::PauseSlashing).await.unwrap();
    let rollup = after.oracle().contracts.rollup_address;
    let another = after.chain.another_slasher(rollup).await.unwrap();
    after.chain.queue_slasher(another.slasher).await.unwrap();
    after.chain.play(Move::JumpSeconds(60 * 86_400)).await.unwrap();
    after.chain.finalize_slasher().await.unwrap();
    after.chain.queue_slasher(after.oracle().contracts.staking_registry_address).await.unwrap();
    checkers.get_mut("butler-cli chain").unwrap().object("", &after.json(&["chain"], 0).await);
    let mut slashing = Checker::new(&page, page.tables["butler-cli slashing"].clone());
    slashing.table.extend(scope.clone());
    for bench in [&bench, &after] {
        slashing.object("", &bench.json(&["slashing"], 0).await);
    }
    checkers.insert("butler-cli slashing", slashing);
    let text = after.run(&["slashing"]).await.stdout;
    for told in ["current", "legacy", "pending", "until 20", "may be installed from", "cannot be read"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let mut problems = Vec::new();
    // What every report begins with is the same of all commands: one of them is enough to show it.
    let in_scope: BTreeSet<&String> =
        checkers.values().flat_map(|checker| &checker.seen).filter(|path| scope.contains_key(*path)).collect();
    for (command, checker) in &checkers {
        problems.extend(checker.problems.iter().map(|problem| format!("{command}: {problem}")));
        let never = checker.table.keys().filter(|path| !checker.seen.contains(*path) && !in_scope.contains(path));
        problems.extend(never.map(|path| format!("{command}: {path}: documented, and never occurs")));
    }
    // Those of the watcher are held against its answers in `watcher.rs`.
    let is_here =
        |name: &&str| name.starts_with("butler") && !name.contains("cli watcher") && !name.contains("cli actions");
    let tables: BTreeSet<&str> = page.tables.keys().map(String::as_str).filter(is_here).collect();
    assert_eq!(tables, checkers.keys().copied().collect(), "every table has a command that is run here");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// What waits for the owners of a Safe, and what is proposed to them.
async fn safe_shapes<'a>(page: &'a Page, checkers: &mut BTreeMap<&str, Checker<'a>>) {
    let setting = SafeSetting::start().await;
    setting.propose_as_an_owner(&setting.lowered_threshold(), 1).await;
    let propose = ["provider", "set-take-rate", "1234", "--form", "safe_proposal"];
    let proposed = setting.bench.json(&propose, 0).await;
    checkers.get_mut("butler-cli provider set-take-rate").unwrap().object("", &proposed);
    let mut table = page.tables["butler-cli safe proposals"].clone();
    table.extend(page.tables["The scope of a report"].clone());
    let mut checker = Checker::new(page, table);
    checker.object("", &setting.bench.json(&["safe", "proposals"], 0).await);
    // One that nothing comes before any more.
    setting.propose_as_an_owner(&setting.lowered_threshold(), 3).await;
    checker.object("", &setting.bench.json(&["safe", "proposals"], 0).await);
    checkers.insert("butler-cli safe proposals", checker);
    let mut table = page.tables["butler-cli safe delete"].clone();
    table.extend(page.tables["The scope of a report"].clone());
    let mut checker = Checker::new(page, table);
    let hash = proposed["proposal"]["hash"].as_str().unwrap();
    for outcome in ["deleted", "not_there"] {
        let deleted = setting.bench.json(&["safe", "delete", hash], 0).await;
        assert_eq!(deleted["outcome"], outcome);
        checker.object("", &deleted);
    }
    checkers.insert("butler-cli safe delete", checker);
}

/// What is signed here, and on a machine without network.
async fn signed_shapes<'a>(page: &'a Page, checkers: &mut BTreeMap<&'static str, Checker<'a>>) {
    let bench = bench_with_signer().await;
    let table = |command: &str| {
        let mut table = page.tables[command].clone();
        table.extend(page.tables["The scope of a report"].clone());
        Checker::new(page, table)
    };
    let how = ["--form", "signed", "--yes", "--wait", "1s"];
    bench.chain.rpc("evm_setAutomine", serde_json::json!([false])).await.unwrap();
    assert_eq!(bench.run(&[&["provider", "set-take-rate", "71"][..], &how].concat()).await.code, 4);
    assert_eq!(bench.run(&["transactions", "replace", "1", "--yes", "--wait", "0s"]).await.code, 4);
    let mut list = table("butler-cli transactions list");
    list.object("", &bench.json(&["transactions", "list"], 0).await);
    bench.chain.mine().await.unwrap();
    list.object("", &bench.json(&["transactions", "list"], 0).await);
    checkers.insert("butler-cli transactions list", list);
    bench.chain.rpc("evm_setAutomine", serde_json::json!([true])).await.unwrap();
    let changed = bench.json(&[&["provider", "set-take-rate", "72"][..], &how].concat(), 0).await;
    checkers.get_mut("butler-cli provider set-take-rate").unwrap().object("", &changed);
    let plan = ["provider", "set-take-rate", "73", "--form", "unsigned", "--out", "plan.json"];
    let planned = bench.json(&plan, 0).await;
    checkers.get_mut("butler-cli provider set-take-rate").unwrap().object("", &planned);
    let sign = ["transactions", "sign", "plan.json", "--out", "signed.json", "--yes"];
    let mut signed = Checker::new(page, page.tables["butler-cli transactions sign"].clone());
    signed.object("", &bench.json(&sign, 0).await);
    checkers.insert("butler-cli transactions sign", signed);
    let mut broadcast = table("butler-cli transactions broadcast");
    broadcast.object("", &bench.json(&["transactions", "broadcast", "signed.json", "--wait", "1s"], 0).await);
    checkers.insert("butler-cli transactions broadcast", broadcast);
}

#[tokio::test]
async fn without_key_files_no_coinbase_is_called_missing() {
    let bench = bench().await;
    let report = bench.json(&["status", "--config", "without_keys.toml"], 0).await;
    let attesters = report["attesters"].as_array().unwrap();
    assert!(attesters.iter().any(|attester| attester["position"] == "validating"));
    assert!(attesters.iter().all(|attester| attester["coinbase"]["verdict"] == "unknown"));
    let report = bench.json(&["audit", "--config", "without_keys.toml"], 0).await;
    assert_eq!(report["passed"], true);
}

#[tokio::test]
async fn events_that_cannot_be_are_refused() {
    let bench = Bench::start().await;
    for (arguments, message) in [
        (&["events", "--name", "StakedWithProvidr"][..], "a similar value exists: 'StakedWithProvider'"),
        (&["events", "--from-block", "84"], "--from-block 84 comes after the last block, 83"),
    ] {
        let output = bench.run(arguments).await;
        assert_eq!(output.code, 2, "{arguments:?}");
        assert!(output.stderr.contains(message), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

/// The serialized name of a value.
fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn the_closed_sets_are_those_of_the_program() {
    let page = page();
    let set = |names: Vec<String>| names.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(page.names["state"], set(State::ALL.map(name).to_vec()));
    assert_eq!(page.names["position"], set(Position::ALL.map(name).to_vec()));
    let statuses = (0..=u8::MAX).map_while(|number| OnChainStatus::try_from(number).ok());
    assert_eq!(page.names["status"], set(statuses.map(name).collect()));
    assert_eq!(page.names["transaction_form"], set(Form::ALL.map(|form| form.name().to_owned()).to_vec()));
    assert_eq!(page.names["used"], set(Used::ALL.map(name).to_vec()));
    let fates = [Fate::Stands, Fate::Pruned(0), Fate::Invalidated(0), Fate::Unknown].map(|fate| fate.name().to_owned());
    assert_eq!(page.names["checkpoint_fate"], set(fates.to_vec()));
    assert_eq!(page.names["change"], set(Change::ALL.map(name).to_vec()));
    assert_eq!(page.names["severity"], set([Severity::Ok, Severity::Warning, Severity::Critical].map(name).to_vec()));
    assert_eq!(page.names["unverified"], set(Unverified::ALL.map(name).to_vec()));
    assert!(page.names["failure"].contains(&name(ErrorKind::StateUnavailable)));
    assert_eq!(page.names["action_kind"], set(ActionKind::ALL.map(name).to_vec()));
    assert_eq!(page.names["action_phase"], set(Phase::ALL.map(name).to_vec()));
    let priorities = [Priority::Urgent, Priority::High, Priority::Normal];
    assert_eq!(page.names["action_priority"], set(priorities.map(name).to_vec()));
    assert_eq!(page.names["assurance"], set([Assurance::OneEndpoint, Assurance::TwoEndpoints].map(name).to_vec()));
    let audited = FindingKind::all().filter(|kind| kind.is_audited()).map(|kind| kind.code().to_owned());
    assert_eq!(page.names["finding"], audited.collect());
    assert_eq!(page.names["urgency"], set(findings::Severity::ALL.map(name).to_vec()));
    let source =
        concat!(include_str!("../src/commands/doctor/mod.rs"), include_str!("../src/commands/doctor/nodes.rs"));
    for check in &page.names["check"] {
        assert!(source.contains(&format!("\"{check}\"")), "{check}");
    }
}

#[test]
fn every_finding_is_explained_to_operators() {
    let text = include_str!("../../../docs/findings.md");
    for finding in &page().names["finding"] {
        assert!(text.contains(&format!("`{finding}`")), "{finding}");
    }
}

/// What 0.1.0 promised, in its own words: a program that was written for it finds every path, of the same type, and no name that
/// it knew has another meaning or is gone.
#[test]
fn the_json_of_the_first_release_still_parses() {
    let (first, now) = (read(include_str!("golden/json-shapes-0.1.0.md")), page());
    for (command, table) in &first.tables {
        for (path, kind) in table {
            assert_eq!(now.tables.get(command).and_then(|table| table.get(path)), Some(kind), "{command}: {path}");
        }
    }
    assert!(first.tables.len() > 10 && first.names.len() > 8, "the golden page was read");
    for (kind, names) in &first.names {
        let gone: Vec<_> = names.difference(&now.names[kind]).collect();
        assert!(gone.is_empty(), "{kind}: {gone:?}");
    }
    // A closed set in which a program may look for the worst has no new member.
    for kind in ["level", "light", "severity"] {
        assert_eq!(first.names[kind], now.names[kind], "{kind}");
    }
}
