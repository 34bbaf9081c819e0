//! The program from its arguments to its exit code.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, ConfigFile, LogFormat, Origin, Sources, Variables};
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Parser;
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::interval;
use tracing_subscriber::EnvFilter;

use crate::access::Access;
use crate::board::Board;
use crate::http::tls::{Tls, TlsError};
use crate::http::{Site, exposure, serve};
use crate::scrapers::jobs;
use crate::status::{Outcome, Slot};
use crate::tasks::{Job, scrape_once, supervise};
use crate::text::{Exposition, Format};

/// How long anything that is left may take at the end.
const LEAVE: Duration = Duration::from_secs(2);

/// Serves figures about Aztec validators to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "butler-exporter", version)]
pub struct Arguments {
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "BUTLER_CONFIG", default_value = "/etc/butler/butler.toml")]
    config: PathBuf,
    /// Check the configuration and end.
    #[arg(long, conflicts_with = "once")]
    check: bool,
    /// Scrape everything once, print the metrics and end; the exit code is 4 when a scrape failed.
    #[arg(long)]
    once: bool,
}

/// Runs the program.
#[must_use]
pub fn main_with(arguments: &Arguments) -> Exit {
    let sources = Sources {
        file: ConfigFile::Required(arguments.config.clone()),
        variables: Variables::of_process(),
        overrides: Vec::new(),
    };
    let config = match Config::load(&sources) {
        Ok(config) => config,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    if let Some(what) = refusal(&config) {
        return fail(Exit::Configuration, &what);
    }
    if arguments.check {
        if let Err(error) = load_tls(&config) {
            return fail(Exit::Configuration, &Chain(&error).to_string());
        }
        say(&summary(&config));
        return Exit::Success;
    }
    start_logging(&config);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Bug, &format!("failed to start: {error}")),
    };
    let config = Arc::new(config);
    let exit = runtime.block_on(async {
        let jobs = jobs(&config);
        if arguments.once { print_once(&jobs).await } else { run(&config, jobs).await }
    });
    runtime.shutdown_timeout(LEAVE);
    exit
}

/// Why a configuration without faults cannot be run.
fn refusal(config: &Config) -> Option<String> {
    if !config.exporter.enabled {
        return Some("`exporter.enabled` is false".to_owned());
    }
    if config.networks.is_empty() {
        return Some("no network is configured (hint: add a `[networks.…]` section)".to_owned());
    }
    let without: Vec<&str> =
        config.networks.values().filter(|network| !network.has_l1()).map(|network| network.name.as_str()).collect();
    (!without.is_empty()).then(|| format!("no L1 endpoint is configured for: {}", without.join(", ")))
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

fn start_logging(config: &Config) {
    let level = config.log.level.as_str();
    let filter = EnvFilter::new(format!("off,butler_core={level},butler_exporter={level}"));
    let is_terminal = std::io::stderr().is_terminal();
    let is_default = |value: &butler_core::config::Effective| {
        value.section == "log" && value.key == "format" && value.origin == Origin::Default
    };
    let is_left_open = config.effective().iter().any(is_default);
    let format = if is_left_open && !is_terminal { LogFormat::Json } else { config.log.format };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only when logging was started before, which is as good.
    let _ = match format {
        LogFormat::Text => subscriber.with_ansi(is_terminal).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    // A panic is one line among the others.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("{}", panic.to_string().replace('\n', " "));
    }));
}

async fn print_once(jobs: &[Job]) -> Exit {
    scrape_once(jobs).await;
    let text = match Exposition::new(Arc::new(Board::new(slots(jobs)))).render(Format::Text) {
        Ok(text) => text,
        Err(error) => return fail(Exit::Bug, &format!("failed to write the metrics: {error}")),
    };
    if let Err(error) = std::io::stdout().lock().write_all(&text) {
        return fail(Exit::LocalFile, &format!("failed to write to stdout: {error}"));
    }
    if jobs.iter().all(|job| job.slot.last_outcome() == Some(Outcome::Success)) {
        Exit::Success
    } else {
        Exit::Upstream
    }
}

fn slots(jobs: &[Job]) -> Vec<Arc<Slot>> {
    jobs.iter().map(|job| Arc::clone(&job.slot)).collect()
}

async fn run(config: &Config, jobs: Vec<Job>) -> Exit {
    let tls = match load_tls(config) {
        Ok(tls) => tls,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    let address = config.exporter.listen;
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            let hint = "is another exporter running? `exporter.listen` sets the address";
            return fail(Exit::LocalFile, &format!("failed to listen on {address}: {error}\nhint: {hint}"));
        }
    };
    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return fail(Exit::Bug, &format!("failed to listen for signals: {error}")),
    };
    let site = Arc::new(Site::new(Arc::new(Board::new(slots(&jobs))), Access::of(&config.exporter)));
    let shown = listener.local_addr().unwrap_or(address);
    if let Some(warning) = exposure(&config.exporter) {
        tracing::warn!("{warning}");
    }
    tracing::info!(address = %shown, networks = config.networks.len(), "listening on {shown}");
    notify(&[NotifyState::Ready]);

    let mut tasks = JoinSet::new();
    tasks.spawn(supervise(jobs));
    tasks.spawn(feed_watchdog(Arc::clone(&site)));
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        notify(&[NotifyState::Stopping]);
    };
    serve(listener, site, tls, stop).await;
    tasks.shutdown().await;
    Exit::Success
}

/// The certificate, when HTTPS is to be served.
fn load_tls(config: &Config) -> Result<Option<Arc<Tls>>, TlsError> {
    config.exporter.tls.clone().map(|files| Tls::load(files).map(Arc::new)).transpose()
}

/// Tells systemd that the scrapers are at work, as often as it wants to hear it.
async fn feed_watchdog(site: Arc<Site>) {
    let mut microseconds = 0;
    if !sd_notify::watchdog_enabled(false, &mut microseconds) {
        return;
    }
    let mut ticks = interval(Duration::from_micros(microseconds / 2).max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        if site.is_alive() {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, state) {
        tracing::debug!("failed to notify the service manager: {error}");
    }
}

fn fail(exit: Exit, what: &str) -> Exit {
    say(&format!("error: {what}"));
    exit
}

/// Writes a line to stderr. There is nobody to tell when that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
