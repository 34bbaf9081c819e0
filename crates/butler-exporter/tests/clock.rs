//! The whole program on a machine whose clock stands before 1970.

use std::path::Path;

use crate::support;
use crate::support::{Bench, command, start};

/// Debian's package `faketime` has it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_before_1970_stops_no_request_and_no_scrape() {
    if !Path::new(FAKETIME).exists() {
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        assert!(!is_ci, "libfaketime is not installed (Debian: apt-get install faketime)");
        return;
    }
    let bench = Bench::start().await;
    bench.append("[exporter]\nlisten = \"127.0.0.1:0\"");
    let mut command = command(bench.folder.path());
    command.envs([
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME", "1969-07-20 20:17:40"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ]);
    let program = start(command).await;
    let series = program.when_scraped("devnet", "l1").await;
    assert!(series["butler_clock_behind_seconds{network=\"devnet\"}"] > 1e9, "the clock is the finding");
    for path in ["/", "/metrics", "/livez", "/readyz", "/nothing"] {
        let answer = program.get(path);
        assert!([200, 404, 503].contains(&answer.status), "{path}: {}", answer.head);
        assert!(!answer.head.to_lowercase().contains("\ndate:"), "{path}: {}", answer.head);
    }
    assert!(program.get("/").text().contains("behind the chain"));
    assert!(!program.log().contains("panicked"), "{}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_their_date() {
    let (_folder, program) = support::idle("").await;
    let head = program.get("/livez").head;
    let date = head.lines().find_map(|line| line.strip_prefix("date: ")).expect("a date").trim();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
}
