//! `cargo xtask chaos`: tries to make the watcher's journal, and the whole watcher, lose or repeat something, or refuse to start.
//!
//! Beside the journal, everything strikes at whoever replaces a node's keystore (`--only keystores`), and at the whole watcher while it carries
//! out a coinbase that was approved (`--only coinbases`): each system call from the claim to the settlement, with kills and with errors.
//! And at a job that runs (`--only jobs`): how its artifact gets to its place, and how its textfile is written.
//!
//! The work is done by `crates/butler-watcher/examples/chaos`, which is built and run here. It needs strace, but for the whole watcher, whose calls are
//! struck over all its threads. Of what it prints, `lost`,
//! `doubled`, `stuck`, `inconsistent` and `refused_open` must be 0, and both controls must be caught: a journal without
//! durability, and what a careless writer of key files leaves.

use std::process::Command;

use anyhow::bail;
use butler_testkit::devnet::{DevnetSpec, ensure};

use crate::command::{cargo, is_ci, run as start, succeeds, target};

/// The part that is the test program of whoever replaces keystores.
const KEYSTORES: &str = "keystores";
/// The part that is the test program of jobs that run.
const JOBS: &str = "jobs";

/// How to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Some of it: at most a minute.
    #[arg(long)]
    quick: bool,
    /// Only this part.
    #[arg(long, value_parser = ["sweep", "replay", "twice", "kills", "program", "coinbases", KEYSTORES, JOBS])]
    only: Option<String>,
    /// Rounds of the whole program, and the most strikes of each scenario of `coinbases`.
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,
    /// What random choices begin with.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let needs_strace = !matches!(options.only.as_deref(), Some("program" | "coinbases"));
    if needs_strace && !succeeds(Command::new("strace").arg("--version")) {
        if is_ci() || !options.quick {
            bail!("strace is not installed (hint: apt-get install strace)");
        }
        eprintln!("left out: strace is not installed (hint: apt-get install strace)");
        return Ok(());
    }
    match options.only.as_deref() {
        Some(KEYSTORES) => return keystores(),
        Some(JOBS) => return jobs(),
        Some(_) | None => {}
    }
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", "butler-watcher", "--bin", "butler-watcher", "--example", "chaos"]);
    if !build.status()?.success() {
        bail!("butler-watcher or its example `chaos` does not build");
    }
    // The chain of `program` is made before anything is measured by the clock.
    ensure(&DevnetSpec::scenario())?;
    let mut chaos = Command::new(target().join("debug/examples/chaos"));
    chaos.args(["run", "--seed", &options.seed.to_string(), "--watcher"]).arg(target().join("debug/butler-watcher"));
    chaos.args(options.rounds.map(|rounds| format!("--rounds={rounds}")));
    chaos.args(options.json.then_some("--json")).args(options.quick.then_some("--quick"));
    if let Some(only) = &options.only {
        chaos.args(["--only", only]);
    }
    if options.json {
        // Nothing but the object goes to stdout.
        return if chaos.status()?.success() { Ok(()) } else { bail!("not everything came through") };
    }
    start(&mut chaos)?;
    if options.only.is_none() && !options.quick {
        keystores()?;
        jobs()?;
    }
    Ok(())
}

/// Strikes at every system call of replacing a keystore: with kills, and with every error that a disk has.
fn keystores() -> anyhow::Result<()> {
    struck("butler-core", "beneath", "any_error")
}

/// Strikes at every system call of a job, of the programs that it runs, and of its textfile.
fn jobs() -> anyhow::Result<()> {
    struck("butler-watcher", "jobs_running", "any_error")
}

/// Runs the tests of that name that take longer.
fn struck(package: &str, program: &str, name: &str) -> anyhow::Result<()> {
    let sweep = ["test", "--quiet", "--package", package, "--test", program, "--", "--ignored", "--nocapture", name];
    start(cargo().args(sweep))
}
