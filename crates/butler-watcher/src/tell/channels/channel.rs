//! What every channel is: a place that takes letters, has limits, and answers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use butler_core::client::error::RpcFailure;
use butler_core::client::http::HttpAnswer;

/// How a letter was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was taken.
    Taken,
    /// It was not, or nobody knows.
    Later {
        /// Not before this pause.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// This letter will never be.
    Refused(String),
}

impl Answer {
    /// Nobody knows, or not now; again when it suits us.
    pub(super) fn later(why: impl Into<String>) -> Self {
        Self::Later { after: None, why: why.into() }
    }

    /// No answer. What the other side says is nobody's business, and may be a secret.
    pub(super) fn without(failure: &RpcFailure) -> Self {
        Self::later(format!("does not answer ({})", failure.kind().name()))
    }
}

impl Answer {
    /// What an answer over HTTP means by its status alone.
    pub(super) fn of_status(answer: &HttpAnswer, platform: &str) -> Self {
        let why = format!("answers {}", answer.status);
        match answer.status {
            200..=299 => Self::later(format!("{why}, and not as {platform} does")),
            408 | 425 | 429 => Self::Later { after: answer.retry_after, why },
            300..=499 => Self::Refused(why),
            _ => Self::later(why),
        }
    }

    /// Not before that pause, either, which the body asks for.
    pub(super) fn not_before(self, pause: Option<Duration>) -> Self {
        match self {
            Self::Later { after, why } => Self::Later { after: after.max(pause), why },
            Self::Taken | Self::Refused(_) => self,
        }
    }
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    /// The same at each try of this letter, and of no other one.
    pub(crate) id: &'a str,
    /// What it is about: one line of plain text.
    pub(crate) title: &'a str,
    /// What it says, as the channel's platform wants it.
    pub(crate) text: &'a str,
}

/// A letter on its way.
pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// A place where people are told.
pub(crate) trait Channel: Send + Sync + fmt::Debug {
    /// The name in logs and metrics.
    fn name(&self) -> &str;

    /// The longest text of one letter, escaped, in UTF-16 units: no platform counts a text as longer than that.
    fn most(&self) -> usize;

    /// How many things one letter lists.
    fn listed(&self) -> usize {
        10
    }

    /// Plain text so that the platform shows it as it is: no markup, nobody called, nothing to click on.
    fn escape(&self, plain: &str) -> String;

    /// Sends a letter, within the channel's timeout.
    fn send<'a>(&'a self, letter: Letter<'a>) -> Sending<'a>;
}
