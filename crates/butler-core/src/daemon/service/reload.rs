//! Reading the configuration again: on SIGHUP, and when a file that it depends on changes.
//!
//! A configuration with a fault changes nothing: the one from before stays in effect, which a log line and a metric say. What a
//! good one changes is the program's part, see [`Adopt`]. Files beside the configuration are looked at for it, too.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{block_in_place, spawn_blocking};
use tokio::time::{Instant, sleep};

use super::loader::{LoadError, Loader};
use super::notify;
use super::signals::Hangup;
use crate::config::{Config, ConfigError};
use crate::daemon::telemetry::logging::Logging;
use crate::daemon::telemetry::metrics::process::ProcessFigures;
use crate::runtime::clock::unix_now;
use crate::runtime::report::one_line;
use crate::store::watch::{Marks, Settling, look};

/// The shortest and the longest time between two looks at the files.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// Between these, looking takes one part of the time in so many.
const SHARE: u32 = 20;
/// The most faults of one configuration that are logged.
const MOST_FAULTS: usize = 20;

/// Why files are to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// They changed.
    Changed,
    /// Somebody asked for it.
    Asked,
}

/// A program that can go on under another configuration.
pub trait Adopt: Send {
    /// What changed, for the log.
    type Changes: Display;

    /// Goes on under this configuration. May block.
    fn adopt(&mut self, config: &Arc<Config>) -> Self::Changes;

    /// Files beside those of the configuration, by whom they belong to. Blocks.
    fn files(&self) -> BTreeMap<String, Vec<PathBuf>> {
        BTreeMap::new()
    }

    /// The files of `owner` are to be read again.
    fn read_again(&mut self, owner: &str, cause: Cause) {
        let _ = (owner, cause);
    }
}

/// Looks out for changes, and hands good configurations to the program.
#[derive(Debug)]
pub struct Reloader<A> {
    loader: Loader,
    program: A,
    logging: Logging,
    process: Arc<ProcessFigures>,
}

impl<A: Adopt> Reloader<A> {
    /// `loader` has read the configuration that the program runs under.
    #[must_use]
    pub fn new(loader: Loader, program: A, logging: Logging, process: Arc<ProcessFigures>) -> Self {
        process.started(unix_now());
        Self { loader, program, logging, process }
    }

    /// Looks out for changes until it is dropped. Needs a runtime of several threads.
    pub async fn run(mut self, mut hangup: Hangup) {
        let mut settings = Settling::new(self.loader.marks().clone());
        let mut others = BTreeMap::<String, Settling<Marks>>::new();
        let mut pause = Duration::ZERO;
        loop {
            let asked = tokio::select! {
                () = hangup.wait() => true,
                () = sleep(pause) => false,
            };
            let began = Instant::now();
            let now = block_in_place(|| look(self.loader.files()));
            let others_now = block_in_place(|| {
                let files = self.program.files().into_iter();
                files.map(|(owner, files)| (owner, look(files))).collect::<BTreeMap<_, _>>()
            });
            pause = began.elapsed().saturating_mul(SHARE).clamp(PAUSE.0, PAUSE.1);
            if settings.look(now) || asked {
                self.reload().await;
                settings.accept(self.loader.marks().clone());
            }
            others.retain(|owner, _| others_now.contains_key(owner));
            for (owner, marks) in others_now {
                let changed = match others.get_mut(&owner) {
                    Some(settling) => settling.look(marks),
                    None => {
                        others.insert(owner.clone(), Settling::new(marks));
                        false
                    }
                };
                if changed || asked {
                    self.program.read_again(&owner, if changed { Cause::Changed } else { Cause::Asked });
                }
            }
        }
    }

    async fn reload(&mut self) {
        notify::reloading();
        let mut loader = self.loader.clone();
        let loaded = spawn_blocking(move || {
            let result = loader.load();
            (loader, result)
        });
        match loaded.await {
            Ok((loader, result)) => {
                self.loader = loader;
                match result {
                    Ok(config) => self.take(&Arc::new(config)),
                    Err(error) => self.refuse(&error),
                }
            }
            // The panic itself is in the log.
            Err(_) => self.refuse(&LoadError::Refused("reading it panicked".to_owned())),
        }
        notify::ready();
    }

    fn take(&mut self, config: &Arc<Config>) {
        let changes = block_in_place(|| self.program.adopt(config));
        self.logging.change(&config.log);
        self.process.reloaded(unix_now());
        tracing::info!("the configuration was read again: {changes}");
    }

    fn refuse(&self, error: &LoadError) {
        self.process.reload_failed();
        let lines: Vec<String> = match error {
            LoadError::Config(ConfigError::Faults(faults)) => {
                faults.iter().take(MOST_FAULTS).map(ToString::to_string).collect()
            }
            LoadError::Config(_) | LoadError::Refused(_) => vec![one_line(error)],
        };
        for line in lines {
            tracing::error!("the configuration from before stays in effect: {line}");
        }
    }
}
