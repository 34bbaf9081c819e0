//! The section `[watcher]`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::channels::{ChatConfig, EmailConfig, TelegramConfig, WebhookConfig};
use super::channels::{read_all, read_chat, read_signed, read_telegram};
use super::http::{HttpConfig, read_http};
use super::mail::read_email;
use crate::config::directory::{RUNTIME, STATE, read_directory};
use crate::config::reader::{Read, Section};
use crate::config::setting::Problem;

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
    Ok(WatcherConfig {
        enabled: enabled?,
        http: http?,
        webhooks: webhooks?,
        chats: chats?,
        state_directory: state_directory?,
        runtime_directory: runtime_directory?,
        poll_interval: poll_interval?,
        dry_run: dry_run?,
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
    let mut known = BTreeSet::from(["log"]);
    for (list, name) in webhooks.chain(chats.names()) {
        if !known.insert(name) {
            let problem = Problem::new(format!("two channels are called `{name}`, or one is called `log`"));
            section.fault(list, problem.hint("give each a `name` of its own"));
        }
    }
}
