//! The section `[watcher]`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::directory::{STATE, read_directory};
use crate::config::reader::{Read, Section};

/// `[watcher]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatcherConfig {
    /// Whether the watcher may start.
    pub enabled: bool,
    /// The journal's folder; absent when neither the key nor the environment has one.
    pub state_directory: Option<PathBuf>,
    /// Time between two looks at the chain's head.
    pub poll_interval: Duration,
    /// Plan and show actions, never execute one.
    pub dry_run: bool,
}

pub(crate) fn read_watcher(section: &Section<'_>) -> Read<WatcherConfig> {
    let enabled = section.get("enabled");
    let state_directory = read_directory(section, "state_directory", &STATE);
    let poll_interval = section.get("poll_interval");
    let dry_run = section.get("dry_run");
    let state_directory = state_directory?;
    Ok(WatcherConfig { enabled: enabled?, state_directory, poll_interval: poll_interval?, dry_run: dry_run? })
}
