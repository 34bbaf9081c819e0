//! Three servers, one of them down, one over ssh: done at all of them, or not done, and told where.

use std::fs::rename;

use butler_testkit::sshd::{Access, Sshd, find};

use crate::support::agent::agent;
use crate::support::chore::{
    add, approve, delegated, ended, has, reason, shown, until, wanted, with_servers, without_servers,
};
use crate::support::person::text;
use crate::support::servers::{Server, nothing_kept};

#[tokio::test(flavor = "multi_thread")]
async fn of_three_servers_one_is_down_and_one_is_reached_over_ssh_until_all_are_done() {
    let Some(tools) = find() else { return };
    let sshd = Sshd::start(&tools, &Access::Any).unwrap();
    let (bench, attesters) = without_servers("", "").await;
    let mut servers = Vec::new();
    for name in ["london", "oslo", "paris"] {
        servers.push(Server::start(&bench, name, &attesters).await);
    }
    let [london, oslo, paris] = &servers[..] else { unreachable!() };
    let state = bench.folder.path().join("agent-of-paris");
    let argv: Vec<_> = sshd.argv().into_iter().chain(agent(&paris.folder, &state)).collect();
    let over_ssh = paris.keystore_section(&format!("command = {argv:?}"));
    add(&bench, &format!("{}{}{}{over_ssh}", london.configured(), oslo.configured(), paris.node_section()));
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    assert_eq!(row["action"]["edits"].as_array().unwrap().len(), 3, "{row:#}");

    let elsewhere = london.folder.with_file_name("gone");
    rename(&london.folder, &elsewhere).unwrap();
    oslo.node.stop();
    approve(&bench, &row).await;
    let waiting =
        until(&bench, &watcher, &row, "why it waits", |row| reason(row).contains("it is done at paris")).await;
    let why = reason(&waiting);
    assert!(waiting["phase"] != "done" && (why.contains("london: ") || why.contains("oslo: ")), "{waiting:#}");
    has(paris, attester, coinbase);
    let edits = shown(&bench, &row).await["action"]["edits"].clone();
    assert_eq!(edits.as_array().unwrap().len(), 3, "{edits:#}");

    // Nobody is asked again, also not by a watcher that has never seen the one that is down.
    watcher.kill();
    let watcher = bench.watch();
    until(&bench, &watcher, &row, "a try of the new one", |row| reason(row).contains("done at paris")).await;
    oslo.node.restart().await.unwrap();
    until(&bench, &watcher, &row, "oslo", |row| reason(row).contains("done at oslo, paris")).await;
    assert_eq!(shown(&bench, &row).await["approved_by"], waiting["approved_by"]);
    rename(&elsewhere, &london.folder).unwrap();
    let done = ended(&bench, &watcher, &row, "done").await;
    assert!(text(&done, "reason").contains("london, oslo, paris"), "{done:#}");
    for server in &servers {
        has(server, attester, coinbase);
    }
    assert_eq!((london.node.reloads().accepted, paris.node.reloads().accepted), (1, 1));
    nothing_kept(&bench, &watcher).await;
    let left = || std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    watcher.until("tidiness", async || (left() == ["agent.lock"]).then_some(())).await;
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_never_seen_is_shown_as_such_and_takes_a_person_who_saw_it() {
    let (bench, servers) = with_servers(&["oslo", "paris"], "").await;
    let elsewhere = servers[0].folder.with_file_name("gone");
    rename(&servers[0].folder, &elsewhere).unwrap();
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    let edits = &row["action"]["edits"];
    assert_eq!((&edits[0]["server"], &edits[0]["before"]), (&"oslo".into(), &"unread".into()), "{row:#}");
    approve(&bench, &row).await;
    until(&bench, &watcher, &row, "why it waits", |row| reason(row).contains("oslo: ")).await;
    has(&servers[1], attester, coinbase);
    rename(&elsewhere, &servers[0].folder).unwrap();
    watcher.kill();
    let watcher = bench.watch();
    let anew = ended(&bench, &watcher, &row, "awaiting_approval").await;
    assert_eq!(anew["action"]["edits"][0]["before"], "not_set", "{anew:#}");
    assert_eq!((servers[0].written(attester), servers[0].node.reloads().asked), (None, 0));
    approve(&bench, &anew).await;
    ended(&bench, &watcher, &row, "done").await;
    has(&servers[0], attester, coinbase);
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_has_wrong_that_does_not_run_the_attester_stops_nothing() {
    let (bench, _servers) = with_servers(&["paris"], "").await;
    let strangers = ["A1", "A2"].map(|name| bench.attester(name));
    let oslo = Server::start(&bench, "oslo", &strangers).await;
    add(&bench, &oslo.configured());
    let zero = format!("\"coinbase\": \"0x{:040x}\",\n      \"feeRecipient\"", 0);
    oslo.rewrite(|content| content.replacen("\"feeRecipient\"", &zero, 1));
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    approve(&bench, &row).await;
    let done = ended(&bench, &watcher, &row, "done").await;
    assert!(text(&done, "reason").ends_with("paris"), "{done:#}");
    assert_eq!(oslo.node.reloads().asked, 0);
    watcher.stop();
}
