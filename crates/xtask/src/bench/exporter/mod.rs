//! `cargo xtask bench exporter`: what it costs to run the exporter and to ask it.
//!
//! Two sizes, each a process of its own against a local chain of 4,000 active attesters: about 1,000 own attesters whose
//! files are in order, and about 4,000 own ones that nearly all lack a coinbase, which makes more than 10,000 series. Six small
//! networks with a node each stand beside it, so that there are enough scrapes in a minute. Everything is scraped each second.

mod clients;
mod setting;
mod starts;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure as require};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use serde_json::{Value, json};

use self::clients::{Load, Pace};
use self::setting::{Setting, Size};
use super::rivals;
use crate::command::{cargo, output, target};
use crate::connection::Coding;
use crate::exporter::{Exporter, following_node};

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object per size.
    #[arg(long)]
    json: bool,
    /// Active attesters of the network; an eighth of that waits in the entry queue.
    #[arg(long, value_name = "N", default_value_t = 4000)]
    network: u32,
    /// Scrapes of all networks together that a run lasts.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    scrapes: u64,
    /// Measure only the start.
    #[arg(long)]
    starts: bool,
    /// Measure only the start, of this build and that of a revision, in turn.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Requests in that time.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    requests: u64,
}

/// How long the program runs alone to see what a scrape costs.
const QUIET: Duration = Duration::from_secs(10);
/// Starts of which the median counts.
const STARTS: usize = 5;
/// The longest that a run may take.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let large = ensure(&DevnetSpec::large(options.network))?;
    let small = ensure(&DevnetSpec::scenario())?;
    let sides = rivals::sides("butler-exporter", options.against.as_deref())?;
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let large = runtime.block_on(Chain::start(&large))?;
    let small = runtime.block_on(Chain::start(&small))?;
    let started = starts::compare(&runtime, &sides, STARTS, &large)?;
    if options.json {
        println!("{started}");
    } else {
        println!("{started:#}");
    }
    if options.starts || options.against.is_some() {
        return Ok(());
    }
    let folder = target().join("bench/exporter");
    let binary = sides.first().map(|side| side.program.clone()).context("no program")?;
    let binary_bytes = std::fs::metadata(&binary).context("failed to look at the binary")?.len();
    let node = runtime.block_on(following_node(small.oracle()?))?;

    let devnet = Setting::devnet(&folder.join("devnet"), &small, &node)?;
    let start_ms = median(STARTS, || devnet.start(&binary).map(|exporter| milliseconds(exporter.first_scrape)))?;
    for size in [Size::Attesters, Size::Series] {
        eprintln!("{}: alone for {} s", size.name(), QUIET.as_secs());
        let alone = Setting::large(&folder.join("alone"), &large, size, None)?;
        let cpu = cpu_per_scrape(&mut alone.start(&binary)?)?;
        let setting = Setting::large(&folder.join(size.name()), &large, size, Some((&small, &node)))?;
        let mut figures = measure(options, &mut setting.start(&binary)?, size)?;
        figures["cpu_seconds_per_scrape"] = json!(thousandths(cpu));
        figures["start_to_first_scrape_ms"] = json!(start_ms);
        figures["binary_bytes"] = json!(binary_bytes);
        eprintln!("{}, but for the encoder: {figures}", size.name());
        let series = figures["series"].as_u64().unwrap_or_default().to_string();
        let bench = ["bench", "--quiet", "--package", "butler-exporter", "--bench", "encode", "--"];
        let encoded: Value = serde_json::from_str(&output(cargo().args(bench).arg(series))?)
            .context("the bench of the encoder printed no JSON")?;
        figures["encode_ms"] = encoded["encode_ms"].clone();
        figures["change_ms"] = encoded["change_ms"].clone();
        if options.json {
            println!("{figures}");
        } else {
            println!("{figures:#}");
        }
    }
    Ok(())
}

