//! `cargo xtask soak`: everything that can go wrong, one thing after another, while somebody scrapes all the time.
//!
//! It runs the exporter on the devnet and fails when the exporter ends, shows a stale number as fresh, does not tell of what
//! is wrong, or does not recover by itself. `docs/reliability.md` has the figures of a run.

mod answer;
mod poller;
mod requests;
mod stage;
mod trouble;
mod truth;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure as require};
use butler_testkit::devnet::Move;
use serde_json::{Value, json};
use tokio::time::sleep;

use self::answer::Answer;
use self::poller::Poller;
use self::stage::{INTERVAL, STALENESS, Stage};
use self::trouble::{Expected, Trouble, all};
use crate::command::{cargo, target};

/// How to soak.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// About how long it takes; what goes wrong shares the time.
    #[arg(long, value_name = "N", default_value_t = 6)]
    minutes: u32,
    /// Only one of each kind of fault, and each for a short time: about a minute.
    #[arg(long, conflicts_with = "minutes")]
    quick: bool,
    /// At the end, wait until what was learnt of the endpoint has worn off: up to half an hour.
    #[arg(long)]
    relearn: bool,
    /// Run the release build.
    #[arg(long)]
    release: bool,
}

/// A new block comes this often.
const BLOCK_TIME: Duration = Duration::from_millis(500);
/// How long the exporter may take to tell of something.
const TELLING: Duration = Duration::from_secs(20);
/// How long it may take to recover: so many intervals.
const RECOVERY_INTERVALS: u32 = 10;
/// What the soak itself may be late.
const SLACK: Duration = Duration::from_secs(1);
/// The shortest time for which anything is wrong.
const LEAST_HOLD: Duration = Duration::from_secs(2);
/// One of each kind. The first lasts until the readings have left.
const QUICK: [&str; 11] = [
    "l1 Close",
    "l1 Hang",
    "l1 WrongChain(1)",
    "l1 RefuseBatches(1, Besu)",
    "node Hang",
    "chain reorged",
    "key file half written",
    "configuration broken",
    "endpoint's URL replaced",
    "clock stepped by 3600 s",
    "disk full",
];
/// How long a limit that an endpoint told is believed, and the way back, with room.
const FORGETTING: Duration = Duration::from_secs(30 * 60);
/// Between two looks at the exporter's answers.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut build = cargo();
    build.args(["build", "--package", "butler-exporter"]);
    if options.release {
        build.arg("--release");
    }
    // What cargo says goes to stderr, and stdout is left to the report.
    require!(build.status().context("failed to start cargo")?.success(), "failed to build butler-exporter");
    let program = target().join(if options.release { "release" } else { "debug" }).join("butler-exporter");
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let report = runtime.block_on(async {
        let mut stage = Stage::set(&target().join("soak"), &program).await?;
        soak(options, &mut stage).await
    })?;
    if options.json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    let complaints = report["complaints"].as_array().map_or(0, Vec::len);
    require!(complaints == 0, "{complaints} complaints, see above");
    Ok(())
}

async fn soak(options: &Options, stage: &mut Stage) -> anyhow::Result<Value> {
    let began = Instant::now();
    let poller = Arc::new(Poller::new(Arc::clone(&stage.truth), stage.id(), STALENESS + SLACK));
    let (scraping, address) = (Arc::clone(&poller), stage.address);
    let scraper = std::thread::spawn(move || scraping.run(address));
    until(TELLING, || poller.last().is_good().then_some(())).await.context("the first scrape did not come")?;

    let has_usual = || (poller.found().requests.count() >= requests::WITHIN).then_some(());
    until(TELLING, has_usual).await.context("the exporter scrapes too seldom")?;

    let mut troubles = all(stage);
    troubles.retain(|trouble| !options.quick || QUICK.contains(&trouble.name.as_str()));
    let share = Duration::from_secs(60) * options.minutes / u32::try_from(troubles.len()).unwrap_or(u32::MAX);
    let hold = share.saturating_sub(LEAST_HOLD).max(LEAST_HOLD);
    let mut faults = Vec::new();
    for trouble in &troubles {
        let hold = match options.quick {
            true if trouble.name == QUICK[0] => STALENESS + SLACK * 3,
            true => LEAST_HOLD,
            false => hold,
        };
        let figures = go_wrong(stage, &poller, trouble, hold).await?;
        eprintln!("{figures}");
        faults.push(figures);
        if let Some(status) = stage.ended()? {
            poller.complain(format!("the exporter ended with {status} at `{}`", trouble.name));
            break;
        }
    }
    let relearned = if options.relearn { relearn(stage, &poller, &faults).await? } else { None };
    let end = poller.last();
    poller.stop();
    let exit = stage.end().await?.code();
    require!(scraper.join().is_ok(), "the poller panicked");
    if exit != Some(0) {
        poller.complain(format!("the exporter ended with {exit:?} on SIGTERM"));
    }
    if stage.has_told_the_secret() {
        poller.complain("a part of a URL is in the log".to_owned());
    }
    check_blocks(stage, &poller);
    let mut report = report(options, stage, &poller, &end, &faults, exit, began.elapsed());
    report["requests_usual_again_s"] = json!(relearned.map(seconds));
    Ok(report)
}

