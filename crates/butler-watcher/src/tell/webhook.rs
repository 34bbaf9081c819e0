//! Posting to a webhook: bounded, under a deadline, without redirects, and without a word of what it answers.

use std::time::Duration;

use butler_core::client::error::RpcFailure;
use butler_core::client::http::{HttpPeer, HttpSetupError};
use butler_core::config::EndpointConfig;
use butler_core::network::http_settings;

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
}

impl Webhook {
    pub(super) fn new(config: &EndpointConfig) -> Result<Self, HttpSetupError> {
        Ok(Self { name: config.name.clone(), peer: HttpPeer::new(&http_settings(config))? })
    }

    /// How long one post may take.
    pub(super) fn timeout(&self) -> Duration {
        self.peer.timeout()
    }

    pub(super) async fn post(&self, body: Vec<u8>) -> Posted {
        let later = |why: String| Posted::Later { after: None, why };
        match self.peer.post(body).await {
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
