//! `cargo xtask alerts`: the shipped rules, routes and dashboards in a real Prometheus and a real Alertmanager.
//!
//! Two exporters watch one devnet. Every `for:` and window of the rules is a sixtieth of what is shipped, and so are the waits of
//! the routes; nothing else is changed. Then one trouble after another is planted: each must be told once where it belongs, mute
//! what it must mute, and end once. At the end every query of the dashboards is asked.

mod dashboards;
mod day;
mod http;
mod mailbox;
mod scale;
mod schema;
mod trouble;
mod world;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure as require};
use serde_json::{Value, json};

use self::mailbox::Told;
use self::trouble::{TROUBLES, Trouble};
use self::world::World;
use crate::command::{cargo, run as start, target};

/// How to try the alerts.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the troubles whose names hold this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// How long anything may take to be told, or to end.
const PATIENCE: Duration = Duration::from_secs(90);
/// So much longer it is watched whether something is told again: a few looks of Prometheus and Alertmanager.
const AFTERWARDS: Duration = Duration::from_secs(8);

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    start(cargo().args(["build", "--package", "butler-exporter"]))?;
    let program = target().join("debug/butler-exporter");
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    let report = runtime.block_on(async {
        let mut world = World::set(&target().join("alerts"), &program).await?;
        try_all(options, &mut world).await
    })?;
    println!("{report:#}");
    let faults = report["faults"].as_array().map_or(0, Vec::len);
    require!(faults == 0, "{faults} faults, see above");
    Ok(())
}

async fn try_all(options: &Options, world: &mut World) -> anyhow::Result<Value> {
    let began = Instant::now();
    let mut faults = Vec::new();
    world.settle().await.context("what is wrong from the beginning is not told to its end")?;
    let day = day::try_day(&world.folder, world.ports, world.prometheus).await?;
    if day["passed"] != true {
        faults.push(format!("the healthy day is not silent: {}", day["fires"]));
    }
    let mut tried = Vec::new();
    let wanted = options.only.as_deref().unwrap_or_default();
    for trouble in TROUBLES.iter().filter(|trouble| trouble.name.contains(wanted)) {
        let (figures, found) = try_one(world, trouble).await.with_context(|| trouble.name)?;
        eprintln!("{figures}");
        tried.push(figures);
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", trouble.name)));
    }
    let heartbeats = world.mailbox.told("heartbeat", "ButlerWatchdog");
    if heartbeats.posts == 0 || heartbeats.ends > 0 {
        faults.push("the dead man's switch does not go on".to_owned());
    }
    let has_schema = schema::check(&world.folder)?;
    let dashboards = dashboards::ask(world.prometheus)?;
    faults.extend(dashboards.refused.iter().map(|query| format!("dashboards: {query}")));
    Ok(json!({
        "healthy_day": day,
        "troubles": tried,
        "heartbeats": heartbeats.posts,
        "dashboards": { "are_as_grafanas_schema_has_it": has_schema, "queries": dashboards.asked, "answered": dashboards.answered, "empty": dashboards.empty },
        "seconds": began.elapsed().as_secs(),
        "faults": faults,
    }))
}

/// Plants one trouble, mends it, and compares what was told meanwhile.
async fn try_one(world: &mut World, trouble: &Trouble) -> anyhow::Result<(Value, Vec<String>)> {
    world.mailbox.forget();
    let began = Instant::now();
    world.plant(trouble.kind)?;
    let is_told = |world: &World| world.mailbox.told("operators", trouble.alert).posts > 0;
    let told = until(world, is_told).await.then(|| began.elapsed());
    tokio::time::sleep(AFTERWARDS).await;
    let mended = Instant::now();
    world.mend(trouble.kind)?;
    let has_ended = |world: &World| world.mailbox.told("operators", trouble.alert).ends > 0;
    let ended = until(world, has_ended).await.then(|| mended.elapsed());
    tokio::time::sleep(AFTERWARDS).await;

    let mut faults = Vec::new();
    let seen = world.mailbox.told("operators", trouble.alert);
    faults.extend(once("the operators", &seen));
    let pages = world.mailbox.told("pages", trouble.alert);
    if trouble.pages {
        faults.extend(once("whoever is on call", &pages));
    } else if pages != Told::default() {
        faults.push("it woke somebody".to_owned());
    }
    for muted in trouble.mutes {
        let is_told = ["operators", "pages"].iter().any(|receiver| world.mailbox.told(receiver, muted).posts > 0);
        faults.extend(is_told.then(|| format!("{muted} was told beside it")));
    }
    let others: Vec<String> = world.mailbox.alerts().into_iter().filter(|alert| alert != trouble.alert).collect();
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
    let figures = json!({
        "trouble": trouble.name, "alert": trouble.alert, "told_after_s": seconds(told), "ended_after_s": seconds(ended),
        "told": seen.posts, "pages": pages.posts, "ends": seen.ends, "muted": trouble.mutes, "beside": others,
    });
    Ok((figures, faults))
}

/// One alert, told once, ended once.
fn once(whom: &str, told: &Told) -> Option<String> {
    let is_once = (told.alerts, told.posts, told.ends) == (1, 1, 1);
    (!is_once).then(|| {
        format!("{whom} were told of {} alerts {} times, and {} times of an end", told.alerts, told.posts, told.ends)
    })
}

async fn until(world: &World, condition: impl Fn(&World) -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if condition(world) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}
