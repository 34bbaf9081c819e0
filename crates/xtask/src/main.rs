//! `cargo xtask`: what a developer of the butler runs. `demo` shows the main job, `devnet` starts a local chain,
//! `test` runs all tests, `check` is everything that must be clean before a change is merged, `bench` measures.
//!
//! A task prints what it starts and ends with the exit code of what failed first.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool that talks to a terminal")]

mod alerts;
mod bench;
mod chaos;
mod check;
mod command;
mod connection;
mod demo;
mod devnet;
mod docs;
mod exporter;
mod package;
mod process;
mod rules;
mod service;
mod side_by_side;
mod soak;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the butler workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show the main job on a local chain, from nothing.
    Demo(demo::Options),
    /// Run a local chain with Aztec's contracts until Ctrl-C.
    Devnet(devnet::Options),
    /// Build everything and run all tests.
    Test(test::Options),
    /// Check format, lints, docs, alert rules, dependencies and licences.
    Check,
    /// Try the service in a container with a real systemd; needs root.
    Service(service::Options),
    /// Run the exporter through everything that can go wrong, and check what it serves meanwhile.
    Soak(soak::Options),
    /// Try the alert rules, routes and dashboards in a real Prometheus and Alertmanager.
    Alerts(alerts::Options),
    /// Kill the watcher's journal at every step, cut its power, fail its disk; needs strace.
    Chaos(chaos::Options),
    /// Rewrite the pages that are made from the code, or check that they are current.
    Docs(docs::Options),
    /// Build the exporter's Debian package.
    Package(package::Options),
    /// Measure, and print what was measured.
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Devnet(options) => devnet::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Check => check::run(),
        Task::Service(options) => service::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Alerts(options) => alerts::run(&options),
        Task::Chaos(options) => chaos::run(&options),
        Task::Docs(options) => docs::run(&options),
        Task::Package(options) => package::run(&options),
        Task::Bench(bench) => bench::run(&bench),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
