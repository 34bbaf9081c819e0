//! Answers that are meant to kill: the program ends soon, with an error about its endpoint, and never takes much memory.
//!
//! Memory is the kernel's high-water mark of the real process, read until it ends.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and its figures are of interest")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::time::{Duration, Instant};

use butler_testkit::bombs::{Bomb, BombServer};
use support::{Bench, butler, finish};

/// In KB, as the kernel counts it.
const MOST_MEMORY: u64 = 200 * 1024;
/// Of a debug build on a busy machine; the endpoint's own time-out is 20 s.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most memory that the process ever had; `None` when it is gone.
fn high_water_mark(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn meets(bomb: Bomb) {
    let bench = Bench::start().await;
    let server = BombServer::start(bomb, bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", server.url()));
    let began = Instant::now();
    let mut child = butler(bench.folder.path()).args(["status", "--json"]).spawn().unwrap();
    let pid = child.id().unwrap();
    let watcher = tokio::task::spawn_blocking(move || {
        let mut peak = 0;
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
    assert!(peak > 0 && peak <= MOST_MEMORY, "{bomb:?}: {} MB\n{stderr}", peak / 1024);
    assert_eq!((status.code(), stdout.as_str()), (Some(4), ""), "{bomb:?} after {took:?}: {stderr}");
    // The words of the endpoint are cut, however many there were.
    assert!(stderr.len() < 4_096, "{bomb:?}: {} bytes of talk", stderr.len());
    // Nothing of it is kept: the truth is there again with an honest endpoint.
    bench.endpoint(&format!("url = \"{}\"", bench.chain.url()));
    let after = finish(butler(bench.folder.path()).args(["status", "--json"])).await;
    assert_eq!(after.code, 0, "{bomb:?} and then an honest endpoint: {}", after.stderr);
}

macro_rules! bombs {
    ($($name:ident: $bomb:ident;)*) => {
        const MET: &[Bomb] = &[$(Bomb::$bomb),*];
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                meets(Bomb::$bomb).await;
            }
        )*
    };
}

bombs! {
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
    results_that_share_their_bytes: SharedReturns;
}

#[test]
fn every_bomb_is_met_but_those_that_an_overview_does_not_ask_for() {
    let left: Vec<Bomb> = Bomb::OF_L1.into_iter().filter(|bomb| !MET.contains(bomb)).collect();
    assert_eq!(left, [Bomb::Committees, Bomb::Tally]);
}
