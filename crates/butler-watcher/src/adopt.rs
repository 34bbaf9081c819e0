//! What a new configuration changes while the watcher runs, and what waits for a restart.

use std::fmt;
use std::sync::Arc;

use butler_core::config::{Config, WatcherConfig};
use butler_core::daemon::http::desk::Desk;
use butler_core::daemon::service::reload::Adopt;
use butler_core::runtime::report::one_line;
use tokio::sync::watch;

use crate::control::Rights;
use crate::heartbeat::Heartbeat;
use crate::routes::WatcherRoutes;
use crate::tell::Channels;

/// A running watcher: who may ask and decide, policies, windows, the log and the channels follow a new configuration.
#[derive(Debug)]
pub(crate) struct RunningWatcher {
    pub(crate) desk: Arc<Desk<WatcherRoutes>>,
    pub(crate) channels: watch::Sender<Channels>,
    pub(crate) rights: watch::Sender<Rights>,
    pub(crate) wishes: watch::Sender<Arc<WatcherConfig>>,
    pub(crate) heartbeat: watch::Sender<Heartbeat>,
    /// The configuration that it began under.
    pub(crate) begun: Arc<Config>,
}

/// What is said of a new configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Why the channels stay as they were.
    kept: Option<String>,
    /// Why the rights at the socket stay as they were.
    kept_rights: Option<String>,
    /// What waits for a restart.
    waits: Vec<&'static str>,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kept {
            None => f.write_str("access, policies, log and channels follow it")?,
            Some(why) => write!(f, "access, policies and log follow it, the channels stay as they were: {why}")?,
        }
        if let Some(why) = &self.kept_rights {
            write!(f, "; who may decide stays as it was: {why}")?;
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
        let prepared =
            Channels::new(&config.watcher).and_then(|channels| Ok((channels, Heartbeat::new(&config.watcher)?)));
        let kept = match prepared {
            Ok((channels, heartbeat)) => {
                self.channels.send_replace(channels);
                self.heartbeat.send_replace(heartbeat);
                None
            }
            Err(error) => Some(one_line(&error)),
        };
        let kept_rights = match Rights::of(&config.watcher) {
            Ok(rights) => {
                self.rights.send_replace(rights);
                None
            }
            Err(error) => Some(one_line(&error)),
        };
        self.wishes.send_replace(Arc::new(config.watcher.clone()));
        Changes { kept, kept_rights, waits: waits(&self.begun, config) }
    }
}

/// What differs from the configuration that the program began under and cannot be taken over.
fn waits(begun: &Config, config: &Config) -> Vec<&'static str> {
    let (before, now) = (&begun.watcher, &config.watcher);
    let parts = [
        ("the networks", begun.networks != config.networks),
        ("the pipelines", begun.pipelines != config.pipelines),
        ("`watcher.listen`", before.http.listen != now.http.listen),
        ("`watcher.poll_interval`", before.poll_interval != now.poll_interval),
        ("`watcher.state_directory`", before.state_directory != now.state_directory),
        ("`watcher.runtime_directory`", before.runtime_directory != now.runtime_directory),
        ("`watcher.enabled`", before.enabled != now.enabled),
    ];
    parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}
