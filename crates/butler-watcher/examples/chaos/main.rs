//! Tries to make the journal lose or repeat something: `cargo xtask chaos` builds and runs this.
//!
//! A child process works on a journal and tells over a socket what was acknowledged and what it did to the world. It is killed, or its
//! disk refuses, at every file call; disks as a power cut would leave them are made of its traced calls. What is left is opened and
//! held against what was told, and driven to its end: everything is done once, and nothing waits for ever.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool that talks to a terminal")]

mod child;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod coinbases;
mod disk;
mod judge;
mod kills;
mod program;
mod replay;
mod script;
mod sweep;
mod trace;
mod twice;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::judge::Tally;
use crate::replay::Plan;
use crate::script::Scenario;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Work on a journal, as the others' child.
    Work(worker::Options),
    /// Run a program, tell its calls and strike at one of them, as the others' child.
    #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
    Trace(coinbases::Options),
    /// Do everything to it, and print what came out.
    Run(Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// A minute of it.
    #[arg(long)]
    quick: bool,
    /// Only this part: `sweep`, `replay`, `twice`, `kills`, `program` or `coinbases`.
    #[arg(long)]
    only: Option<String>,
    /// What random choices begin with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many rounds `program` has, and the most strikes of each scenario of `coinbases`.
    #[arg(long)]
    rounds: Option<u64>,
    /// The watcher's program, for `program` and `coinbases`.
    #[arg(long)]
    watcher: PathBuf,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Work(options) => worker::work(&options).map(|()| ExitCode::SUCCESS),
        #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
        Task::Trace(options) => coinbases::trace(&options).map(|()| ExitCode::SUCCESS),
        Task::Run(options) => run(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let (quick, seed) = (options.quick, options.seed);
    let wants = |part: &str| options.only.as_ref().is_none_or(|only| only == part);
    let folder = tempfile::Builder::new().prefix("butler-chaos-").tempdir()?;
    let room = |name: &str| -> anyhow::Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::create_dir(&path)?;
        Ok(path)
    };
    let mut tally = Tally::default();
    let mut told = serde_json::Map::new();
    if wants("twice") {
        tally.add(&twice::twice(&room("twice")?)?);
    }
    if wants("replay") {
        let every = if quick { 5 } else { 1 };
        let plan = Plan { scenario: Scenario::All, one_of: every, seed, careless: false };
        tally.add(&replay::replay(&room("replay")?, plan)?);
        if !quick {
            let long = Plan { scenario: Scenario::Long, one_of: 15, ..plan };
            tally.add(&replay::replay(&room("replay-long")?, long)?);
        }
        // The control must lose something: otherwise this could not tell.
        let control = replay::replay(&room("control")?, Plan { one_of: 20, careless: true, ..plan })?;
        eprintln!("control without durability: {} of {} images lost something", control.lost, control.images);
        told.insert("control_images".to_owned(), control.images.into());
        told.insert("control_lost".to_owned(), control.lost.into());
        told.insert("control_caught".to_owned(), (control.lost > 0).into());
        tally.is_blind |= control.lost == 0;
    }
    if wants("sweep") {
        tally.add(&sweep::sweep(&room("sweep")?, quick)?);
    }
    if wants("kills") {
        tally.add(&kills::kills(&room("kills")?, if quick { 50 } else { 1000 }, seed)?);
    }
    if wants("program") {
        let rounds = options.rounds.unwrap_or(if quick { 12 } else { 1000 });
        tally.add(&program::program(&room("program")?, &options.watcher, rounds, seed)?);
    }
    if wants("coinbases") {
        #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
        {
            let (found, more) =
                coinbases::coinbases(&room("coinbases")?, &options.watcher, (quick, options.rounds), seed)?;
            tally.add(&found);
            told.extend(more);
        }
        #[cfg(not(all(target_arch = "x86_64", target_env = "gnu")))]
        eprintln!("left out: calls of the whole watcher are struck on x86_64 alone");
    }
    let is_good = tally.is_clean() && !tally.is_blind;
    if options.json {
        told.extend(tally.figures());
        println!("{}", serde_json::Value::Object(told));
    } else {
        for (name, value) in tally.figures().into_iter().chain(told) {
            println!("{name:>16}  {value}");
        }
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
