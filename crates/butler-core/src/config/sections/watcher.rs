//! The section `[watcher]`.

use std::path::PathBuf;
use std::time::Duration;

use super::http::{HttpConfig, read_http};
use crate::config::directory::{RUNTIME, STATE, read_directory};
use crate::config::endpoint::EndpointConfig;
use crate::config::endpoint_reader::{read_heartbeat, read_webhook};
use crate::config::network::report_same_names;
use crate::config::policies::{Policies, User, read_policies};
use crate::config::reader::{Read, Section};
use crate::domain::action::Window;

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
    /// What is to become of each kind of action.
    pub policies: Policies,
    /// Who may ask through the socket, beside the watcher's own user and root.
    pub readers: Vec<User>,
    /// Who may decide.
    pub approvers: Vec<User>,
    /// Persons who must approve an action.
    pub approvals_needed: usize,
    /// How long an action waits for an approval, and how long an approval counts.
    pub approval_expiry: Duration,
    /// When nothing is done that changes something.
    pub maintenance_windows: Vec<Window>,
    /// What is asked while every network is followed.
    pub heartbeat: Option<HeartbeatConfig>,
}

/// Where it is told that the watcher goes on.
#[derive(Debug, Clone)]
pub struct HeartbeatConfig {
    /// What is asked.
    pub endpoint: EndpointConfig,
    /// Time between two requests.
    pub interval: Duration,
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
    let policies = read_policies(&section.single("policies"));
    let users = |key| section.list::<User>(key).into_iter().map(|(user, _)| user).collect();
    let (readers, approvers) = (users("readers"), users("approvers"));
    let approvals_needed = section.get::<u64>("approvals_needed");
    let approval_expiry = section.get("approval_expiry");
    let maintenance_windows = section.list("maintenance_windows").into_iter().map(|(window, _)| window).collect();
    let interval = section.get("heartbeat_interval");
    let heartbeat = read_heartbeat(section);
    Ok(WatcherConfig {
        enabled: enabled?,
        http: http?,
        webhooks: webhooks.into_iter().collect::<Read<_>>()?,
        state_directory: state_directory?,
        runtime_directory: runtime_directory?,
        poll_interval: poll_interval?,
        dry_run: dry_run?,
        policies: policies?,
        readers,
        approvers,
        approvals_needed: usize::try_from(approvals_needed?).unwrap_or(usize::MAX),
        approval_expiry: approval_expiry?,
        maintenance_windows,
        heartbeat: match (heartbeat?, interval?) {
            (Some(endpoint), interval) => Some(HeartbeatConfig { endpoint, interval }),
            (None, _) => None,
        },
    })
}
