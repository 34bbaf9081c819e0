//! How many blocks a second the past is replayed at: `cargo bench --package butler-core --bench backtest`.
//!
//! Seventy-two days of a provider with 444 attesters on a network of 4,000, from facts as they are read of logs and transactions, with
//! every attestation: the story of `tests/support/two_months.rs`. On one core; the best of several rounds.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::time::Instant;

use ethers_core::types::Address;
use serde_json::json;

#[expect(dead_code, reason = "the test needs more of it")]
#[path = "../tests/support/two_months.rs"]
mod two_months;

use two_months::TwoMonths;

const ROUNDS: usize = 3;

fn main() {
    let story = TwoMonths::new(Address::from_low_u64_be, true, |_| None);
    let mut best = f64::MAX;
    let mut outcome = None;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        outcome = Some(black_box(story.replayed()));
        best = best.min(began.elapsed().as_secs_f64());
    }
    let outcome = outcome.unwrap();
    let blocks = f64::from(u32::try_from(outcome.blocks).unwrap());
    let report = json!({
        "blocks": outcome.blocks,
        "duties": story.read.duties.len(),
        "said": outcome.said.len(),
        "astray": outcome.losses.count(),
        "seconds": best,
        "blocks_per_second": (blocks / best).round(),
    });
    println!("{report}");
}
