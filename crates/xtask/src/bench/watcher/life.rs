//! A watcher that is up to date: how soon it plans what became final, and what it costs while nothing happens.
//!
//! The chain makes no blocks by itself. While it is idle, 32 empty ones come at once every 32 looks, as finality does on
//! Ethereum at the default poll: an epoch of 32 slots of 12 seconds. Looks are a second apart, so that an hour passes in five minutes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use butler_testkit::devnet::{Chain, Move};
use butler_testkit::proxy::FaultProxy;
use serde_json::{Value, json};

use super::figures::{CONFIRMATIONS, number, rounded};
use super::program::Setting;
use crate::command::target;

/// Time between two looks here, and by default.
const POLL: Duration = Duration::from_secs(1);
const DEFAULT_POLL: Duration = Duration::from_secs(12);
/// Blocks that become final at once, and looks from one time to the next.
const EPOCH: u32 = 32;
/// Epochs that are counted.
const EPOCHS: u32 = 6;
const REACTIONS: usize = 10;

/// From a final block to its planned action, as often as that is measured.
pub(super) async fn reaction(binary: &Path, chain: &Chain) -> anyhow::Result<Value> {
    let network = format!("start_block = 1\nconfirmations = {CONFIRMATIONS}");
    let folder = target().join("bench/watcher/reaction");
    let setting = Setting::new(&folder, chain, &[chain.url().to_owned()], &network, POLL)?;
    let mut watcher = setting.start(binary)?;
    watcher.reached(chain.block_number().await? - CONFIRMATIONS)?;
    let series = "butler_watcher_planned_total{network=\"devnet\",kind=\"take_rate_changed\"";
    let mut waits = Vec::new();
    for round in 0..REACTIONS {
        let planned = watcher.metric(series)?;
        chain.play(Move::SetTakeRate { provider: 1, rate: 600 + u16::try_from(round)? }).await?;
        for _ in 1..CONFIRMATIONS {
            chain.mine().await?;
        }
        // Whenever in its pause that may be.
        std::thread::sleep(Duration::from_millis(97) * u32::try_from(round)?);
        chain.mine().await?;
        let began = Instant::now();
        watcher.until(series, planned + 1.0)?;
        waits.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    waits.sort_unstable_by(f64::total_cmp);
    Ok(json!({
        "poll_ms": 1000, "reaction_ms": rounded(waits.last().copied().unwrap_or_default()),
        "reaction_median_ms": rounded(waits.get(waits.len() / 2).copied().unwrap_or_default()),
    }))
}

/// What is final while it is idle.
#[derive(Debug, Clone, Copy)]
pub(super) enum Finality {
    Tag,
    Confirmations,
}

/// Requests to each of two endpoints, and the processor's time, over some epochs in which nothing happens.
pub(super) async fn idle(binary: &Path, chain: &Chain, finality: Finality) -> anyhow::Result<Value> {
    let network = match finality {
        Finality::Tag => "start_block = 1".to_owned(),
        Finality::Confirmations => format!("start_block = 1\nconfirmations = {CONFIRMATIONS}"),
    };
    // Anvil says that its last 64 blocks are not final.
    chain.rpc("anvil_mine", json!([format!("{:#x}", 3 * EPOCH)])).await?;
    let proxies = [FaultProxy::start(chain.url()).await?, FaultProxy::start(chain.url()).await?];
    let urls: Vec<String> = proxies.iter().map(FaultProxy::url).collect();
    let folder = target().join("bench/watcher/idle");
    let setting = Setting::new(&folder, chain, &urls, &network, POLL)?;
    let mut watcher = setting.start(binary)?;
    let looks = "butler_watcher_looks_total{network=\"devnet\",result=\"success\"";
    watcher.until(looks, f64::from(EPOCH) / 2.0)?;
    proxies.iter().for_each(FaultProxy::reset);
    let (first, cpu, began) = (watcher.metric(looks)?, watcher.process.cpu()?, Instant::now());
    for epoch in 1..=EPOCHS {
        chain.rpc("anvil_mine", json!([format!("{EPOCH:#x}")])).await?;
        watcher.until(looks, first + f64::from(epoch * EPOCH))?;
    }
    let polls = watcher.metric(looks)? - first;
    let share = (watcher.process.cpu()? - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    let requests = proxies.iter().map(|proxy| proxy.stats().http_requests).max().context("no endpoint")?;
    let an_hour = 3600.0 / DEFAULT_POLL.as_secs_f64();
    Ok(json!({
        "looks": polls, "requests": requests, "requests_an_hour": rounded(number(requests) / polls * an_hour),
        "core_percent_at_1_s": rounded(share * 100.0),
        "core_percent": rounded(share * 100.0 / DEFAULT_POLL.as_secs_f64() * POLL.as_secs_f64()),
    }))
}
