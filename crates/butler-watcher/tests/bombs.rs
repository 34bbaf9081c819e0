//! Answers that are meant to kill: the watcher lives on, plans nothing of them, and never takes much memory.

#![expect(clippy::print_stdout, reason = "a test may fail, and its figures are of interest")]

use butler_testkit::bombs::{Bomb, BombServer, Size};
use futures_util::{StreamExt as _, stream};

use crate::support;
use crate::support::Bench;

/// In KB, as the kernel counts it.
const MOST_MEMORY: u64 = 200 * 1024;

async fn meets(bench: &Bench, bomb: Bomb) {
    let server = BombServer::start(bomb, Size::Quarter, bench.chain.url()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    support::operator(folder.path(), bench.oracle(), &[server.url()]);
    let watcher = support::watch_in(folder.path());
    let ended = async |result: &str| {
        let series = format!("butler_watcher_looks_total{{network=\"devnet\",result=\"{result}\"}}");
        watcher.metric(&series).await.unwrap_or_default() > 0.0
    };
    watcher
        .until(&format!("{bomb:?}: a look"), async || (ended("failure").await || ended("success").await).then_some(()))
        .await;
    let peak = watcher.high_water_mark();
    println!("{bomb:?}: {} MB", peak / 1024);
    assert!(peak > 0 && peak <= MOST_MEMORY, "{bomb:?}: {} MB", peak / 1024);
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{bomb:?}: {log}");
    assert!(log.len() < 16_384, "{bomb:?}: {} bytes of talk", log.len());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: run it with `--run-ignored all`"]
async fn each_bomb_of_an_endpoint_leaves_the_watcher_alive_and_small() {
    let bench = Bench::start().await;
    bench.settle().await;
    stream::iter(Bomb::OF_L1).map(|bomb| meets(&bench, bomb)).buffer_unordered(2).collect::<Vec<()>>().await;
}
