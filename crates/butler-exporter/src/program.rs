//! The program from its arguments to its exit code.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::Config;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinSet, block_in_place};

use crate::access::Access;
use crate::board::Board;
use crate::crew::Crew;
use crate::http::tls::{Tls, TlsError};
use crate::http::{Site, exposure, serve};
use crate::logging::Logging;
use crate::reload::{Loader, Reloader};
use crate::scrapers::jobs;
use crate::service::{Signals, feed_watchdog, ready};
use crate::status::Outcome;
use crate::tasks::{Job, scrape_once, supervise};
use crate::text::{Exposition, Format};
use crate::textfile;
use butler_core::runtime::clock::unix_now;

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
    let mut loader = Loader::new(arguments.config.clone());
    let config = match loader.load() {
        Ok(config) => config,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    if arguments.check {
        if let Err(error) = load_tls(&config) {
            return fail(Exit::Configuration, &Chain(&error).to_string());
        }
        say(&summary(&config));
        return Exit::Success;
    }
    let logging = Logging::start(&config);
    // Requests have threads of their own: one that comes while scrapes compute is not kept waiting.
    let serving = Builder::new_multi_thread().worker_threads(2).thread_name("http").enable_all().build();
    let (runtime, serving) = match (Builder::new_multi_thread().enable_all().build(), serving) {
        (Ok(runtime), Ok(serving)) => (runtime, serving),
        (Err(error), _) | (_, Err(error)) => return fail(Exit::Bug, &format!("failed to start: {error}")),
    };
    let config = Arc::new(config);
    let exit = runtime.block_on(async {
        if arguments.once {
            print_once(&jobs(&config, &BTreeMap::new())).await
        } else {
            run(config, loader, logging, serving.handle()).await
        }
    });
    serving.shutdown_timeout(LEAVE);
    runtime.shutdown_timeout(LEAVE);
    exit
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

async fn print_once(jobs: &[Job]) -> Exit {
    scrape_once(jobs).await;
    let text = match Exposition::new(Arc::new(Board::new(jobs.iter().map(|job| Arc::clone(&job.slot)).collect())))
        .render(Format::Text)
    {
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

async fn run(config: Arc<Config>, loader: Loader, logging: Logging, serving: &Handle) -> Exit {
    // First of all: a signal that comes early must not end the process its own way.
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return fail(Exit::Bug, &format!("failed to listen for signals: {error}")),
    };
    let tls = match load_tls(&config) {
        Ok(tls) => tls,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    let listen = config.exporter.listen;
    let listener = match serving.spawn(TcpListener::bind(listen)).await.unwrap_or_else(|error| Err(error.into())) {
        Ok(listener) => listener,
        Err(error) => {
            let hint = "is another exporter running? `exporter.listen` sets the address";
            return fail(Exit::LocalFile, &format!("failed to listen on {listen}: {error}\nhint: {hint}"));
        }
    };
    let crew = block_in_place(|| Crew::new(&config));
    let board = Arc::new(Board::new(crew.slots()));
    board.life().began(unix_now());
    let site = Arc::new(Site::new(Arc::clone(&board), Access::of(&config.exporter)));
    let shown = listener.local_addr().unwrap_or(listen);
    if let Some(warning) = exposure(&config.exporter) {
        tracing::warn!("{warning}");
    }
    tracing::info!(address = %shown, networks = config.networks.len(), "listening on {shown}");
    ready();

    let (job_sender, job_receiver) = watch::channel(crew.jobs().to_vec());
    let (config_sender, config_receiver) = watch::channel(Arc::clone(&config));
    let scraped = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(supervise(job_receiver, Arc::clone(&scraped)));
    #[cfg(feature = "otlp")]
    tasks.spawn(crate::otlp::keep_pushed(Arc::clone(&board), config_receiver.clone()));
    tasks.spawn(textfile::keep_written(Arc::clone(&board), config_receiver, scraped));
    tasks.spawn(feed_watchdog(Arc::clone(&site)));
    tasks.spawn(signals.meaningless.swallow());
    let reloader = Reloader {
        loader,
        config: config_sender,
        crew,
        jobs: job_sender,
        board,
        site: Arc::clone(&site),
        logging,
        started: config,
    };
    tasks.spawn(reloader.run(signals.hangup));
    let (stop, stopped) = oneshot::channel::<()>();
    let mut served = serving.spawn(serve(listener, site, tls, async {
        // It is dropped, which is as good as a message.
        let _ = stopped.await;
    }));
    let ended = tokio::select! {
        () = signals.stop.wait() => {
            drop(stop);
            served.await
        }
        ended = &mut served => ended,
    };
    tasks.shutdown().await;
    match ended {
        Ok(()) => Exit::Success,
        Err(error) => fail(Exit::Bug, &format!("failed to serve: {error}")),
    }
}

/// The certificate, when HTTPS is to be served.
fn load_tls(config: &Config) -> Result<Option<Arc<Tls>>, TlsError> {
    config.exporter.tls.clone().map(|files| Tls::load(files).map(Arc::new)).transpose()
}

fn fail(exit: Exit, what: &str) -> Exit {
    say(&format!("error: {what}"));
    exit
}

/// Writes a line to stderr. There is nobody to tell when that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
