//! What somebody else does to a keystore between the look, the approval and the write, and what happens without a person.

use butler_testkit::devnet::attester_secret;
use ethers_core::types::Address;

use crate::support;
use crate::support::chore::{
    add, anew, approve, delegated, ended, has, next_attesters, reason, second_endpoint, wanted, with_servers,
    without_servers,
};
use crate::support::person::{asked, stake, wait_for};
use crate::support::servers::Server;
use crate::support::{Bench, Watcher};

const WRONG: Address = Address::repeat_byte(0x77);

/// Has the watcher do what it held back.
fn release(bench: &Bench, watcher: &Watcher) {
    bench.configure(&bench.config().replace("dry_run = true\n", ""));
    watcher.reload();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_right_before_is_done_and_touched_by_nobody() {
    let (bench, servers) = with_servers(&["paris"], "dry_run = true\n").await;
    let (server, watcher) = (&servers[0], bench.watch());
    let rows = [delegated(&bench, &watcher).await];
    let (attester, coinbase) = wanted(&rows[0]);
    approve(&bench, &rows[0]).await;
    server.set(attester, coinbase);
    let text = std::fs::read(server.file()).unwrap();
    release(&bench, &watcher);
    let done = ended(&bench, &watcher, &rows[0], "done").await;
    assert!(reason(&done).contains("before anything was done"), "{done:#}");

    // Before it was approved nobody has to.
    stake(&bench, 1).await;
    let row = wait_for(&bench, &watcher, "awaiting_approval", 1).await.remove(0);
    let (attester, coinbase) = wanted(&row);
    assert_eq!(std::fs::read(server.file()).unwrap(), text);
    server.set(attester, coinbase);
    let text = std::fs::read(server.file()).unwrap();
    watcher.kill();
    let watcher = bench.watch();
    ended(&bench, &watcher, &row, "done").await;
    assert_eq!((std::fs::read(server.file()).unwrap(), server.node.reloads().asked), (text, 0));
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_changed_since_the_approval_voids_it_and_another_ones_coinbase_does_not() {
    let (bench, servers) = with_servers(&["paris"], "dry_run = true\n").await;
    let (server, watcher) = (&servers[0], bench.watch());
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    approve(&bench, &row).await;
    let other = *next_attesters(&bench).last().unwrap();
    server.set(other, WRONG);
    release(&bench, &watcher);
    ended(&bench, &watcher, &row, "done").await;
    has(server, attester, coinbase);
    assert_eq!((server.used(other), server.node.reloads().accepted), (WRONG, 1));
    watcher.stop();

    bench.configure(&bench.config().replace("[watcher]\n", "[watcher]\ndry_run = true\n"));
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    approve(&bench, &row).await;
    server.rewrite(|text| format!("{text} "));
    let before = std::fs::read(server.file()).unwrap();
    watcher.stop();
    bench.configure(&bench.config().replace("dry_run = true\n", ""));
    let watcher = bench.watch();
    let row = anew(&bench, &watcher, &row).await;
    // Whoever approved it hears that it waits once more.
    watcher.until("a notice", async || watcher.log().contains("waits for an approval").then_some(())).await;
    assert_eq!((std::fs::read(server.file()).unwrap(), server.node.reloads().asked), (before, 1));
    assert!(row["approved_by"].as_array().is_none_or(Vec::is_empty), "{row:#}");
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    has(server, attester, coinbase);
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_endpoints_auto_needs_no_person_but_for_what_somebody_set() {
    let (bench, servers) = with_servers(&["oslo", "paris"], "").await;
    policy(&bench, "auto");
    let endpoint = second_endpoint(&bench).await;
    let watcher = bench.watch();
    stake(&bench, 1).await;
    let attester = next_attesters(&bench)[0];
    watcher
        .until("both nodes", async || servers.iter().all(|one| one.node.reloads().accepted == 1).then_some(()))
        .await;
    for server in &servers {
        has(server, attester, server.used(attester));
        assert_ne!(server.used(attester), attester);
        assert_eq!(server.node.reloads().asked, 1);
    }

    let attester = next_attesters(&bench)[1];
    servers[1].set(attester, WRONG);
    let row = delegated(&bench, &watcher).await;
    let before = row["action"]["edits"][1]["before"]["set"].as_str().map(support::chore::address);
    assert_eq!((row["action"]["assurance"].as_str(), before), (Some("two_endpoints"), Some(WRONG)), "{row:#}");
    assert_eq!(servers[1].written(attester).map(|text| support::chore::address(&text)), Some(WRONG));
    approve(&bench, &row).await;
    ended(&bench, &watcher, &row, "done").await;
    let (attester, coinbase) = wanted(&row);
    has(&servers[0], attester, coinbase);
    has(&servers[1], attester, coinbase);
    watcher.stop();
    drop(endpoint);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_word_of_a_person_no_file_and_no_node_is_touched() {
    // By default, and with one endpoint under `auto` as well.
    for wish in [None, Some("auto")] {
        let (bench, servers) = with_servers(&["paris"], "").await;
        if let Some(wish) = wish {
            policy(&bench, wish);
        }
        let before = std::fs::read(servers[0].file()).unwrap();
        let mut watcher = bench.watch();
        stake(&bench, 2).await;
        wait_for(&bench, &watcher, "awaiting_approval", 2).await;
        watcher.kill();
        watcher = bench.watch();
        bench.chain.mine().await.unwrap();
        watcher.reached(bench.last_block().await).await;
        assert_eq!(asked(&bench, "awaiting_approval").await.unwrap().0.len(), 2);
        assert_eq!((std::fs::read(servers[0].file()).unwrap(), servers[0].node.reloads().asked), (before, 0));
        assert_eq!(servers[0].beside(), Vec::<String>::new());
        watcher.stop();
    }
}

fn policy(bench: &Bench, wish: &str) {
    let section = format!("[watcher.policies]\nconfigure_coinbase = \"{wish}\"\n[log]\n");
    bench.configure(&bench.config().replace("[log]\n", &section));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_for_several_attesters_or_for_nobody_is_left_to_a_person() {
    let (bench, attesters) = without_servers("", "").await;
    let server = Server::start(&bench, "paris", &attesters[1..]).await;
    let shared = |text: String| {
        let own = attester_secret(attesters[1]).unwrap();
        let both = format!("[\"{}\", \"{own}\"]", attester_secret(attesters[0]).unwrap());
        text.replacen(
            &format!("{{\n        \"bls\": \"0x{:064x}\",\n        \"eth\": \"{own}\"\n      }}", 7),
            &both,
            1,
        )
    };
    server.rewrite(shared);
    add(&bench, &server.configured());
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let before = std::fs::read(server.file()).unwrap();
    approve(&bench, &row).await;
    let parked = ended(&bench, &watcher, &row, "parked").await;
    assert!(reason(&parked).contains("stands for several attesters"), "{parked:#}");
    assert_eq!((std::fs::read(server.file()).unwrap(), server.node.reloads().asked), (before, 0));
    watcher.stop();
}
