//! What a scraper is: it reads, turns facts into readings, and returns them or why it could not.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::failure::Failure;
use crate::slots::{Scraped, Slot};

/// Who watches over the time that a scrape takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The driver: a scrape that takes longer than its slot's deadline is dropped, and has failed.
    WholeScrape,
    /// The scraper itself, for each of those that it asks.
    PerRequest,
}

/// How a scrape ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything was read.
    Good,
    /// Nothing was.
    Bad,
}

/// Scrapes the same thing again and again. The driver ticks, times, counts and logs.
pub trait Scrape: Send {
    /// What is scraped, for the log, such as "the chain".
    fn subject(&self) -> &'static str;

    /// Who watches over the time.
    fn patience(&self) -> Patience {
        Patience::PerRequest
    }

    /// Scrapes once. The slot is for what does not wait for the end: ticks of long scrapes, and failures of single nodes.
    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>>;

    /// A scrape ended; its result is not served yet. May block.
    fn ended(&mut self, slot: &Slot, ending: Ending) {
        let _ = (slot, ending);
    }

    /// What a good scrape read is served now. May block.
    fn served(&mut self, slot: &Slot) {
        let _ = slot;
    }

    /// The scrape is over, and the next one is not due: time for what may be slow and that nobody waits for.
    fn afterwards<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, ()> {
        let _ = slot;
        Box::pin(std::future::ready(()))
    }

    /// How long the next scrape should wait so that the day's credits of the endpoints last.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether something was read since the last scrape that only the next one serves.
    fn has_more(&self) -> bool {
        false
    }
}
