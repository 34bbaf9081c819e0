//! When a node may be told to reload its keystore: not close to a proposal of its own.
//!
//! A reload costs a node up to half a minute, and it prepares a slot seconds before that begins. Which of the coming slots are its own is
//! known until the end of the next epoch. Nobody waits for ever: where there is no slot far enough from all of them, the one that is
//! farthest is taken, and a coinbase that is late already does not wait at all.

use std::collections::BTreeSet;

/// The coming slots, as far as it is known whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// The slot that is now.
    pub now: u64,
    /// The last slot whose proposer is known.
    pub last: u64,
    /// Those in which one of the node's attesters proposes, earlier ones included as far as they matter.
    pub own: BTreeSet<u64>,
}

/// The first slot in which the node may reload: more than `distance` slots from any of its own; this one where `deadline`, the slot from
/// which the coinbase counts, would pass before that.
#[must_use]
pub fn quiet_slot(coming: &Coming, distance: u64, deadline: Option<u64>) -> u64 {
    let nearest = |slot: u64| coming.own.iter().map(|own| own.abs_diff(slot)).min().unwrap_or(u64::MAX);
    let mut best = (nearest(coming.now), coming.now);
    for slot in coming.now..=coming.last.max(coming.now) {
        let near = nearest(slot);
        if near > distance {
            best = (near, slot);
            break;
        }
        if near > best.0 {
            best = (near, slot);
        }
    }
    if deadline.is_some_and(|deadline| best.1 >= deadline) { coming.now } else { best.1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coming(now: u64, last: u64, own: &[u64]) -> Coming {
        Coming { now, last, own: own.iter().copied().collect() }
    }

    #[test]
    fn a_node_reloads_now_unless_a_proposal_of_its_own_is_near() {
        assert_eq!(quiet_slot(&coming(10, 40, &[]), 2, None), 10);
        assert_eq!(quiet_slot(&coming(10, 40, &[13]), 2, None), 10);
        assert_eq!(quiet_slot(&coming(10, 40, &[12]), 2, None), 15);
        assert_eq!(quiet_slot(&coming(10, 40, &[12, 15]), 2, None), 18);
        assert_eq!(quiet_slot(&coming(10, 40, &[8]), 2, None), 11);
        assert_eq!(quiet_slot(&coming(10, 40, &[10]), 0, None), 11);
    }

    #[test]
    fn where_every_slot_is_near_one_of_its_own_the_farthest_is_taken() {
        assert_eq!(quiet_slot(&coming(10, 16, &[10, 13, 16]), 2, None), 11);
        assert_eq!(quiet_slot(&coming(10, 14, &[10, 14]), 2, None), 12);
        assert_eq!(quiet_slot(&coming(10, 12, &[10, 11, 12]), 2, None), 10);
    }

    #[test]
    fn the_coinbase_s_deadline_wins() {
        assert_eq!(quiet_slot(&coming(10, 40, &[12]), 2, Some(16)), 15);
        assert_eq!(quiet_slot(&coming(10, 40, &[12]), 2, Some(15)), 10);
        assert_eq!(quiet_slot(&coming(10, 40, &[12]), 2, Some(3)), 10, "late already");
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_it_is_known_or_than_the_deadline(
            now in 0_u64..100, known in 0_u64..64, distance in 0_u64..8,
            own in prop::collection::btree_set(0_u64..200, 0..20), deadline in prop::option::of(0_u64..200),
        ) {
            let coming = Coming { now, last: now + known, own };
            let slot = quiet_slot(&coming, distance, deadline);
            prop_assert!(slot >= now && slot <= now + known);
            prop_assert!(slot == now || deadline.is_none_or(|deadline| slot < deadline));
            let far = |slot: u64| coming.own.iter().all(|own| own.abs_diff(slot) > distance);
            prop_assert!(!far(now) || slot == now);
            prop_assert!(slot == now || far(slot) || (now..=now + known).all(|slot| !far(slot)));
        }
    }
}
