//! The daemon without its work: what it shares with the exporter, and nothing else.
//!
//! It is alive and never ready, reads its configuration again, and ends at SIGTERM. So a unit and its alerts can be tried out before
//! following is built.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, HttpConfig};
use butler_core::daemon::http::desk::Desk;
use butler_core::daemon::http::respond::{coded, coding, plain, verdict};
use butler_core::daemon::http::routes::{Reply, Routes};
use butler_core::daemon::http::server::serve;
use butler_core::daemon::service::loader::Loader;
use butler_core::daemon::service::notify::{feed_watchdog, ready};
use butler_core::daemon::service::reload::{Adopt, Reloader};
use butler_core::daemon::service::signals::Signals;
use butler_core::daemon::telemetry::logging::Logging;
use butler_core::daemon::telemetry::metrics::exposition::Exposition;
use butler_core::daemon::telemetry::metrics::family::Families;
use butler_core::daemon::telemetry::metrics::format::Format;
use butler_core::daemon::telemetry::metrics::lines::encode;
use butler_core::daemon::telemetry::metrics::process::{self, ProcessFigures};
use butler_core::daemon::telemetry::metrics::sample::Readings;
use butler_core::runtime::exit::Exit;
use hyper::StatusCode;
use hyper::http::request::Parts;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::say;

/// The crates whose lines are logged.
const LOGGED: &[&str] = &["butler_core", "butler_watcher"];
/// How long anything that is left may take at the end.
const LEAVE: Duration = Duration::from_secs(2);

static FAMILIES: Families = Families(&[process::FAMILIES]);

struct IdleRoutes {
    process: Arc<ProcessFigures>,
    exposition: Exposition,
}

impl Routes for IdleRoutes {
    async fn answer(&self, request: &Parts) -> Reply {
        match request.uri.path() {
            "/livez" => plain(StatusCode::OK, "alive\n"),
            "/readyz" => verdict(false, "", "following the chain is not built yet\n"),
            "/metrics" => {
                let coding = coding(&request.headers);
                match encode(None, &Arc::new(Readings(self.process.samples()))) {
                    Ok(texts) => {
                        let body = self.exposition.join((Format::Text, coding), &[&texts], &[]);
                        coded(coding, Format::Text.content_type(), body)
                    }
                    Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "failed to write the metrics\n"),
                }
            }
            _ => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}

/// Nothing of the configuration is used but its log.
struct Nothing;

impl Adopt for Nothing {
    type Changes = &'static str;

    fn adopt(&mut self, _: &Arc<Config>) -> &'static str {
        "nothing is followed"
    }
}

/// Runs until it is asked to end. `loader` has read `config`.
pub(crate) fn run(config: &Config, loader: Loader, address: SocketAddr) -> Exit {
    let logging = Logging::start(&config.log, LOGGED);
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Bug, &format!("failed to start: {error}")),
    };
    let exit = runtime.block_on(idle(loader, logging, address));
    runtime.shutdown_timeout(LEAVE);
    exit
}

async fn idle(loader: Loader, logging: Logging, address: SocketAddr) -> Exit {
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return fail(Exit::Bug, &format!("failed to listen for signals: {error}")),
    };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => return fail(Exit::LocalFile, &format!("failed to listen on {address}: {error}")),
    };
    let shown = listener.local_addr().unwrap_or(address);
    let process = Arc::new(ProcessFigures::default());
    let routes = IdleRoutes { process: Arc::clone(&process), exposition: Exposition::new(FAMILIES) };
    let http = HttpConfig {
        section: "watcher".to_owned(),
        listen: address,
        bearer_token: None,
        basic_users: Vec::new(),
        tls: None,
    };
    let desk = Arc::new(Desk::new(routes, &http, None, Arc::clone(&process)));
    let mut tasks = JoinSet::new();
    tasks.spawn(Reloader::new(loader, Nothing, logging, process).run(signals.hangup));
    tasks.spawn(feed_watchdog(|| true));
    tasks.spawn(signals.ignored.answer());
    tracing::warn!(address = %shown, "listening on {shown}, following nothing: that is not built yet");
    ready();
    serve(listener, desk, signals.stop.wait()).await;
    tasks.shutdown().await;
    Exit::Success
}

fn fail(exit: Exit, what: &str) -> Exit {
    say(&format!("error: {what}"));
    exit
}
