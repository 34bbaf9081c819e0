//! How an Aztec node stands to the rollups on L1: which one it follows, whether it should, and how far it is behind there.

use serde::Serialize;

use crate::domain::findings::FAR_AHEAD;
use crate::domain::rollup::{CheckpointTips, QueuedDeposit, RollupFacts};
use crate::domain::rollups::cut_over::{ceased_by, duties_until, first_committee};
use crate::domain::rollups::{FormerRollup, RollupId};
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

/// What it means that a node follows that rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It follows the canonical one.
    Canonical,
    /// It follows the one that was canonical until a moment ago, as it should for a while.
    Leaving,
    /// It follows a former one where own attesters validate, or will.
    Needed,
    /// It follows a former one that needs no node any more.
    Former,
    /// It follows none that Aztec's registry knows.
    Other,
}

impl Standing {
    /// Whether a node should follow such a rollup.
    #[must_use]
    pub fn is_right(self) -> bool {
        match self {
            Self::Canonical | Self::Leaving | Self::Needed => true,
            Self::Former | Self::Other => false,
        }
    }

    /// The name that labels and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl<'a> Followed<'a> {
    /// Of a node that says that it follows this contract and this version.
    #[must_use]
    pub fn of(snapshot: &'a NetworkSnapshot, rollup: RollupId) -> Self {
        if snapshot.canonical() == rollup {
            return Self::Canonical(&snapshot.rollup);
        }
        snapshot.former_rollups.iter().find(|former| former.id == rollup).map_or(Self::Other, Self::Former)
    }

    /// What that means at the time of the snapshot. `grace` is how long after a cut-over a node may follow the former rollup, in
    /// seconds: committees that were sampled before have duties for two more epochs, and their last epoch has to be proven.
    #[must_use]
    pub fn standing(self, snapshot: &NetworkSnapshot, grace: u64) -> Standing {
        match self {
            Self::Canonical(_) => Standing::Canonical,
            Self::Former(former) if needs_node(former, snapshot) => Standing::Needed,
            Self::Former(former) if snapshot.block.timestamp.saturating_sub(ceased_by(former, snapshot)) < grace => {
                Standing::Leaving
            }
            Self::Former(_) => Standing::Former,
            Self::Other => Standing::Other,
        }
    }

    /// How far that rollup is on L1, as far as it was read.
    #[must_use]
    pub fn tips(self) -> CheckpointTips {
        self.figures().map(|figures| figures.checkpoints).unwrap_or_default()
    }

    /// The slot that the rollup is in at `time` (unix seconds), where its clock was read.
    #[must_use]
    pub fn slot_at(self, time: u64) -> Option<u64> {
        self.figures()?.clock.slot_at(time)
    }

    /// Whether that rollup has a committee at the time of the snapshot, so that somebody proposes and attests there: not for
    /// the first epochs of a new one, and no more than these of a former one. `None` where that cannot be told.
    #[must_use]
    pub fn has_committee(self, snapshot: &NetworkSnapshot) -> Option<bool> {
        match self {
            Self::Canonical(_) => Some(first_committee(snapshot).is_none()),
            Self::Former(former) => {
                let is_owed = duties_until(former, snapshot).is_some();
                // Whoever did not move may be enough for a committee.
                (is_owed || !needs_node(former, snapshot)).then_some(is_owed)
            }
            Self::Other => None,
        }
    }

    fn figures(self) -> Option<&'a RollupFacts> {
        match self {
            Self::Canonical(rollup) => Some(rollup),
            Self::Former(former) => former.figures.as_deref(),
            Self::Other => None,
        }
    }
}

/// Whether own attesters validate at a former rollup, or wait there and will; or may, as far as it tells.
fn needs_node(former: &FormerRollup, snapshot: &NetworkSnapshot) -> bool {
    let arrives = |deposit: &QueuedDeposit| {
        !deposit.move_with_latest_rollup && !deposit.is_refused() && snapshot.attesters.contains_key(&deposit.attester)
    };
    former.is_untold() || former.validating().next().is_some() || former.entry_queue.iter().any(arrives)
}

/// The first number of a release such as `6.0.0-nightly.20260724`; `None` for what is no release.
#[must_use]
pub fn major(version: &str) -> Option<u64> {
    let (first, _) = version.trim_start_matches('v').split_once('.')?;
    first.parse().ok()
}

/// How far a node's number is behind the rollup's own; 0 for a node that saw more than the snapshot did, and `None` for a number
/// that no node of that rollup can have.
#[must_use]
pub fn lag(own: Option<u64>, node: u64) -> Option<u64> {
    let lag = own?.saturating_sub(node);
    far_ahead(own, node).is_none().then_some(lag)
}

