//! Posting to a webhook: bounded, under a deadline, without redirects, and without a word of what it answers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use butler_core::client::error::{ErrorKind, RpcFailure};
use butler_core::client::http::{HttpPeer, HttpSetupError};
use butler_core::config::EndpointConfig;
use butler_core::network::http_settings;
use butler_core::runtime::backoff::Backoff;
use tokio::time::Instant;

/// How long one that let a post run into its deadline is left alone, the first time and at most.
const REST: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(300));

/// How a post ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Posted {
    /// It was taken.
    Taken,
    /// It was not, or nobody knows; whoever has it already knows it by its key.
    Later {
        /// Not before this pause.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// It will never be.
    Refused(String),
}

/// One webhook.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) name: String,
    peer: HttpPeer,
    rest: Mutex<Rest>,
}

/// Until when a webhook is left alone. One that hangs would hold up all that is told through the others.
#[derive(Debug)]
struct Rest {
    pauses: Backoff,
    until: Option<Instant>,
}

impl Webhook {
    pub(super) fn new(config: &EndpointConfig) -> Result<Self, HttpSetupError> {
        let rest = Mutex::new(Rest { pauses: Backoff::new(REST.0, REST.1), until: None });
        Ok(Self { name: config.name.clone(), peer: HttpPeer::new(&http_settings(config))?, rest })
    }

    /// How long it is still left alone, since it did not answer in time.
    pub(super) fn rests(&self) -> Option<Duration> {
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
    pub(super) fn timeout(&self) -> Duration {
        self.peer.timeout()
    }

    /// Posts a body under its id.
    pub(super) async fn post(&self, body: Vec<u8>, id: &str) -> Posted {
        let later = |why: String| Posted::Later { after: None, why };
        let answer = self.peer.post_once(body, id).await;
        self.note(answer.as_ref().is_err_and(|failure| failure.kind() == ErrorKind::Timeout));
        match answer {
            Ok(answer) => match answer.status {
                200..=299 => Posted::Taken,
                408 | 425 | 429 => {
                    Posted::Later { after: answer.retry_after, why: format!("answers {}", answer.status) }
                }
                300..=499 => Posted::Refused(format!("answers {}", answer.status)),
                status => later(format!("answers {status}")),
            },
            // What it says is nobody's business, and may be a secret.
            Err(failure) => later(kind_of(&failure)),
        }
    }
}

fn kind_of(failure: &RpcFailure) -> String {
    format!("does not answer ({})", failure.kind().name())
}
