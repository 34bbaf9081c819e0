//! The section `[watcher]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::channels::{ChatConfig, EmailConfig, TelegramConfig, WebhookConfig};
use super::channels::{read_all, read_chat, read_signed, read_telegram};
use super::http::{HttpConfig, read_http};
use super::mail::read_email;
use crate::config::directory::{RUNTIME, STATE, read_directory};
use crate::config::endpoint::EndpointConfig;
use crate::config::endpoint_reader::read_heartbeat;
use crate::config::policies::{Policies, User, read_policies};
use crate::config::reader::{Read, Section};
use crate::config::setting::Problem;
use crate::domain::action::Window;
use crate::text::visible::is_visible;

/// `[watcher]`.
#[derive(Debug, Clone)]
pub struct WatcherConfig {
    /// Whether the watcher may start.
    pub enabled: bool,
    /// Where and to whom metrics are served.
    pub http: HttpConfig,
    /// Where it posts what it has to tell.
    pub webhooks: Vec<WebhookConfig>,
    /// Where it tells people.
    pub chats: ChatsConfig,
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
    /// How many slots a node's reload stays away from its own proposals; 0 where that does not matter.
    pub proposal_distance: u64,
    /// When nothing is done that changes something.
    pub maintenance_windows: Vec<Window>,
    /// What is asked while every network is followed.
    pub heartbeat: Option<HeartbeatConfig>,
}

impl WatcherConfig {
    /// Whether what changes something waits at this time, in unix seconds.
    #[must_use]
    pub fn holds(&self, now: u64) -> bool {
        self.dry_run || self.maintenance_windows.iter().any(|window| window.contains(now))
    }
}

/// Where it is told that the watcher goes on.
#[derive(Debug, Clone)]
pub struct HeartbeatConfig {
    /// What is asked.
    pub endpoint: EndpointConfig,
    /// Time between two requests.
    pub interval: Duration,
}

/// Where people are told. Every name is there once, those of the webhooks included.
#[derive(Debug, Clone, Default)]
pub struct ChatsConfig {
    /// `[[watcher.discord]]`.
    pub discord: Vec<ChatConfig>,
    /// `[[watcher.slack]]`.
    pub slack: Vec<ChatConfig>,
    /// `[[watcher.telegram]]`.
    pub telegram: Vec<TelegramConfig>,
    /// `[[watcher.email]]`.
    pub email: Vec<EmailConfig>,
}

impl ChatsConfig {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names().next().is_none()
    }

    fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let discord = self.discord.iter().map(|chat| ("discord", chat.endpoint.name.as_str()));
        let slack = self.slack.iter().map(|chat| ("slack", chat.endpoint.name.as_str()));
        let telegram = self.telegram.iter().map(|chat| ("telegram", chat.endpoint.name.as_str()));
        discord.chain(slack).chain(telegram).chain(self.email.iter().map(|mail| ("email", mail.name.as_str())))
    }
}

pub(crate) fn read_watcher(section: &Section<'_>) -> Read<WatcherConfig> {
    let enabled = section.get("enabled");
    let listen = section.get("listen");
    let state_directory = read_directory(section, "state_directory", &STATE);
    let runtime_directory = read_directory(section, "runtime_directory", &RUNTIME);
    let poll_interval = section.get("poll_interval");
    let dry_run = section.get("dry_run");
    let http = read_http(section, listen);
    let webhooks = read_all(section, "webhooks", read_signed);
    let chats = read_chats(section);
    if let (Ok(webhooks), Ok(chats)) = (&webhooks, &chats) {
        report_same(section, webhooks, chats);
    }
    let policies = read_policies(&section.single("policies"));
    let users = |key| section.list::<User>(key).into_iter().map(|(user, _)| user).collect();
    let (readers, approvers) = (users("readers"), users("approvers"));
    let approvals_needed = section.get::<u64>("approvals_needed");
    let approval_expiry = section.get("approval_expiry");
    let maintenance_windows = section.list("maintenance_windows").into_iter().map(|(window, _)| window).collect();
    let proposal_distance = section.get("proposal_distance");
    let interval = section.get("heartbeat_interval");
    let heartbeat = read_heartbeat(section);
    Ok(WatcherConfig {
        enabled: enabled?,
        http: http?,
        webhooks: webhooks?,
        chats: chats?,
        state_directory: state_directory?,
        runtime_directory: runtime_directory?,
        poll_interval: poll_interval?,
        dry_run: dry_run?,
        policies: policies?,
        readers,
        approvers,
        approvals_needed: usize::try_from(approvals_needed?).unwrap_or(usize::MAX),
        approval_expiry: approval_expiry?,
        proposal_distance: proposal_distance?,
        maintenance_windows,
        heartbeat: match (heartbeat?, interval?) {
            (Some(endpoint), interval) => Some(HeartbeatConfig { endpoint, interval }),
            (None, _) => None,
        },
    })
}

fn read_chats(section: &Section<'_>) -> Read<ChatsConfig> {
    let (discord, slack) = (read_all(section, "discord", read_chat), read_all(section, "slack", read_chat));
    let telegram = read_all(section, "telegram", read_telegram);
    let email = read_all(section, "email", read_email);
    Ok(ChatsConfig { discord: discord?, slack: slack?, telegram: telegram?, email: email? })
}

/// A channel is known by its name, in metrics and in the journal.
fn report_same(section: &Section<'_>, webhooks: &[WebhookConfig], chats: &ChatsConfig) {
    let webhooks = webhooks.iter().map(|webhook| ("webhooks", webhook.endpoint.name.as_str()));
    let mut known = BTreeSet::from(["log".to_owned()]);
    let mut places = BTreeMap::<&str, usize>::new();
    for (list, name) in webhooks.chain(chats.names()) {
        let place = places.entry(list).or_default();
        let key = format!("{list}[{place}].name");
        *place = place.saturating_add(1);
        if name.trim() != name || !name.chars().all(is_visible) {
            let problem = Problem::new("a channel's name has no blank at its ends, and no letter that nobody sees");
            section.fault(&key, problem.hint("write it anew"));
        }
        // Who reads two names takes those for one that differ in nothing else.
        let seen: String = name.chars().filter(|letter| is_visible(*letter) && !letter.is_whitespace()).collect();
        if !known.insert(seen) {
            let problem = Problem::new(format!("two channels are called `{}`, or one is called `log`", name.trim()));
            section.fault(&key, problem.hint("give each a `name` of its own, which differs in more than blanks"));
        }
    }
}
