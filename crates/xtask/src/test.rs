//! `cargo xtask test`: the devnet and the programs first, then all tests against them.
//!
//! The devnet is built here and not by the first test that needs it, so that no test has to wait for npm.

use butler_testkit::devnet::{DevnetSpec, ensure};

use crate::command::{cargo, run as start, succeeds};

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on to `cargo nextest run`, or to `cargo test` where nextest is not installed.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let state = ensure(&DevnetSpec::scenario())?;
    println!("devnet: {}", state.directory().display());
    start(cargo().args(["build", "--workspace", "--bins"]))?;
    let has_nextest = succeeds(cargo().args(["nextest", "--version"]));
    let runner: &[&str] = if has_nextest { &["nextest", "run"] } else { &["test", "--all-targets"] };
    start(cargo().args(runner).arg("--workspace").args(&options.arguments))?;
    // Neither runner includes these when asked for all targets.
    start(cargo().args(["test", "--workspace", "--doc", "--quiet"]))
}
