//! Whose turn it is to propose: the rule by which a rollup draws a slot's proposer from its epoch's committee.
//!
//! Pure: committee and seed are the contract's answers for that epoch. The rule is `ValidatorSelectionLib`'s and the same in
//! every version that has been seen: 4.1.2, 5.1.0 and 6.0.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use ethers_core::utils::keccak256;

use crate::domain::rollup::RollupClock;

/// The most members of a committee that are believed; mainnet has 48.
pub const COMMITTEE_LIMIT: u64 = 1_024;

/// The coming slots in which our attesters propose at one rollup, as far ahead as it tells.
///
/// What is said of the epoch of `now` is final. What is said of the next one may still change, until the first proposal of the
/// epoch of `now` has fixed the next one's seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComingProposals {
    /// The slot of the block at which this was read; a proposal in it may be under way.
    pub now: u64,
    /// The last slot that is known: the end of the next epoch, or of this one where the next cannot be told yet.
    pub last: u64,
    /// The slots from `now` to `last` in which one of ours proposes, each with that attester.
    pub own: BTreeMap<u64, Address>,
}

/// The proposer of a slot: the member of the committee at `keccak256(abi.encode(epoch, slot, seed))` modulo its size. `None` for
/// an empty committee.
#[must_use]
pub fn proposer(committee: &[Address], seed: U256, epoch: u64, slot: u64) -> Option<Address> {
    let mut words = [[0; 32]; 3];
    for (word, number) in words.iter_mut().zip([epoch.into(), slot.into(), seed]) {
        number.to_big_endian(word);
    }
    let drawn = U256::from_big_endian(&keccak256(words.as_flattened()));
    let place = drawn.checked_rem(committee.len().into())?;
    committee.get(usize::try_from(place).ok()?).copied()
}

/// The slots of an epoch in which one of `own` proposes, each with that attester. None for an empty committee, and for an epoch
/// that does not fit the clock.
///
/// It takes a hash for each slot of the epoch: a clock of an endpoint's word is bounded before.
#[must_use]
pub fn own_slots(
    committee: &[Address],
    seed: U256,
    epoch: u64,
    clock: &RollupClock,
    own: &BTreeSet<Address>,
) -> BTreeMap<u64, Address> {
    // Most committees have nobody of ours.
    if !committee.iter().any(|member| own.contains(member)) {
        return BTreeMap::new();
    }
    let slots = clock.slots_of(epoch).into_iter().flatten();
    let of_slot = |slot| Some((slot, proposer(committee, seed, epoch, slot)?));
    slots.filter_map(of_slot).filter(|(_, proposer)| own.contains(proposer)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLOCK: RollupClock = RollupClock { genesis_time: 1_000, slot_seconds: 72, epoch_slots: 32 };

    fn committee(size: u64) -> Vec<Address> {
        (1..=size).map(Address::from_low_u64_be).collect()
    }

    #[test]
    fn an_empty_committee_has_no_proposer() {
        let own = BTreeSet::from([Address::zero()]);
        assert_eq!(proposer(&[], U256::one(), 1, 32), None);
        assert_eq!(own_slots(&[], U256::one(), 1, &CLOCK, &own), BTreeMap::new());
    }

    #[test]
    fn an_epoch_beyond_all_slots_has_none_of_ours() {
        let all = committee(4);
        let own = all.iter().copied().collect();
        assert_eq!(own_slots(&all, U256::one(), u64::MAX, &CLOCK, &own), BTreeMap::new());
        let still = RollupClock { epoch_slots: 0, ..CLOCK };
        assert_eq!(own_slots(&all, U256::one(), 1, &still, &own), BTreeMap::new());
    }

    proptest! {
        #[test]
        fn every_slot_of_the_epoch_has_one_proposer_and_ours_are_those_of_them_that_are_ours(
            size in 1_u64..60,
            ours in prop::collection::btree_set(1_u64..80, 0..20),
            seed in any::<[u8; 32]>(),
            epoch in 0_u64..1_000_000,
        ) {
            let (all, seed) = (committee(size), U256::from(seed));
            let own: BTreeSet<Address> = ours.into_iter().map(Address::from_low_u64_be).collect();
            let everybody = own_slots(&all, seed, epoch, &CLOCK, &all.iter().copied().collect());
            let slots: Vec<u64> = (epoch * 32..(epoch + 1) * 32).collect();
            prop_assert_eq!(everybody.keys().copied().collect::<Vec<_>>(), slots);
            let expected: BTreeMap<u64, Address> =
                everybody.into_iter().filter(|(_, proposer)| own.contains(proposer)).collect();
            prop_assert_eq!(own_slots(&all, seed, epoch, &CLOCK, &own), expected);
        }

        #[test]
        fn no_figures_make_the_draw_panic(
            size in 0_u64..5,
            seed in any::<[u8; 32]>(),
            (epoch, slot) in any::<(u64, u64)>(),
        ) {
            let found = proposer(&committee(size), U256::from(seed), epoch, slot);
            prop_assert_eq!(found.is_some(), size > 0);
        }
    }
}
