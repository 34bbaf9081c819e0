//! A node that refuses, and one whose answer is lost: the old file is back or the reload is asked for again, and its words go nowhere.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and writes files of its own")]

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use butler_testkit::keystore_node::{Answer, Effect, Script};
use serde_json::{Value, json};

use crate::support;
use crate::support::chore::{anew, approve, delegated, ended, has, reason, retry, wanted, with_servers};
use crate::support::person::{cli_as, own};
use crate::support::servers::{Server, nothing_kept};
use crate::support::traces::nowhere;
use crate::support::{Bench, Watcher};

/// A word of a node that must not be seen again.
const WORD: &str = "https://user:s3cr3t-of-the-signer@signer.internal";

/// That a server's file is as it was.
fn is_as_before(server: &Server, before: &[u8]) {
    assert_eq!(std::fs::read(server.file()).unwrap(), before);
    assert_eq!(server.file().metadata().unwrap().permissions().mode() & 0o7777, 0o640);
    assert!(server.beside().iter().all(|name| !name.contains(".tmp")));
}

/// A delegation that a person approved while its node refuses; parked.
async fn refused(bench: &Bench, watcher: &Watcher, server: &Server) -> Value {
    std::fs::set_permissions(server.file(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = std::fs::read(server.file()).unwrap();
    let row = delegated(bench, watcher).await;
    approve(bench, &row).await;
    let parked = ended(bench, watcher, &row, "parked").await;
    is_as_before(server, &before);
    nothing_kept(bench, watcher).await;
    parked
}

/// The cause is gone: a person says so, and approves it.
async fn done_after_a_retry(bench: &Bench, watcher: &Watcher, server: &Server, parked: &Value) {
    let parked = ended(bench, watcher, parked, "parked").await;
    retry(bench, &parked).await;
    let row = ended(bench, watcher, &parked, "awaiting_approval").await;
    approve(bench, &row).await;
    ended(bench, watcher, &row, "done").await;
    let (attester, coinbase) = wanted(&row);
    assert_eq!(server.used(attester), coinbase);
    nothing_kept(bench, watcher).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_puts_the_old_file_back_and_its_words_are_nowhere() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let watcher = bench.watch();
    servers[0].node.script(Effect::Nothing, Answer::Refusal(format!("Unable to connect to web3signer at {WORD}")));
    let parked = refused(&bench, &watcher, &servers[0]).await;
    assert!(
        reason(&parked).contains("refused the keystore") && reason(&parked).ends_with("; the old file is back"),
        "{parked:#}"
    );
    done_after_a_retry(&bench, &watcher, &servers[0], &parked).await;
    let history = cli_as(&bench, own(), &["--json", "actions", "history", "--limit", "1000"]).await.1;
    let page = watcher.get("/").await;
    nowhere(
        &bench,
        &watcher.log(),
        &[history.to_string(), parked.to_string(), page],
        &[WORD, "s3cr3t-of", "signer.int"],
    );
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_publisher_refuses_and_the_words_say_how_out() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let server = &servers[0];
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    // A validator was put back since: the node does not know its publisher.
    let publisher = format!("\"publisher\": \"0x{:064x}\",\n      \"feeRecipient\"", 9);
    let old = std::fs::read_to_string(server.file()).unwrap();
    server.rewrite(|content| content.replacen("\"feeRecipient\"", &publisher, 1));
    let before = std::fs::read(server.file()).unwrap();
    watcher.kill();
    let watcher = bench.watch();
    let row = anew(&bench, &watcher, &row).await;
    approve(&bench, &row).await;
    let parked = ended(&bench, &watcher, &row, "parked").await;
    assert!(reason(&parked).contains("no publisher that the node had at its last load"), "{parked:#}");
    assert_eq!(std::fs::read(server.file()).unwrap(), before);
    server.rewrite(|_| old);
    retry(&bench, &parked).await;
    watcher.kill();
    let watcher = bench.watch();
    let row = anew(&bench, &watcher, &parked).await;
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_the_node_would_refuse_is_not_written_to() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let server = &servers[0];
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    let (before, other) = (std::fs::read(server.file()).unwrap(), server.folder.join("more.json"));
    std::fs::write(&other, &before).unwrap();
    approve(&bench, &row).await;
    let check = |row: &Value| reason(row).contains("would refuse");
    support::chore::until(&bench, &watcher, &row, "why it waits", check).await;
    assert_eq!((std::fs::read(server.file()).unwrap(), server.node.reloads().asked), (before, 0));
    std::fs::remove_file(other).unwrap();
    ended(&bench, &watcher, &row, "done").await;
    has(server, attester, coinbase);
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_asked_for_again_and_it_is_done_once() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let (server, watcher) = (&servers[0], bench.watch());
    for answer in [Answer::Close, Answer::Page, Answer::Status(502), Answer::OtherId] {
        for effect in [Effect::Reload, Effect::Nothing] {
            server.node.script(effect, answer.clone());
        }
        let (row, reloads) = (delegated(&bench, &watcher).await, server.node.reloads());
        let (attester, coinbase) = wanted(&row);
        approve(&bench, &row).await;
        ended(&bench, &watcher, &row, "done").await;
        has(server, attester, coinbase);
        assert_eq!(server.node.reloads().asked, reloads.asked + 3, "{answer:?}");
        nothing_kept(&bench, &watcher).await;
    }
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_of_a_server_took_before_the_other_refused_is_taken_back() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let server = &servers[0];
    let second = butler_testkit::keystore_node::KeystoreNode::start(&server.folder).await.unwrap();
    let section = server.node_section().replace("name = \"paris\"", "name = \"paris-2\"");
    let section =
        section.replace(&server.node.url(), &second.url()).replace(&server.node.admin_url(), &second.admin_url());
    support::chore::add(&bench, &section);
    let watcher = bench.watch();
    second.script_all(Some(Script { effect: Effect::Nothing, answer: Answer::Refusal("no".to_owned()) }));
    let parked = refused(&bench, &watcher, server).await;
    let (attester, coinbase) = wanted(&parked);
    assert_eq!((server.used(attester), second.coinbases()[&attester]), (attester, attester), "{parked:#}");
    second.script_all(None);
    done_after_a_retry(&bench, &watcher, server, &parked).await;
    assert_eq!(second.coinbases()[&attester], coinbase);
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_that_the_node_did_not_take_are_noticed_before_anything_is_written() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let (server, watcher) = (&servers[0], bench.watch());
    let row = delegated(&bench, &watcher).await;
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    assert_eq!(server.node.reloads().asked, 1, "nothing speaks against it");

    // Somebody puts another validator into a file of its own, with a publisher of its own.
    let key = |byte: u8| format!("0x{byte:064x}");
    let other = json!({ "schemaVersion": 1, "validators": [{
        "attester": { "eth": key(0x51), "bls": key(0x52) }, "publisher": key(0x53), "feeRecipient": key(1),
    }] });
    std::fs::write(server.folder.join("other.json"), other.to_string()).unwrap();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    let before = std::fs::read(server.file()).unwrap();
    approve(&bench, &row).await;
    let parked = ended(&bench, &watcher, &row, "parked").await;
    let why = reason(&parked);
    assert!(why.contains("validators[0] of other.json") && why.ends_with("nothing was written"), "{parked:#}");
    assert_eq!((std::fs::read(server.file()).unwrap(), server.node.reloads().asked), (before, 2));
    nothing_kept(&bench, &watcher).await;

    // A node that was started anew has them.
    server.node.restart().await.unwrap();
    retry(&bench, &parked).await;
    let row = ended(&bench, &watcher, &parked, "awaiting_approval").await;
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    assert_eq!((server.used(attester), server.node.reloads().refused), (coinbase, 1));
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_that_cannot_be_put_back_is_kept_and_put_back_when_it_can_be() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let (server, watcher) = (&servers[0], bench.watch());
    let before = std::fs::read(server.file()).unwrap();
    let row = delegated(&bench, &watcher).await;
    let no = || Answer::Refusal("no".to_owned());
    server.node.script(Effect::ReadLate(Duration::from_secs(1)), no());
    server.node.script_all(Some(Script { effect: Effect::Nothing, answer: no() }));
    approve(&bench, &row).await;
    watcher.until("a reload", async || server.node.is_reloading().then_some(())).await;
    let left = server.folder.join("keystore.json.tmp");
    std::fs::create_dir(&left).unwrap();
    let is_held = |row: &Value| reason(row).contains("could not be put back");
    let held = support::chore::until(&bench, &watcher, &row, "why it waits", is_held).await;
    std::fs::remove_dir(left).unwrap();
    assert_eq!(held["phase"], "verifying", "{held:#}");
    let parked = ended(&bench, &watcher, &row, "parked").await;
    assert!(reason(&parked).contains("the old file is back"), "{parked:#}");
    assert_eq!(std::fs::read(server.file()).unwrap(), before);
    nothing_kept(&bench, &watcher).await;
    watcher.stop();
}
