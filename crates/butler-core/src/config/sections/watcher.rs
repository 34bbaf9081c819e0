//! The section `[watcher]`.

use std::path::PathBuf;
use std::time::Duration;

use super::http::{HttpConfig, read_http};
use crate::config::directory::{RUNTIME, STATE, read_directory};
use crate::config::endpoint::EndpointConfig;
use crate::config::endpoint_reader::read_webhook;
use crate::config::network::report_same_names;
use crate::config::reader::{Read, Section};

/// `[watcher]`.
#[derive(Debug, Clone)]
pub struct WatcherConfig {
    /// Whether the watcher may start.
    pub enabled: bool,
    /// Where and to whom metrics are served.
    pub http: HttpConfig,
    /// Where it posts what it has to tell.
    pub webhooks: Vec<EndpointConfig>,
    /// The journal's folder; absent when neither the key nor the environment has one.
    pub state_directory: Option<PathBuf>,
    /// The folder of its socket; absent when neither the key nor the environment has one.
    pub runtime_directory: Option<PathBuf>,
    /// Time between two looks at the chain's head.
    pub poll_interval: Duration,
    /// Plan and show actions, never execute one.
    pub dry_run: bool,
}

pub(crate) fn read_watcher(section: &Section<'_>) -> Read<WatcherConfig> {
    let enabled = section.get("enabled");
    let listen = section.get("listen");
    let state_directory = read_directory(section, "state_directory", &STATE);
    let runtime_directory = read_directory(section, "runtime_directory", &RUNTIME);
    let poll_interval = section.get("poll_interval");
    let dry_run = section.get("dry_run");
    let http = read_http(section, listen);
    let sections = section.sections("webhooks");
    let webhooks: Vec<_> = sections.iter().map(read_webhook).collect();
    let names = webhooks.iter().flatten().map(|webhook: &EndpointConfig| webhook.name.as_str());
    report_same_names(section, "webhooks", names);
    Ok(WatcherConfig {
        enabled: enabled?,
        http: http?,
        webhooks: webhooks.into_iter().collect::<Read<_>>()?,
        state_directory: state_directory?,
        runtime_directory: runtime_directory?,
        poll_interval: poll_interval?,
        dry_run: dry_run?,
    })
}
