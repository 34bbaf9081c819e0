//! Endpoints and nodes whose answers are meant to kill: the exporter lives, answers, panics nowhere and stays small.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::bombs::{Bomb, BombServer};
use support::{Bench, Program, Series, follow_devnet, wait_for};

/// In KB, as the kernel counts it.
const MOST_MEMORY: u64 = 200 * 1024;
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
    assert!(peak <= MOST_MEMORY, "{bomb:?}: {} MB", peak / 1024);
    assert_eq!(program.get("/metrics").status, 200, "{bomb:?}");
    assert!(program.log().lines().all(|line| line.len() < 4_096), "{bomb:?}: a line without end");
}

/// An endpoint of the chain that serves it, at each scraper's turn.
async fn from_l1(bomb: Bomb) {
    let bench = Bench::start().await;
    if matches!(bomb, Bomb::Committees | Bomb::Tally) {
        bench.chain.decide_a_slash().await.unwrap();
    }
    let server = BombServer::start(bomb, bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &server.url());
    let program = bench.run().await;
    let scraper = if matches!(bomb, Bomb::Committees | Bomb::Tally) { "slashing" } else { "l1" };
    let success = format!("butler_scrape_success{{network=\"devnet\",scraper=\"{scraper}\"}}");
    lives(&program, &server, bomb, |series| series.get(&success) == Some(&0.0)).await;
    assert_eq!(program.end("TERM").await.code(), Some(0), "{bomb:?}");
}

/// A node that serves it, beside an honest endpoint, whose scrapes go on.
async fn from_a_node(bomb: Bomb) {
    let bench = Bench::start().await;
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    follow_devnet(&bench, &node);
    let server = BombServer::start(bomb, &node.url()).await.unwrap();
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

macro_rules! bombs {
    ($module:ident, $serve:path, $all:expr; $($name:ident: $bomb:ident;)*) => {
        mod $module {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    $serve(Bomb::$bomb).await;
                }
            )*

            #[test]
            fn every_bomb_is_met() {
                assert_eq!($all.as_slice(), [$(Bomb::$bomb),*]);
            }
        }
    };
}

bombs! {
    l1, from_l1, Bomb::OF_L1;
    lists_as_the_id: NestedId;
    lists_as_the_code: NestedCode;
    lists_as_the_message: NestedMessage;
    lists_as_the_data: NestedData;
    lists_as_the_result: NestedResult;
    lists_as_the_result_within_limits: NestedResultWithinLimits;
    lists_as_the_id_within_limits: NestedIdWithinLimits;
    lists_as_the_data_within_limits: NestedDataWithinLimits;
    a_million_brackets: Deep;
    a_million_keys: ManyKeys;
    a_million_members: ManyMembers;
    a_million_answers: ManyAnswers;
    a_body_without_end: EndlessBody;
    headers_without_end: EndlessHeaders;
    chunks_of_one_byte: OneByteChunks;
    a_gigabyte_in_a_megabyte: GzipZeros;
    compressed_lists: GzipNested;
    logs_without_end: EndlessLogs;
    topics_without_end: EndlessTopics;
    a_wait_of_ages: RetryAfterAges;
    a_wait_beyond_numbers: RetryAfterOverflow;
    a_wait_until_the_end_of_the_calendar: RetryAfterDate;
    committees_that_are_all_the_same: Committees;
    a_tally_of_everybody: Tally;
    results_that_share_their_bytes: SharedReturns;
}

bombs! {
    node, from_a_node, Bomb::OF_NODES;
    lists_as_the_id: NestedId;
    lists_as_the_code: NestedCode;
    lists_as_the_message: NestedMessage;
    lists_as_the_data: NestedData;
    lists_as_the_result: NestedResult;
    lists_as_the_result_within_limits: NestedResultWithinLimits;
    lists_as_the_id_within_limits: NestedIdWithinLimits;
    lists_as_the_data_within_limits: NestedDataWithinLimits;
    a_million_brackets: Deep;
    a_million_keys: ManyKeys;
    a_million_members: ManyMembers;
    a_million_answers: ManyAnswers;
    a_body_without_end: EndlessBody;
    headers_without_end: EndlessHeaders;
    chunks_of_one_byte: OneByteChunks;
    a_gigabyte_in_a_megabyte: GzipZeros;
    compressed_lists: GzipNested;
    a_wait_of_ages: RetryAfterAges;
    a_wait_until_the_end_of_the_calendar: RetryAfterDate;
    tips_without_end: EndlessTips;
}
