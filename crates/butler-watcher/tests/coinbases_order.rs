//! In which order things happen: the web3signer before the node, one write and one reload for all that was approved together, never two
//! reloads at once, and none near a proposal of the node's own.

use std::time::Duration;

use butler_testkit::devnet::Move;
use butler_testkit::keystore_node::{Answer, Effect, Script, Settings};
use butler_testkit::order::Order;
use butler_testkit::web3signer::FakeWeb3Signer;
use ethers_core::types::{Address, U256};
use serde_json::json;

use crate::support::Bench;
use crate::support::chore::{
    add, approve, delegated, ended, has, next_attesters, reason, until, wanted, without_servers,
};
use crate::support::person::{cli_as, listed, own, stake, wait_for};
use crate::support::servers::Server;

#[tokio::test(flavor = "multi_thread")]
async fn the_signer_reloads_before_the_node_and_the_file_is_written_before_both() {
    let (bench, attesters) = without_servers("", "").await;
    let order = Order::watching(&bench.folder.path().join("servers/paris"));
    let server = Server::start_with(&bench, "paris", &attesters, |settings| Settings {
        order: order.clone(),
        name: "node".to_owned(),
        ..settings
    })
    .await;
    let signer = FakeWeb3Signer::start("signer", &order).await.unwrap();
    add(&bench, &format!("{}web3signer_url = \"{}\"\n", server.configured(), signer.url()));
    let before = butler_testkit::order::digest(&std::fs::read(server.file()).unwrap());
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    has(&server, attester, coinbase);
    let events = order.events();
    let first = |what: &str| events.iter().position(|event| event.what == what).unwrap();
    assert!(first("POST /reload") < first("reload asked"), "{:?}", order.told());
    for event in events.iter().filter(|event| event.what != "started") {
        assert_ne!(event.files["keystore.json"], before, "{:?}", order.told());
        assert!(event.files.keys().all(|name| !name.ends_with(".tmp")), "{:?}", event.files);
    }
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_together_is_one_write_and_one_reload_of_each_server_one_after_the_other() {
    let (bench, attesters) = without_servers("", "").await;
    let order = Order::new();
    let mut servers = Vec::new();
    for name in ["london", "oslo", "paris"] {
        let settings = |settings| Settings { order: order.clone(), name: name.to_owned(), ..settings };
        servers.push(Server::start_with(&bench, name, &attesters, settings).await);
    }
    add(&bench, &servers.iter().map(Server::configured).collect::<String>());
    for server in &servers {
        let late = Script { effect: Effect::TakeLate(Duration::from_millis(300)), answer: Answer::Truth };
        server.node.script_all(Some(late));
    }
    let watcher = bench.watch();
    stake(&bench, 3).await;
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 3).await;
    let shown = listed(&bench, "awaiting_approval").await.1;
    let group = ["--json", "actions", "approve", "--kind", "configure_coinbase", "--shown", &shown];
    let (code, _, said) = cli_as(&bench, own(), &group).await;
    assert_eq!(code, 0, "{said}");
    for row in &rows {
        ended(&bench, &watcher, row, "done").await;
        let (attester, coinbase) = wanted(row);
        servers.iter().for_each(|server| has(server, attester, coinbase));
    }
    let told: Vec<_> = order.told().into_iter().filter(|told| !told.ends_with("started")).collect();
    let expected = ["london", "oslo", "paris"]
        .map(|name| ["reload asked", "files read", "reload taken"].map(|what| format!("{name}: {what}")));
    assert_eq!(told, expected.concat());
    assert!(servers.iter().all(|server| server.node.reloads().asked == 1 && server.node.overlapping() == 0));
    watcher.stop();
}

/// The proposer of a slot, as the contract names it.
async fn proposer(bench: &Bench, slot: u64) -> Address {
    let rollup = &bench.oracle().rollup;
    let time = rollup.genesis_time + slot * rollup.slot_duration;
    let call = json!({ "to": bench.oracle().contracts.rollup_address, "data": format!("0xc27f08b5{time:064x}") });
    let answer = bench.chain.rpc("eth_call", json!([call, "latest"])).await.unwrap();
    let word: U256 = answer.as_str().unwrap().parse().unwrap();
    let mut bytes = [0; 32];
    word.to_big_endian(&mut bytes);
    Address::from_slice(&bytes[12..])
}

/// A server that also runs who proposes in the slot at hand and in the two behind it, with rules of the watcher's.
async fn busy(keys: &str) -> (Bench, Server) {
    let (bench, _) = without_servers(keys, "").await;
    // The whole test is within the slot at hand and the next ones of its epoch.
    let rollup = bench.oracle().rollup.clone();
    let now = bench.chain.timestamp().await.unwrap();
    let epoch = rollup.slot_duration * rollup.epoch_duration;
    let next = rollup.genesis_time + ((now - rollup.genesis_time) / epoch + 1) * epoch;
    bench.chain.play(Move::JumpSeconds(next + 12 - now)).await.unwrap();
    let slot = bench.chain.slot().await.unwrap();
    let mut attesters = next_attesters(&bench);
    for slot in slot..slot + 4 {
        let proposer = proposer(&bench, slot).await;
        if !attesters.contains(&proposer) {
            attesters.push(proposer);
        }
    }
    let server = Server::start(&bench, "paris", &attesters).await;
    add(&bench, &server.configured());
    (bench, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn near_a_proposal_of_its_own_a_node_is_not_reloaded_until_that_is_over() {
    let (bench, server) = busy("").await;
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let before = std::fs::read(server.file()).unwrap();
    approve(&bench, &row).await;
    let waits =
        until(&bench, &watcher, &row, "a proposal", |row| reason(row).contains("a proposal of its own is near")).await;
    assert_eq!(waits["phase"], "due", "{waits:#}");
    assert!(watcher.log().contains("not now: "), "{}", watcher.log());
    assert_eq!((std::fs::read(server.file()).unwrap(), server.node.reloads().asked), (before, 0));
    watcher.stop();

    // Whoever says that it does not matter does not wait, and neither does a coinbase that would be late.
    bench.configure(&bench.config().replace("[watcher]\n", "[watcher]\nproposal_distance = 0\n"));
    let watcher = bench.watch();
    watcher.until("its turn", async || watcher.get("/metrics").await.contains("200 OK").then_some(())).await;
    let row = delegated(&bench, &watcher).await;
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    let (attester, coinbase) = wanted(&row);
    assert_eq!((server.used(attester), server.node.reloads().accepted), (coinbase, 1));
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coinbase_that_would_be_late_does_not_wait_for_a_proposal() {
    let (bench, server) = busy("dry_run = true\n").await;
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    approve(&bench, &row).await;
    watcher.stop();
    bench.configure(&bench.config().replace("dry_run = true\n", ""));
    let now = bench.chain.timestamp().await.unwrap();
    let until = row["action"]["until"].as_u64().unwrap();
    bench.chain.play(Move::JumpSeconds(until - 60 - now)).await.unwrap();
    let watcher = bench.watch();
    ended(&bench, &watcher, &row, "done").await;
    has(&server, attester, coinbase);
    watcher.stop();
}
