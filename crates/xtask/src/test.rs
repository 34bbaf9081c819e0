//! `cargo xtask test`: the devnet and the programs first, then all tests against them.
//!
//! The devnet is built here and not by the first test that needs it, so that no test has to wait for npm. Where Prometheus,
//! Chromium or aiosmtpd is not installed, the tests with a real one are left out and it is said so; with `CI` set, they are not left out.

use std::process::Command;

use butler_testkit::devnet::{DevnetSpec, ensure};

use crate::command::{cargo, is_ci, run as start, succeeds};
use crate::side_by_side;

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on to `cargo nextest run`, or to each test program where nextest is not installed.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let state = ensure(&DevnetSpec::scenario())?;
    println!("devnet: {}", state.directory().display());
    start(cargo().args(["build", "--workspace", "--bins"]))?;
    let has_nextest = succeeds(cargo().args(["nextest", "--version"]));
    let is_ci = is_ci();
    let has_prometheus = ["prometheus", "promtool"].iter().all(|tool| succeeds(Command::new(tool).arg("--version")));
    let mut skipped = Vec::new();
    if !has_prometheus && !is_ci {
        skipped.push(("BUTLER_SKIP_PROMETHEUS", "1"));
    }
    let has_chromium = succeeds(Command::new("chromium").arg("--version"));
    if !has_chromium && !is_ci {
        skipped.push(("BUTLER_SKIP_CHROMIUM", "1"));
    }
    if has_nextest {
        let tests = ["nextest", "run", "--workspace"];
        let mut tests_of_all = cargo();
        tests_of_all.args(tests).args(&options.arguments).envs(skipped);
        // Many wait for a program or a chain: with one for each processor these are idle a third of the time.
        if std::env::var_os("NEXTEST_TEST_THREADS").is_none() {
            let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            tests_of_all.env("NEXTEST_TEST_THREADS", processors.saturating_add(2).to_string());
        }
        start(&mut tests_of_all)?;
    } else {
        side_by_side::run(&options.arguments, &skipped)?;
    }
    // A feature that is off by default. With the whole workspace, so that what it shares is not built once more.
    start(cargo().args(["test", "--workspace", "--features", "butler-exporter/otlp", "--test", "otlp", "--quiet"]))?;
    // Neither runner includes these when asked for all targets.
    start(cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    if !has_prometheus && !is_ci {
        println!("left out: the tests with a real Prometheus (hint: apt-get install prometheus)");
    }
    let imports = |python: &str| succeeds(Command::new(python).args(["-c", "import aiosmtpd"]));
    if !is_ci && !["/usr/bin/python3", "python3"].into_iter().any(imports) {
        println!("left out: the tests with a real mail server (hint: apt-get install python3-aiosmtpd)");
    }
    if !has_chromium && !is_ci {
        println!("left out: the page in a browser (hint: apt-get install chromium)");
    }
    Ok(())
}
