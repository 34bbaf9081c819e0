//! `cargo xtask bench duties`: what it costs to learn from L1 alone what nodes really did.
//!
//! `decode` is the calldata of `propose` alone, with the proposer recovered, in a process of its own
//! (`crates/butler-core/benches/proposals.rs`); `backtest` replays seventy-two days of 444 attesters from facts that were read
//! (`crates/butler-core/benches/backtest.rs`); `traffic` is a day of a network like mainnet that is followed, and read from nothing
//! (`crates/butler-core/benches/duties_traffic/`).

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::command::{cargo, output};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Only this part.
    #[arg(long, value_parser = ["decode", "backtest", "traffic"])]
    only: Option<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let is_wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    let mut report = json!({ "bench": "duties", "targets": targets() });
    if is_wanted("decode") {
        report["decode"] = of_core("proposals")?;
    }
    if is_wanted("backtest") {
        report["backtest"] = of_core("backtest")?;
    }
    if is_wanted("traffic") {
        report["traffic"] = of_core("duties_traffic")?;
    }
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}

/// What a bench of core prints.
fn of_core(bench: &str) -> anyhow::Result<Value> {
    let measured = output(cargo().args(["bench", "--quiet", "--package", "butler-core", "--bench", bench]))?;
    serde_json::from_str(&measured).with_context(|| format!("the bench `{bench}` printed no JSON"))
}

fn targets() -> Value {
    json!({
        "decode": { "per_second": "at least 10000" },
        "backtest": { "blocks_per_second": "at least 1000" },
        "traffic": {
            "own_3_percent": { "requests": "at most 120", "received_bytes": "at most 20000000" },
            "whole_network": { "requests": "at most 300", "received_bytes": "at most 40000000" },
            "backfill": { "seconds": "at most 10" },
        },
    })
}
