//! Reading the configuration again: on SIGHUP, and when a file that it depends on changes.
//!
//! A configuration with a fault changes nothing: the one from before stays in effect, which a log line and a metric say.
//! Key files are not part of the configuration; when one changes, the chain is read at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::{Config, ConfigError, ConfigFile, Sources, Variables};
use butler_core::network::key_file_paths;
use butler_core::runtime::report::Chain;
use thiserror::Error;
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::task::{block_in_place, spawn_blocking};
use tokio::time::{Instant, sleep};

use crate::access::Access;
use crate::board::Board;
use crate::crew::{Changes, Crew};
use crate::http::Site;
use crate::logging::Logging;
use crate::service;
use crate::tasks::Job;
use crate::watched::{Marks, Settling, look};
use butler_core::runtime::clock::unix_now;

/// The shortest and the longest time between two looks at the files.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// Between these, looking takes one part of the time in so many.
const SHARE: u32 = 20;
/// How often a configuration is read whose list of files keeps changing.
const READINGS: usize = 3;
/// The most faults of one configuration that are logged.
const MOST_FAULTS: usize = 20;

/// Why a configuration is not taken.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// It has faults, or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It has none, and there is nothing to run.
    #[error("{0}")]
    Refused(String),
}

/// Reads the configuration, and knows which files it depends on.
#[derive(Debug, Clone)]
pub(crate) struct Loader {
    sources: Sources,
    files: BTreeSet<PathBuf>,
    marks: Marks,
}

impl Loader {
    /// Of this file, with the variables of the process.
    pub(crate) fn new(file: PathBuf) -> Self {
        let files = BTreeSet::from([file.clone()]);
        let sources =
            Sources { file: ConfigFile::Required(file), variables: Variables::of_process(), overrides: Vec::new() };
        Self { sources, files, marks: Marks::new() }
    }

    /// Reads it. Blocks.
    pub(crate) fn load(&mut self) -> Result<Config, LoadError> {
        let mut result = self.load_once();
        for _ in 1..READINGS {
            // What was read before its file was looked at may have changed in between.
            if self.marks.keys().eq(&self.files) {
                break;
            }
            result = self.load_once();
        }
        let config = result?;
        refusal(&config).map_or(Ok(config), |why| Err(LoadError::Refused(why)))
    }

    fn load_once(&mut self) -> Result<Config, ConfigError> {
        self.marks = look(&self.files);
        let mut files = BTreeSet::new();
        let result = Config::load_noting(&self.sources, &mut files);
        self.files = files;
        result
    }
}

/// Why a configuration without faults cannot be run.
fn refusal(config: &Config) -> Option<String> {
    if !config.exporter.enabled {
        return Some("`exporter.enabled` is false".to_owned());
    }
    if config.exporter.otlp.is_some() && !cfg!(feature = "otlp") {
        return Some("`exporter.otlp_url` is set, and this program was built without the feature `otlp`".to_owned());
    }
    if config.networks.is_empty() {
        return Some("no network is configured (hint: add a `[networks.…]` section)".to_owned());
    }
    let without: Vec<&str> =
        config.networks.values().filter(|network| !network.has_l1()).map(|network| network.name.as_str()).collect();
    (!without.is_empty()).then(|| format!("no L1 endpoint is configured for: {}", without.join(", ")))
}

/// Everything that a reload changes.
pub(crate) struct Reloader {
    pub(crate) loader: Loader,
    pub(crate) config: watch::Sender<Arc<Config>>,
    pub(crate) crew: Crew,
    pub(crate) jobs: watch::Sender<Vec<Job>>,
    pub(crate) board: Arc<Board>,
    pub(crate) site: Arc<Site>,
    pub(crate) logging: Logging,
    /// The configuration of the start: its address and the names of its certificate's files stay.
    pub(crate) started: Arc<Config>,
}

