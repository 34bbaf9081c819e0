//! The chore: a delegation arrives, a person says yes, and its coinbase stands in every keystore and in every node, once.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::os::unix::fs::PermissionsExt as _;

use ethers_core::types::Address;
use serde_json::Value;
use support::person::{begun, cli_as, own, stake, text, wait_for};
use support::servers::{Server, kept};
use support::{Bench, Watcher};

/// A bench with an approver, whose servers run all keys that can be staked next.
async fn with_servers(names: &[&str]) -> (Bench, Vec<Server>) {
    let bench = begun(&format!("approvers = [\"{}\"]\n", own()), "").await;
    let attesters = next_attesters(&bench);
    let mut servers = Vec::new();
    for name in names {
        servers.push(Server::start(&bench, name, &attesters).await);
    }
    let sections: String = servers.iter().map(Server::configured).collect();
    bench.configure(&bench.config().replace("[watcher]\n", &format!("{sections}[watcher]\n")));
    (bench, servers)
}

/// The keys that provider 1 has in its queue.
fn next_attesters(bench: &Bench) -> Vec<Address> {
    let named = ["A8", "A9"].map(|name| bench.attester(name));
    named.into_iter().chain(bench.oracle().spare_keys[..3].iter().map(|key| key.attester)).collect()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Whom a waiting action is about, and the coinbase that it asks for.
fn asked(row: &Value) -> (Address, Address) {
    let action = &row["action"];
    (address(text(&action["subject"], "attester")), address(text(&action["goal"]["coinbase_configured"], "coinbase")))
}

async fn approve(bench: &Bench, row: &Value) {
    let approve = ["--json", "actions", "approve", text(row, "key"), "--shown", text(row, "shown")];
    let (code, _, said) = cli_as(bench, own(), &approve).await;
    assert_eq!(code, 0, "{said}");
}

/// Waits until an action ended, and says how.
async fn ended(bench: &Bench, watcher: &Watcher, row: &Value, phase: &str) -> Value {
    let show = ["--json", "actions", "show", text(row, "key")];
    watcher
        .until(phase, async || {
            let (_, report, _) = cli_as(bench, own(), &show).await;
            let row = report["action"].clone();
            (row["phase"] == phase).then_some(row)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_is_shown_approved_written_and_taken_by_the_node_once() {
    let (bench, servers) = with_servers(&["paris", "oslo"]).await;
    let watcher = bench.watch();
    stake(&bench, 1).await;
    let row = wait_for(&bench, &watcher, "awaiting_approval", 1).await.remove(0);
    let (attester, coinbase) = asked(&row);
    let edits = row["action"]["edits"].as_array().unwrap();
    assert_eq!(edits.len(), 2, "{row:#}");
    assert_eq!((&edits[0]["server"], &edits[0]["before"]), (&"oslo".into(), &"not_set".into()), "{row:#}");
    let before = std::fs::read(servers[0].file()).unwrap();
    assert!(servers.iter().all(|server| server.written(attester).is_none() && server.node.reloads().asked == 0));

    approve(&bench, &row).await;
    let done = ended(&bench, &watcher, &row, "done").await;
    assert!(text(&done, "reason").contains("oslo, paris"), "{done:#}");
    for server in &servers {
        assert_eq!(server.written(attester).map(|text| address(&text)), Some(coinbase));
        assert_eq!(server.used(attester), coinbase);
        assert_eq!((server.node.reloads().accepted, server.node.overlapping()), (1, 0));
        assert_eq!(server.beside(), Vec::<String>::new());
        assert_eq!(server.file().metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    }
    assert_eq!(kept(bench.folder.path()), Vec::<String>::new());
    // Nothing but the coinbase is another one.
    let after = std::fs::read_to_string(servers[0].file()).unwrap();
    let rest: String =
        after.lines().filter(|line| !line.contains("coinbase")).map(|line| format!("{line}\n")).collect();
    assert_eq!(rest, String::from_utf8(before).unwrap());
    let log = watcher.log();
    let secret = butler_testkit::devnet::attester_secret(attester).unwrap();
    assert!(!log.contains(secret.trim_start_matches("0x")), "{log}");
    watcher.stop();
}
