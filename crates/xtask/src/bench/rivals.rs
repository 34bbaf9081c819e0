//! Two builds of one program in one run: ours and that of an earlier revision, asked in turn about the same chain.
//!
//! The earlier one is built in a worktree below the target folder, with the same profile, lock file and dependencies as its
//! revision has. Its binary is kept, so it is built once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::command::{cargo, output, run as start, target, workspace};

/// A rival whose run takes longer than this runs once.
const SLOW: Duration = Duration::from_secs(60);

/// Builds a program of this tree as it is released.
pub(super) fn built(package: &str) -> anyhow::Result<PathBuf> {
    start(cargo().args(["build", "--release", "--package", package]))?;
    Ok(target().join("release").join(package))
}

/// A release build of a program.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// What the report calls it.
    pub(super) name: String,
    /// The binary.
    pub(super) program: PathBuf,
}

/// The figures of one run, by name.
pub(super) type Figures = BTreeMap<&'static str, f64>;

/// Our build, and that of the revision when there is one.
pub(super) fn sides(package: &str, against: Option<&str>) -> anyhow::Result<Vec<Side>> {
    let mut sides = Vec::new();
    let rival = against.map(|revision| build(package, revision)).transpose()?;
    sides.push(Side { name: "this".to_owned(), program: built(package)? });
    sides.extend(rival);
    Ok(sides)
}

/// Builds a revision's program, or finds that it was built.
fn build(package: &str, revision: &str) -> anyhow::Result<Side> {
    let commit = format!("{revision}^{{commit}}");
    let mut find = Command::new("git");
    find.current_dir(workspace()).args(["rev-parse", "--short=7", "--verify", &commit]);
    let name = output(&mut find)?.trim().to_owned();
    let folder = target().join("against");
    let program = folder.join(format!("{package}-{name}"));
    if program.is_file() {
        return Ok(Side { name, program });
    }
    let tree = folder.join(&name);
    if !tree.join("Cargo.toml").is_file() {
        std::fs::create_dir_all(&folder).with_context(|| format!("failed to create `{}`", folder.display()))?;
        let mut add = Command::new("git");
        add.current_dir(workspace()).args(["worktree", "add", "--force", "--detach"]).arg(&tree).arg(&name);
        start(&mut add)?;
    }
    // One target folder, so that what both depend on is compiled once. Our own program is built after this.
    let mut build = cargo();
    build.current_dir(&tree).args(["build", "--release", "--package", package, "--target-dir"]).arg(target());
    start(&mut build)?;
    let built = target().join("release").join(package);
    std::fs::copy(&built, &program).with_context(|| format!("failed to copy `{}`", built.display()))?;
    Ok(Side { name, program })
}

/// What a side's runs gave.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The medians; empty when a run failed.
    medians: Figures,
    /// How often it ran.
    runs: usize,
    /// Why it has no figures.
    failed: Option<String>,
}

/// Runs each side so often, A B A B, and gives the medians of each. A rival that is slow runs once, and one that fails has no
/// figures: ours are wanted all the same.
pub(super) fn in_turn(
    sides: &[Side],
    runs: usize,
    mut run: impl FnMut(&Side) -> anyhow::Result<Figures>,
) -> anyhow::Result<Vec<Runs>> {
    let mut all: Vec<BTreeMap<&'static str, Vec<f64>>> = vec![BTreeMap::new(); sides.len()];
    let mut results: Vec<Runs> = sides.iter().map(|_| Runs::default()).collect();
    let mut is_slow = vec![false; sides.len()];
    for _ in 0..runs.max(1) {
        for (index, (side, (all, result))) in sides.iter().zip(all.iter_mut().zip(&mut results)).enumerate() {
            let is_rival = index > 0;
            if is_rival && (result.failed.is_some() || is_slow.get(index).is_some_and(|is_slow| *is_slow)) {
                continue;
            }
            let began = Instant::now();
            match run(side).with_context(|| format!("failed to run `{}`", side.name)) {
                Ok(figures) => {
                    eprintln!("{}: {figures:?}", side.name);
                    result.runs += 1;
                    for (name, figure) in figures {
                        all.entry(name).or_default().push(figure);
                    }
                }
                Err(error) if is_rival => {
                    eprintln!("{error:#}");
                    result.failed = Some(format!("{error:#}"));
                    all.clear();
                }
                Err(error) => return Err(error),
            }
            if let Some(is_slow) = is_slow.get_mut(index) {
                *is_slow = began.elapsed() > SLOW;
            }
        }
    }
    let median = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    for (all, result) in all.into_iter().zip(&mut results) {
        result.medians = all.into_iter().map(|(name, figures)| (name, median(figures))).collect();
    }
    Ok(results)
}

/// The report: the medians of each side, ours by theirs, and what is aimed at.
pub(super) fn report(what: &str, sides: &[Side], results: &[Runs], targets: &Value) -> Value {
    let by_side = sides.iter().zip(results).map(|(side, result)| {
        let rounded: BTreeMap<_, _> = result.medians.iter().map(|(name, figure)| (*name, rounded(*figure))).collect();
        (side.name.clone(), json!({ "runs": result.runs, "failed": result.failed, "medians": rounded }))
    });
    let by_side: serde_json::Map<String, Value> = by_side.collect();
    let ratios: Option<BTreeMap<_, _>> = match results {
        [ours, theirs] => {
            let ratio = |(name, figure): (&&'static str, &f64)| {
                let other = theirs.medians.get(*name).filter(|other| **other > 0.0)?;
                Some((*name, rounded(figure / other)))
            };
            Some(ours.medians.iter().filter_map(ratio).collect())
        }
        _ => None,
    };
    json!({ "bench": what, "sides": by_side, "ratios": ratios, "targets": targets })
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
