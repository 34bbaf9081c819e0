//! How an Aztec node stands to the rollup on L1: whether it follows the canonical one, and how far it is behind.

use ethers_core::types::Address;

use crate::domain::rollup::{CheckpointTips, RollupFacts};
use crate::domain::rollups::FormerRollup;
use crate::domain::snapshot::NetworkSnapshot;

/// Which rollup a node follows, of those of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed<'a> {
    /// The canonical one.
    Canonical(&'a RollupFacts),
    /// One that was canonical before.
    Former(&'a FormerRollup),
    /// None of them.
    Other,
}

impl<'a> Followed<'a> {
    /// Of a node that says that it follows this contract and this version.
    #[must_use]
    pub fn of(snapshot: &'a NetworkSnapshot, address: Address, version: u64) -> Self {
        if follows_canonical(&snapshot.rollup, address, version) {
            return Self::Canonical(&snapshot.rollup);
        }
        let is_it = |former: &&FormerRollup| former.id.address == address && former.id.version == version.into();
        snapshot.former_rollups.iter().find(is_it).map_or(Self::Other, Self::Former)
    }

    /// Whether it follows the canonical rollup.
    #[must_use]
    pub fn is_canonical(self) -> bool {
        matches!(self, Self::Canonical(_))
    }

    /// Whether it follows a rollup that was canonical until a moment ago, at the snapshot's time `now`: committees that were
    /// sampled before the cut-over have duties for two more epochs, and their last epoch has to be proven.
    #[must_use]
    pub fn is_leaving(self, now: u64, grace: u64) -> bool {
        match self {
            Self::Former(former) => now.saturating_sub(former.since) < grace,
            Self::Canonical(_) | Self::Other => false,
        }
    }

    /// How far that rollup is on L1, as far as it was read.
    #[must_use]
    pub fn tips(self) -> CheckpointTips {
        match self {
            Self::Canonical(rollup) => rollup.checkpoints,
            Self::Former(former) => former.figures.as_ref().map(|figures| figures.checkpoints).unwrap_or_default(),
            Self::Other => CheckpointTips::default(),
        }
    }
}

/// Whether a node follows the canonical rollup: the same contract and the same version.
#[must_use]
pub fn follows_canonical(rollup: &RollupFacts, address: Address, version: u64) -> bool {
    rollup.address == address && rollup.version == version.into()
}

/// How far a node's head is behind L1's; 0 for a node that saw more than the snapshot did.
#[must_use]
pub fn lag(l1: Option<u64>, node: u64) -> Option<u64> {
    Some(l1?.saturating_sub(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollups::RollupId;
    use crate::domain::samples::{address, network};

    #[test]
    fn another_contract_or_another_version_is_another_rollup() {
        let rollup = network().rollup;
        assert!(follows_canonical(&rollup, address(9_000), 1));
        assert!(!follows_canonical(&rollup, address(9_001), 1));
        assert!(!follows_canonical(&rollup, address(9_000), 2));
        let huge = RollupFacts { version: ethers_core::types::U256::MAX, ..rollup };
        assert!(!follows_canonical(&huge, address(9_000), u64::MAX));
    }

    #[test]
    fn a_node_is_held_against_the_rollup_that_it_follows() {
        let mut snapshot = network();
        let id = RollupId { address: address(9_100), version: 7.into() };
        let mut figures = snapshot.rollup.clone();
        figures.checkpoints.pending = Some(99);
        let former = FormerRollup { figures: Some(Box::new(figures)), ..FormerRollup::empty(id, 1_000) };
        snapshot.former_rollups = vec![former];
        let of = |contract: u64, version: u64| Followed::of(&snapshot, address(contract), version);
        assert!(of(9_000, 1).is_canonical());
        assert_eq!((of(9_000, 1).tips().pending, of(9_100, 7).tips().pending), (Some(40), Some(99)));
        assert_eq!((of(9_100, 8), of(9_000, 7), of(1, 1)), (Followed::Other, Followed::Other, Followed::Other));
        assert_eq!(of(9_100, 8).tips().pending, None, "no lag of 0 on another rollup");
        assert!(of(9_100, 7).is_leaving(1_099, 100) && !of(9_100, 7).is_leaving(1_100, 100));
        assert!(!of(9_000, 1).is_leaving(0, 100) && !Followed::Other.is_leaving(0, 100));
    }

    #[test]
    fn a_node_ahead_of_the_snapshot_does_not_lag() {
        assert_eq!([lag(Some(40), 18), lag(Some(40), 40), lag(Some(40), 41)], [Some(22), Some(0), Some(0)]);
        assert_eq!(lag(None, 5), None, "the rollup does not say");
    }
}
