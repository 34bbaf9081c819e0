//! When what a former rollup does not hold is looked for again.
//!
//! A rollup that is not canonical any more gets nothing new of ours but by three ways: a stake that was still made for it, the
//! proofs of its last epochs, and attesters that did not move along. The first is in the ledger; for the others it is looked
//! through often at first, and ever more rarely.

use std::collections::BTreeSet;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::chain::memo::Told;
use crate::domain::ids::Coinbase;

/// How soon a rollup is looked through again at the earliest, and at the latest, in seconds of the chain.
const SOONEST: u64 = 600;
const LATEST: u64 = 6 * 3_600;

/// What was looked for at a former rollup, and not found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    /// When it was looked through: block and time.
    pub(super) block: u64,
    pub(super) time: u64,
    pub(super) told: Told,
    /// Attesters that it did not have.
    pub(super) attesters: BTreeSet<Address>,
    /// Coinbases for which nothing waited.
    pub(super) coinbases: BTreeSet<Coinbase>,
    /// How long its entry queue was.
    pub(super) queue_length: u64,
    /// Whether one of ours waited in it.
    pub(super) has_queued: bool,
    /// How many stakes of our providers were made for it.
    pub(super) stakes: u64,
}

impl Look {
    /// This look, where the one before it found the same: as before, until the word of whoever told it counts for more.
    pub(super) fn after(self, before: &Self) -> Self {
        let is_same = (&self.attesters, &self.coinbases, self.queue_length, self.has_queued, self.stakes)
            == (&before.attesters, &before.coinbases, before.queue_length, before.has_queued, before.stakes);
        if !is_same {
            return self;
        }
        let told = self.told.clone().again(&before.told);
        match told {
            Told::ByOne { .. } if told == before.told => before.clone(),
            Told::ByOne { .. } | Told::ByTwo => Self { told, ..self },
        }
    }

    /// Whether it is too old at `time`, for a rollup that was first seen as a former one at `since`.
    pub(super) fn is_stale(&self, since: u64, time: u64) -> bool {
        let patience = (time.saturating_sub(since) / 4).clamp(SOONEST, LATEST);
        time.saturating_sub(self.time) >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(time: u64) -> Look {
        Look {
            block: 1,
            time,
            told: Told::ByTwo,
            attesters: BTreeSet::new(),
            coinbases: BTreeSet::new(),
            queue_length: 0,
            has_queued: false,
            stakes: 0,
        }
    }

    #[test]
    fn a_rollup_is_looked_through_often_after_the_cut_over_and_rarely_later() {
        let since = 1_000_000;
        assert!(!look(since).is_stale(since, since + 599));
        assert!(look(since).is_stale(since, since + 600));
        let hours = |hours: u64| since + hours * 3_600;
        assert!(!look(hours(8)).is_stale(since, hours(10)));
        assert!(look(hours(8)).is_stale(since, hours(11)));
        assert!(!look(hours(1_000)).is_stale(since, hours(1_005)));
        assert!(look(hours(1_000)).is_stale(since, hours(1_006)));
    }
}
