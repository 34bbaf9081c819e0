//! The sweep: at every file and sync call of every scenario the child is killed, or the call fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::child::run;
use crate::disk::{copy_folder, settle_in};
use crate::judge::{Tally, judge};
use crate::script::Scenario;
use crate::worker::MARKER;

/// Every call that touches a file, with what can go wrong in it beside a kill.
const CALLS: [(&str, &[&str]); 19] = [
    ("openat", &["EIO", "ENOSPC", "EACCES"]),
    ("mkdir", &["ENOSPC", "EACCES"]),
    ("rename", &["EIO", "ENOSPC", "EACCES"]),
    ("renameat", &["EIO", "ENOSPC", "EACCES"]),
    ("unlink", &["EIO", "EACCES"]),
    ("unlinkat", &["EIO", "EACCES"]),
    ("rmdir", &["EIO", "EACCES"]),
    ("write", &["EIO", "ENOSPC"]),
    ("pwrite64", &["EIO", "ENOSPC"]),
    ("fsync", &["EIO", "ENOSPC"]),
    ("fdatasync", &["EIO", "ENOSPC"]),
    ("sync_file_range", &["EIO"]),
    ("ftruncate", &["EIO", "ENOSPC"]),
    ("fchmod", &["EACCES"]),
    ("flock", &["EIO"]),
    ("read", &["EIO"]),
    ("pread64", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("statfs", &["EIO"]),
];

/// What kills the child instead of failing its call.
const KILL: &str = "signal=KILL";

/// One point: which call, the how manieth, and what happens there.
#[derive(Debug, Clone)]
struct Series {
    scenario: Scenario,
    call: &'static str,
    what: String,
    first: usize,
}

pub(crate) fn sweep(room: &Path, quick: bool) -> anyhow::Result<Tally> {
    let scenarios: &[Scenario] = if quick { &[Scenario::Work] } else { &Scenario::SWEPT };
    let mut all = Tally::default();
    for scenario in scenarios {
        let begun = Instant::now();
        let tally = sweep_scenario(&room.join(format!("{scenario:?}")), *scenario, quick)?;
        eprintln!("sweep {scenario:?}: {} points in {:.1?}", tally.sweep_points, begun.elapsed());
        all.add(&tally);
    }
    Ok(all)
}

fn sweep_scenario(room: &Path, scenario: Scenario, quick: bool) -> anyhow::Result<Tally> {
    std::fs::create_dir(room)?;
    let ready = prepare(room, scenario)?;
    let known = run(&ready.child(room, "whole")?, &[], scenario, false)?;
    if !known.is_over {
        bail!("an undisturbed {scenario:?} does not end: {known:?}");
    }
    let begins = count_begins(&ready.child(room, "begins")?, scenario)?;
    let mut series = Vec::new();
    for (call, errors) in CALLS {
        let errors = errors.iter().take(if quick { usize::from(is_change(call)) } else { errors.len() });
        let kill = is_change(call).then(|| KILL.to_owned());
        for what in errors.map(|error| format!("error={error}")).chain(kill) {
            let first = begins.get(call).copied().unwrap_or_default() + 1;
            series.push(Series { scenario, call, what, first });
        }
    }
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let struck = Mutex::new(BTreeMap::<&str, (u64, u64)>::new());
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(series) = series.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match sweep_series(room, &ready, series, &known.states) {
                        Ok(found) => {
                            tally.lock().unwrap_or_else(|p| p.into_inner()).add(&found);
                            let mut struck = struck.lock().unwrap_or_else(|p| p.into_inner());
                            let (kills, errors) = struck.entry(series.call).or_default();
                            let points = if series.what == KILL { kills } else { errors };
                            *points = (*points).max(found.sweep_points);
                        }
                        Err(error) => *failed.lock().unwrap_or_else(|p| p.into_inner()) = Some(error),
                    }
                }
            });
        }
    });
    // A sweep whose kills do not arrive finds nothing, and looks as if there were nothing to find.
    for (call, (kills, errors)) in struck.into_inner().unwrap_or_else(|p| p.into_inner()) {
        eprintln!("sweep {scenario:?} {call}: killed at {kills}, failed at {errors}");
        if kills < 2 && errors > 2 && is_change(call) {
            bail!("{scenario:?}: {call} failed {errors} times and was killed {kills} times: the kills do not arrive");
        }
    }
    match failed.into_inner().unwrap_or_else(|p| p.into_inner()) {
        Some(error) => Err(error),
        None => Ok(tally.into_inner().unwrap_or_else(|p| p.into_inner())),
    }
}

