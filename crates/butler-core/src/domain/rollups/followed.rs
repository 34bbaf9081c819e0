//! At which former rollups own attesters can have duties: where they validate, and where they were sampled before they moved along or began
//! to leave.

use super::FormerRollup;
use super::cut_over::{SAMPLED_AHEAD, ceased_by, last_duties, sampled_until};
use crate::domain::attester::view::OnChainStatus;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::rollup::RollupFacts;
use crate::domain::snapshot::NetworkSnapshot;

/// Until when own attesters can have duties at a former rollup, by what is known now, in unix seconds; in the past where that is over for
/// the last one before the canonical one, and for those who began to leave. `None` where they can have none, and where the rollup does not
/// tell its clock.
#[must_use]
pub fn duties_end(former: &FormerRollup, snapshot: &NetworkSnapshot) -> Option<u64> {
    if former.validating().next().is_some() {
        return sampled_until(former.figures.as_deref()?, snapshot.block.timestamp);
    }
    duties_end_of_others(former, snapshot)
}

/// Whether own attesters that do not validate at a former rollup any more can have duties there now; also where it does not tell.
#[must_use]
pub fn may_draw_others(former: &FormerRollup, snapshot: &NetworkSnapshot) -> bool {
    let is_ahead = |end| snapshot.block.timestamp < end;
    former.is_untold() || former.figures.is_none() || duties_end_of_others(former, snapshot).is_some_and(is_ahead)
}

/// Until when own attesters have duties there that do not validate there any more.
fn duties_end_of_others(former: &FormerRollup, snapshot: &NetworkSnapshot) -> Option<u64> {
    let figures = former.figures.as_deref()?;
    let is_newest = snapshot.former_rollups.last().is_some_and(|newest| newest.id == former.id);
    let is_any_there = snapshot.attesters.values().any(|view| view.status != OnChainStatus::None);
    let moved = last_duties(former, snapshot).filter(|_| is_any_there && is_newest);
    let left = left(former, figures).map(|began| began.min(snapshot.block.timestamp));
    moved.max(left.and_then(|began| sampled_until(figures, began)))
}

/// When the last one of those who exit there or are zombies began to, in unix seconds.
fn left(former: &FormerRollup, figures: &RollupFacts) -> Option<u64> {
    let exits = former.attesters.values().filter_map(|view| view.exit.as_ref());
    exits.filter_map(|exit| ZombieCause::began(exit, figures)).max()
}

