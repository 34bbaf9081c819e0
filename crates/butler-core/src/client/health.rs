//! What an endpoint's past answers say about asking it again. Pure but for the instants that callers bring.
//!
//! An endpoint that failed stands back for a growing time; one that lied (wrong chain, other history) stands back long.
//! Standing back is an order of preference, not a ban: when nobody else is left it is asked all the same.

use std::time::Duration;

use tokio::time::Instant;

use super::error::ErrorKind;

/// The shortest and the longest time that an endpoint stands back after failures.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How long an endpoint stands back that is on another chain or has another history.
const DISTRUST: Duration = Duration::from_secs(600);

/// Whether an answer of that kind was believable and wrong, so that waiting a little does not make it better.
fn is_a_lie(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WrongChain
            | ErrorKind::Disagrees
            | ErrorKind::Leading
            | ErrorKind::WrongBlock
            | ErrorKind::Incomplete
            | ErrorKind::Contradicted
    )
}

/// The state of one endpoint.
#[derive(Debug, Clone, Default)]
pub struct Health {
    failures: u32,
    back_at: Option<Instant>,
    last_failure: Option<ErrorKind>,
}

impl Health {
    /// An answer came that can be believed. Whoever told what was proven wrong stands back all the same until the time is up.
    pub fn succeeded(&mut self, now: Instant) {
        let is_convicted = matches!(self.last_failure, Some(ErrorKind::Incomplete | ErrorKind::Contradicted));
        if !(is_convicted && self.is_quarantined(now)) {
            *self = Self::default();
        }
    }

    /// No such answer came.
    pub fn failed(&mut self, kind: ErrorKind, retry_after: Option<Duration>, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(kind);
        let growing = BACKOFF.0.saturating_mul(1 << self.failures.saturating_sub(1).min(10)).min(BACKOFF.1);
        let wait = if is_a_lie(kind) { DISTRUST } else { retry_after.unwrap_or(growing).min(DISTRUST) };
        self.back_at = now.checked_add(wait);
    }

    /// Whether the endpoint stands back at `now`.
    #[must_use]
    pub fn is_quarantined(&self, now: Instant) -> bool {
        self.back_at.is_some_and(|at| now < at)
    }

    /// Whether the endpoint stands back at `now` because it told something that is not so. An answer does not prove that it
    /// tells the truth again; being on the right chain does.
    #[must_use]
    pub fn is_distrusted(&self, now: Instant) -> bool {
        self.is_quarantined(now)
            && self.last_failure.is_some_and(|kind| kind != ErrorKind::WrongChain && is_a_lie(kind))
    }

    /// How long until the endpoint may be asked without being a last resort.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        self.back_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// Failures since the last answer.
    #[must_use]
    pub fn consecutive_failures(&self) -> u32 {
        self.failures
    }

    /// The kind of the last failure, if there was one since the last answer.
    #[must_use]
    pub fn last_failure(&self) -> Option<ErrorKind> {
        self.last_failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_stands_back_longer_with_each_failure_and_returns_with_the_first_answer() {
        let (mut health, now) = (Health::default(), Instant::now());
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            health.failed(ErrorKind::Timeout, None, now);
            assert!(health.wait(now) >= last && health.wait(now) <= BACKOFF.1);
            last = health.wait(now);
        }
        assert!(health.is_quarantined(now) && !health.is_quarantined(now + BACKOFF.1));
        health.succeeded(now);
        assert!(!health.is_quarantined(now) && health.last_failure().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_proven_lie_is_not_forgotten_with_the_next_answer() {
        let (mut health, now) = (Health::default(), Instant::now());
        health.failed(ErrorKind::Incomplete, None, now);
        health.succeeded(now);
        assert!(health.is_quarantined(now));
        health.succeeded(now + DISTRUST);
        assert!(health.last_failure().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_obeyed_within_reason() {
        let (mut health, now) = (Health::default(), Instant::now());
        health.failed(ErrorKind::RateLimited, Some(Duration::from_secs(7)), now);
        assert_eq!(health.wait(now), Duration::from_secs(7));
        health.failed(ErrorKind::RateLimited, Some(Duration::from_secs(1 << 40)), now);
        assert_eq!(health.wait(now), DISTRUST);
    }
}
