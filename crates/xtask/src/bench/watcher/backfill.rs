//! The first start on a chain of a million blocks, behind an endpoint that is 50 ms away and grants few blocks a query.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure as require;
use butler_testkit::devnet::Chain;
use butler_testkit::long_chain::LongChain;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, LogLimit, LogLimitStyle, When};
use serde_json::{Value, json};

use super::figures::{CONFIRMATIONS, number, rounded};
use super::program::Setting;
use crate::command::target;

const BLOCKS: u64 = 1_000_000;
const AWAY: Duration = Duration::from_millis(50);

/// A limit, and whether its refusal names it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    Told(u64),
    Hidden(u64),
}

impl Limit {
    fn of_logs(self) -> LogLimit {
        let (style, blocks) = match self {
            Self::Told(blocks) => (LogLimitStyle::InfuraRange, blocks),
            Self::Hidden(blocks) => (LogLimitStyle::Ankr, blocks),
        };
        LogLimit { style, max_range: Some(blocks), max_results: None }
    }
}

/// The medians of so many first starts.
pub(super) async fn measure(binary: &Path, chain: &Chain, limit: Limit, runs: usize) -> anyhow::Result<Value> {
    let long = LongChain::start(chain.url(), BLOCKS).await?;
    let proxy = FaultProxy::start(&long.url()).await?;
    let limited = Fault::LogLimit(limit.of_logs());
    let last = chain.block_number().await? + BLOCKS - CONFIRMATIONS;
    let network = format!("start_block = 1\nconfirmations = {CONFIRMATIONS}");
    let (mut queries, mut seconds, mut memory, mut requests) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs.max(1) {
        let folder = target().join("bench/watcher/backfill");
        let setting = Setting::new(&folder, chain, &[proxy.url()], &network, Duration::from_secs(12))?;
        proxy.set(FaultPlan::always(Fault::Latency(AWAY)).with(limited.clone(), When::Always));
        proxy.reset();
        let mut watcher = setting.start(binary)?;
        seconds.push(watcher.reached(last)?.as_secs_f64());
        let stats = proxy.stats();
        queries.push(number(stats.calls_by_method.get("eth_getLogs").copied().unwrap_or_default()));
        requests.push(number(stats.http_requests));
        memory.push(watcher.process.peak_memory()?);
        let planned = watcher.metric("butler_watcher_planned_total{network=\"devnet\",kind=\"configure_coinbase\"")?;
        require!(planned > 0.0, "nothing was planned");
    }
    Ok(json!({
        "log_queries": median(queries), "seconds": median(seconds), "requests": median(requests),
        "peak_rss_mb": median(memory),
    }))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    rounded(figures.get(figures.len() / 2).copied().unwrap_or_default())
}
