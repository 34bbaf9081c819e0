//! The sizes, the runs and the figures of `cargo xtask bench snapshot`.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, ProxyStats};
use serde_json::{Value, json};

use super::setting::Setting;
use super::{rivals, sequential, status};
use crate::command::target;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object per size.
    #[arg(long)]
    json: bool,
    /// Active attesters of the network; an eighth of that waits in the entry queue.
    #[arg(long, value_name = "N", default_value_t = 4000)]
    network: u32,
    /// Runs per figure; the median counts.
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// Measure the sequential reader at 50 ms per round trip, too: many minutes.
    #[arg(long)]
    full: bool,
    /// Measure only this build against that of a revision, in turn: the overview at 1,040 attesters and the first scan.
    #[arg(long, value_name = "REV", conflicts_with = "full")]
    against: Option<String>,
}

/// Providers of the large devnet, whose attesters are tracked: 100, 1,000 and all of them.
const SIZES: [&[u64]; 3] = [&[1], &[1, 2], &[1, 2, 3]];
const RTT: Duration = Duration::from_millis(50);

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let state = ensure(&DevnetSpec::large(options.network))?;
    let small = ensure(&DevnetSpec::scenario())?;
    let sides = rivals::sides("butler-cli", options.against.as_deref())?;
    let program = sides.first().map(|side| side.program.clone()).context("no program")?;
    let folder = target().join("bench/snapshot");
    std::fs::create_dir_all(&folder).with_context(|| format!("failed to create `{}`", folder.display()))?;
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    runtime.block_on(async {
        let chain = Chain::start(&state).await?;
        let mut all = Vec::new();
        for providers in SIZES.into_iter().filter(|_| options.against.is_none()) {
            all.push(measure(options, &program, &folder, &chain, providers).await?);
        }
        // Minutes of waiting for the network, so they come last.
        for (figures, providers) in all.iter_mut().zip(SIZES).filter(|_| options.full) {
            measure_far(figures, &chain, providers).await?;
        }
        all.push(status::overview(&sides, options.runs, &chain).await?);
        all.push(status::first_scan(&sides, options.runs, &small).await?);
        for figures in all {
            if options.json {
                println!("{figures}");
            } else {
                println!("{figures:#}");
            }
        }
        Ok(())
    })
}

async fn measure(
    options: &Options,
    program: &Path,
    folder: &Path,
    chain: &Chain,
    providers: &[u64],
) -> anyhow::Result<Value> {
    let oracle = chain.oracle()?;
    let proxy = FaultProxy::start(chain.url()).await?;
    let direct = Setting::new(folder, "direct", oracle, chain.url(), providers)?;
    let proxied = Setting::new(folder, "proxied", oracle, &proxy.url(), providers)?;

    let counted = proxied.cold(program)?;
    let stats = proxy.stats();
    proxy.reset();
    proxied.warm(program)?;
    let warm = proxy.stats();
    let wall = median(options.runs, || direct.cold(program).map(|run| run.wall))?;
    let rss = median(options.runs, || direct.cold(program).map(|run| run.peak_rss_kb))?;
    let warm_wall = median(options.runs, || direct.warm(program).map(|run| run.wall))?;
    proxy.set(FaultPlan::always(Fault::Latency(RTT)));
    let wall_far = median(options.runs, || proxied.cold(program).map(|run| run.wall))?;
    proxy.set(FaultPlan::none());

    let calls = sequential::calls(oracle, providers)?;
    let sequential = sequential::run(chain.url(), &calls).await?;
    Ok(json!({
        "attesters": counted.attesters,
        "active": oracle.active_attesters.len(),
        "queued": oracle.entry_queue.len(),
        "http_requests": stats.http_requests,
        "round_trips": stats.round_trips,
        "rpc_bytes": stats.request_bytes + stats.response_bytes,
        "warm_http_requests": warm.http_requests,
        "warm_log_queries": log_queries(&warm),
        "wall_ms": milliseconds(wall),
        "warm_wall_ms": milliseconds(warm_wall),
        "wall_ms_50ms_rtt": milliseconds(wall_far),
        "sequential_calls": calls.len(),
        "sequential_wall_ms": milliseconds(sequential),
        "ratio": ratio(sequential, wall),
        "sequential_wall_ms_50ms_rtt": null,
        "ratio_50ms_rtt": null,
        "peak_rss_mb": tenths(Duration::from_millis(rss * 1000 / 1024).as_secs_f64()),
    }))
}

/// Adds the sequential reader's time at the round trip time of a far endpoint.
async fn measure_far(figures: &mut Value, chain: &Chain, providers: &[u64]) -> anyhow::Result<()> {
    let proxy = FaultProxy::start(chain.url()).await?;
    proxy.set(FaultPlan::always(Fault::Latency(RTT)));
    let calls = sequential::calls(chain.oracle()?, providers)?;
    let far = milliseconds(sequential::run(&proxy.url(), &calls).await?);
    let wall = figures["wall_ms_50ms_rtt"].as_f64().context("no time at 50 ms")?;
    figures["sequential_wall_ms_50ms_rtt"] = json!(far);
    figures["ratio_50ms_rtt"] = json!(tenths(far / wall));
    Ok(())
}

fn median<T: Ord + Copy>(runs: usize, mut run: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut figures = (0..runs.max(1)).map(|_| run()).collect::<anyhow::Result<Vec<T>>>()?;
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().context("no runs")
}

fn log_queries(stats: &ProxyStats) -> u64 {
    stats.calls_by_method.get("eth_getLogs").copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    tenths(duration.as_secs_f64() * 1000.0)
}

fn ratio(slow: Duration, fast: Duration) -> f64 {
    tenths(slow.as_secs_f64() / fast.as_secs_f64())
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
