//! Two builds of one program in one run: ours and that of an earlier revision, asked in turn about the same chain.
//!
//! The earlier one is built in a worktree below the target folder, with the same profile, lock file and dependencies as its
//! revision has. Its binary is kept, so it is built once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::command::{cargo, output, run as start, target, workspace};

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
    start(cargo().args(["build", "--release", "--package", package]))?;
    sides.push(Side { name: "this".to_owned(), program: target().join("release").join(package) });
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

/// Runs each side so often, A B A B, and gives the medians of each.
pub(super) fn in_turn(
    sides: &[Side],
    runs: usize,
    mut run: impl FnMut(&Side) -> anyhow::Result<Figures>,
) -> anyhow::Result<Vec<Figures>> {
    let mut all: Vec<BTreeMap<&'static str, Vec<f64>>> = vec![BTreeMap::new(); sides.len()];
    for _ in 0..runs.max(1) {
        for (side, figures) in sides.iter().zip(&mut all) {
            for (name, figure) in run(side).with_context(|| format!("failed to run `{}`", side.name))? {
                figures.entry(name).or_default().push(figure);
            }
        }
    }
    let median = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    Ok(all.into_iter().map(|side| side.into_iter().map(|(name, figures)| (name, median(figures))).collect()).collect())
}

/// The report: the medians of each side, ours by theirs, and what is aimed at.
pub(super) fn report(what: &str, sides: &[Side], medians: &[Figures], targets: &Value) -> Value {
    let by_side = sides.iter().zip(medians).map(|(side, figures)| {
        let rounded: BTreeMap<_, _> = figures.iter().map(|(name, figure)| (*name, rounded(*figure))).collect();
        (side.name.clone(), json!(rounded))
    });
    let by_side: serde_json::Map<String, Value> = by_side.collect();
    let ratios: Option<BTreeMap<_, _>> = match medians {
        [ours, theirs] => {
            let ratio = |(name, figure): (&&'static str, &f64)| {
                let other = theirs.get(*name).filter(|other| **other > 0.0)?;
                Some((*name, rounded(figure / other)))
            };
            Some(ours.iter().filter_map(ratio).collect())
        }
        _ => None,
    };
    json!({ "bench": what, "medians": by_side, "ratios": ratios, "targets": targets })
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
