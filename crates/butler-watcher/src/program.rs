//! The program from its arguments to its exit code.

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
use butler_core::daemon::telemetry::metrics::process::ProcessFigures;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::timeout;

use crate::adopt::RunningWatcher;
use crate::check::{self, NO_STATE, NOTHING, SOCKET_HINT, SWITCHED_OFF, warn_early};
use crate::control::{Control, Rights};
use crate::executors::proposals::{Books, Proposer};
use crate::executors::{Executor, Keystores, Rollups};
use crate::health::Health;
use crate::heartbeat::{Heartbeat, beat};
use crate::jobs::{self, JobsError};
pub use crate::journal::journal_directory;
use crate::journal::{Journal, JournalError, Keeper, Settings};
use crate::replay::{Replay, replay};
use crate::routes::WatcherRoutes;
use crate::state::{self, StateCommand};
use crate::tell::{Channels, Configured, Crier, Teller};
use crate::watch::{Watch, WatchError};

/// The crates whose lines are logged.
const LOGGED: &[&str] = &["butler_core", "butler_watcher"];
/// How long anything that is left may take at the end.
const LEAVE: Duration = Duration::from_secs(5);

/// Follows the chain and plans what it asks for.
///
/// Exit codes: 0 done, 2 wrong arguments, 3 the configuration cannot be used, 4 the chain cannot be read, 5 the journal is not whole or a keystore cannot be changed, 6 refused (another
/// chain or history, a journal that is in use or was copied), 7 a local file.
#[derive(Debug, Parser)]
#[command(name = "butler-watcher", version)]
pub struct Arguments {
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "BUTLER_CONFIG", default_value = "/etc/butler/butler.toml", global = true)]
    config: PathBuf,
    /// Look at all that the service will see (secrets, key files, certificate, folders, address, clock, whether keystores can be changed), as
    /// the user that asks, and end: 0, also with warnings; 3 where the configuration cannot be used; 5 where anything else is bad.
    #[arg(long)]
    check: bool,
    /// What `--check` found, as JSON.
    #[arg(long, requires = "check")]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what would have been planned in a range of blocks, without a journal.
    Replay {
        /// The network; not needed when there is only one.
        #[arg(long)]
        network: Option<String>,
        /// First block.
        #[arg(long)]
        from: u64,
        /// Last block; without it, the final one.
        #[arg(long)]
        to: Option<u64>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at the journal, back it up, and mend it, while no watcher runs.
    #[command(subcommand)]
    State(StateCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// Why the program ends by itself.
enum Ended {
    Watch(WatchError),
    Journal(JournalError),
    Jobs(JobsError),
    Panicked,
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
    if let Some(Command::Completions { shell }) = &arguments.command {
        return completions(*shell);
    }
    let mut loader = Loader::new(arguments.config.clone(), |_| None);
    let config = match loader.load() {
        Ok(config) => config,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    if arguments.check {
        return check(&config, arguments);
    }
    if let Some(Command::State(command)) = &arguments.command {
        let _logging = Logging::start(&config.log, LOGGED);
        return match &config.watcher.state_directory {
            Some(state) => state::run(command, &journal_directory(state)),
            None => fail(Exit::Configuration, NO_STATE),
        };
    }
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Bug, &format!("failed to start: {error}")),
    };
    let exit = match &arguments.command {
        Some(Command::Replay { network, from, to, json }) => {
            let _logging = Logging::start(&config.log, LOGGED);
            runtime.block_on(show_replay(&config, network.as_deref(), (*from, *to), *json))
        }
        Some(Command::State(_) | Command::Completions { .. }) | None => {
            let logging = Logging::start(&config.log, LOGGED);
            warn_of_exposed(&config);
            runtime.block_on(run(Arc::new(config), loader, logging))
        }
    };
    runtime.shutdown_timeout(LEAVE);
    exit
}

/// Needs no configuration.
fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "butler-watcher", &mut script);
    match std::io::stdout().lock().write_all(&script) {
        Ok(()) => Exit::Success,
        Err(error) => fail(Exit::LocalFile, &format!("failed to print: {error}")),
    }
}

/// Says what the service will see.
fn check(config: &Config, arguments: &Arguments) -> Exit {
    if let Err(error) = Rights::of(&config.watcher) {
        return fail(Exit::Configuration, &Chain(&error).to_string());
    }
    let mut found = check::look(config, &arguments.config);
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Bug, &format!("failed to start: {error}")),
    };
    found.extend(runtime.block_on(check::keystores(config)));
    // A folder that hangs is left to itself.
    runtime.shutdown_background();
    let text = if arguments.json { found.json() } else { found.render() };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => found.exit(),
        Err(error) => fail(Exit::LocalFile, &format!("failed to write to stdout: {error}")),
    }
}

