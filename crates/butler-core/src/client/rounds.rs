//! Asking again: how often every endpoint is asked, how long is waited in between, and which failure is passed on.
//!
//! A failure that no other endpoint and no other time could improve on (a revert) ends the asking at once.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How often every endpoint is asked before the failure is passed on.
    pub rounds: u32,
    /// After this time no further round begins.
    pub patience: Duration,
}

impl Policy {
    /// For a person who waits: three rounds within half a minute.
    pub const ONE_SHOT: Self = Self { rounds: 3, patience: Duration::from_secs(30) };
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The rounds of one question.
#[derive(Debug)]
pub(super) struct Rounds {
    method: &'static str,
    policy: Policy,
    began: Instant,
    round: u32,
    pause: Duration,
    may_pass: bool,
    last: Option<RpcError>,
}

impl Rounds {
    pub(super) fn new(method: &'static str, policy: Policy) -> Self {
        Self { method, policy, began: Instant::now(), round: 1, pause: FIRST_PAUSE, may_pass: false, last: None }
    }

    /// Takes a failure of one endpoint.
    ///
    /// # Errors
    /// The failure itself, when asking anybody again is of no use.
    pub(super) fn failed(&mut self, endpoint: &Endpoint, failure: RpcFailure) -> Result<(), RpcError> {
        let kind = failure.kind();
        let name = endpoint.name();
        tracing::debug!(endpoint = name, "{} failed at {name}: {failure}", self.method);
        if let RpcFailure::RateLimited { retry_after: Some(wait) } = failure {
            self.pause = self.pause.max(wait);
        }
        endpoint.blame_for(&failure);
        self.may_pass |= kind.is_passing();
        let error = RpcError { endpoint: name.to_owned(), method: self.method, failure };
        if !kind.is_worth_another_try() {
            return Err(error);
        }
        self.last = Some(error);
        Ok(())
    }

    /// Waits for the next round; false when there is none.
    pub(super) async fn another(&mut self) -> bool {
        let is_last = self.round >= self.policy.rounds;
        if is_last || !self.may_pass || self.began.elapsed() + self.pause > self.policy.patience {
            return false;
        }
        sleep(self.pause).await;
        self.round += 1;
        self.pause = self.pause.saturating_mul(2);
        self.may_pass = false;
        true
    }

    /// The failure to pass on.
    pub(super) fn error(self) -> RpcError {
        self.last.unwrap_or_else(|| RpcError {
            endpoint: "no endpoint".to_owned(),
            method: self.method,
            failure: RpcFailure::Malformed("no endpoint gave an answer".to_owned()),
        })
    }
}
