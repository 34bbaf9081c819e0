//! Slack, by an incoming webhook.
//!
//! Slack does not know a message that it has already: one whose answer was lost comes twice.

use butler_core::client::http::{HttpAnswer, HttpPeer, HttpSetupError};
use butler_core::config::ChatConfig;
use butler_core::network::http_settings;
use serde_json::json;

use super::channel::{Answer, Channel, Letter, Sending};

/// The longest text of a block.
const MOST: usize = 3000;

/// One channel of Slack.
#[derive(Debug)]
pub(crate) struct Slack {
    name: String,
    peer: HttpPeer,
}

impl Slack {
    /// Prepares one; connects to nothing.
    pub(crate) fn new(config: &ChatConfig) -> Result<Self, HttpSetupError> {
        Ok(Self { name: config.endpoint.name.clone(), peer: HttpPeer::new(&http_settings(&config.endpoint))? })
    }

    async fn post(&self, letter: Letter<'_>) -> Answer {
        // `verbatim` keeps Slack from making links and mentions of words.
        let body = json!({
            "text": letter.text,
            "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": letter.text, "verbatim": true } }],
            "unfurl_links": false,
            "unfurl_media": false,
        });
        match self.peer.post(body.to_string().into_bytes()).await {
            Ok(answer) => judge(&answer),
            Err(failure) => Answer::without(&failure),
        }
    }
}

fn judge(answer: &HttpAnswer) -> Answer {
    match answer.status {
        200..=299 if answer.body.trim_ascii() == b"ok" => Answer::Taken,
        _ => Answer::of_status(answer, "Slack"),
    }
}

impl Channel for Slack {
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

/// What Slack asks to be escaped, and its marks of bold, italic, struck and code text as letters that look like them: there is no
/// escape for those.
fn escape(plain: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    let mut rest = plain.chars().peekable();
    while let Some(character) = rest.next() {
        let is_inner = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '*' => text.push('\u{2217}'),
            '~' => text.push('\u{223c}'),
            '`' => text.push('\''),
            // Within a word it marks nothing.
            '_' if !is_inner => text.push('\u{ff3f}'),
            ':' if before.is_alphanumeric() && !is_inner => text.push(':'),
            ':' if !is_inner => text.push('\u{a789}'),
            other => text.push(other),
        }
        before = character;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_mentions_are_text() {
        assert_eq!(escape("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
        assert_eq!(escape("*b* _i_ ~s~ `c` key_dripped :e:"), "∗b∗ ＿i＿ ∼s∼ 'c' key_dripped \u{a789}e:");
    }
}
