//! Periods of the beacon chain: the one that can be proven at the newest epoch that enough nodes have as final.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use butler_core::client::beacon::{BeaconCheckpoint, BeaconNode};
use butler_core::domain::job::period_of_epoch;
use butler_core::runtime::report::one_line;
use futures_util::future::join_all;

use super::error::TriggerError;

/// Periods of the beacon chain.
#[derive(Debug)]
pub struct BeaconPeriods {
    /// Whom to ask.
    pub nodes: Vec<BeaconNode>,
    /// How many of them must have an epoch as final.
    pub agreeing: usize,
    /// Epochs of a period.
    pub epochs_per_period: NonZeroU64,
    /// The item is so many periods after the final one.
    pub ahead: u64,
}

impl BeaconPeriods {
    /// The newest period that there is.
    ///
    /// # Errors
    /// See [`TriggerError`].
    pub async fn newest(&self) -> Result<u64, TriggerError> {
        let epoch = self.final_epoch().await?;
        period_of_epoch(epoch, self.epochs_per_period, self.ahead).ok_or(TriggerError::Ends(epoch))
    }

    /// The newest epoch that enough nodes have as final.
    ///
    /// # Errors
    /// See [`TriggerError`].
    pub async fn final_epoch(&self) -> Result<u64, TriggerError> {
        let answers =
            join_all(self.nodes.iter().map(|node| async move { (node.name(), node.finalized().await) })).await;
        let (mut told, mut silent) = (Vec::new(), Vec::new());
        for (name, answer) in answers {
            match answer {
                Ok(checkpoint) => told.push(checkpoint),
                Err(error) => silent.push(format!("{name}: {}", one_line(&error))),
            }
        }
        agreed(&told, self.agreeing).ok_or_else(|| TriggerError::Unagreed {
            asked: self.nodes.len(),
            told: told.len(),
            agreeing: self.agreeing,
            why: if silent.is_empty() { "they tell different chains".to_owned() } else { silent.join("; ") },
        })
    }
}

/// The newest epoch that one node tells with its root and that enough others confirm: by the same root, or by a later epoch.
fn agreed(told: &[BeaconCheckpoint], agreeing: usize) -> Option<u64> {
    let candidates: BTreeSet<BeaconCheckpoint> = told.iter().copied().collect();
    let confirms = |candidate: &BeaconCheckpoint| {
        told.iter().filter(|other| other.epoch > candidate.epoch || *other == candidate).count()
    };
    let enough = candidates.into_iter().rev().find(|candidate| confirms(candidate) >= agreeing.max(1));
    enough.map(|candidate| candidate.epoch)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;
    use proptest::prelude::*;

    use super::*;

    fn at(epoch: u64, branch: u64) -> BeaconCheckpoint {
        BeaconCheckpoint { epoch, root: H256::from_low_u64_be(epoch * 10 + branch) }
    }

    #[test]
    fn an_epoch_counts_that_enough_have_as_final() {
        assert_eq!(agreed(&[], 1), None);
        assert_eq!(agreed(&[at(7, 0)], 1), Some(7));
        assert_eq!(agreed(&[at(7, 0)], 2), None);
        assert_eq!(agreed(&[at(7, 0), at(9, 0)], 2), Some(7), "who has 9 has 7, too");
        assert_eq!(agreed(&[at(7, 0), at(8, 0), at(9, 0)], 2), Some(8));
        assert_eq!(agreed(&[at(7, 0), at(7, 1)], 2), None, "two chains");
        assert_eq!(agreed(&[at(7, 0), at(7, 1), at(7, 0)], 2), Some(7));
    }

    proptest! {
        #[test]
        fn a_liar_alone_moves_nothing_beyond_what_an_honest_one_has(
            honest in proptest::collection::vec(100_u64..110, 2..5),
            lie in any::<u32>(),
            branch in 0_u64..3,
        ) {
            let newest = honest.iter().copied().max().unwrap();
            let mut told: Vec<BeaconCheckpoint> = honest.iter().map(|epoch| at(*epoch, 0)).collect();
            let without = agreed(&told, 2).unwrap();
            told.push(at(lie.into(), branch));
            let with = agreed(&told, 2);
            prop_assert!(with.is_some_and(|epoch| epoch <= newest), "{:?}", with);
            prop_assert!(with.is_some_and(|epoch| epoch >= without), "a liar holds nobody back: {:?}", with);
        }
    }
}
