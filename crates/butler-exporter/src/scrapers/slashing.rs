//! The scraper of one network's slashing: votes against own attesters, and what they decided.

use butler_core::chain::NetworkSlashingReader;
use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::slashing::of_slashing;
use futures_util::future::BoxFuture;

use super::at_head::ChainQuery;
use super::failure::Failure;
use super::last_snapshot::LastSnapshot;
use crate::readings::slashing::slashing_readings;
use crate::slots::Scraped;

/// Asks how slashing stands.
#[derive(Debug, Default)]
pub struct SlashingQuery {
    reader: NetworkSlashingReader,
}

impl ChainQuery for SlashingQuery {
    const ABOUT: &'static str = "slashing";

    fn ask<'a>(&'a mut self, last: &'a LastSnapshot, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(async move {
            let facts = self.reader.read(&last.client, &pin, &last.snapshot).await?;
            let readings = slashing_readings(&facts, &last.snapshot, &last.keys).ok_or_else(Failure::overflow)?;
            let found = of_slashing(&facts, &last.snapshot, &last.thresholds).ok_or_else(Failure::overflow)?;
            Ok(Scraped::found(readings, Source::Slashing, found, pin.timestamp))
        })
    }
}