impl Reloader {
    /// Looks out for changes until it is dropped.
    pub(crate) async fn run(mut self, mut hangup: Signal) {
        let mut settings = Settling::new(self.loader.marks.clone());
        let mut keys = BTreeMap::<String, Settling<Marks>>::new();
        let mut pause = Duration::ZERO;
        loop {
            let asked = tokio::select! {
                _ = hangup.recv() => true,
                () = sleep(pause) => false,
            };
            let began = Instant::now();
            let now = block_in_place(|| look(&self.loader.files));
            let keys_now = block_in_place(|| self.look_at_keys());
            pause = began.elapsed().saturating_mul(SHARE).clamp(PAUSE.0, PAUSE.1);
            if settings.look(now) || asked {
                self.reload().await;
                settings.accept(self.loader.marks.clone());
            }
            keys.retain(|network, _| keys_now.contains_key(network));
            for (network, marks) in keys_now {
                let changed = match keys.get_mut(&network) {
                    Some(settling) => settling.look(marks),
                    None => {
                        keys.insert(network.clone(), Settling::new(marks));
                        false
                    }
                };
                if changed {
                    tracing::info!(network, "key files of {network} changed: the chain is read now");
                }
                if changed || asked {
                    self.crew.wake(&network);
                }
            }
        }
    }

    fn look_at_keys(&self) -> BTreeMap<String, Marks> {
        let config = Arc::clone(&self.config.borrow());
        config.networks.iter().map(|(name, network)| (name.clone(), look(key_file_paths(network)))).collect()
    }

    async fn reload(&mut self) {
        service::reloading();
        let mut loader = self.loader.clone();
        let loaded = spawn_blocking(move || {
            let result = loader.load();
            (loader, result)
        });
        match loaded.await {
            Ok((loader, result)) => {
                self.loader = loader;
                match result {
                    Ok(config) => self.take(Arc::new(config)),
                    Err(error) => self.refuse(&error),
                }
            }
            // The panic itself is in the log.
            Err(_) => self.refuse(&LoadError::Refused("reading it panicked".to_owned())),
        }
        service::ready();
    }

    fn take(&mut self, config: Arc<Config>) {
        let (crew, changes) = block_in_place(|| self.crew.next(&config));
        self.crew = crew;
        self.board.replace(self.crew.slots());
        self.jobs.send_replace(self.crew.jobs().to_vec());
        self.site.replace_access(Access::of(&config.exporter));
        self.logging.change(&config);
        let started = &self.started.exporter;
        if config.exporter.listen != started.listen {
            let listen = started.listen;
            tracing::warn!("`exporter.listen` stays {listen} (hint: a restart takes the new address)");
        }
        if config.exporter.tls != started.tls {
            tracing::warn!("`exporter.tls_…` stays as it was (hint: a restart takes the new files)");
        }
        self.config.send_replace(config);
        self.board.life().reloaded(unix_now());
        tracing::info!("the configuration was read again: {}", describe(&changes));
    }

    fn refuse(&self, error: &LoadError) {
        self.board.life().reload_failed();
        let lines: Vec<String> = match error {
            LoadError::Config(ConfigError::Faults(faults)) => {
                faults.iter().take(MOST_FAULTS).map(ToString::to_string).collect()
            }
            LoadError::Config(_) | LoadError::Refused(_) => {
                vec![Chain(error).to_string().replace("\n  because ", ": ")]
            }
        };
        for line in lines {
            tracing::error!("the configuration from before stays in effect: {line}");
        }
    }
}

fn describe(changes: &Changes) -> String {
    let parts = [("new", &changes.added), ("changed", &changes.changed), ("removed", &changes.removed)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, networks)| !networks.is_empty())
        .map(|(what, networks)| format!("{what}: {}", networks.join(", ")))
        .collect();
    if parts.is_empty() { "no network changed".to_owned() } else { format!("networks {}", parts.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_name() {
        assert_eq!(describe(&Changes::default()), "no network changed");
        let changes =
            Changes { added: vec!["b".to_owned()], changed: Vec::new(), removed: vec!["a".to_owned(), "c".to_owned()] };
        assert_eq!(describe(&changes), "networks new: b; removed: a, c");
    }
}
