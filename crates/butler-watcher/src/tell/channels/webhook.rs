//! Posting to a webhook: bounded, under a deadline, without redirects, and without a word of what it answers.
//!
//! Whoever has a message already knows it by its id. With a secret each body is signed, so that a receiver knows whose it is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use butler_core::client::error::ErrorKind;
use butler_core::client::http::{HttpPeer, HttpSetupError};
use butler_core::config::WebhookConfig;
use butler_core::network::http_settings;
use butler_core::runtime::backoff::Backoff;
use butler_core::runtime::clock::unix_now;
use ethers_core::utils::hex;
use ring::hmac;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::channel::{Answer, Letter};

/// How long one that let a post run into its deadline is left alone, the first time and at most.
const REST: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(300));

/// One webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) name: String,
    peer: HttpPeer,
    key: Option<hmac::Key>,
    rest: Mutex<Rest>,
}

/// Until when a webhook is left alone. One that hangs would hold up all that is told through the others.
#[derive(Debug)]
struct Rest {
    pauses: Backoff,
    until: Option<Instant>,
}

impl Webhook {
    /// Prepares one; connects to nothing.
    pub(crate) fn new(config: &WebhookConfig) -> Result<Self, HttpSetupError> {
        let rest = Mutex::new(Rest { pauses: Backoff::new(REST.0, REST.1), until: None });
        let secret = config.secret.as_ref().map(|secret| secret.expose_secret().as_bytes());
        Ok(Self {
            name: config.endpoint.name.clone(),
            peer: HttpPeer::new(&http_settings(&config.endpoint))?,
            key: secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)),
            rest,
        })
    }

    /// How long it is still left alone, since it did not answer in time.
    pub(crate) fn rests(&self) -> Option<Duration> {
        let until = self.rest.lock().unwrap_or_else(PoisonError::into_inner).until?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    fn note(&self, is_late: bool) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if is_late {
            rest.until = Instant::now().checked_add(rest.pauses.pause());
        } else {
            rest.pauses.reset();
            rest.until = None;
        }
    }

    /// How long one post may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.peer.timeout()
    }

    /// Posts a letter whose text is JSON.
    pub(crate) async fn post(&self, letter: Letter<'_>) -> Answer {
        let mut headers = vec![("idempotency-key", letter.id)];
        let time = unix_now().to_string();
        let signature = self.key.as_ref().map(|key| signature(key, &time, letter.text));
        if let Some(signature) = &signature {
            headers.extend([("x-butler-timestamp", time.as_str()), ("x-butler-signature", signature.as_str())]);
        }
        let answer = self.peer.post_with(letter.text.as_bytes().to_vec(), &headers).await;
        self.note(answer.as_ref().is_err_and(|failure| failure.kind() == ErrorKind::Timeout));
        match answer {
            Ok(answer) if (200..=299).contains(&answer.status) => Answer::Taken,
            Ok(answer) => Answer::of_status(&answer, "a webhook"),
            Err(failure) => Answer::without(&failure),
        }
    }
}

/// Of the time, a full stop and the body, so that an old message cannot be sent again as a new one.
fn signature(key: &hmac::Key, time: &str, body: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(time.as_bytes());
    context.update(b".");
    context.update(body.as_bytes());
    format!("sha256={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_together_with_its_time() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret of the two");
        let signed = signature(&key, "1700000000", "{}");
        // `printf '1700000000.{}' | openssl dgst -sha256 -hmac 'a secret of the two'`.
        assert_eq!(signed, "sha256=e4d0a42b2829369e6674bb34a69b6d27723b6826eee4dd44b55a987f4d10b249");
        assert_ne!(signed, signature(&key, "1700000001", "{}"));
    }
}
