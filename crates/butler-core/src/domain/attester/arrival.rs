//! When a deposit that waits in the entry queue can become active, from the rollup's own epochs and flush rules.
//!
//! Every figure is the earliest, if the deposits before it succeed: one that fails gives its place to the next. A flush
//! happens when anybody calls `flushEntryQueue`, and nothing in the protocol does so by itself; the flush size may also
//! shrink while a deposit waits. (rollup `StakingLib`, aztec-l1 contracts)

use serde::{Deserialize, Serialize};

use crate::domain::rollup::{FlushFacts, RollupClock};

/// When a waiting deposit can be let in. No time in here is a promise: see the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Arrival {
    /// The first epoch whose allowance reaches the deposit.
    pub epoch: u64,
    /// The first moment of that epoch which is not past, in unix seconds: when the very first flush lets it in.
    pub earliest: u64,
    /// The end of that epoch, in unix seconds: when somebody uses up each epoch's allowance, but not before its end.
    pub expected: u64,
}

/// When the deposit at `place` (0 is the head) can be let in, seen from `now` (unix seconds).
///
/// `None` while the rollup lets nobody in (its flush size is 0), before its genesis, and when a figure does not fit in
/// 64 bits.
#[must_use]
pub fn arrival(place: u64, clock: &RollupClock, flush: &FlushFacts, now: u64) -> Option<Arrival> {
    if flush.flush_size == 0 {
        return None;
    }
    let current = clock.epoch_at(now)?;
    // The contract refreshes the allowance at the first flush of an epoch that has reached `next_flushable_epoch`.
    let (available, next) = if flush.next_flushable_epoch > current {
        (flush.available_flushes, flush.next_flushable_epoch)
    } else {
        (flush.flush_size, current.checked_add(1)?)
    };
    let epoch = match place.checked_sub(available) {
        None => current,
        Some(behind) => next.checked_add(behind.checked_div(flush.flush_size)?)?,
    };
    Some(Arrival {
        epoch,
        earliest: clock.epoch_start(epoch)?.max(now),
        expected: clock.epoch_start(epoch.checked_add(1)?)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Epochs of 100 seconds; epoch 0 begins at 1000.
    const CLOCK: RollupClock = RollupClock { genesis_time: 1_000, slot_seconds: 10, epoch_slots: 10 };

    fn flush(flush_size: u64, available_flushes: u64, next_flushable_epoch: u64) -> FlushFacts {
        FlushFacts { flush_size, available_flushes, next_flushable_epoch, is_bootstrapped: true }
    }

    #[test]
    fn the_allowance_of_an_epoch_is_used_before_the_next_begins() {
        // Flush rules, place, now; epoch, earliest, expected.
        let table = [
            ("the head, allowance fresh", flush(4, 0, 5), 0, 1_550, (5, 1_550, 1_600)),
            ("the last of a fresh allowance", flush(4, 0, 5), 3, 1_550, (5, 1_550, 1_600)),
            ("the first of the next epoch", flush(4, 0, 5), 4, 1_550, (6, 1_600, 1_700)),
            ("the last of the next epoch", flush(4, 0, 5), 7, 1_550, (6, 1_600, 1_700)),
            ("a stale allowance does not count", flush(4, 1, 2), 3, 1_550, (5, 1_550, 1_600)),
            ("what is left counts", flush(4, 1, 6), 0, 1_550, (5, 1_550, 1_600)),
            ("what is left is used up", flush(4, 1, 6), 1, 1_550, (6, 1_600, 1_700)),
            ("nothing is left", flush(4, 0, 6), 0, 1_550, (6, 1_600, 1_700)),
            ("four epochs on", flush(4, 0, 6), 17, 1_550, (10, 2_000, 2_100)),
            ("the first second of an epoch", flush(1, 0, 0), 0, 1_500, (5, 1_500, 1_600)),
        ];
        for (name, flush, place, now, (epoch, earliest, expected)) in table {
            let answer = Arrival { epoch, earliest, expected };
            assert_eq!(arrival(place, &CLOCK, &flush, now), Some(answer), "{name}");
        }
    }

    #[test]
    fn nobody_arrives_without_a_flush_size_a_clock_or_room_in_64_bits() {
        let still = RollupClock { epoch_slots: 0, ..CLOCK };
        assert_eq!(arrival(0, &CLOCK, &flush(0, 9, 9), 1_550), None, "bootstrapping");
        assert_eq!(arrival(0, &CLOCK, &flush(4, 4, 1), 999), None, "before genesis");
        assert_eq!(arrival(0, &still, &flush(4, 4, 1), 1_550), None, "no epochs");
        assert_eq!(arrival(u64::MAX, &CLOCK, &flush(1, 0, 6), 1_550), None, "too far");
        assert_eq!(arrival(1, &CLOCK, &flush(1, 0, u64::MAX), 1_550), None, "no such epoch");
    }

    /// Lets the queue in epoch by epoch, as a caller would who flushes once at every turn.
    fn naive_epochs(length: u64, current: u64, flush: &FlushFacts) -> Vec<u64> {
        let (mut next_flushable, mut available) = (flush.next_flushable_epoch, flush.available_flushes);
        let (mut entered, mut epoch) = (Vec::new(), current);
        for _ in 0..length {
            loop {
                if next_flushable <= epoch {
                    next_flushable = epoch + 1;
                    available = flush.flush_size;
                }
                if available > 0 {
                    break;
                }
                epoch += 1;
            }
            available -= 1;
            entered.push(epoch);
        }
        entered
    }

    proptest! {
        #[test]
        fn the_formula_agrees_with_an_epoch_by_epoch_model(
            flush_size in 1_u64..9,
            left in 0_u64..9,
            next_flushable_epoch in 0_u64..12,
            now in 1_000_u64..2_000,
        ) {
            let flush = flush(flush_size, left.min(flush_size), next_flushable_epoch);
            let current = CLOCK.epoch_at(now).unwrap();
            for (place, epoch) in (0_u64..).zip(naive_epochs(60, current, &flush)) {
                // An allowance that is refreshed only epochs later does not come back in between.
                prop_assert_eq!(arrival(place, &CLOCK, &flush, now).unwrap().epoch, epoch, "place {}", place);
            }
        }

        #[test]
        fn the_next_in_the_queue_never_arrives_sooner_and_no_epoch_lets_in_too_many(
            flush_size in 1_u64..9,
            left in 0_u64..9,
            next_flushable_epoch in 0_u64..12,
            now in 1_000_u64..2_000,
        ) {
            let flush = flush(flush_size, left.min(flush_size), next_flushable_epoch);
            let arrivals: Vec<Arrival> =
                (0..60).map(|place| arrival(place, &CLOCK, &flush, now).unwrap()).collect();
            prop_assert!(arrivals.is_sorted());
            let mut per_epoch = BTreeMap::<u64, u64>::new();
            for each in &arrivals {
                prop_assert!(now <= each.earliest && each.earliest < each.expected);
                *per_epoch.entry(each.epoch).or_default() += 1;
            }
            prop_assert!(per_epoch.values().all(|count| *count <= flush_size));
        }

        #[test]
        fn no_answer_of_a_node_makes_it_panic(
            place in any::<u64>(),
            times in any::<[u64; 4]>(),
            flush_size in prop_oneof![Just(0), Just(1), any::<u64>()],
            left in any::<u64>(),
            next_flushable_epoch in prop_oneof![Just(u64::MAX), any::<u64>()],
        ) {
            let [genesis_time, slot_seconds, epoch_slots, now] = times;
            let clock = RollupClock { genesis_time, slot_seconds, epoch_slots };
            let small = RollupClock { genesis_time: 0, slot_seconds: 1, epoch_slots: 1 };
            for clock in [clock, small] {
                if let Some(each) = arrival(place, &clock, &flush(flush_size, left, next_flushable_epoch), now) {
                    prop_assert!(now <= each.earliest && each.earliest < each.expected);
                }
            }
        }
    }
}
