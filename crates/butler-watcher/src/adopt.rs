//! What a new configuration changes while the watcher runs, and what waits for a restart.

use std::fmt;
use std::sync::Arc;

use butler_core::config::Config;
use butler_core::daemon::http::desk::Desk;
use butler_core::daemon::service::reload::Adopt;
use butler_core::runtime::report::one_line;
use tokio::sync::watch;

use crate::routes::WatcherRoutes;
use crate::tell::Channels;

/// A running watcher: who may ask, the log and the channels follow a new configuration.
#[derive(Debug)]
pub(crate) struct RunningWatcher {
    pub(crate) desk: Arc<Desk<WatcherRoutes>>,
    pub(crate) channels: watch::Sender<Channels>,
    /// The configuration that it began under.
    pub(crate) begun: Arc<Config>,
}

/// What is said of a new configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Why the channels stay as they were.
    kept: Option<String>,
    /// What waits for a restart.
    waits: Vec<&'static str>,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kept {
            None => f.write_str("access, log and channels follow it")?,
            Some(why) => write!(f, "access and log follow it, the channels stay as they were: {why}")?,
        }
        if !self.waits.is_empty() {
            write!(f, "; until a restart nothing changes of {}", self.waits.join(", "))?;
        }
        Ok(())
    }
}

impl Adopt for RunningWatcher {
    type Changes = Changes;

    fn adopt(&mut self, config: &Arc<Config>) -> Changes {
        self.desk.adopt(&config.watcher.http);
        let kept = match Channels::new(&config.watcher) {
            Ok(channels) => {
                self.channels.send_replace(channels);
                None
            }
            Err(error) => Some(one_line(&error)),
        };
        Changes { kept, waits: waits(&self.begun, config) }
    }
}

/// What differs from the configuration that the program began under and cannot be taken over.
fn waits(begun: &Config, config: &Config) -> Vec<&'static str> {
    let (before, now) = (&begun.watcher, &config.watcher);
    let parts = [
        ("the networks", begun.networks != config.networks),
        ("`watcher.listen`", before.http.listen != now.http.listen),
        ("`watcher.poll_interval`", before.poll_interval != now.poll_interval),
        ("`watcher.state_directory`", before.state_directory != now.state_directory),
        ("`watcher.runtime_directory`", before.runtime_directory != now.runtime_directory),
        ("`watcher.enabled`", before.enabled != now.enabled),
    ];
    parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}
