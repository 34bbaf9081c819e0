//! At which former rollups own attesters can have duties: where they validate, and where they were sampled before they moved along or began
//! to leave.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::FormerRollup;
use super::cut_over::{SAMPLED_AHEAD, ceased_by, last_duties, sampled_until};
use crate::domain::attester::view::{AttesterView, OnChainStatus};
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

/// Own attesters that do not validate at a former rollup any more and can have duties there now; also those of which it does not tell
/// whether they are there, or since when they leave.
#[must_use]
pub fn may_draw_besides(former: &FormerRollup, snapshot: &NetworkSnapshot) -> BTreeSet<Address> {
    let is_ahead = |end| snapshot.block.timestamp < end;
    let mut besides = former.untold_attesters.clone();
    // One that holds nothing tells no figures some hours later.
    let moved = match former.figures {
        Some(_) => last_duties(former, snapshot),
        None => Some(presumed_end(former, snapshot)),
    };
    if is_newest(former, snapshot) && moved.is_some_and(is_ahead) {
        besides.extend(snapshot.attesters.keys());
    }
    let leaves = |view: &AttesterView| match (view.status, former.figures.as_deref()) {
        (OnChainStatus::Validating | OnChainStatus::None, _) => false,
        (OnChainStatus::Zombie | OnChainStatus::Exiting, None) => true,
        (OnChainStatus::Zombie | OnChainStatus::Exiting, Some(figures)) => {
            let began = view.exit.as_ref().and_then(|exit| ZombieCause::began(exit, figures));
            began.and_then(|began| sampled_until(figures, began.min(snapshot.block.timestamp))).is_some_and(is_ahead)
        }
    };
    besides.extend(former.attesters.iter().filter(|(_, view)| leaves(view)).map(|(attester, _)| *attester));
    besides
}

/// Until when own attesters have duties there that do not validate there any more.
fn duties_end_of_others(former: &FormerRollup, snapshot: &NetworkSnapshot) -> Option<u64> {
    let figures = former.figures.as_deref()?;
    let is_any_there = snapshot.attesters.values().any(|view| view.status != OnChainStatus::None);
    let moved = last_duties(former, snapshot).filter(|_| is_any_there && is_newest(former, snapshot));
    let left = left(former, figures).map(|began| began.min(snapshot.block.timestamp));
    moved.max(left.and_then(|began| sampled_until(figures, began)))
}

/// Whether it was canonical before the one that is.
fn is_newest(former: &FormerRollup, snapshot: &NetworkSnapshot) -> bool {
    snapshot.former_rollups.last().is_some_and(|newest| newest.id == former.id)
}

/// When its last committees end, in unix seconds, where its own clock is not known: epochs of one network are of one length.
fn presumed_end(former: &FormerRollup, snapshot: &NetworkSnapshot) -> u64 {
    let epoch = snapshot.rollup.clock.slot_seconds.saturating_mul(snapshot.rollup.clock.epoch_slots);
    ceased_by(former, snapshot).saturating_add(epoch.saturating_mul(SAMPLED_AHEAD.saturating_add(1)))
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
    let was_canonical = |former: &FormerRollup| is_newest(former, snapshot) && moment < presumed_end(former, snapshot);
    let all = snapshot.former_rollups.iter();
    all.filter(|former| !former.attesters.is_empty() || was_canonical(former)).collect()
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;
    use crate::domain::attester::view::Exit;
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
        assert_eq!(ends(&silent), [None, None]);
    }

    #[test]
    fn whoever_moved_along_has_duties_there_no_longer_than_its_own_last_committee() {
        let besides = |snapshot: &NetworkSnapshot| {
            let of = |former| may_draw_besides(former, snapshot).into_iter().collect::<Vec<_>>();
            snapshot.former_rollups.iter().map(of).collect::<Vec<_>>()
        };
        let nobody = [vec![], vec![]];
        assert_eq!(besides(&after_cut_over(1_799)), [vec![], vec![address(1)]]);
        assert_eq!(besides(&after_cut_over(1_800)), nobody);
        // Some hours later one that holds nothing tells no figures any more.
        for (now, expected) in [(1_799, [vec![], vec![address(1)]]), (1_800, nobody.clone()), (50_000, nobody.clone())]
        {
            let mut silent = after_cut_over(now);
            silent.former_rollups.iter_mut().for_each(|former| former.figures = None);
            assert_eq!(besides(&silent), expected, "{now}");
        }
        // Others that stay there, leave, or are not told of, are no reason.
        let mut others = after_cut_over(5_010);
        let exit = Exit {
            withdrawal_id: U256::one(),
            amount: U256::one(),
            exitable_at: 5_000 + others.rollup.exit_delay_seconds,
            unlocks_at: None,
            recipient_or_withdrawer: address(6_000),
            is_recipient: true,
        };
        let leaves = AttesterView { exit: Some(exit), ..view(OnChainStatus::Exiting, false) };
        let stays = view(OnChainStatus::Validating, true);
        others.former_rollups[1].attesters = [(address(2), stays), (address(3), leaves)].into();
        others.former_rollups[1].untold_attesters = [address(4)].into();
        others.former_rollups[0].is_queue_untold = true;
        assert_eq!(besides(&others), [vec![], vec![address(3), address(4)]]);
        others.block.timestamp = 5_300;
        assert_eq!(besides(&others), [vec![], vec![address(4)]]);
        others.former_rollups[1].figures = None;
        assert_eq!(besides(&others), [vec![], vec![address(3), address(4)]], "since when it leaves is not known");
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
