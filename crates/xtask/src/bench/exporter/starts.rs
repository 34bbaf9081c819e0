//! From the exporter's start until every scraper was good, build against build: the first round reads everything there is.
//!
//! The large network with providers 1 and 2: 1,040 own attesters, 1,000 of them delegated, in 26 blocks. That is a little more than
//! the 1,000 with 800 delegations in 24 blocks which the targets are for.

use std::time::Duration;

use anyhow::Context as _;
use butler_testkit::devnet::Chain;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use serde_json::{Value, json};

use super::super::rivals::{Figures, Side, in_turn, report};
use super::setting::Setting;
use crate::command::target;

/// How far away the endpoint is the second time.
const FAR: Duration = Duration::from_millis(150);

/// Starts each side so often, near and far.
pub(super) fn compare(
    runtime: &tokio::runtime::Runtime,
    sides: &[Side],
    runs: usize,
    chain: &Chain,
) -> anyhow::Result<Value> {
    let proxy = runtime.block_on(FaultProxy::start(chain.url()))?;
    let mut settings = Vec::new();
    for side in sides {
        let folder = target().join("bench/exporter/starts").join(&side.name);
        settings.push((side.name.clone(), Setting::plain(&folder, chain, &proxy.url())?));
    }
    let medians = in_turn(sides, runs, |side| {
        let setting = settings.iter().find(|(name, _)| *name == side.name).map(|(_, setting)| setting);
        let setting = setting.context("a side without a setting")?;
        let mut figures = Figures::new();
        for (seconds, requests, trips, plan) in [
            ("seconds_at_0_ms", "requests_at_0_ms", "round_trips_at_0_ms", FaultPlan::none()),
            (
                "seconds_at_150_ms",
                "requests_at_150_ms",
                "round_trips_at_150_ms",
                FaultPlan::always(Fault::Latency(FAR)),
            ),
        ] {
            proxy.set(plan);
            proxy.reset();
            let exporter = setting.start(&side.program)?;
            let stats = proxy.stats();
            figures.insert(seconds, exporter.first_scrape.as_secs_f64());
            figures.insert(requests, f64::from(u32::try_from(stats.http_requests)?));
            figures.insert(trips, f64::from(u32::try_from(stats.round_trips)?));
        }
        Ok(figures)
    })?;
    let targets = json!({
        "seconds_at_0_ms": "at most 1", "seconds_at_150_ms": "at most 4",
        "requests_at_0_ms": "at most 60", "requests_at_150_ms": "at most 60",
    });
    Ok(report("start of the exporter to every scraper good", sides, &medians, &targets))
}
