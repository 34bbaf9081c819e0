//! How long it takes to write the metrics: `cargo bench --package butler-exporter --bench encode -- 10000`.
//!
//! `encode_ms` is from the readings of a scrape to the first compressed body that has them; `change_ms` is a body after something
//! small changed. Each is the median of many.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use butler_core::daemon::telemetry::metrics::format::{Coding, Format};
use butler_exporter::catalogue;
use butler_exporter::catalogue::values::{FailureKind, ScraperKind};
use butler_exporter::exposition::Exposition;
use butler_exporter::readings::{Readings, number};
use butler_exporter::slots::Slot;
use butler_exporter::slots::Slots;

const RUNS: usize = 41;

fn main() {
    let series: u64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(10_000);
    let mut readings = Readings::default();
    for index in 0..series / 2 {
        let attester = || [format!("0x{:040x}", index.wrapping_mul(0x9e37_79b9_7f4a_7c15)), "server-1".to_owned()];
        readings.push(&catalogue::COINBASE_MISSING, attester(), 1.0);
        readings.push(&catalogue::COINBASE_DEADLINE, attester(), number(1_760_000_000 + index));
    }
    let minute = Duration::from_secs(60);
    let slot = Arc::new(Slot::new("devnet", ScraperKind::L1, minute, minute));
    let exposition = Exposition::new(Arc::new(Slots::new(vec![Arc::clone(&slot)])));
    let body = || exposition.body(Format::OpenMetrics, Coding::Gzip).unwrap();
    let encode = median(|| {
        let readings = readings.clone();
        let began = Instant::now();
        slot.succeeded(readings.into(), minute, 1);
        body();
        began.elapsed()
    });
    let change = median(|| {
        slot.count_error(FailureKind::Deadline);
        let began = Instant::now();
        body();
        began.elapsed()
    });
    println!(
        "{{\"series\":{series},\"encode_ms\":{encode:.2},\"change_ms\":{change:.2},\"bytes_gzip\":{}}}",
        body().len()
    );
}

/// In milliseconds.
fn median(run: impl FnMut() -> Duration) -> f64 {
    let mut times: Vec<Duration> = std::iter::repeat_with(run).take(RUNS).collect();
    times.sort_unstable();
    times[RUNS / 2].as_secs_f64() * 1000.0
}
