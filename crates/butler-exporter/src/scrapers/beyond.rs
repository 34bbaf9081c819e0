//! What the scrapers have in common that ask the chain for more than the snapshot holds.
//!
//! They need the last good snapshot to know what is ours, ask through the client that it was read with, and read at a block
//! of their own. Without a recent snapshot they fail: what is ours may have changed.

use std::time::Duration;

use butler_core::client::error::ErrorKind;
use butler_core::client::l1::BlockTag;
use butler_core::domain::block::BlockRef;
use butler_core::snapshot::SnapshotError;
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::time::{Instant, timeout};

use super::l1::describe_snapshot_error;
use super::seen::{Seen, SeenReceiver};
use crate::kinds::FailureKind;
use crate::scrapers::Scrape;
use crate::status::{Scraped, Slot};
use crate::tasks::is_worth_a_line;
use butler_core::runtime::clock::unix_now;

/// How often a scrape begins again when its block is reorged away.
const ATTEMPTS: u32 = 3;

/// What one of these scrapers wants to know.
pub trait Question: Send {
    /// What is asked about, for the log.
    const ABOUT: &'static str;

    /// Asks at `pin`.
    fn ask<'a>(&'a mut self, seen: &'a Seen, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, AskError>>;
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// The chain's scraper has seen nothing, or nothing lately.
    #[error("no recent snapshot of the chain says what is ours")]
    NoSnapshot,
    /// The chain was not read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A figure that is missing, or does not fit.
    #[error("a figure is missing or does not fit")]
    Overflow,
    /// The chain moved away time and again.
    #[error("the chain was reorganised during {ATTEMPTS} attempts to read it")]
    Restless,
    /// It took too long.
    #[error("the scrape took longer than {} s", .0.as_secs())]
    Deadline(Duration),
}

impl AskError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoSnapshot => FailureKind::NoSnapshot,
            Self::Snapshot(error) => error.into(),
            Self::Overflow => FailureKind::Overflow,
            Self::Restless => FailureKind::Restless,
            Self::Deadline(_) => FailureKind::Deadline,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Snapshot(error) => describe_snapshot_error(error),
            Self::NoSnapshot | Self::Overflow | Self::Restless | Self::Deadline(_) => self.to_string(),
        }
    }
}

/// Asks one question again and again.
#[derive(Debug)]
pub struct BeyondScraper<Q> {
    question: Q,
    seen: SeenReceiver,
    /// A snapshot that is this much older than the block of a scrape does not count.
    age_limit: Duration,
}

impl<Q: Question> BeyondScraper<Q> {
    /// A scraper that has asked nothing yet.
    #[must_use]
    pub fn new(question: Q, seen: SeenReceiver, age_limit: Duration) -> Self {
        Self { question, seen, age_limit }
    }

    async fn scrape_once(&mut self, slot: &Slot) {
        slot.tick();
        let began = Instant::now();
        let result = timeout(slot.deadline, self.read()).await.unwrap_or(Err(AskError::Deadline(slot.deadline)));
        let (network, about, took) = (&slot.network, Q::ABOUT, began.elapsed());
        match result {
            Ok(scraped) => {
                let failures = slot.succeeded(scraped, took, unix_now());
                if failures > 0 {
                    tracing::info!(network, failures, "{about} of {network} is read again after {failures} failures");
                }
            }
            Err(error) => {
                let (kind, why) = (error.kind().name(), error.describe());
                let failures = slot.failed(error.kind(), took);
                if is_worth_a_line(failures) {
                    tracing::warn!(network, kind, failures, "failed to scrape {about} of {network}: {why}");
                }
            }
        }
    }

    async fn read(&mut self) -> Result<Scraped, AskError> {
        if self.seen.borrow().is_none() {
            // The first snapshot is on its way; the chain's scraper tells of a failure too.
            let _ = self.seen.changed().await;
        }
        let seen = self.seen.borrow_and_update().clone().ok_or(AskError::NoSnapshot)?;
        for _ in 0..ATTEMPTS {
            let head = seen.client.head(BlockTag::Latest, &[]).await;
            let pin = head.map_err(SnapshotError::Rpc)?.block;
            if !is_recent(&seen.snapshot.block, &pin, self.age_limit) {
                return Err(AskError::NoSnapshot);
            }
            match self.question.ask(&seen, pin).await {
                Err(AskError::Snapshot(SnapshotError::Rpc(error)))
                    if error.failure.kind() == ErrorKind::BlockUnknown => {}
                result => return result,
            }
        }
        Err(AskError::Restless)
    }
}

/// Whether what was seen at one block still counts at another.
fn is_recent(seen: &BlockRef, now: &BlockRef, limit: Duration) -> bool {
    now.timestamp.saturating_sub(seen.timestamp) <= limit.as_secs()
}

impl<Q: Question> Scrape for BeyondScraper<Q> {
    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()> {
        Box::pin(self.scrape_once(slot))
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;

    #[test]
    fn an_old_snapshot_does_not_count_and_one_that_is_ahead_does() {
        let at = |timestamp| BlockRef { number: timestamp, hash: H256::zero(), timestamp };
        let limit = Duration::from_secs(300);
        for (seen, now, expected) in
            [(1_000, 1_000, true), (1_000, 1_300, true), (1_000, 1_301, false), (1_001, 1_000, true)]
        {
            assert_eq!(is_recent(&at(seen), &at(now), limit), expected, "{seen} {now}");
        }
    }
}