/// How far a node's number is ahead of the rollup's own, where that is more than it can be.
#[must_use]
pub fn far_ahead(own: Option<u64>, node: u64) -> Option<u64> {
    node.checked_sub(own?).filter(|ahead| *ahead > FAR_AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attester::view::OnChainStatus;
    use crate::domain::samples::{address, deposit, network, view};

    fn id(contract: u64, version: u64) -> RollupId {
        RollupId { address: address(contract), version: version.into() }
    }

    fn former(snapshot: &NetworkSnapshot, since: u64) -> FormerRollup {
        let mut figures = snapshot.rollup.clone();
        figures.checkpoints.pending = Some(99);
        FormerRollup { figures: Some(Box::new(figures)), ..FormerRollup::empty(id(9_100, 7), since) }
    }

    #[test]
    fn another_contract_or_another_version_is_another_rollup() {
        let mut snapshot = network();
        let standing = |snapshot: &NetworkSnapshot, rollup| Followed::of(snapshot, rollup).standing(snapshot, 100);
        assert_eq!(standing(&snapshot, id(9_000, 1)), Standing::Canonical);
        assert_eq!(standing(&snapshot, id(9_001, 1)), Standing::Other);
        assert_eq!(standing(&snapshot, id(9_000, 2)), Standing::Other);
        snapshot.rollup.version = ethers_core::types::U256::MAX;
        assert_eq!(standing(&snapshot, id(9_000, u64::MAX)), Standing::Other);
    }

    #[test]
    fn a_node_is_held_against_the_rollup_that_it_follows() {
        let mut snapshot = network();
        snapshot.former_rollups = vec![former(&snapshot, 1_451)];
        snapshot.rollup.checkpoints.pending = Some(4);
        let of = |contract, version| Followed::of(&snapshot, id(contract, version));
        assert_eq!((of(9_000, 1).tips().pending, of(9_100, 7).tips().pending), (Some(4), Some(99)));
        assert_eq!((of(9_100, 8), of(9_000, 7), of(1, 1)), (Followed::Other, Followed::Other, Followed::Other));
        assert_eq!(of(9_100, 8).tips().pending, None, "no lag of 0 on another rollup");
        assert_eq!((of(9_000, 1).slot_at(1_550), of(9_100, 8).slot_at(1_550)), (Some(55), None));
        let standing = |grace| of(9_100, 7).standing(&snapshot, grace);
        assert_eq!((standing(100), standing(99)), (Standing::Leaving, Standing::Former));
    }

    #[test]
    fn a_former_rollup_where_own_attesters_validate_or_arrive_needs_a_node() {
        let standing = |change: fn(&mut FormerRollup)| {
            let mut snapshot = network();
            let mut former = former(&snapshot, 0);
            change(&mut former);
            snapshot.attesters = [(address(1), view(OnChainStatus::None, true))].into();
            snapshot.former_rollups = vec![former];
            Followed::of(&snapshot, id(9_100, 7)).standing(&snapshot, 100)
        };
        assert_eq!(standing(|_| ()), Standing::Former);
        let validating = |former: &mut FormerRollup| {
            former.attesters = [(address(1), view(OnChainStatus::Validating, true))].into();
        };
        assert_eq!(standing(validating), Standing::Needed);
        let exiting = |former: &mut FormerRollup| {
            former.attesters = [(address(1), view(OnChainStatus::Exiting, true))].into();
        };
        assert_eq!(standing(exiting), Standing::Former, "nobody needs a node to leave");
        let arrives = |former: &mut FormerRollup| {
            former.entry_queue = vec![QueuedDeposit { move_with_latest_rollup: false, ..deposit(1) }];
        };
        assert_eq!(standing(arrives), Standing::Needed);
        assert_eq!(standing(|former| former.entry_queue = vec![deposit(1)]), Standing::Former, "it is refunded");
        let strangers = |former: &mut FormerRollup| {
            former.entry_queue = vec![QueuedDeposit { move_with_latest_rollup: false, ..deposit(2) }];
        };
        assert_eq!(standing(strangers), Standing::Former);
    }

    #[test]
    fn blocks_are_expected_where_there_is_a_committee() {
        let mut snapshot = network();
        let committee = |snapshot: &NetworkSnapshot, rollup| Followed::of(snapshot, rollup).has_committee(snapshot);
        assert_eq!(committee(&snapshot, id(9_000, 1)), Some(true), "there was no cut-over");
        snapshot.former_rollups = vec![former(&snapshot, 1_510)];
        assert_eq!(committee(&snapshot, id(9_000, 1)), Some(true), "it has checkpoints");
        snapshot.rollup.checkpoints.pending = Some(0);
        assert_eq!(committee(&snapshot, id(9_000, 1)), Some(false));
        assert_eq!(committee(&snapshot, id(9_100, 7)), Some(true), "what was sampled before goes on");
        assert_eq!(committee(&snapshot, id(1, 1)), None);
        snapshot.block.timestamp = 1_800;
        assert_eq!(committee(&snapshot, id(9_000, 1)), Some(true), "three epochs later it is expected to have one");
        assert_eq!(committee(&snapshot, id(9_100, 7)), Some(false));
        snapshot.former_rollups[0].attesters = [(address(1), view(OnChainStatus::Validating, true))].into();
        assert_eq!(committee(&snapshot, id(9_100, 7)), None, "those that did not move may be enough for one");
    }

    #[test]
    fn a_release_begins_with_its_number() {
        assert_eq!(["4.1.2", "v5.1.0", "6.0.0-nightly.20260724", "12.0.0"].map(major), [4, 5, 6, 12].map(Some));
        assert_eq!(["", "6", "main", "0x1.2", "-1.0"].map(major), [None; 5]);
    }

    #[test]
    fn a_node_ahead_of_the_snapshot_does_not_lag() {
        assert_eq!([lag(Some(40), 18), lag(Some(40), 40), lag(Some(40), 41)], [Some(22), Some(0), Some(0)]);
        assert_eq!(lag(None, 5), None, "the rollup does not say");
        assert_eq!([lag(Some(40), 296), lag(Some(40), 297), lag(Some(0), u64::MAX)], [Some(0), None, None]);
        assert_eq!([far_ahead(Some(40), 296), far_ahead(Some(40), 297), far_ahead(None, 9)], [None, Some(257), None]);
    }
}
