//! The scraper of our share of rewards: what waits for coinbases and whose it is stand in the snapshot.
//!
//! It asks the chain nothing. A provider with a split that the chain does not confirm has no sum, and that is told.

use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Source;
use butler_core::domain::findings::provider::of_rewards;
use butler_core::domain::provider::rewards::provider_rewards;
use futures_util::future::BoxFuture;

use super::at_head::ChainQuery;
use super::failure::Failure;
use super::last_snapshot::LastSnapshot;
use crate::catalogue;
use crate::readings::{Readings, number, units};
use crate::slots::Scraped;

/// Adds up what the last snapshot says.
#[derive(Debug, Default)]
pub struct RewardsQuery;

impl ChainQuery for RewardsQuery {
    const ABOUT: &'static str = "rewards";

    fn ask<'a>(&'a mut self, last: &'a LastSnapshot, pin: BlockRef) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(async move {
            let rewards = provider_rewards(&last.snapshot).ok_or_else(Failure::overflow)?;
            let found = of_rewards(&rewards);
            let mut readings = Readings::default();
            for (id, of_provider) in rewards {
                let label = || [id.to_string()];
                if let Some(pending) = of_provider.pending {
                    readings.push(&catalogue::REWARDS_OWN, label(), units(pending));
                }
                readings.push(&catalogue::FORMER_RECIPIENTS, label(), number(of_provider.former_recipients));
                readings.push(&catalogue::UNCONFIRMED_SPLITS, label(), number(of_provider.unconfirmed));
            }
            Ok(Scraped::found(readings, Source::Rewards, found, pin.timestamp))
        })
    }
}
