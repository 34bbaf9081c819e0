//! A node that uses other coinbases than its right files name: what reloads it is asked for once, done as it was approved, and not needed
//! any more once a proposal is right.

use std::collections::BTreeSet;
use std::fs::rename;

use butler_core::domain::action::{ActionKind, Phase};
use butler_testkit::keystore_node::{Answer, Effect};
use ethers_core::types::Address;
use serde_json::Value;

use crate::support;
use crate::support::chore::{add, approve, ended, reason, shown, until, without_servers};
use crate::support::person::{cli, cli_as, own, text};
use crate::support::proposals::{WRONG, propose, two_looks};
use crate::support::servers::Server;
use crate::support::{Bench, Watcher};

/// A bench whose servers run two attesters, with files that are right since the nodes loaded them.
async fn stale(names: &[&str], keys: &str) -> (Bench, Vec<Server>, [Address; 2]) {
    let (bench, _) = without_servers(&format!("proposal_distance = 0\n{keys}"), "").await;
    let attesters = ["A0", "A1"].map(|name| bench.attester(name));
    let mut servers = Vec::new();
    for name in names {
        let server = Server::start(&bench, name, &attesters).await;
        attesters.iter().for_each(|attester| server.set(*attester, right(&bench, *attester)));
        servers.push(server);
    }
    add(&bench, &servers.iter().map(Server::configured).collect::<String>());
    (bench, servers, attesters)
}

fn right(bench: &Bench, attester: Address) -> Address {
    bench.oracle().coinbases()[&attester]
}

/// One of them proposes with the coinbase that the server's node uses.
async fn proposes(bench: &Bench, server: &Server, attester: Address) {
    propose(bench, &BTreeSet::from([attester]), Some(server.used(attester))).await;
}

/// The reloads in a phase; nothing while the watcher does not answer.
async fn loads(bench: &Bench, phase: &str) -> Option<Vec<Value>> {
    let list = ["--json", "actions", "list", "--phase", phase, "--kind", "reload_keystore"];
    let (_, report, _) = cli_as(bench, own(), &list).await;
    report["actions"].as_array().cloned()
}

async fn wait_for(bench: &Bench, watcher: &Watcher, phase: &str, count: usize) -> Vec<Value> {
    let check = async || loads(bench, phase).await.filter(|rows| rows.len() == count);
    watcher.until(&format!("{count} {phase}"), check).await
}

