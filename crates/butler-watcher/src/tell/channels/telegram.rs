//! Telegram, by a bot.
//!
//! The bot's token is in the path of every request. It is never shown: neither the URL nor a word of an answer is. Telegram does not
//! know a message that it has already: one whose answer was lost comes twice.

use butler_core::client::http::{HttpAnswer, HttpPeer, HttpSetupError, wait_of};
use butler_core::config::TelegramConfig;
use butler_core::network::http_settings;
use serde_json::{Value, json};

use super::channel::{Answer, Channel, Letter, Sending};

/// The longest text.
const MOST: usize = 4096;

/// One chat of Telegram.
#[derive(Debug)]
pub(crate) struct Telegram {
    name: String,
    chat: String,
    peer: HttpPeer,
}

impl Telegram {
    /// Prepares one; connects to nothing.
    pub(crate) fn new(config: &TelegramConfig) -> Result<Self, HttpSetupError> {
        let peer = HttpPeer::new(&http_settings(&config.endpoint))?;
        Ok(Self { name: config.endpoint.name.clone(), chat: config.chat_id.clone(), peer })
    }

    async fn post(&self, letter: Letter<'_>) -> Answer {
        // Without `parse_mode` there is no markup.
        let body = json!({
            "chat_id": self.chat,
            "text": letter.text,
            "link_preview_options": { "is_disabled": true },
        });
        match self.peer.post(body.to_string().into_bytes()).await {
            Ok(answer) => judge(&answer),
            Err(failure) => Answer::without(&failure),
        }
    }
}

fn judge(answer: &HttpAnswer) -> Answer {
    let said = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let parameter = |name: &str| said.get("parameters").and_then(|parameters| parameters.get(name));
    let by_status = || Answer::of_status(answer, "Telegram");
    match answer.status {
        200..=299 if said.get("ok") == Some(&Value::Bool(true)) => Answer::Taken,
        429 => by_status().not_before(parameter("retry_after").and_then(Value::as_f64).and_then(wait_of)),
        400 if parameter("migrate_to_chat_id").is_some() => {
            Answer::Refused("answers 400: the group became a supergroup, which has another `chat_id`".to_owned())
        }
        _ => by_status(),
    }
}

impl Channel for Telegram {
    fn name(&self) -> &str {
        &self.name
    }

    fn most(&self) -> usize {
        MOST
    }

    fn escape(&self, plain: &str) -> String {
        escape(plain)
    }

    fn send<'a>(&'a self, letter: Letter<'a>) -> Sending<'a> {
        Box::pin(self.post(letter))
    }
}

/// Words that Telegram would make commands, tags and the like of begin with a letter that looks the same.
fn escape(plain: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    for character in plain.chars() {
        let begins = !before.is_alphanumeric();
        text.push(match character {
            '/' if begins => '\u{2044}',
            '#' => '\u{ff03}',
            '$' if begins => '\u{ff04}',
            other => other,
        });
        before = character;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_tags_are_text() {
        assert_eq!(escape("/start #tag $CASH a/b <b>x</b>"), "⁄start ＃tag ＄CASH a/b <b>x<⁄b>");
    }
}