/// Every block that was served must have been one of the chain's.
fn check_blocks(stage: &Stage, poller: &Poller) {
    let served = poller.found().blocks.clone();
    for (number, time) in served.into_iter().filter(|block| !stage.truth.has(*block)) {
        poller.complain(format!("block {number} of {time} never was"));
    }
}

/// Waits until nothing of what the faults taught is left: a scrape costs what it did before the first.
async fn relearn(stage: &Stage, poller: &Poller, faults: &[Value]) -> anyhow::Result<Option<Duration>> {
    let first = faults.first().and_then(|fault| fault["requests_before"].as_f64()).context("no fault")?;
    let began = Instant::now();
    let settled = settle(stage, poller, first, usize::MAX, FORGETTING).await?.map(|_| began.elapsed());
    if settled.is_none() {
        poller.complain(format!("a scrape does not cost {first} requests again after {FORGETTING:?}"));
    }
    Ok(settled)
}

/// One thing goes wrong and is mended. Returns its figures.
async fn go_wrong(stage: &Stage, poller: &Poller, trouble: &Trouble, hold: Duration) -> anyhow::Result<Value> {
    poller.judges_age.store(!trouble.lies_about_the_head(), Ordering::Relaxed);
    let before = poller.last();
    let usual = poller.found().requests.usual();
    let began = Instant::now();
    let undo = trouble.begin(stage).await?;
    let mut told = None;
    let (has_failed, has_left) = (AtomicBool::new(false), AtomicBool::new(false));
    while began.elapsed() < hold || (told.is_none() && began.elapsed() < hold.max(TELLING)) {
        let now = poller.last();
        if !now.is_after(began) {
            live(stage, LOOK).await?;
            continue;
        }
        has_failed.fetch_or(!now.is_good(), Ordering::Relaxed);
        has_left.fetch_or(now.height().is_none(), Ordering::Relaxed);
        let tells = match trouble.expected {
            Expected::Failure => !now.is_good(),
            Expected::Told(what) => what.holds(&before, &now),
            Expected::Nothing | Expected::Either => true,
        };
        if tells && told.is_none() {
            told = Some(began.elapsed());
        }
        live(stage, LOOK).await?;
    }
    let held = began.elapsed();
    let (has_failed, has_left) = (has_failed.into_inner(), has_left.into_inner());
    let name = &trouble.name;
    if told.is_none() {
        poller.complain(format!("`{name}` is not told"));
    }
    let goes_on = matches!(trouble.expected, Expected::Nothing | Expected::Told(_));
    if goes_on && (has_failed || has_left) {
        poller.complain(format!("`{name}` disturbed the scrapes of the chain"));
    }
    if trouble.expected == Expected::Failure && held > STALENESS + SLACK * 2 && !has_left {
        poller.complain(format!("the readings stayed during `{name}`"));
    }
    let end = poller.last();
    let mended = Instant::now();
    trouble.end(stage, &undo)?;
    let head = stage.truth.head();
    let limit = INTERVAL * RECOVERY_INTERVALS;
    let recovered = loop {
        let now = poller.last();
        let is_over = match trouble.expected {
            Expected::Told(what) => what.is_over(&end, &now),
            Expected::Failure | Expected::Nothing | Expected::Either => true,
        };
        if is_over && now.is_after(mended) && now.is_good() && now.height().is_some_and(|height| height >= head) {
            break Some(mended.elapsed());
        }
        if mended.elapsed() > limit * 3 {
            break None;
        }
        live(stage, LOOK).await?;
    };
    if recovered.is_none_or(|took| took > limit) {
        poller.complain(format!("`{name}` was not over {} s after its end: {recovered:?}", limit.as_secs()));
    }
    let settled = settle(stage, poller, usual, requests::WITHIN, limit * 3).await?;
    if settled.is_none() && !trouble.teaches() {
        let now = poller.found().requests.usual();
        poller.complain(format!("a scrape cost {usual} requests before `{name}` and costs {now} after it"));
    }
    Ok(json!({
        "fault": name,
        "teaches": trouble.teaches(),
        "requests_before": usual,
        "requests_after": poller.found().requests.usual(),
        "usual_after_scrapes": settled,
        "held_s": seconds(held),
        "told_s": told.filter(|_| !matches!(trouble.expected, Expected::Nothing | Expected::Either)).map(seconds),
        "scrapes_failed": has_failed,
        "readings_left": has_left,
        "recovery_s": recovered.map(seconds),
    }))
}