/// What a person reads of an action.
async fn read(bench: &Bench, row: &Value) -> String {
    let mut command = std::process::Command::new(cli());
    let config = bench.folder.path().join(format!("of-{}/butler.toml", own()));
    command.env_clear().env("HOME", "/nonexistent").arg("--config").arg(config);
    command.args(["actions", "show", text(row, "short")]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_attesters_of_a_node_that_did_not_load_its_right_file_one_reload_is_asked_for_and_done_once() {
    let (bench, servers, attesters) = stale(&["paris"], "").await;
    let paris = &servers[0];
    let watcher = bench.watch();
    two_looks(&watcher).await;
    proposes(&bench, paris, attesters[0]).await;
    let row = wait_for(&bench, &watcher, "awaiting_approval", 1).await.remove(0);
    proposes(&bench, paris, attesters[1]).await;
    two_looks(&watcher).await;
    assert_eq!(wait_for(&bench, &watcher, "awaiting_approval", 1).await[0]["shown"], row["shown"]);
    let page = read(&bench, &row).await;
    for part in ["FILE TO LOAD", "keystore.json", "all 1", "every file of the keystore of paris is right"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(paris.node.reloads().asked, 0);
    approve(&bench, &row).await;
    let done = ended(&bench, &watcher, &row, "done").await;
    assert_eq!(reason(&done), "taken as approved by the nodes of paris");
    for attester in attesters {
        assert_eq!(paris.used(attester), right(&bench, attester));
        proposes(&bench, paris, attester).await;
    }
    two_looks(&watcher).await;
    let proven = "butler_watcher_coinbases{network=\"devnet\",proof=\"proven\"}";
    assert_eq!(watcher.metric(proven).await, Some(2.0));
    assert!(loads(&bench, "awaiting_approval").await.unwrap().is_empty());
    assert_eq!((paris.node.reloads().asked, paris.node.reloads().accepted), (1, 1));
    watcher.stop();
    let kept = bench.journal();
    let of = |kind| kept.actions.iter().filter(move |action| action.kind == kind).collect::<Vec<_>>();
    assert_eq!(of(ActionKind::ReloadKeystore).len(), 1);
    let contradicted = of(ActionKind::CoinbaseContradicted);
    assert_eq!(contradicted.len(), 2);
    for action in contradicted {
        assert!(action.why.contains("`reload_keystore` of paris waits for an approval"), "{}", action.why);
    }
    assert!(of(ActionKind::ConfigureCoinbase).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_since_is_shown_anew_and_one_that_is_wrong_is_not_loaded_but_corrected() {
    let (bench, servers, attesters) = stale(&["paris"], "dry_run = true\n").await;
    let paris = &servers[0];
    let watcher = bench.watch();
    two_looks(&watcher).await;
    proposes(&bench, paris, attesters[0]).await;
    let row = wait_for(&bench, &watcher, "awaiting_approval", 1).await.remove(0);
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "due").await;
    paris.rewrite(|content| content.replace(&format!("{:#066x}", 1), &format!("{:#066x}", 2)));
    bench.settle().await;
    let anew = ended(&bench, &watcher, &row, "awaiting_approval").await;
    assert_eq!((&anew["approved_by"], anew["key"] == row["key"]), (&Value::Array(Vec::new()), true), "{anew:#}");
    let digest = |row: &Value| row["action"]["goal"]["keystore_loaded"]["content"]["digest"].clone();
    assert_ne!(digest(&anew), digest(&row));
    approve(&bench, &anew).await;
    ended(&bench, &watcher, &row, "due").await;

    paris.set(attesters[0], WRONG);
    bench.settle().await;
    let gone = ended(&bench, &watcher, &row, "dropped").await;
    assert!(reason(&gone).starts_with("a key file names another coinbase by now"), "{gone:#}");
    let mend = support::person::wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    assert_eq!(mend[0]["kind"], "configure_coinbase");
    assert_eq!(paris.node.reloads().asked, 0);
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_request_or_right_after_it_the_node_took_it_before_it_is_done() {
    let (bench, servers, attesters) = stale(&["paris"], "dry_run = true\n").await;
    let paris = &servers[0];
    let watcher = bench.watch();
    two_looks(&watcher).await;
    proposes(&bench, paris, attesters[0]).await;
    let row = wait_for(&bench, &watcher, "awaiting_approval", 1).await.remove(0);
    approve(&bench, &row).await;
    watcher.kill();
    bench.configure(&bench.config().replace("dry_run = true\n", ""));
    paris.node.script(Effect::Nothing, Answer::Hang);
    let watcher = bench.watch();
    watcher.until("a request", async || (paris.node.reloads().asked == 1).then_some(())).await;
    watcher.kill();
    assert_ne!(paris.used(attesters[0]), right(&bench, attesters[0]));
    let watcher = bench.watch();
    let done = ended(&bench, &watcher, &row, "done").await;
    assert_eq!((paris.node.reloads().accepted, paris.used(attesters[0])), (1, right(&bench, attesters[0])), "{done:#}");
    watcher.stop();
    assert!(bench.journal().planned.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_the_one_that_is_there_reloads_and_a_right_proposal_takes_back_what_waits() {
    let (bench, servers, attesters) = stale(&["oslo", "paris"], "").await;
    let [oslo, paris] = &servers[..] else { unreachable!() };
    let watcher = bench.watch();
    two_looks(&watcher).await;
    // What nobody approved yet is taken back.
    proposes(&bench, paris, attesters[1]).await;
    let waiting = wait_for(&bench, &watcher, "awaiting_approval", 2).await;
    propose(&bench, &BTreeSet::from([attesters[1]]), None).await;
    for row in &waiting {
        ended(&bench, &watcher, row, "dropped").await;
    }

    proposes(&bench, paris, attesters[0]).await;
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 2).await;
    rename(&oslo.folder, oslo.folder.with_file_name("gone")).unwrap();
    for row in &rows {
        approve(&bench, row).await;
    }
    let is_of = |name: &str, row: &&Value| row["action"]["subject"]["named"] == name;
    let of = |name: &str| rows.iter().find(|row| is_of(name, row)).unwrap();
    ended(&bench, &watcher, of("paris"), "done").await;
    let waits = until(&bench, &watcher, of("oslo"), "why it waits", |row| !reason(row).starts_with("approved")).await;
    assert_eq!((&waits["phase"], oslo.node.reloads().asked), (&"due".into(), 0), "{waits:#}");
    assert_eq!(paris.node.reloads().accepted, 1);

    proposes(&bench, paris, attesters[0]).await;
    let gone = ended(&bench, &watcher, of("oslo"), "dropped").await;
    assert!(reason(&gone).starts_with("no attester of the server has another coinbase"), "{gone:#}");
    assert_eq!(shown(&bench, of("paris")).await["phase"], "done");
    watcher.stop();
    let kept = bench.journal();
    let loads = kept.finished.iter().filter(|(key, _)| key.as_str().starts_with("reload_keystore"));
    assert_eq!(loads.filter(|(_, phase)| **phase == Phase::Done).count(), 1);
}
