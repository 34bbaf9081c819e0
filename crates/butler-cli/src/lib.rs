//! One-shot commands for operators of Aztec validators: they read once, print once, and end with a documented code.
//!
//! A command parses arguments (`args`), gathers facts (`gather`), makes a report of them (`commands`), and shows it as a
//! table or as JSON (`view`, `output`). Everything that can go wrong is a `CliError`, which knows its exit code.

pub mod args;
mod candidates;
mod commands;
mod docs;
mod error;
mod gather;
mod output;
mod places;
mod progress;
mod signals;
mod view;

use std::process::ExitCode;

use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Parser as _;

pub use error::CliError;

/// Runs the program: parses the arguments, does the work, reports what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    match docs::complete() {
        Ok(docs::Completed::Yes) => return Exit::Success.into(),
        Ok(docs::Completed::No) => {}
        Err(error) => {
            let _ = error.print();
            return Exit::Usage.into();
        }
    }
    let arguments = match args::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // `--help` and `--version` come as errors, too.
            return match docs::show(&error) {
                _ if error.use_stderr() => Exit::Usage.into(),
                Ok(()) => Exit::Success.into(),
                Err(error) => fail(&CliError::Output(error)),
            };
        }
    };
    if arguments.global.quiet {
        output::be_quiet();
    }
    init_logs(&arguments.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CliError::Runtime(error)),
    };
    match runtime.block_on(signals::unless_stopped(commands::run(arguments))).flatten() {
        Ok(exit) => exit.into(),
        Err(error) => fail(&error),
    }
}

fn fail(error: &CliError) -> ExitCode {
    output::complain(&format!("error: {}", Chain(error)));
    if let Some(hint) = error.hint() {
        output::complain(&format!("hint: {hint}"));
    }
    error.exit().into()
}

/// Logs go to stderr: warnings, or more with `-v`, or less with `-q`.
fn init_logs(global: &args::Global) {
    let level = match global.verbose {
        0 if global.quiet => tracing::Level::ERROR,
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let filter =
        tracing_subscriber::filter::Targets::new().with_target("butler_core", level).with_target("butler_cli", level);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_ansi(false);
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    // A subscriber that is already there stays.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    use tracing_subscriber::Layer as _;
}