/// Former rollups at which own attesters can have had duties since a moment, in unix seconds, oldest first: those that have any of them,
/// and the last one before the canonical rollup where the moment lies before the end of its own time.
#[must_use]
pub fn with_duties_since(snapshot: &NetworkSnapshot, moment: u64) -> Vec<&FormerRollup> {
    let newest = snapshot.former_rollups.last().map(|newest| newest.id);
    // Its own clock may not be known, and epochs of one network are of one length.
    let epoch = snapshot.rollup.clock.slot_seconds.saturating_mul(snapshot.rollup.clock.epoch_slots);
    let sampled = epoch.saturating_mul(SAMPLED_AHEAD.saturating_add(1));
    let was_canonical = |former: &FormerRollup| {
        Some(former.id) == newest && moment < ceased_by(former, snapshot).saturating_add(sampled)
    };
    let all = snapshot.former_rollups.iter();
    all.filter(|former| !former.attesters.is_empty() || was_canonical(former)).collect()
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;
    use crate::domain::attester::view::{AttesterView, Exit};
    use crate::domain::rollups::RollupId;
    use crate::domain::samples::{address, network, view};

    fn id(version: u64) -> RollupId {
        RollupId { address: address(9_000 + version), version: version.into() }
    }

    /// Former rollups 7 and 8, of which 8 was canonical until 1,500, seen at `now`. Slots of one second, epochs of 100.
    fn after_cut_over(now: u64) -> NetworkSnapshot {
        let mut snapshot = network();
        snapshot.block.timestamp = now;
        snapshot.rollup.checkpoints.pending = Some(0);
        let figures = Some(Box::new(snapshot.rollup.clone()));
        let former =
            |version, since| FormerRollup { figures: figures.clone(), ..FormerRollup::empty(id(version), since) };
        snapshot.former_rollups = vec![former(7, 1_100), former(8, 1_500)];
        snapshot.attesters = [(address(1), view(OnChainStatus::Validating, true))].into();
        snapshot
    }

    #[test]
    fn whoever_stays_has_duties_until_the_last_committee_that_may_have_it_and_whoever_moved_for_two_epochs() {
        let ends = |snapshot: &NetworkSnapshot| {
            snapshot.former_rollups.iter().map(|former| duties_end(former, snapshot)).collect::<Vec<_>>()
        };
        assert_eq!(ends(&after_cut_over(1_520)), [None, Some(1_800)]);
        assert_eq!(ends(&after_cut_over(1_800)), [None, Some(1_800)], "it is over, and when is known");
        let mut stayed = after_cut_over(5_010);
        stayed.former_rollups[0].attesters = [(address(2), view(OnChainStatus::Validating, true))].into();
        assert_eq!(ends(&stayed), [Some(5_300), Some(1_800)]);
        let may_draw = |snapshot: &NetworkSnapshot| {
            snapshot.former_rollups.iter().map(|former| may_draw_others(former, snapshot)).collect::<Vec<_>>()
        };
        assert_eq!(may_draw(&stayed), [false, false], "whoever stays has no part in that");
        assert_eq!(may_draw(&after_cut_over(1_799)), [false, true]);
        assert_eq!(may_draw(&after_cut_over(1_800)), [false, false]);
        stayed.former_rollups[0].attesters = [(address(2), view(OnChainStatus::Exiting, false))].into();
        assert_eq!(ends(&stayed), [None, Some(1_800)], "when it began its exit is not known");
        // Whoever began an exit at 3,020, or was slashed out then, was sampled before: also where nobody saw it validate.
        let delay = stayed.rollup.exit_delay_seconds;
        for status in [OnChainStatus::Exiting, OnChainStatus::Zombie] {
            for (place, expected) in [(0, [Some(3_300), Some(1_800)]), (1, [None, Some(3_300)])] {
                let mut stayed = after_cut_over(5_010);
                let exit = Exit {
                    withdrawal_id: U256::one(),
                    amount: U256::one(),
                    exitable_at: 3_020 + delay,
                    unlocks_at: None,
                    recipient_or_withdrawer: address(6_000),
                    is_recipient: status == OnChainStatus::Exiting,
                };
                let leaves = AttesterView { exit: Some(exit), ..view(status, false) };
                stayed.former_rollups[place].attesters = [(address(2), leaves)].into();
                assert_eq!(ends(&stayed), expected, "{status:?}");
            }
        }
        // Nobody of ours can have been sampled, and without a clock nothing can be read.
        let mut nobody = after_cut_over(1_520);
        nobody.attesters.clear();
        assert_eq!(ends(&nobody), [None, None]);
        let mut silent = after_cut_over(1_520);
        silent.former_rollups[1].figures = None;
        assert_eq!((ends(&silent), may_draw(&silent)), (vec![None, None], vec![false, true]));
    }

    #[test]
    fn a_span_takes_in_who_holds_any_of_ours_and_the_last_rollup_while_it_reaches_into_its_time() {
        let versions = |snapshot: &NetworkSnapshot, moment| {
            let found = with_duties_since(snapshot, moment).into_iter();
            found.map(|former| former.id.version.as_u64()).collect::<Vec<_>>()
        };
        let mut snapshot = after_cut_over(9_000);
        assert_eq!((versions(&snapshot, 1_799), versions(&snapshot, 1_800)), (vec![8], vec![]));
        snapshot.former_rollups[0].attesters = [(address(2), view(OnChainStatus::Zombie, true))].into();
        assert_eq!((versions(&snapshot, 1_799), versions(&snapshot, 1_800)), (vec![7, 8], vec![7]));
    }
}
