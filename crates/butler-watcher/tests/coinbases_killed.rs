//! The watcher is killed between any two steps of the chore: it is done once all the same, and nothing is left over.

use std::time::Duration;

use butler_testkit::keystore_node::{Answer, Effect};

use crate::support::agent::Gatekeeper;
use crate::support::chore::{add, approve, delegated, ended, has, reason, wanted, with_servers, without_servers};
use crate::support::servers::{Server, nothing_kept};

/// Kills the watcher at each of these points of one chore each, whose node refuses first where it says so.
async fn killed_at(points: &[&str], refuses: bool) {
    let (bench, attesters) = without_servers("", "").await;
    let server = Server::start(&bench, "paris", &attesters).await;
    let gate = Gatekeeper::of(&server);
    add(&bench, gate.configured());
    let mut watcher = bench.watch();
    for (count, point) in (1_u64..).zip(points) {
        let row = delegated(&bench, &watcher).await;
        let (attester, coinbase) = wanted(&row);
        gate.stop_at(point);
        if refuses {
            server.node.script(Effect::Nothing, Answer::Refusal("no".to_owned()));
        }
        approve(&bench, &row).await;
        gate.stopped(&watcher, point).await;
        watcher.kill();
        gate.clear();
        watcher = bench.watch();
        let done = ended(&bench, &watcher, &row, "done").await;
        assert!(reason(&done).contains("paris"), "{point}: {done:#}");
        has(&server, attester, coinbase);
        watcher.until("tidiness", async || gate.kept().is_empty().then_some(())).await;
        assert_eq!((server.node.reloads().accepted, server.node.overlapping()), (count, 0), "{point}");
    }
    watcher.stop();
    assert!(bench.journal().planned.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_or_after_the_preview_or_the_write_it_is_written_once() {
    killed_at(&["before-preview", "after-preview", "before-apply", "after-apply"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_or_after_the_old_file_is_removed_it_is_removed() {
    killed_at(&["before-finish", "after-finish"], false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_or_after_the_old_file_is_put_back_it_is_tried_again() {
    killed_at(&["before-restore", "after-restore"], true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_node_reloads_it_is_reloaded_again_and_done_once() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    let server = &servers[0];
    let mut watcher = bench.watch();
    let late = Effect::TakeLate(Duration::from_secs(1));
    for (effect, answer) in [(Effect::Nothing, Answer::Hang), (Effect::Reload, Answer::Hang), (late, Answer::Truth)] {
        let row = delegated(&bench, &watcher).await;
        let (attester, coinbase) = wanted(&row);
        let before = server.node.reloads().asked;
        server.node.script(effect, answer);
        approve(&bench, &row).await;
        watcher.until("a reload", async || (server.node.reloads().asked > before).then_some(())).await;
        watcher.kill();
        watcher = bench.watch();
        ended(&bench, &watcher, &row, "done").await;
        has(server, attester, coinbase);
        assert_eq!(server.node.reloads().asked, before + 2);
        nothing_kept(&bench, &watcher).await;
    }
    watcher.stop();
}
