//! `cargo xtask bench watcher`: what it costs to follow a chain, to plan and to remember.
//!
//! `backfill` is the first start on a million blocks, `life` a watcher that is up to date, both the release build as a process of
//! its own behind the test kit's endpoints. `journal` is measured in a process of its own (`benches/journal.rs`), which leaves a
//! journal of 100,000 finished actions; the real program is then started with it.

mod backfill;
mod figures;
mod life;
mod program;

use std::time::Duration;

use anyhow::Context as _;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use serde_json::{Value, json};

use self::backfill::Limit;
use self::figures::{CONFIRMATIONS, number, rounded};
use self::life::Finality;
use self::program::Setting;
use super::rivals::built;
use crate::command::{cargo, output, target};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Only this part.
    #[arg(long, value_parser = ["backfill", "life", "journal"])]
    only: Option<String>,
    /// First starts of which the median counts.
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = built("butler-watcher")?;
    let state = ensure(&DevnetSpec::scenario())?;
    let is_wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let mut report = json!({ "bench": "watcher", "targets": targets() });
    let mut put = |name: &str, figures: Value| {
        eprintln!("{name}: {figures}");
        report[name] = figures;
    };
    if is_wanted("backfill") {
        let chain = runtime.block_on(Chain::start(&state))?;
        let measure = |limit| runtime.block_on(backfill::measure(&binary, &chain, limit, options.runs));
        put("backfill_10000_blocks", measure(Limit::Told(10_000))?);
        put("backfill_2000_blocks_hidden", measure(Limit::Hidden(2_000))?);
    }
    if is_wanted("journal") {
        let chain = runtime.block_on(Chain::start(&state))?;
        let network = format!("start_block = 1\nconfirmations = {CONFIRMATIONS}");
        let folder = target().join("bench/watcher/full");
        let setting = Setting::new(&folder, &chain, &[chain.url().to_owned()], &network, Duration::from_secs(1))?;
        let bench = ["bench", "--quiet", "--package", "butler-watcher", "--bench", "journal", "--"];
        let measured = output(cargo().args(bench).arg(setting.state.join("journal")))?;
        put("journal", serde_json::from_str(&measured).context("the bench of the journal printed no JSON")?);
        let mut watcher = setting.start(&binary)?;
        let followed = watcher.reached(runtime.block_on(chain.block_number())? - CONFIRMATIONS)?;
        put(
            "with_100000_finished",
            json!({
                "start_ms": rounded(watcher.listening.as_secs_f64() * 1000.0),
                "followed_ms": rounded(followed.as_secs_f64() * 1000.0),
                "peak_rss_mb": rounded(watcher.process.peak_memory()?),
            }),
        );
    }
    if is_wanted("life") {
        let chain = runtime.block_on(Chain::start(&state))?;
        put("reaction", runtime.block_on(life::reaction(&binary, &chain))?);
        put("idle_by_tag", runtime.block_on(life::idle(&binary, &chain, Finality::Tag))?);
        put("idle_by_confirmations", runtime.block_on(life::idle(&binary, &chain, Finality::Confirmations))?);
    }
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}

fn targets() -> Value {
    json!({
        "backfill_10000_blocks": { "log_queries": "at most 105", "seconds": "at most 1.5", "peak_rss_mb": "at most 50" },
        "backfill_2000_blocks_hidden": { "log_queries": "at most 510" },
        "journal": {
            "events_per_second": "at least 20000", "replay_10k_pending_ms": "at most 1000", "store_by_content": "at most 2",
        },
        "with_100000_finished": { "start_ms": "at most 1000", "peak_rss_mb": "at most 60" },
        "reaction": { "reaction_ms": "at most one poll and 200" },
        "idle": { "requests_an_hour": "at most 330", "core_percent": "at most 1" },
    })
}
