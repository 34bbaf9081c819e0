//! Duties of small epochs by hand, and of any epoch against a count of another kind.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256, U256};
use proptest::prelude::*;

use super::*;
use crate::domain::proposers::proposer;
use crate::domain::rollup::RollupClock;

const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };
const EPOCH: u64 = 3;
const FIRST: u64 = 96;

fn draw(size: u64) -> Draw {
    Draw { committee: (1..=size).map(Address::from_low_u64_be).collect(), seed: U256::from(7) }
}

fn turn(draw: &Draw, slot: u64) -> Address {
    proposer(&draw.committee, draw.seed, EPOCH, slot).unwrap()
}

/// A checkpoint in that slot which these members did not attest.
fn proposed(draw: &Draw, slot: u64, absent: &[u64]) -> KnownCheckpoint {
    let absent: BTreeSet<Address> = absent.iter().copied().map(Address::from_low_u64_be).collect();
    let committee = draw.committee.iter().map(|member| (*member, !absent.contains(member))).collect();
    let carried = Carried { proposer: turn(draw, slot), coinbase: Address::repeat_byte(9), committee };
    let (transaction, fate) = (H256::from_low_u64_be(slot), Fate::Stands);
    KnownCheckpoint { number: slot, slots: (slot, slot), transaction, block: slot * 6, fate, carried: Some(carried) }
}

fn duties(draw: &Draw, proposed: &[KnownCheckpoint], read_to: u64, own: &BTreeSet<Address>) -> Vec<Duty> {
    let all: Vec<&KnownCheckpoint> = proposed.iter().collect();
    let facts = EpochFacts {
        epoch: EPOCH,
        draw,
        clock: &CLOCK,
        checkpoints: &all,
        read: (FIRST - 40, read_to),
        is_complete: true,
    };
    duties_of(&facts, own)
}

fn everybody(draw: &Draw) -> BTreeSet<Address> {
    draw.committee.iter().copied().collect()
}

fn proposing(duties: &[Duty], slot: u64) -> Option<Done> {
    duties.iter().find(|duty| duty.slot == slot && duty.kind == DutyKind::Propose).map(|duty| duty.done)
}

fn attesting(duties: &[Duty], slot: u64, member: u64) -> Option<Done> {
    let of = |duty: &&Duty| {
        duty.slot == slot && duty.kind == DutyKind::Attest && duty.attester == Address::from_low_u64_be(member)
    };
    duties.iter().find(of).map(|duty| duty.done)
}

#[test]
fn a_slot_without_a_checkpoint_is_missed_alone_where_the_others_go_on() {
    let draw = draw(4);
    let all: Vec<KnownCheckpoint> = (FIRST..FIRST + 32).map(|slot| proposed(&draw, slot, &[])).collect();
    let (gap, own) = (FIRST + 10, everybody(&draw));
    let with_gap: Vec<KnownCheckpoint> = all.iter().filter(|one| one.slots.0 != gap).cloned().collect();
    let found = duties(&draw, &with_gap, FIRST + 31, &own);
    assert_eq!(proposing(&found, gap), Some(Done::MissedAlone));
    assert_eq!(attesting(&found, gap, 1), None, "there was nothing to attest");
    let (total, tallies) = tally(&found);
    let sum = |of: fn(&Rate) -> u64| tallies.values().map(|tally| of(&tally.proposals)).sum::<u64>();
    assert_eq!((sum(|rate| rate.done), sum(Rate::missed)), (31, 1));
    assert_eq!((total.proposals.done, total.proposals.missed()), (31, 1));

    // Nobody proposed for a while.
    let silent: Vec<KnownCheckpoint> =
        all.iter().filter(|one| one.slots.0 < gap - 4 || one.slots.0 > gap + 8).cloned().collect();
    assert_eq!(proposing(&duties(&draw, &silent, FIRST + 31, &own), gap), Some(Done::MissedWithMany));
}

#[test]
fn what_was_not_read_is_not_missed() {
    let (draw, own) = (draw(4), everybody(&draw(4)));
    let mut all: Vec<KnownCheckpoint> = (FIRST..FIRST + 10).map(|slot| proposed(&draw, slot, &[])).collect();
    all[3].carried = None;
    all[7] = KnownCheckpoint { slots: (FIRST + 6, FIRST + 8), carried: None, ..all[7].clone() };
    all.remove(6);
    let found = duties(&draw, &all, FIRST + 9, &own);
    assert_eq!(
        [6, 7, 8].map(|slot| proposing(&found, FIRST + slot)),
        [Done::Unread, Done::Unread, Done::Done].map(Some)
    );
    assert_eq!(found.iter().map(|duty| duty.slot).max(), Some(FIRST + 9), "later slots are not over");
    assert_eq!((proposing(&found, FIRST + 3), attesting(&found, FIRST + 3, 2)), (Some(Done::Done), Some(Done::Unread)));
    assert!(duties(&draw, &all, FIRST - 1, &own).is_empty());
}

