//! Where is told, as the configuration has it; a new configuration brings others.

use std::sync::Arc;

use butler_core::client::http::HttpSetupError;
use butler_core::config::{ChatsConfig, WatcherConfig};
use thiserror::Error;

use super::channels::channel::Channel;
use super::channels::discord::Discord;
use super::channels::email::{Email, EmailSetupError};
use super::channels::slack::Slack;
use super::channels::telegram::Telegram;
use super::channels::webhook::Webhook;
use super::chat::Listener;

/// A channel that cannot be used.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// One that is reached over HTTP.
    #[error(transparent)]
    Http(#[from] HttpSetupError),
    /// E-mail.
    #[error(transparent)]
    Email(#[from] EmailSetupError),
}

/// The webhooks and chats in effect.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    pub(super) webhooks: Arc<Vec<Webhook>>,
    pub(super) chats: Arc<Vec<Listener>>,
}

impl Channels {
    /// Prepares the channels of a configuration; connects to none. Blocks while it reads certificate authorities.
    ///
    /// # Errors
    /// One that cannot be used.
    pub fn new(config: &WatcherConfig) -> Result<Self, ChannelError> {
        if config.dry_run {
            return Ok(Self::default());
        }
        let webhooks = config.webhooks.iter().map(Webhook::new).collect::<Result<_, _>>()?;
        Ok(Self { webhooks: Arc::new(webhooks), chats: Arc::new(chats(&config.chats)?) })
    }

    /// Every name, for what is shown of them.
    pub(super) fn names(&self) -> Vec<String> {
        let chats = self.chats.iter().map(|chat| chat.channel.name().to_owned());
        self.webhooks.iter().map(|webhook| webhook.name.clone()).chain(chats).collect()
    }
}

fn chats(config: &ChatsConfig) -> Result<Vec<Listener>, ChannelError> {
    let mut chats: Vec<Listener> = Vec::new();
    for one in &config.discord {
        let channel: Arc<dyn Channel> = Arc::new(Discord::new(one)?);
        chats.push(Listener { channel, manner: one.manner.clone() });
    }
    for one in &config.slack {
        let channel: Arc<dyn Channel> = Arc::new(Slack::new(one)?);
        chats.push(Listener { channel, manner: one.manner.clone() });
    }
    for one in &config.telegram {
        let channel: Arc<dyn Channel> = Arc::new(Telegram::new(one)?);
        chats.push(Listener { channel, manner: one.manner.clone() });
    }
    for one in &config.email {
        let channel: Arc<dyn Channel> = Arc::new(Email::new(one)?);
        chats.push(Listener { channel, manner: one.manner.clone() });
    }
    Ok(chats)
}