/// Waits until a scrape costs what it did, and says after how many scrapes that was.
async fn settle(
    stage: &Stage,
    poller: &Poller,
    usual: f64,
    within: usize,
    limit: Duration,
) -> anyhow::Result<Option<usize>> {
    let (mark, began) = (poller.found().requests.count(), Instant::now());
    loop {
        let (settled, seen) = {
            let found = poller.found();
            (found.requests.settled(mark, usual), found.requests.count() - mark)
        };
        if settled.is_some() || seen >= within || began.elapsed() > limit {
            return Ok(settled);
        }
        live(stage, LOOK).await?;
    }
}

/// Time passes, and blocks come.
async fn live(stage: &Stage, time: Duration) -> anyhow::Result<()> {
    sleep(time).await;
    if stage.truth.since_last() >= BLOCK_TIME {
        stage.truth.play(&stage.chain, Move::Mine).await?;
    }
    Ok(())
}

async fn until<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < limit {
        if let Some(found) = condition() {
            return Some(found);
        }
        sleep(LOOK).await;
    }
    None
}

fn report(
    options: &Options,
    stage: &Stage,
    poller: &Poller,
    end: &Answer,
    faults: &[Value],
    exit: Option<i32>,
    took: Duration,
) -> Value {
    let mut recoveries: Vec<f64> = faults.iter().filter_map(|fault| fault["recovery_s"].as_f64()).collect();
    recoveries.sort_by(f64::total_cmp);
    let [memory, descriptors] = poller.resources();
    let found = poller.found();
    let not_tried: Vec<&str> =
        [(stage.has_disk, "disk full (no user namespaces)"), (stage.has_clock, "clock stepped (no libfaketime)")]
            .into_iter()
            .filter_map(|(has, what)| (!has).then_some(what))
            .collect();
    json!({
        "build": if options.release { "release" } else { "dev" },
        "seconds": seconds(took),
        "faults": faults.len(),
        "by_fault": faults,
        "not_tried": not_tried,
        "scrapes": found.scrapes,
        "slowest_scrape_ms": seconds(found.slowest * 1_000),
        "l1_requests": end.sum("butler_rpc_requests_total", "\"devnet\""),
        "chain_scrapes_failed": end.sum("butler_scrape_errors_total", "scraper=\"l1\""),
        "scraper_restarts": end.sum("butler_scraper_restarts_total", ""),
        "staleness_s": STALENESS.as_secs(),
        "max_age_served_s": (found.oldest * 10.0).round() / 10.0,
        "recovery_p50_s": recoveries.get(recoveries.len() / 2),
        "recovery_max_s": recoveries.last(),
        "rss_kb_start_peak_end": memory,
        "fds_start_peak_end": descriptors,
        "log_lines": stage.log().len(),
        "exit": exit,
        "complaints": found.complaints,
    })
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}
