//! Discord, by a channel's webhook URL.
//!
//! A post without `wait=true` is acknowledged before it is kept, so the answer is waited for. Discord does not know a message that
//! it has already: one whose answer was lost comes twice.

use butler_core::client::http::{HttpAnswer, HttpPeer, HttpSetupError, wait_of};
use butler_core::config::ChatConfig;
use butler_core::network::http_settings;
use serde_json::{Value, json};

use super::channel::{Answer, Channel, Letter, Sending};

/// The longest content.
const MOST: usize = 2000;
/// What markup is made of. A backslash before it is never shown.
const MARKUP: &str = r"\*_~`|<>#[]():@-+=";
/// Embeds are not shown.
const NO_EMBEDS: u32 = 4;

/// One channel of Discord.
#[derive(Debug)]
pub(crate) struct Discord {
    name: String,
    peer: HttpPeer,
}

impl Discord {
    /// Prepares one; connects to nothing.
    pub(crate) fn new(config: &ChatConfig) -> Result<Self, HttpSetupError> {
        let mut settings = http_settings(&config.endpoint);
        settings.url.query_pairs_mut().append_pair("wait", "true");
        Ok(Self { name: config.endpoint.name.clone(), peer: HttpPeer::new(&settings)? })
    }

    async fn post(&self, letter: Letter<'_>) -> Answer {
        let body = json!({ "content": letter.text, "allowed_mentions": { "parse": [] }, "flags": NO_EMBEDS });
        match self.peer.post(body.to_string().into_bytes()).await {
            Ok(answer) => judge(&answer),
            Err(failure) => Answer::without(&failure),
        }
    }
}

fn judge(answer: &HttpAnswer) -> Answer {
    let said = || serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let by_status = || Answer::of_status(answer, "Discord");
    match answer.status {
        204 => Answer::Taken,
        200..=299 if said().get("id").is_some() => Answer::Taken,
        429 => by_status().not_before(said().get("retry_after").and_then(Value::as_f64).and_then(wait_of)),
        _ => by_status(),
    }
}

impl Channel for Discord {
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

fn escape(plain: &str) -> String {
    let mut text = String::new();
    for character in plain.chars() {
        if MARKUP.contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_mentions_are_text() {
        let escaped = escape("<@123> **bold** [a](b) `c` ||d|| :e: \\");
        assert_eq!(escaped, r"\<\@123\> \*\*bold\*\* \[a\]\(b\) \`c\` \|\|d\|\| \:e\: \\");
    }
}
