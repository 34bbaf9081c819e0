//! `butler-exporter`. In this version it only checks its configuration; it says so, and it does not pretend to run.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use butler_core::config::{Config, ConfigError, ConfigFile, Sources, Variables};
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Parser;

/// Serves figures about Aztec validators to Prometheus.
///
/// This version checks its configuration and ends: the daemon itself is not written yet.
#[derive(Debug, Parser)]
#[command(name = "butler-exporter", version)]
struct Arguments {
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "BUTLER_CONFIG", default_value = "/etc/butler/butler.toml")]
    config: PathBuf,
    /// Check the configuration and end.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let sources = Sources {
        file: ConfigFile::Required(arguments.config.clone()),
        variables: Variables::of_process(),
        overrides: Vec::new(),
    };
    let exit = match Config::load(&sources) {
        Ok(config) if arguments.check => {
            say(&summary(&config));
            Exit::Success
        }
        Ok(_) => {
            say("error: this version of butler-exporter cannot run yet\nhint: `--check` checks its configuration");
            Exit::Usage
        }
        Err(error) => {
            say(&format!("error: {}", describe(&error)));
            Exit::Configuration
        }
    };
    exit.into()
}

fn describe(error: &ConfigError) -> String {
    Chain(error).to_string()
}

fn summary(config: &Config) -> String {
    let networks: Vec<&str> = config.networks.keys().map(String::as_str).collect();
    format!(
        "configuration ok: networks {}; would listen on {} and scrape every {:?}",
        networks.join(", "),
        config.exporter.listen,
        config.exporter.scrape_interval
    )
}

/// Writes a line to stderr. There is nobody to tell when that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
