//! What the scrapers have in common that ask the chain for more than the snapshot holds.
//!
//! They need the last good snapshot to know what is ours, ask through the client that it was read with, and read at a block
//! of their own. Without a recent snapshot they fail: what is ours may have changed.

use std::time::Duration;

use butler_core::chain::AtHead;
use butler_core::domain::block::BlockRef;
use futures_util::future::BoxFuture;

use super::failure::Failure;
use super::last_snapshot::{LastSnapshot, LastSnapshotReceiver, pause};
use super::scrape::{Patience, Scrape};
use crate::catalogue::values::FailureKind;
use crate::slots::{Scraped, Slot};

/// What one of these scrapers wants to know.
pub trait ChainQuery: Send {
    /// What is asked about, for the log.
    const ABOUT: &'static str;

    /// Asks at `pin`.
    fn ask<'a>(&'a mut self, last: &'a LastSnapshot, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, Failure>>;
}

/// Asks the same at each new head.
#[derive(Debug)]
pub struct AtHeadScraper<Q> {
    query: Q,
    last: LastSnapshotReceiver,
    /// A snapshot that is this much older than the block of a scrape does not count.
    age_limit: Duration,
}

impl<Q: ChainQuery> AtHeadScraper<Q> {
    /// A scraper that has asked nothing yet.
    #[must_use]
    pub fn new(query: Q, last: LastSnapshotReceiver, age_limit: Duration) -> Self {
        Self { query, last, age_limit }
    }

    async fn read(&mut self) -> Result<Scraped, Failure> {
        if self.last.borrow().is_none() {
            // The first snapshot is on its way; the chain's scraper tells of a failure too.
            let _ = self.last.changed().await;
        }
        let last = self.last.borrow_and_update().clone().ok_or_else(no_snapshot)?;
        let mut at_head = AtHead::new(&last.client);
        loop {
            let pin = at_head.block().await?;
            if !is_recent(&last.snapshot.block, &pin, self.age_limit) {
                return Err(no_snapshot());
            }
            let asked = self.query.ask(&last, pin).await;
            if let Some(scraped) = at_head.settle(&pin, asked)? {
                return Ok(scraped);
            }
        }
    }
}

/// The chain's scraper has seen nothing, or nothing lately.
fn no_snapshot() -> Failure {
    Failure::new(FailureKind::NoSnapshot, "no recent snapshot of the chain says what is ours")
}

/// Whether what was seen at one block still counts at another.
fn is_recent(seen: &BlockRef, now: &BlockRef, limit: Duration) -> bool {
    now.timestamp.saturating_sub(seen.timestamp) <= limit.as_secs()
}

impl<Q: ChainQuery> Scrape for AtHeadScraper<Q> {
    fn subject(&self) -> &'static str {
        Q::ABOUT
    }

    fn patience(&self) -> Patience {
        Patience::WholeScrape
    }

    fn scrape<'a>(&'a mut self, _: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(self.read())
    }

    fn pause(&self) -> Duration {
        pause(&self.last)
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