async fn show_replay(config: &Config, network: Option<&str>, (from, to): (u64, Option<u64>), json: bool) -> Exit {
    match Box::pin(replay(config, network, from, to, &|_| ())).await {
        Ok(report) => print(&report, json),
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            fail(error.is_final().unwrap_or(Exit::Upstream), &format!("{}{hint}", Chain(&error)))
        }
    }
}

fn print(report: &Replay, json: bool) -> Exit {
    let text = if json { report.json() } else { report.text() };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Success,
        Err(error) => fail(Exit::LocalFile, &format!("failed to write to stdout: {error}")),
    }
}

async fn run(config: Arc<Config>, loader: Loader, logging: Logging) -> Exit {
    // First of all: a signal that comes early must not end the process its own way.
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return fail(Exit::Bug, &format!("failed to listen for signals: {error}")),
    };
    if !config.watcher.enabled {
        return fail(Exit::Configuration, SWITCHED_OFF);
    }
    let Some(state) = config.watcher.state_directory.clone() else {
        return fail(Exit::Configuration, NO_STATE);
    };
    if state::is_anothers(&state) {
        let hint = "start it as that user, or as the service";
        return fail(Exit::Refused, &format!("`{}` belongs to another user than root\nhint: {hint}", state.display()));
    }
    let tls = match load_certificate(&config.watcher.http) {
        Ok(tls) => tls,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    let listen = config.watcher.http.listen;
    let listener = match TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) => {
            let hint = bind_hint(&error, listen, "watcher.listen", "watcher");
            return fail(Exit::LocalFile, &format!("failed to listen on {listen}: {error}\nhint: {hint}"));
        }
    };
    let shown = listener.local_addr().unwrap_or(listen);
    let _presence = Presence::claim(&config.watcher.http.section, shown.port());
    let opened = block_in_place(|| Keeper::open(&journal_directory(&state), Settings::default()));
    let journal: Arc<dyn Journal> = match opened {
        Ok(keeper) => Arc::new(keeper),
        Err(error) => return refuse(&error),
    };
    // Whoever held a lease is gone: the journal is this process's alone.
    if let Err(error) = block_in_place(|| journal.take_back()) {
        return refuse(&error);
    }
    let (health, news) = (Arc::new(Health::default()), Arc::new(Notify::new()));
    let shared = || (Arc::clone(&journal), Arc::clone(&health), Arc::clone(&news));
    let (configured, known) = watch::channel(Configured::new());
    let configured = Arc::new(configured);
    let (channels, told) = match Channels::new(&config.watcher) {
        Ok(channels) => watch::channel(channels),
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    let (heartbeat, beats) = match Heartbeat::new(&config.watcher) {
        Ok(heartbeat) => watch::channel(heartbeat),
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    let (wishes, wanted) = watch::channel(Arc::new(config.watcher.clone()));
    let (rights, granted) = match block_in_place(|| Rights::of(&config.watcher)) {
        Ok(rights) => watch::channel(rights),
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    // Before anything is planned.
    let opened =
        block_in_place(|| Crier::open(told.clone(), (Arc::clone(&journal), Arc::clone(&health)), known.clone()));
    let crier = match opened {
        Ok(crier) => crier,
        Err(error) => return refuse(&error),
    };
    let teller = Teller::new(told, shared(), known, wanted.clone());
    let runtime = config.watcher.runtime_directory.clone().unwrap_or_else(|| state.clone());
    let control = block_in_place(|| Control::listen(&runtime, granted, Arc::clone(&journal), Arc::clone(&health)));
    let control = match control {
        Ok(control) => control,
        Err(error) => {
            return fail(Exit::LocalFile, &format!("{}\nhint: {SOCKET_HINT}", Chain(&error)));
        }
    };
    let (rollups, seen) = watch::channel(Rollups::new());
    let (books, read) = watch::channel(Books::new());
    let (rollups, books) = (Arc::new(rollups), Arc::new(books));
    let (mut watches, mut changed) = (Vec::new(), Vec::new());
    for network in config.networks.values().filter(|network| network.has_l1()) {
        let keystores = match block_in_place(|| Keystores::open(network, &state, seen.clone())) {
            Ok(keystores) => keystores,
            Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
        };
        changed.extend(keystores.clone());
        let wishes = (Arc::clone(&configured), wanted.clone());
        let handed = (Arc::clone(&rollups), Arc::clone(&books));
        let open = || Watch::open(&config, &network.name, &state, shared(), wishes, keystores, handed);
        match block_in_place(open) {
            Ok(watch) => watches.push(watch),
            Err(error) => return end(&Ended::Watch(error)),
        }
    }
    let proposer = match Proposer::new(&config, read, shared(), wanted.clone()) {
        Ok(proposer) => proposer,
        Err(error) => return fail(Exit::Configuration, &Chain(&error).to_string()),
    };
    if watches.is_empty() && config.pipelines.is_empty() {
        return fail(Exit::Configuration, NOTHING);
    }
    let jobs = match block_in_place(|| jobs::open(&config, &state, shared(), wanted.clone())) {
        Ok(jobs) => jobs,
        Err(error) => return end(&Ended::Jobs(error)),
    };
    if !config.pipelines.is_empty() {
        health.begin_jobs();
    }
    let process = Arc::new(ProcessFigures::new(env!("BUTLER_REVISION")));
    let routes = WatcherRoutes::new(Arc::clone(&health), Arc::clone(&process));
    let desk = Arc::new(Desk::new(routes, &config.watcher.http, tls, Arc::clone(&process)));
    if let Some(warning) = config.watcher.http.exposure() {
        tracing::warn!("{warning}");
    }
    tracing::info!(address = %shown, networks = watches.len(), "listening on {shown}");
    ready();

    let mut work = JoinSet::new();
    for watch in watches {
        work.spawn(async move { Box::pin(watch.run()).await.map_err(Ended::Watch) });
    }
    let early = warn_early(changed.clone());
    let executor = Executor::new(changed, (Arc::clone(&journal), Arc::clone(&health)), wanted.clone());
    work.spawn(async move { executor.run().await.map_err(Ended::Journal) });
    work.spawn(async move { Box::pin(proposer.run()).await.map_err(Ended::Journal) });
    work.spawn(async move { teller.run().await.map_err(Ended::Journal) });
    work.spawn(async move { crier.run().await.map_err(Ended::Journal) });
    work.spawn(async move { Box::pin(jobs.run()).await.map_err(Ended::Jobs) });
    let mut around = JoinSet::new();
    let alive = Arc::clone(&health);
    around.spawn(async move { feed_watchdog(|| alive.is_alive()).await });
    around.spawn(signals.ignored.answer());
    around.spawn(control.run());
    around.spawn(early);
    around.spawn(beat(beats, Arc::clone(&health)));
    let begun = Arc::clone(&config);
    let running = RunningWatcher { desk: Arc::clone(&desk), channels, rights, wishes, heartbeat, begun };
    around.spawn(Reloader::new(loader, running, logging, process).run(signals.hangup));
    let (stop, mut stopped) = watch::channel(false);
    around.spawn(serve(listener, desk, async move {
        // It is dropped, which is as good as a message.
        let _ = stopped.changed().await;
    }));
    let ended = tokio::select! {
        () = signals.stop.wait() => None,
        Some(ended) = work.join_next() => Some(match ended {
            Ok(Ok(())) | Err(_) => Ended::Panicked,
            Ok(Err(ended)) => ended,
        }),
    };
    // What is being saved is saved; nothing else begins.
    work.abort_all();
    let _ = timeout(LEAVE, async { while work.join_next().await.is_some() {} }).await;
    let _ = stop.send(true);
    around.shutdown().await;
    ended.map_or(Exit::Success, |ended| end(&ended))
}

fn end(ended: &Ended) -> Exit {
    match ended {
        Ended::Watch(WatchError::Follow { source, network }) => {
            let hint = source.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            fail(source.is_final().unwrap_or(Exit::Upstream), &format!("network `{network}`: {}{hint}", Chain(source)))
        }
        Ended::Watch(WatchError::Journal(error)) | Ended::Journal(error) => refuse(error),
        Ended::Jobs(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            fail(error.exit(), &format!("{}{hint}", Chain(error)))
        }
        Ended::Panicked => fail(Exit::Bug, "a part of the watcher ended; the log says why"),
    }
}

fn refuse(error: &JournalError) -> Exit {
    let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    fail(error.exit(), &format!("{}{hint}", Chain(error)))
}

fn fail(exit: Exit, what: &str) -> Exit {
    say(&format!("error: {what}"));
    exit
}

/// Writes a line to stderr. There is nobody to tell when that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
