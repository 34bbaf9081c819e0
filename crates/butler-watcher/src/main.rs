//! `butler-watcher`. Following the chain is not built yet: this version checks its configuration, or runs idle. It says so, and
//! it does not pretend to follow anything.

mod idle;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use butler_core::config::Config;
use butler_core::daemon::service::loader::Loader;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Parser;

/// Follows the chain and does the operator's chores.
///
/// This version checks its configuration and ends: following the chain is not built yet. Exit codes: 0 done, 2 it was asked to
/// follow, 3 the configuration cannot be used, 7 the address cannot be listened on.
#[derive(Debug, Parser)]
#[command(name = "butler-watcher", version)]
struct Arguments {
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "BUTLER_CONFIG", default_value = "/etc/butler/butler.toml")]
    config: PathBuf,
    /// Check the configuration and end.
    #[arg(long, conflicts_with = "idle")]
    check: bool,
    /// Run without following anything, and serve /livez, /readyz (never ready) and /metrics on this loopback address.
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    idle: Option<SocketAddr>,
}

fn main() -> ExitCode {
    run(&Arguments::parse()).into()
}

fn run(arguments: &Arguments) -> Exit {
    let mut loader = Loader::new(arguments.config.clone(), |_| None);
    let config = match loader.load() {
        Ok(config) => config,
        Err(error) => {
            say(&format!("error: {}", Chain(&error)));
            return Exit::Configuration;
        }
    };
    if arguments.check {
        say(&summary(&config));
        return Exit::Success;
    }
    match arguments.idle {
        Some(address) => idle::run(&config, loader, address),
        None => {
            let hint = "`--check` checks its configuration, `--idle 127.0.0.1:9465` runs without following";
            say(&format!("error: this version of butler-watcher cannot follow the chain yet\nhint: {hint}"));
            Exit::Usage
        }
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "expected an address with its port".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("others can reach this address".to_owned()) }
}

fn summary(config: &Config) -> String {
    let networks: Vec<&str> = config.networks.keys().map(String::as_str).collect();
    let state = config.watcher.state_directory.as_ref().map(|path| path.display().to_string());
    format!(
        "configuration ok: networks {}; would keep its journal in {} and look every {:?}",
        networks.join(", "),
        state.as_deref().unwrap_or("no folder: `state_directory` is not set"),
        config.watcher.poll_interval
    )
}

/// Writes a line to stderr. There is nobody to tell when that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
