//! `cargo xtask chaos`: tries to make the watcher's journal lose or repeat something, or refuse to open.
//!
//! The work is done by `crates/butler-watcher/examples/chaos`, which is built and run here. It needs strace. Of what it prints, `lost`,
//! `doubled`, `stuck`, `inconsistent` and `refused_open` must be 0, and the control without durability must be caught.

use std::process::Command;

use anyhow::bail;

use crate::command::{cargo, run as start, succeeds, target};

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
    #[arg(long, value_parser = ["sweep", "replay", "twice", "kills"])]
    only: Option<String>,
    /// What random choices begin with.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if !succeeds(Command::new("strace").arg("--version")) {
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        if is_ci || !options.quick {
            bail!("strace is not installed (hint: apt-get install strace)");
        }
        eprintln!("left out: strace is not installed (hint: apt-get install strace)");
        return Ok(());
    }
    let mut build = cargo();
    build.args(["build", "--quiet", "--package", "butler-watcher", "--example", "chaos"]);
    if !build.status()?.success() {
        bail!("the example `chaos` of butler-watcher does not build");
    }
    let mut chaos = Command::new(target().join("debug/examples/chaos"));
    chaos.args(["run", "--seed", &options.seed.to_string()]);
    chaos.args(options.json.then_some("--json")).args(options.quick.then_some("--quick"));
    if let Some(only) = &options.only {
        chaos.args(["--only", only]);
    }
    if options.json {
        // Nothing but the object goes to stdout.
        return if chaos.status()?.success() { Ok(()) } else { bail!("the journal did not come through") };
    }
    start(&mut chaos)
}
