//! `cargo xtask bench duties`: what it costs to learn from L1 alone what nodes really did.
//!
//! `decode` is the calldata of `propose` alone, with the proposer recovered, in a process of its own
//! (`crates/butler-core/benches/proposals.rs`).

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
    #[arg(long, value_parser = ["decode"])]
    only: Option<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let is_wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    let mut report = json!({ "bench": "duties", "targets": targets() });
    if is_wanted("decode") {
        report["decode"] = decode()?;
    }
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}

fn decode() -> anyhow::Result<Value> {
    let measured = output(cargo().args(["bench", "--quiet", "--package", "butler-core", "--bench", "proposals"]))?;
    serde_json::from_str(&measured).context("the bench of proposals printed no JSON")
}

fn targets() -> Value {
    json!({ "decode": { "per_second": "at least 10000" } })
}