/// The processor's time for one scrape of the large network, while nobody asks.
fn cpu_per_scrape(exporter: &mut Exporter) -> anyhow::Result<f64> {
    let (before, scrapes) = (exporter.cpu()?, exporter.scrapes("l1")?);
    let began = Instant::now();
    let mut seen = scrapes.clone();
    let mut counted = 0_u32;
    while began.elapsed() < QUIET {
        std::thread::sleep(Duration::from_millis(250));
        let now = exporter.scrapes("l1")?;
        counted += u32::from(now != seen);
        seen = now;
    }
    require!(counted > 0, "there was no scrape in {QUIET:?}");
    Ok((exporter.cpu()? - before).as_secs_f64() / f64::from(counted))
}

/// Eight clients that ask as often as it takes to have asked enough when enough was scraped; then eight that never pause.
fn measure(options: &Options, exporter: &mut Exporter, size: Size) -> anyhow::Result<Value> {
    let mut load = Load::start(exporter.address, Pace::Each(Duration::from_millis(50)));
    let mut memory = Vec::new();
    let (mut seen, mut scrapes) = (exporter.scrapes("")?, 0_u64);
    let began = Instant::now();
    let mut told = began;
    while scrapes < options.scrapes || load.requests() < options.requests {
        require!(began.elapsed() < PATIENCE, "only {scrapes} scrapes and {} requests in {PATIENCE:?}", load.requests());
        std::thread::sleep(Duration::from_millis(200));
        let now = exporter.scrapes("")?;
        let changed = now.iter().filter(|(scraper, took)| seen.get(*scraper) != Some(took)).count();
        scrapes += u64::try_from(changed).unwrap_or_default();
        seen = now;
        memory.push(exporter.memory()?);
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            eprintln!("{}: {scrapes} scrapes, {} requests", size.name(), load.requests());
        }
    }
    let paced = load.stop()?;
    let peak = exporter.peak_memory()?;
    let mut busy = Load::start(exporter.address, Pace::None);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(8) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let busy = busy.stop()?;
    let text = exporter.metrics()?;
    Ok(json!({
        "size": size.name(),
        "attesters": attesters(&text),
        "series": text.lines().filter(|line| !line.starts_with('#')).count(),
        "scrapes": scrapes,
        "requests": paced.requests(),
        "metrics_p50_ms": paced.percentile(Coding::Gzip, 50)?,
        "metrics_p99_ms": paced.percentile(Coding::Gzip, 99)?,
        "identity_p50_ms": paced.percentile(Coding::Identity, 50)?,
        "identity_p99_ms": paced.percentile(Coding::Identity, 99)?,
        "busy_requests_per_second": busy.requests() / 8,
        "busy_gzip_p99_ms": busy.percentile(Coding::Gzip, 99)?,
        "busy_identity_p99_ms": busy.percentile(Coding::Identity, 99)?,
        "encode_ms": null,
        "change_ms": null,
        "bytes": text.len(),
        "bytes_gzip": paced.bytes(Coding::Gzip),
        "peak_rss_mb": tenths(peak),
        "rss_growth_mb": growth(&memory),
    }))
}

/// Own attesters of the large network.
fn attesters(text: &str) -> f64 {
    let lines = text.lines().filter_map(|line| line.strip_prefix("butler_attesters{network=\"devnet\""));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

/// What memory in use grew by in the second half: the mean of the last fifth less that of the fifth after the middle.
fn growth(memory: &[f64]) -> f64 {
    let fifth = (memory.len() / 5).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / f64::from(u32::try_from(part.len().max(1)).unwrap_or(1));
    let middle = memory.len() / 2;
    let early = memory.get(middle..(middle + fifth).min(memory.len())).unwrap_or_default();
    let late = memory.get(memory.len().saturating_sub(fifth)..).unwrap_or_default();
    tenths(mean(late) - mean(early))
}

fn median(runs: usize, mut run: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let mut figures = (0..runs.max(1)).map(|_| run()).collect::<anyhow::Result<Vec<f64>>>()?;
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().context("no runs")
}

fn milliseconds(duration: Duration) -> f64 {
    tenths(duration.as_secs_f64() * 1000.0)
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
