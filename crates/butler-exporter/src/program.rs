//! The program from its arguments to its exit code.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::Config;
use butler_core::daemon::check::warn_of_exposed;
use butler_core::daemon::http::bind::bind_hint;
use butler_core::daemon::http::desk::{Desk, load_certificate};
use butler_core::daemon::http::server::serve;
use butler_core::daemon::service::loader::Loader;
use butler_core::daemon::service::notify::{feed_watchdog, ready};
use butler_core::daemon::service::presence::Presence;
use butler_core::daemon::service::reload::Reloader;
use butler_core::daemon::service::signals::Signals;
use butler_core::daemon::telemetry::logging::Logging;
use butler_core::daemon::telemetry::metrics::format::Format;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

use crate::check;
use crate::exposition::Exposition;
use crate::plan::Plan;
use crate::reload::{RunningExporter, refusal};
use crate::routes::ExporterRoutes;
use crate::scrapers::driver::{Job, scrape_once, supervise};
use crate::scrapers::jobs;
use crate::slots::{Outcome, Slots};
use crate::textfile;

/// The crates whose lines are logged.
const LOGGED: &[&str] = &["butler_core", "butler_exporter"];

/// How long anything that is left may take at the end.
const LEAVE: Duration = Duration::from_secs(2);

/// Serves figures about Aztec validators to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "butler-exporter", version)]
pub struct Arguments {
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "BUTLER_CONFIG", default_value = "/etc/butler/butler.toml")]
    config: PathBuf,
    /// Look at all that the service will see (secrets, key files, certificate, folders, address, clock), as the user that asks, and end: 0, also
    /// with warnings; 3 where the configuration cannot be used; 5 where anything else is bad.
    #[arg(long, conflicts_with = "once")]
    check: bool,
    /// What `--check` found, as JSON.
    #[arg(long, requires = "check")]
    json: bool,
    /// Scrape everything once, print the metrics and end; the exit code is 4 when a scrape failed.
    #[arg(long)]
    once: bool,
}

/// Reads the arguments, and runs the program.
#[must_use]
pub fn main() -> Exit {
    let told = match Arguments::try_parse() {
        Ok(arguments) => return main_with(&arguments),
        Err(told) => told,
    };
    // `--help` and `--version` come as errors, too.
    match told.print().and_then(|()| std::io::stdout().flush()) {
        _ if told.use_stderr() => Exit::Usage,
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            fail(Exit::LocalFile, &format!("failed to write to stdout: {error}"))
        }
        Ok(()) | Err(_) => Exit::Success,
    }
}

/// Runs the program.
#[must_use]
pub fn main_with(arguments: &Arguments) -> Exit {
    let mut loader = Loader::new(arguments.config.clone(), refusal);
    let config = match loader.load() {
        Ok(config) => config,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    if arguments.check {
        let found = check::look(&config, &arguments.config);
        let text = if arguments.json { found.json() } else { found.render() };
        return match std::io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => found.exit(),
            Err(error) => fail(Exit::LocalFile, &format!("failed to write to stdout: {error}")),
        };
    }
    let logging = Logging::start(&config.log, LOGGED);
    warn_of_exposed(&config);
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

async fn print_once(jobs: &[Job]) -> Exit {
    scrape_once(jobs).await;
    let text = match Exposition::new(Arc::new(Slots::new(jobs.iter().map(|job| Arc::clone(&job.slot)).collect())))
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
    let tls = match load_certificate(&config.exporter.http) {
        Ok(tls) => tls,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    let listen = config.exporter.http.listen;
    let listener = match serving.spawn(TcpListener::bind(listen)).await.unwrap_or_else(|error| Err(error.into())) {
        Ok(listener) => listener,
        Err(error) => {
            let hint = bind_hint(&error, listen, "exporter.listen", "exporter");
            return fail(Exit::LocalFile, &format!("failed to listen on {listen}: {error}\nhint: {hint}"));
        }
    };
    let shown = listener.local_addr().unwrap_or(listen);
    let _presence = Presence::claim(&config.exporter.http.section, shown.port());
    let plan = block_in_place(|| Plan::new(&config));
    let slots = Arc::new(Slots::new(plan.slots()));
    let http = &config.exporter.http;
    let routes = ExporterRoutes::new(Arc::clone(&slots));
    routes.lead_to_watcher(config.exporter.watcher_url.as_ref());
    let desk = Arc::new(Desk::new(routes, http, tls, Arc::clone(slots.process())));
    if let Some(warning) = config.exporter.http.exposure() {
        tracing::warn!("{warning}");
    }
    tracing::info!(address = %shown, networks = config.networks.len(), "listening on {shown}");
    ready();

    let (job_sender, job_receiver) = watch::channel(plan.jobs().to_vec());
    let (config_sender, config_receiver) = watch::channel(Arc::clone(&config));
    let scraped = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let (present, mut all_gone) = mpsc::channel(1);
    tasks.spawn(supervise(job_receiver, Arc::clone(&scraped), present));
    #[cfg(feature = "otlp")]
    tasks.spawn(crate::otlp::keep_pushed(Arc::clone(&slots), config_receiver.clone()));
    tasks.spawn(textfile::keep_written(Arc::clone(&slots), config_receiver, scraped));
    let alive = Arc::clone(&slots);
    tasks.spawn(async move { feed_watchdog(|| alive.is_alive()).await });
    tasks.spawn(signals.ignored.answer());
    let process = Arc::clone(slots.process());
    let running = RunningExporter { config: config_sender, plan, jobs: job_sender, slots, desk: Arc::clone(&desk) };
    tasks.spawn(Reloader::new(loader, running, logging, process).run(signals.hangup));
    let (stop, stopped) = oneshot::channel::<()>();
    let mut served = serving.spawn(serve(listener, desk, async {
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
    // A scrape that is writing a file comes to its end before the timers that it waits for next are taken away.
    let _ = timeout(LEAVE, all_gone.recv()).await;
    match ended {
        Ok(()) => Exit::Success,
        Err(error) => fail(Exit::Bug, &format!("failed to serve: {error}")),
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
