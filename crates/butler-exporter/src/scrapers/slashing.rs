//! The scraper of one network's slashing: votes against own attesters, and what they decided.

use std::collections::BTreeSet;

use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::slashing::of_slashing;
use butler_core::snapshot::{SlashingReader, SlashingRequest};
use ethers_core::types::Address;
use futures_util::future::BoxFuture;

use super::beyond::{AskError, Question};
use super::seen::Seen;
use crate::readings::slashing::slashing_readings;
use crate::status::Scraped;

/// Asks how slashing stands.
#[derive(Debug, Default)]
pub struct SlashingQuestion {
    reader: SlashingReader,
}

impl Question for SlashingQuestion {
    const ABOUT: &'static str = "slashing";

    fn ask<'a>(&'a mut self, seen: &'a Seen, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, AskError>> {
        Box::pin(async move {
            let rollup = &seen.snapshot.rollup;
            let own: BTreeSet<Address> = seen.snapshot.attesters.keys().copied().collect();
            let request = SlashingRequest { slasher: rollup.slasher, clock: rollup.clock, own: &own };
            let facts = self.reader.read(&seen.client, &pin, &request).await?;
            let readings = slashing_readings(&facts, &seen.snapshot).ok_or(AskError::Overflow)?;
            let found = of_slashing(&facts, &seen.snapshot, &seen.thresholds).ok_or(AskError::Overflow)?;
            Ok(Scraped::found(readings, Source::Slashing, found, pin.timestamp))
        })
    }
}
