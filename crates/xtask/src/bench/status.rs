//! `butler-cli status` at about a thousand tracked attesters, and the first scan of a long chain, build against build.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure as require};
use butler_testkit::devnet::{Chain, DevnetState};
use butler_testkit::long_chain::LongChain;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, LogLimit, LogLimitStyle, When};
use serde_json::{Value, json};

use super::rivals::{Figures, Side, in_turn, report};
use super::setting::Setting;
use crate::command::{output, target};

/// Providers of the large devnet that have 1,040 attesters together.
const PROVIDERS: &[u64] = &[1, 2];
/// Blocks that are scanned, the most of one query, and what the endpoint is away.
const BLOCKS: u64 = 1_000_000;
const RANGE: u64 = 10_000;
const AWAY: Duration = Duration::from_millis(50);
/// Runs within one measurement of the processor's time, which the kernel tells in hundredths of a second.
const REPEATED: u32 = 20;

/// The overview: requests, bytes, times, memory.
pub(super) async fn overview(sides: &[Side], runs: usize, chain: &Chain) -> anyhow::Result<Value> {
    let oracle = chain.oracle()?;
    let folder = target().join("bench/status");
    let proxy = FaultProxy::start(chain.url()).await?;
    proxy.compress();
    let settings = sides.iter().map(|side| {
        let at = |name: &str, url: &str| Setting::new(&folder.join(&side.name), name, oracle, url, PROVIDERS);
        Ok((side.name.clone(), (at("direct", chain.url())?, at("proxied", &proxy.url())?)))
    });
    let settings: std::collections::BTreeMap<_, _> = settings.collect::<anyhow::Result<_>>()?;
    let medians = in_turn(sides, runs, |side| {
        let (direct, proxied) = settings.get(&side.name).context("a side without a setting")?;
        let mut figures = Figures::new();
        for (name, is_warm) in [("cold", false), ("warm", true)] {
            proxy.reset();
            let run = if is_warm { proxied.warm(&side.program)? } else { proxied.cold(&side.program)? };
            let stats = proxy.stats();
            let [requests, trips, wire, sent, wall, memory] = names(name);
            figures.insert(requests, number(stats.http_requests));
            figures.insert(trips, number(stats.round_trips));
            let travelled = stats.request_bytes + stats.response_bytes - stats.saved_bytes;
            figures.insert(wire, number(travelled) / 1e6);
            figures.insert(sent, number(stats.request_bytes) / 1e6);
            figures.insert("attesters", number(u64::try_from(run.attesters)?));
            let run = if is_warm { direct.warm(&side.program)? } else { direct.cold(&side.program)? };
            figures.insert(wall, run.wall.as_secs_f64() * 1000.0);
            figures.insert(memory, number(run.peak_rss_kb) / 1024.0);
        }
        figures.insert("warm_user_cpu_ms", user_time(direct, side)?);
        Ok(figures)
    })?;
    let targets = json!({
        "cold_requests": "at most 6", "warm_requests": "at most 6", "cold_round_trips": "at most 4",
        "cold_wall_ms": "ratio at most 1.1", "warm_wall_ms": "ratio at most 1.1",
        "cold_peak_memory_mb": "at most 14", "warm_wire_mb": "at most 0.7",
    });
    Ok(report("status", sides, &medians, &targets))
}

fn names(of: &str) -> [&'static str; 6] {
    match of {
        "cold" => {
            ["cold_requests", "cold_round_trips", "cold_wire_mb", "cold_sent_mb", "cold_wall_ms", "cold_peak_memory_mb"]
        }
        _ => {
            ["warm_requests", "warm_round_trips", "warm_wire_mb", "warm_sent_mb", "warm_wall_ms", "warm_peak_memory_mb"]
        }
    }
}

/// The processor's time of one run in user mode, in ms: the shell adds up what its children used.
fn user_time(setting: &Setting, side: &Side) -> anyhow::Result<f64> {
    const LOOP: &str = "n=$1; shift; while [ $n -gt 0 ]; do \"$@\" >/dev/null || exit 1; n=$((n-1)); done; times";
    let command = setting.command(&side.program);
    let mut shell = Command::new("sh");
    shell.args(["-c", LOOP, "sh", &REPEATED.to_string()]).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let told = output(&mut shell)?;
    let user = told.lines().nth(1).and_then(|children| children.split_whitespace().next());
    let (minutes, seconds) = user.and_then(|user| user.trim_end_matches('s').split_once('m')).context("no times")?;
    let seconds = minutes.parse::<f64>()? * 60.0 + seconds.parse::<f64>()?;
    Ok(seconds * 1000.0 / f64::from(REPEATED))
}

/// The first scan of a chain of a million blocks, whose endpoint grants ten thousand a query.
pub(super) async fn first_scan(sides: &[Side], runs: usize, small: &DevnetState) -> anyhow::Result<Value> {
    let chain = Chain::start(small).await?;
    let long = LongChain::start(chain.url(), BLOCKS).await?;
    let proxy = FaultProxy::start(&long.url()).await?;
    let limit = LogLimit { style: LogLimitStyle::InfuraRange, max_range: Some(RANGE), max_results: None };
    let far = FaultPlan::always(Fault::Latency(AWAY)).with(Fault::LogLimit(limit), When::Always);
    let folder = target().join("bench/scan");
    let mut settings = Vec::new();
    for side in sides {
        let setting = Setting::new(&folder.join(&side.name), "far", chain.oracle()?, &proxy.url(), &[1])?;
        settings.push((side.name.clone(), setting));
    }
    let medians = in_turn(sides, runs, |side| {
        let setting = settings.iter().find(|(name, _)| *name == side.name).map(|(_, setting)| setting);
        proxy.reset();
        proxy.set(far.clone());
        let run = setting.context("a side without a setting")?.cold(&side.program)?;
        let stats = proxy.stats();
        require!(run.attesters > 0, "the scan found nothing");
        Ok(Figures::from([
            ("log_queries", number(stats.calls_by_method.get("eth_getLogs").copied().unwrap_or_default())),
            ("requests", number(stats.http_requests)),
            ("seconds", run.wall.as_secs_f64()),
        ]))
    })?;
    let targets = json!({ "log_queries": "at most 105", "seconds": "at most 1.5" });
    Ok(report("first scan of 1,000,000 blocks", sides, &medians, &targets))
}

/// Counts are far from where a float would round them.
fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
