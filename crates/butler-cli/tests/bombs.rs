//! Answers that are meant to kill: the program ends soon, with an error about its endpoint, and never takes much memory.
//!
//! Memory is the kernel's high-water mark of the real process, read until it ends.

#![expect(clippy::print_stdout, reason = "a test may fail, and its figures are of interest")]

use std::time::{Duration, Instant};

use butler_testkit::bombs::{Bomb, BombServer, Size};
use futures_util::{StreamExt as _, stream};

use crate::support::{Bench, butler, finish};

/// In KB, as the kernel counts it. What is read whole is a quarter here; `cargo xtask service` throws all of it, at 200 MB.
fn most_memory(bomb: Bomb) -> u64 {
    if bomb.is_read_whole() { 100 * 1024 } else { 200 * 1024 }
}
/// Of a debug build on a busy machine; the endpoint's own time-out is 20 s.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most memory that the process ever had; `None` when it is gone.
fn high_water_mark(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// With the ledger that those before it left.
async fn meets(bench: &Bench, bomb: Bomb) {
    let server = BombServer::start(bomb, Size::Quarter, bench.chain.url()).await.unwrap();
    let config = format!("{bomb:?}.toml");
    bench.write(&config, &bench.read("butler.toml").replace(bench.chain.url(), &server.url()));
    let began = Instant::now();
    let mut child = butler(bench.folder.path()).args(["status", "--json", "--config", &config]).spawn().unwrap();
    let pid = child.id().unwrap();
    // One that is over at once may be gone before the watcher has its turn.
    let begin = high_water_mark(pid).unwrap_or_default();
    let watcher = tokio::task::spawn_blocking(move || {
        let mut peak = begin;
        // The mark only grows, and a process that has ended has none.
        while let Some(now) = high_water_mark(pid) {
            peak = peak.max(now);
            std::thread::sleep(Duration::from_millis(2));
        }
        peak
    });
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let told = tokio::time::timeout(PATIENCE, async {
        let mut streams = [String::new(), String::new()];
        let [out, talk] = &mut streams;
        let (mut stdout, mut stderr) = (stdout.unwrap(), stderr.unwrap());
        tokio::join!(async { tokio::io::AsyncReadExt::read_to_string(&mut stdout, out).await.unwrap() }, async {
            tokio::io::AsyncReadExt::read_to_string(&mut stderr, talk).await.unwrap()
        },);
        let status = child.wait().await.unwrap();
        (status, streams)
    });
    let Ok((status, [stdout, stderr])) = told.await else {
        panic!("{bomb:?}: not over after {PATIENCE:?}");
    };
    let took = began.elapsed();
    let peak = watcher.await.unwrap();
    println!("{bomb:?}: {} MB, {took:?}", peak / 1024);
    assert!(server.served() > 0, "{bomb:?} was never served: {stderr}");
    assert!(peak > 0 && peak <= most_memory(bomb), "{bomb:?}: {} MB\n{stderr}", peak / 1024);
    assert_eq!((status.code(), stdout.as_str()), (Some(4), ""), "{bomb:?} after {took:?}: {stderr}");
    // The words of the endpoint are cut, however many there were.
    assert!(stderr.len() < 4_096, "{bomb:?}: {} bytes of talk", stderr.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bomb_of_an_endpoint_ends_an_overview_soon_and_with_an_error() {
    let bench = Bench::start().await;
    // The others are answers to questions that an overview does not ask.
    let asked: Vec<Bomb> = Bomb::OF_L1.into_iter().filter(|bomb| !bomb.is_of_a_decided_slash()).collect();
    stream::iter(asked).map(|bomb| meets(&bench, bomb)).buffer_unordered(2).collect::<Vec<()>>().await;
    // Nothing of them is kept: the truth is there with an honest endpoint.
    let after = finish(butler(bench.folder.path()).args(["status", "--json"])).await;
    assert_eq!(after.code, 0, "{}", after.stderr);
}
