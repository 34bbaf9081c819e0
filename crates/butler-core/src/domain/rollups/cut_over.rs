//! The epochs around a cut-over: a committee is sampled two epochs ahead, from those who validate then. So the former rollup's
//! committees go on for that long, and the new rollup has none for as long.
//!
//! When a cut-over was is known from when a rollup was first seen as a former one, which may be later. What is said here for
//! that reason ends too late rather than too early; a checkpoint of the new rollup ends its part.

use crate::domain::rollup::RollupClock;
use crate::domain::snapshot::NetworkSnapshot;

/// For so many epochs ahead the set of a committee is known (`getLagInEpochsForValidatorSet` of Aztec's networks).
pub const SAMPLED_AHEAD: u64 = 2;

/// When the last committee ends that was sampled before the cut-over, in unix seconds; `since` is when that was.
#[must_use]
pub fn duties_end(clock: &RollupClock, since: u64) -> Option<u64> {
    let epoch = clock.epoch_at(since)?;
    clock.epoch_start(epoch.checked_add(SAMPLED_AHEAD)?.checked_add(1)?)
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
    let from = since.max(rollup.clock.genesis_time);
    duties_end(&rollup.clock, from).filter(|first| now < *first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollups::{FormerRollup, RollupId};
    use crate::domain::samples::{address, network};

    #[test]
    fn what_was_sampled_before_ends_two_epochs_after_that_of_the_cut_over() {
        let clock = RollupClock { genesis_time: 1_000, slot_seconds: 10, epoch_slots: 10 };
        assert_eq!((duties_end(&clock, 1_000), duties_end(&clock, 1_099)), (Some(1_300), Some(1_300)));
        assert_eq!(duties_end(&clock, 1_100), Some(1_400));
        assert_eq!(duties_end(&clock, 999), None, "there were no committees before its genesis");
    }

    #[test]
    fn a_new_rollup_has_no_committee_for_about_two_epochs() {
        let first = |now, since: Option<u64>, pending| {
            let mut snapshot = network();
            snapshot.block.timestamp = now;
            snapshot.rollup.checkpoints.pending = pending;
            let id = RollupId { address: address(9_100), version: 7.into() };
            snapshot.former_rollups = since.map(|since| FormerRollup::empty(id, since)).into_iter().collect();
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
