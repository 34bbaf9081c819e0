//! Where the watcher tells people: chats and e-mail, each with how it wants to be told.

use secrecy::SecretString;
use url::Url;

use super::manner::{Manner, read_manner};
use crate::config::endpoint::{EndpointConfig, EndpointUrl};
use crate::config::endpoint_reader::{post_section, read_hook, read_webhook};
use crate::config::reader::{Read, Reported, Section};
use crate::config::secret::{Readers, SecretKeys, read_kept};
use crate::config::setting::Problem;
use crate::config::text_setting::Text;

pub use super::mail::{EmailConfig, MailTls};

const SECRET: SecretKeys = SecretKeys { file: "secret_file", credential: "secret_credential", variable: "secret_env" };
const TOKEN: SecretKeys = SecretKeys { file: "token_file", credential: "token_credential", variable: "token_env" };
/// The fewest characters of a secret that bodies are signed with.
const SHORTEST_SECRET: usize = 16;

/// Where everything is posted as JSON.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Where.
    pub endpoint: EndpointConfig,
    /// What bodies are signed with.
    pub secret: Option<SecretString>,
}

/// A chat that is reached by a URL alone.
#[derive(Debug, Clone)]
pub struct ChatConfig {
    /// Where.
    pub endpoint: EndpointConfig,
    /// How it wants to be told.
    pub manner: Manner,
}

/// A chat of Telegram.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// The method that sends a message; the bot's token is in its path.
    pub endpoint: EndpointConfig,
    /// The chat.
    pub chat_id: String,
    /// How it wants to be told.
    pub manner: Manner,
}

/// Reads a webhook.
pub(crate) fn read_signed(section: &Section<'_>) -> Read<WebhookConfig> {
    let endpoint = read_webhook(section);
    let secret = read_kept(section, &SECRET, Readers::Owner)?;
    if let Some((key, secret)) = &secret
        && secrecy::ExposeSecret::expose_secret(secret).chars().count() < SHORTEST_SECRET
    {
        let problem = Problem::new(format!("a secret to sign with has at least {SHORTEST_SECRET} characters"));
        return Err(section.fault(key, problem.hint("`openssl rand -hex 32` makes one")));
    }
    Ok(WebhookConfig { endpoint: endpoint?, secret: secret.map(|(_, secret)| secret) })
}

/// Reads a chat of Discord or Slack.
pub(crate) fn read_chat(section: &Section<'_>) -> Read<ChatConfig> {
    let (endpoint, manner) = (read_hook(section), read_manner(section));
    Ok(ChatConfig { endpoint: endpoint?, manner: manner? })
}

/// Reads a chat of Telegram.
pub(crate) fn read_telegram(section: &Section<'_>) -> Read<TelegramConfig> {
    let name = section.get::<Text>("name");
    let api = section.get::<EndpointUrl>("api_url");
    let token = read_kept(section, &TOKEN, Readers::Owner);
    let chat = section.get::<Text>("chat_id");
    let manner = read_manner(section);
    let token = token.and_then(|token| {
        token.ok_or_else(|| {
            let problem = Problem::new("this bot has no token");
            section.fault("", problem.hint("give `token_file`, `token_credential` or `token_env`"))
        })
    });
    let chat = chat.and_then(|Text(chat)| {
        let is_number = chat.strip_prefix('-').unwrap_or(&chat).bytes().all(|byte| byte.is_ascii_digit());
        let is_name = chat.strip_prefix('@').is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        if is_number || is_name {
            return Ok(chat);
        }
        let problem = Problem::new("a chat is a number such as \"-1001234567890\", or \"@name\" of a public channel");
        Err(section.fault("chat_id", problem))
    });
    let api = api?;
    let method = token.and_then(|(key, token)| {
        method(&api, &token).ok_or_else(|| {
            let problem = Problem::new("a bot's token is a number, a colon and letters, digits, `-` and `_`");
            section.fault(key, problem)
        })
    });
    let endpoint = post_section(section, name?.0, method?);
    Ok(TelegramConfig { endpoint: endpoint?, chat_id: chat?, manner: manner? })
}

/// The URL of the method that sends a message.
fn method(api: &EndpointUrl, token: &SecretString) -> Option<EndpointUrl> {
    let token = secrecy::ExposeSecret::expose_secret(token);
    let (number, rest) = token.split_once(':')?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !is_whole || rest.is_empty() || !rest.bytes().all(is_token) {
        return None;
    }
    let base = api.expose().as_str().trim_end_matches('/');
    // Said as text, since a segment would get its colon escaped.
    let url: Url = format!("{base}/bot{token}/sendMessage").parse().ok()?;
    EndpointUrl::parse(url.as_str()).ok()
}

/// Reads every section of a list, and reports all faults before it gives up.
pub(crate) fn read_all<T>(
    section: &Section<'_>,
    list: &str,
    read: impl Fn(&Section<'_>) -> Read<T>,
) -> Result<Vec<T>, Reported> {
    let read: Vec<_> = section.sections(list).iter().map(read).collect();
    read.into_iter().collect()
}