#[test]
fn an_attestation_is_missed_alone_or_with_many() {
    let (draw, own) = (draw(9), everybody(&draw(9)));
    let found = duties(&draw, &[proposed(&draw, FIRST, &[4])], FIRST, &own);
    assert_eq!(attesting(&found, FIRST, 4), Some(Done::MissedAlone));
    assert_eq!(attesting(&found, FIRST, 5), Some(Done::Done));
    let found = duties(&draw, &[proposed(&draw, FIRST, &[4, 5, 6, 7])], FIRST, &own);
    assert_eq!(attesting(&found, FIRST, 4), Some(Done::MissedWithMany));
    // Of another committee: nothing is known of ours.
    let mut strange = proposed(&draw, FIRST, &[]);
    strange.carried.as_mut().unwrap().committee.retain(|(member, _)| *member != Address::from_low_u64_be(4));
    assert_eq!(attesting(&duties(&draw, &[strange], FIRST, &own), FIRST, 4), Some(Done::Unread));
}

#[test]
fn around_a_cut_nobody_missed_anything_and_where_a_log_is_missing_nobody_knows() {
    let (draw, own) = (draw(4), everybody(&draw(4)));
    let mut all: Vec<KnownCheckpoint> = (FIRST..FIRST + 10).map(|slot| proposed(&draw, slot, &[])).collect();
    all.remove(6);
    all[5].fate = Fate::Invalidated(99);
    let found = duties(&draw, &all, FIRST + 9, &own);
    assert_eq!(proposing(&found, FIRST + 6), Some(Done::Excused));
    assert_eq!(proposing(&found, FIRST + 5), Some(Done::Done), "it was proposed all the same");
    // Where a log is missing nobody knows.
    let refs: Vec<&KnownCheckpoint> = all.iter().collect();
    let read = (FIRST + 2, FIRST + 9);
    let facts = EpochFacts { epoch: EPOCH, draw: &draw, clock: &CLOCK, checkpoints: &refs, read, is_complete: false };
    let found = duties_of(&facts, &own);
    assert_eq!(proposing(&found, FIRST + 6), Some(Done::Unread));
    assert_eq!(found.first().map(|duty| duty.slot), Some(FIRST + 2), "what lies before was not read");
    // However many slots a rollup says that its epochs have, those that were read are looked at.
    let clock = RollupClock { epoch_slots: u64::MAX, ..CLOCK };
    let facts = EpochFacts { epoch: 0, clock: &clock, is_complete: true, ..facts };
    let turns = duties_of(&facts, &own).into_iter().filter(|duty| duty.kind == DutyKind::Propose);
    assert_eq!(turns.count(), 8);
}

proptest! {
    #[test]
    fn every_turn_and_every_attestation_of_ours_is_told_once(
        size in 1_u64..20,
        ours in prop::collection::btree_set(1_u64..25, 0..10),
        slots in prop::collection::btree_map(FIRST..FIRST + 32, prop::collection::vec(1_u64..20, 0..6), 0..32),
        read_to in FIRST - 1..FIRST + 40,
    ) {
        let draw = draw(size);
        let own: BTreeSet<Address> = ours.into_iter().map(Address::from_low_u64_be).collect();
        let all: Vec<KnownCheckpoint> = slots.iter().map(|(slot, absent)| proposed(&draw, *slot, absent)).collect();
        let found = duties(&draw, &all, read_to, &own);
        let mut counted = BTreeMap::<(DutyKind, bool), u64>::new();
        for duty in &found {
            *counted.entry((duty.kind, duty.done.is_missed())).or_default() += 1;
        }
        let mut expected = BTreeMap::<(DutyKind, bool), u64>::new();
        for slot in (FIRST..FIRST + 32).filter(|slot| *slot <= read_to) {
            if own.contains(&turn(&draw, slot)) {
                *expected.entry((DutyKind::Propose, !slots.contains_key(&slot))).or_default() += 1;
            }
            let Some(absent) = slots.get(&slot) else { continue };
            for member in 1..=size {
                if own.contains(&Address::from_low_u64_be(member)) {
                    *expected.entry((DutyKind::Attest, absent.contains(&member))).or_default() += 1;
                }
            }
        }
        prop_assert_eq!(counted, expected);
        let places: BTreeSet<_> = found.iter().map(|duty| (duty.slot, duty.attester, duty.kind)).collect();
        prop_assert_eq!(places.len(), found.len());
    }
}
