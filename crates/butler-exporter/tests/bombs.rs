//! Endpoints and nodes whose answers are meant to kill: the exporter lives, answers, panics nowhere and stays small.

#![expect(clippy::print_stdout, reason = "a test may fail")]

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::bombs::{Bomb, BombServer, Size};
use futures_util::{StreamExt as _, stream};

use crate::support::{Bench, Program, Series, follow_devnet, wait_for};

/// In KB, as the kernel counts it. What is read whole is a quarter here; `cargo xtask service` throws all of it, at 200 MB.
fn most_memory(bomb: Bomb) -> u64 {
    if bomb.is_read_whole() { 100 * 1024 } else { 200 * 1024 }
}
const RESTARTS: &str = "butler_scraper_restarts_total{";

/// Waits until the bomb was served and is told, and looks at the program.
async fn lives(program: &Program, server: &BombServer, bomb: Bomb, is_told: impl Fn(&Series) -> bool) {
    wait_for(&format!("{bomb:?}"), || (server.served() > 0).then_some(())).await;
    // Whoever reports the first failure has read the bomb and thrown it away.
    let series = program.when(&format!("what tells of {bomb:?}"), is_told).await;
    for (key, restarts) in series.iter().filter(|(key, _)| key.starts_with(RESTARTS)) {
        assert!(*restarts < 0.5, "{bomb:?}: {key}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    println!("{bomb:?}: {} MB", peak / 1024);
    assert!(peak <= most_memory(bomb), "{bomb:?}: {} MB", peak / 1024);
    assert_eq!(program.get("/metrics").status, 200, "{bomb:?}");
    assert!(program.log().lines().all(|line| line.len() < 4_096), "{bomb:?}: a line without end");
}

/// An endpoint of the chain that serves it, at each scraper's turn.
async fn from_l1(bomb: Bomb) {
    let bench = Bench::start().await;
    if bomb.is_of_a_decided_slash() {
        bench.chain.decide_a_slash().await.unwrap();
    }
    let server = BombServer::start(bomb, Size::Quarter, bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &server.url());
    let program = bench.run().await;
    // A slasher whose votes make no sense is told as such, and hides nobody else's.
    let unreadable = "butler_slashing_unreadable{network=\"devnet\",reason=\"nonsense\"}";
    let success = "butler_scrape_success{network=\"devnet\",scraper=\"l1\"}";
    lives(&program, &server, bomb, |series| {
        if bomb.is_of_a_decided_slash() {
            series.get(unreadable) == Some(&1.0)
        } else {
            series.get(success) == Some(&0.0)
        }
    })
    .await;
    assert_eq!(program.end("TERM").await.code(), Some(0), "{bomb:?}");
}

/// A node that serves it, beside an honest endpoint, whose scrapes go on.
async fn from_a_node(bomb: Bomb) {
    let bench = Bench::start().await;
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    follow_devnet(&bench, &node);
    let server = BombServer::start(bomb, Size::Quarter, &node.url()).await.unwrap();
    let url = server.url();
    bench.append(&format!("[[networks.devnet.aztec_nodes]]\nname = \"alpha\"\nurl = \"{url}\"\ntimeout = \"5s\""));
    let program = bench.run().await;
    program.when_scraped("devnet", "l1").await;
    // A node whose tips alone are bad is up.
    let errors = "butler_scrape_errors_total{network=\"devnet\",scraper=\"nodes\"";
    lives(&program, &server, bomb, |series| {
        let failed = |(key, errors_of_kind): (&String, &f64)| key.starts_with(errors) && *errors_of_kind > 0.5;
        series.iter().any(failed)
    })
    .await;
    assert_eq!(program.series()["butler_scrape_success{network=\"devnet\",scraper=\"l1\"}"], 1.0, "{bomb:?}");
    assert_eq!(program.end("TERM").await.code(), Some(0), "{bomb:?}");
}

/// Each of these, a few at a time, since much of it is waiting.
async fn each<F: Future<Output = ()>>(bombs: impl IntoIterator<Item = Bomb>, meets: impl FnMut(Bomb) -> F) {
    stream::iter(bombs).map(meets).buffer_unordered(3).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bomb_of_an_endpoint_is_survived() {
    each(Bomb::OF_L1, from_l1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bomb_of_a_node_is_survived() {
    each(Bomb::OF_NODES, from_a_node).await;
}
