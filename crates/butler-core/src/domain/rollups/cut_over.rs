//! The epochs around a cut-over: a committee is sampled some epochs ahead, from those who validate then. So the former rollup's
//! committees go on for that long, and the new rollup has none for as long.
//!
//! When a cut-over was is known from when a rollup was first seen as a former one, which may be long after, and from the new
//! rollup's checkpoints: each of them took a slot at least. So what is said here ends too late rather than too early.

use super::FormerRollup;
use crate::domain::rollup::RollupFacts;
use crate::domain::snapshot::NetworkSnapshot;

/// For so many epochs ahead the set of a committee is known where the rollup does not say: that of Aztec's networks.
pub const SAMPLED_AHEAD: u64 = 2;

/// The most epochs ahead that are believed.
const MOST_AHEAD: u64 = 64;

/// For so long after a cut-over the former rollup's clock and tips are read although it holds nothing: own nodes follow it.
pub const FOLLOWED_SECONDS: u64 = 4 * 3_600;

/// The last moment at which a rollup can have ceased to be the canonical one, in unix seconds.
#[must_use]
pub fn ceased_by(former: &FormerRollup, snapshot: &NetworkSnapshot) -> u64 {
    let rollup = &snapshot.rollup;
    let slots = rollup.checkpoints.pending.unwrap_or_default();
    let took = slots.saturating_mul(rollup.clock.slot_seconds);
    former.since.min(snapshot.block.timestamp.saturating_sub(took))
}

/// Until when committees of a former rollup have duties that were sampled before the cut-over, in unix seconds; `None` when that
/// is over, or nothing is known of its clock.
#[must_use]
pub fn duties_until(former: &FormerRollup, snapshot: &NetworkSnapshot) -> Option<u64> {
    last_duties(former, snapshot).filter(|end| snapshot.block.timestamp < *end)
}

/// The same, also when that is over.
#[must_use]
pub fn last_duties(former: &FormerRollup, snapshot: &NetworkSnapshot) -> Option<u64> {
    sampled_until(former.figures.as_ref()?, ceased_by(former, snapshot))
}

/// When the canonical rollup has its first committee, in unix seconds; `None` where it should have one by now.
#[must_use]
pub fn first_committee(snapshot: &NetworkSnapshot) -> Option<u64> {
    let since = snapshot.former_rollups.iter().map(|former| former.since).max()?;
    let (rollup, now) = (&snapshot.rollup, snapshot.block.timestamp);
    if rollup.checkpoints.pending.is_some_and(|pending| pending > 0) {
        return None;
    }
    // Before its first epoch nobody is sampled.
    sampled_until(rollup, since.max(rollup.clock.genesis_time)).filter(|first| now < *first)
}

/// When the last epoch ends whose committee is known at `time`.
pub(super) fn sampled_until(rollup: &RollupFacts, time: u64) -> Option<u64> {
    let epoch = rollup.clock.epoch_at(time)?;
    let ahead = rollup.set_lag_epochs.filter(|ahead| *ahead <= MOST_AHEAD).unwrap_or(SAMPLED_AHEAD);
    rollup.clock.epoch_start(epoch.checked_add(ahead)?.checked_add(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollups::RollupId;
    use crate::domain::samples::{address, network};

    fn id() -> RollupId {
        RollupId { address: address(9_100), version: 7.into() }
    }

    #[test]
    fn what_was_sampled_before_ends_two_epochs_after_that_of_the_cut_over() {
        let until = |now, since, pending| {
            let mut snapshot = network();
            snapshot.block.timestamp = now;
            snapshot.rollup.checkpoints.pending = pending;
            let figures = Some(Box::new(snapshot.rollup.clone()));
            duties_until(&FormerRollup { figures, ..FormerRollup::empty(id(), since) }, &snapshot)
        };
        assert_eq!((until(1_050, 1_000, Some(0)), until(1_050, 1_099, None)), (Some(1_300), Some(1_300)));
        assert_eq!(until(1_250, 1_100, Some(0)), Some(1_400));
        assert_eq!(until(1_050, 999, Some(0)), None, "there were no committees before its genesis");
        assert_eq!((until(1_299, 1_000, Some(0)), until(1_300, 1_000, Some(0))), (Some(1_300), None));
        // Whoever sees it first long after the cut-over knows from the new rollup's checkpoints that it is over.
        assert_eq!((until(1_950, 1_950, Some(5)), until(1_950, 1_950, Some(40))), (Some(2_200), None));
        let bare = FormerRollup::empty(id(), 1_000);
        assert_eq!(duties_until(&bare, &network()), None);
    }

    #[test]
    fn the_rollup_says_how_far_ahead_its_sets_are_known() {
        for (ahead, until) in
            [(None, 1_300), (Some(2), 1_300), (Some(5), 1_600), (Some(0), 1_100), (Some(1 << 40), 1_300)]
        {
            let mut snapshot = network();
            (snapshot.block.timestamp, snapshot.rollup.checkpoints.pending) = (1_050, Some(0));
            snapshot.rollup.set_lag_epochs = ahead;
            let former = FormerRollup::empty(id(), 1_000);
            snapshot.former_rollups = vec![former.clone()];
            assert_eq!(first_committee(&snapshot), Some(until), "{ahead:?}");
            let figures = Some(Box::new(snapshot.rollup.clone()));
            assert_eq!(duties_until(&FormerRollup { figures, ..former }, &snapshot), Some(until), "{ahead:?}");
        }
    }

    #[test]
    fn a_new_rollup_has_no_committee_for_about_two_epochs() {
        let first = |now, since: Option<u64>, pending| {
            let mut snapshot = network();
            snapshot.block.timestamp = now;
            snapshot.rollup.checkpoints.pending = pending;
            snapshot.former_rollups = since.map(|since| FormerRollup::empty(id(), since)).into_iter().collect();
            first_committee(&snapshot)
        };
        assert_eq!(first(1_550, None, Some(0)), None, "nothing was cut over");
        assert_eq!(first(1_550, Some(1_500), Some(0)), Some(1_800));
        assert_eq!(first(1_550, Some(1_500), None), Some(1_800), "one that counts no checkpoints");
        assert_eq!(first(1_550, Some(1_500), Some(1)), None, "it has had one");
        assert_eq!((first(1_799, Some(1_599), Some(0)), first(1_800, Some(1_599), Some(0))), (Some(1_800), None));
        assert_eq!(first(990, Some(980), Some(0)), Some(1_300), "it has not begun");
    }
}
