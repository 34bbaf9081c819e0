//! `cargo xtask bench keys`: what registrations of a thousand keys cost, in a process of its own
//! (`crates/butler-core/benches/registrations.rs`).

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::command::{cargo, output};

/// How to print it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let bench = ["bench", "--quiet", "--package", "butler-core", "--features", "sign", "--bench", "registrations"];
    let measured: Value =
        serde_json::from_str(&output(cargo().args(bench))?).context("the bench `registrations` printed no JSON")?;
    let targets = json!({
        "verified_1000_ms": "at most 1000 on 2 cores, with what is read of the chain",
        "registered_per_second": "at least 1000 on 2 cores",
        "registered_times_one_by_one": "at least 3",
    });
    let report = json!({ "bench": "keys", "registrations": measured, "targets": targets });
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}
