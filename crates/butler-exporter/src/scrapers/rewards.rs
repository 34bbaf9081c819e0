//! The scraper of our share of rewards: what waits for coinbases is in the snapshot, whose it is stands in their splits.

use butler_core::domain::block::BlockRef;
use butler_core::domain::rewards::provider_rewards;
use butler_core::snapshot::SplitReader;
use ethers_core::types::Address;
use futures_util::future::BoxFuture;

use super::beyond::{AskError, Question};
use super::seen::Seen;
use crate::catalogue;
use crate::readings::{Readings, number, units};

/// Asks for the splits that are not known yet.
#[derive(Debug)]
pub struct RewardsQuestion {
    staking_registry: Address,
    splits: SplitReader,
}

impl RewardsQuestion {
    /// About the delegations of this registry.
    #[must_use]
    pub fn new(staking_registry: Address) -> Self {
        Self { staking_registry, splits: SplitReader::default() }
    }
}

impl Question for RewardsQuestion {
    const ABOUT: &'static str = "rewards";

    fn ask<'a>(&'a mut self, seen: &'a Seen, pin: BlockRef) -> BoxFuture<'a, Result<Readings, AskError>> {
        Box::pin(async move {
            let delegations = &seen.snapshot.delegations;
            let splits = self.splits.read(&seen.client, &pin, self.staking_registry, delegations).await?;
            let rewards = provider_rewards(&seen.snapshot, splits).ok_or(AskError::Overflow)?;
            let mut readings = Readings::default();
            for (id, of_provider) in rewards {
                let label = || [id.to_string()];
                readings.push(&catalogue::REWARDS_OWN, label(), units(of_provider.pending));
                readings.push(&catalogue::FORMER_RECIPIENTS, label(), number(of_provider.former_recipients));
            }
            Ok(readings)
        })
    }
}