/// Whether a call changes something.
fn is_change(call: &str) -> bool {
    !matches!(call, "read" | "pread64" | "getdents64" | "statfs" | "flock")
}

fn sweep_series(room: &Path, ready: &Ready, series: &Series, known: &[String]) -> anyhow::Result<Tally> {
    let Series { scenario, call, what, first } = series;
    let mut tally = Tally::default();
    for number in *first.. {
        let name = format!("{call}-{what}-{number}");
        let child = ready.child(room, &name)?;
        let log = child.with_extension("strace");
        let inject = format!("inject={call}:{what}:when={number}");
        let trace = format!("trace={call}");
        let output = format!("{}", log.display());
        let mut strace = vec!["strace", "-f", "-qq", "-o", &output, "-e", &trace, "-e", &inject];
        // Which is quicker, and with which strace 6.1 sends no signal but the first.
        if what != KILL {
            strace.push("--seccomp-bpf");
        }
        let shown = format!("{scenario:?} {call} {what} #{number}");
        let mut told = run(&child, &strace, *scenario, false).with_context(|| shown.clone())?;
        let traced = std::fs::read_to_string(&log)?;
        if !told.is_hung && !traced.contains("(INJECTED)") && !traced.contains("killed by SIGKILL") {
            break;
        }
        tally.sweep_points += 1;
        tally.hung += u64::from(told.is_hung);
        // What was there before counts as acknowledged.
        if told.states.is_empty() {
            told.states.extend(ready.state.clone());
        }
        if !told.is_hung && told.failure.is_none() && !told.is_over && what.starts_with("error") && !told.is_open {
            eprintln!("{shown}: the child broke off between two calls");
        }
        tally.add(&judge(&child, &told, known, &shown));
        std::fs::remove_dir_all(&child)?;
        std::fs::remove_file(&log)?;
    }
    Ok(tally)
}

/// A folder to begin with.
struct Ready {
    folder: Option<PathBuf>,
    state: Option<String>,
}

impl Ready {
    /// A copy to work in, which believes to be the original.
    fn child(&self, room: &Path, name: &str) -> anyhow::Result<PathBuf> {
        let child = room.join(name);
        if let Some(folder) = &self.folder {
            copy_folder(folder, &child)?;
            settle_in(&child)?;
        }
        Ok(child)
    }
}

/// What was done before, broken off by a kill.
fn prepare(room: &Path, scenario: Scenario) -> anyhow::Result<Ready> {
    if scenario.begins_empty() {
        return Ok(Ready { folder: None, state: None });
    }
    let folder = room.join("ready");
    let told = run(&folder, &[], Scenario::Commit, true)?;
    let state = told.states.last().cloned();
    Ok(Ready { folder: Some(folder), state })
}

/// How many of each call the child makes before its own begin.
fn count_begins(child: &Path, scenario: Scenario) -> anyhow::Result<BTreeMap<String, usize>> {
    let log = child.with_extension("strace");
    let calls = CALLS.map(|(call, _)| call).join(",");
    let (output, trace) = (log.display().to_string(), format!("trace={calls}"));
    run(child, &["strace", "-f", "-qq", "-o", &output, "-e", &trace], scenario, false)?;
    let mut counts = BTreeMap::new();
    for line in std::fs::read_to_string(&log)?.lines() {
        if line.contains(MARKER) {
            return Ok(counts);
        }
        let call = line.split_whitespace().nth(1).and_then(|rest| rest.split_once('('));
        if let Some((call, _)) = call {
            *counts.entry(call.to_owned()).or_default() += 1;
        }
    }
    bail!("the child never came to its begin")
}
