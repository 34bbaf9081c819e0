//! A small daemon made of `butler_core::daemon` and nothing else: what the exporter shares with any other program.
//!
//! It greets whoever may ask with the configured level of its log, and ends when its one worker panics.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use arc_swap::ArcSwap;
use butler_core::config::Config;
use butler_core::daemon::http::desk::{Desk, load_certificate};
use butler_core::daemon::http::respond::{plain, respond, verdict};
use butler_core::daemon::http::routes::{Reply, Routes};
use butler_core::daemon::http::server::serve;
use butler_core::daemon::service::loader::Loader;
use butler_core::daemon::service::notify::{feed_watchdog, ready};
use butler_core::daemon::service::reload::{Adopt, Reloader};
use butler_core::daemon::service::signals::Signals;
use butler_core::daemon::service::supervise::{AfterPanic, Worker, supervise};
use butler_core::daemon::telemetry::logging::Logging;
use butler_core::daemon::telemetry::metrics::exposition::Exposition;
use butler_core::daemon::telemetry::metrics::family::Families;
use butler_core::daemon::telemetry::metrics::format::{Coding, Format};
use butler_core::daemon::telemetry::metrics::lines::encode;
use butler_core::daemon::telemetry::metrics::process::{self, ProcessFigures};
use butler_core::daemon::telemetry::metrics::sample::Readings;
use butler_core::daemon::telemetry::metrics::usage;
use futures_util::future::BoxFuture;
use hyper::StatusCode;
use hyper::http::request::Parts;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;

static FAMILIES: Families = Families(&[process::FAMILIES, usage::FAMILIES]);

struct Greeter {
    greeting: Arc<ArcSwap<String>>,
    process: Arc<ProcessFigures>,
    exposition: Exposition,
    trouble: Arc<Notify>,
}

impl Routes for Greeter {
    async fn answer(&self, request: &Parts) -> Reply {
        match request.uri.path() {
            "/" => respond(StatusCode::OK, "text/plain", self.greeting.load().as_bytes().to_vec().into()),
            "/livez" => verdict(true, "alive\n", "dead\n"),
            "/metrics" => {
                let texts = encode(None, &Arc::new(Readings(self.process.samples()))).unwrap();
                let body = self.exposition.join((Format::Text, Coding::Identity), &[&texts], &[]);
                respond(StatusCode::OK, Format::Text.content_type(), body)
            }
            "/panic" => {
                self.trouble.notify_one();
                plain(StatusCode::OK, "so be it\n")
            }
            _ => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}

/// Panics as soon as somebody asks for it.
#[derive(Clone)]
struct Fragile(Arc<Notify>);

impl Worker for Fragile {
    fn name(&self) -> String {
        "fragile".to_owned()
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn work(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.0.notified().await;
            panic!("somebody asked for it");
        })
    }
}

struct Running {
    greeting: Arc<ArcSwap<String>>,
    desk: Arc<Desk<Greeter>>,
}

impl Adopt for Running {
    type Changes = String;

    fn adopt(&mut self, config: &Arc<Config>) -> String {
        let greeting = greeting(config);
        self.greeting.store(Arc::new(greeting.clone()));
        self.desk.adopt(&config.exporter.http);
        format!("the greeting is now {greeting:?}")
    }
}

fn greeting(config: &Config) -> String {
    format!("hello {}\n", config.log.level.as_str())
}

fn refusal(config: &Config) -> Option<String> {
    (!config.exporter.enabled).then(|| "it is switched off".to_owned())
}

/// Runs with the configuration in this file until a signal or a panic.
pub(crate) fn run(file: PathBuf) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(serve_greetings(Loader::new(file, refusal)))
}

async fn serve_greetings(mut loader: Loader) -> ExitCode {
    let config = loader.load().unwrap();
    let logging = Logging::start(&config.log, &["butler_core"]);
    let signals = Signals::listen().unwrap();
    let certificate = load_certificate(&config.exporter.http).unwrap();
    let listener = TcpListener::bind(config.exporter.http.listen).await.unwrap();
    let (process, trouble) = (Arc::new(ProcessFigures::new("unknown")), Arc::new(Notify::new()));
    let greeting = Arc::new(ArcSwap::from_pointee(greeting(&config)));
    let routes = Greeter {
        greeting: Arc::clone(&greeting),
        process: Arc::clone(&process),
        exposition: Exposition::new(FAMILIES),
        trouble: Arc::clone(&trouble),
    };
    let address = listener.local_addr().unwrap();
    let desk = Arc::new(Desk::new(routes, &config.exporter.http, certificate, Arc::clone(&process)));
    let running = Running { greeting, desk: Arc::clone(&desk) };
    let mut tasks = JoinSet::new();
    tasks.spawn(Reloader::new(loader, running, logging, process).run(signals.hangup));
    tasks.spawn(feed_watchdog(|| true));
    tasks.spawn(signals.ignored.answer());
    eprintln!("listening on {address}");
    ready();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut served = JoinSet::new();
    served.spawn(serve(listener, desk, async {
        let _ = stopped.await;
    }));
    let workers = watch::channel(vec![Fragile(trouble)]).1;
    let code = tokio::select! {
        () = signals.stop.wait() => ExitCode::SUCCESS,
        ended = supervise(workers, |_, _| AfterPanic::Exit) => {
            eprintln!("error: {}", ended.unwrap_err());
            ExitCode::FAILURE
        }
    };
    drop(stop);
    served.join_next().await;
    tasks.shutdown().await;
    code
}
