//! What is told of proposals at several rollups, each of which may have a node of its own, and what earlier programs kept of them.

use std::collections::BTreeMap;

use butler_core::domain::action::Action;
use butler_core::domain::duties::{Expected, SeenProposal};

use super::proofs::{
    ATTESTER, CLOCK, FORMER, Looker, RIGHT, WRONG, as_kept_before, expected, former, left, proposal, telling,
};
use super::*;
use crate::plan::proofs::{Proofs, Telling, mend_keys};
use ActionKind::{CoinbaseContradicted, CoinbaseProven};

#[test]
fn once_it_moved_along_the_last_proposal_at_any_rollup_counts_whatever_their_slots_are_called() {
    let before = |slot: u64, block: u64, to: u8| SeenProposal { block, ..proposal(slot, to).at(address(FORMER)) };
    let mut memory = Proofs::default();
    memory.look(&[], &[], &expected(RIGHT, 0), 0);
    let mut all = vec![before(9_000, 10, RIGHT), before(9_100, 20, WRONG)];
    memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    let (remedies, clock) = (BTreeMap::new(), RollupClock { genesis_time: 1_000_000_000, ..CLOCK });
    let former = BTreeMap::from([(address(FORMER), (U256::from(7), Some(clock)))]);
    let told = Telling { former: &former, ..telling(&remedies) };
    let why = |memory: &Proofs| memory.plan(&told).actions.into_iter().map(|action| action.why).collect::<Vec<_>>();
    let words = why(&memory);
    assert!(words[0].contains("in slot 9000 of the former rollup (version 7): proven"), "{}", words[0]);
    assert!(words[1].contains("in slot 9100 of the former rollup (version 7) (2001-09-16 15:46 UTC, "), "{}", words[1]);
    memory.settle();

    // It moved along, where slots begin anew.
    all.push(proposal(5, RIGHT));
    memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    let end =
        "in slot 5; the proposal before it, from slot 9100 to 9100 of the former rollup (version 7), paid another one";
    let words = why(&memory);
    assert!(words.iter().any(|why| why.starts_with("no longer: ") && why.ends_with(end)), "{words:#?}");
    memory.settle();
    all.push(proposal(6, WRONG));
    memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    assert_eq!(memory.open().map(|(_, one)| (one.id, one.count)).collect::<Vec<_>>(), [(6, 1)]);
}

#[test]
fn the_same_slot_at_another_rollup_and_of_another_block_is_another_contradiction() {
    let mut looker = Looker::begun();
    let at_former = SeenProposal { block: 50, ..proposal(10, WRONG).at(address(FORMER)) };
    let invalidated = SeenProposal { block: 59, ..proposal(10, WRONG) };
    let turns = [at_former, SeenProposal { block: 55, ..proposal(9, RIGHT) }, invalidated, proposal(10, RIGHT)];
    let mut told = Vec::new();
    for end in 1..=turns.len() {
        told.extend(looker.take(&turns[..end]));
    }
    let kinds: Vec<_> = told.iter().map(|action| action.kind).collect();
    assert_eq!(kinds, [CoinbaseContradicted, CoinbaseProven, CoinbaseContradicted, CoinbaseProven]);
    looker.former = former(true, false);
    looker.take(&[SeenProposal { block: 70, ..proposal(10, WRONG).at(address(FORMER)) }]);
    let (_, third) = looker.memory.open().next().unwrap();
    let keys: BTreeSet<_> = told.iter().map(|action| action.key.clone()).collect();
    let place = telling(&BTreeMap::new()).place;
    assert!(mend_keys(address(ATTESTER), third, &place).iter().all(|key| !keys.contains(key)));
    assert_eq!((third.id, third.id_block), (10, Some(70)));
}

#[test]
fn two_nodes_at_two_rollups_are_told_apart_and_neither_speaks_for_the_other() {
    let old = |slot: u64, block: u64, to: u8| SeenProposal { block, ..proposal(slot, to).at(address(FORMER)) };
    // The node of the former rollup is wrong, and that of the canonical one is right; they take turns.
    let turns = [old(9_000, 10, WRONG), proposal(5, RIGHT), old(9_001, 40, WRONG), proposal(10, RIGHT)];
    for (stays, draws) in [(true, false), (false, true)] {
        let mut looker = Looker { former: former(stays, draws), ..Looker::begun() };
        let mut told = Vec::new();
        for end in 1..=turns.len() {
            told.extend(looker.take(&turns[..end]).into_iter().map(|action| action.kind));
        }
        assert_eq!(told, [CoinbaseContradicted, CoinbaseProven], "told once, and the right one is proven");
        assert_eq!(looker.memory.counts(&expected(RIGHT, 0)), [0, 1, 0]);
        // It was made right there, too.
        let ended = looker.take(&[old(9_002, 70, RIGHT)]);
        assert!(ended[0].why.starts_with("no longer: ") && ended[0].why.contains("in slot 9002"), "{ended:?}");
        assert_eq!((ended.len(), looker.memory.open().count()), (1, 0));
    }
    // With the end of its duties there the right node is the only one.
    let mut looker = Looker { former: former(false, true), ..Looker::begun() };
    looker.take(&[proposal(5, RIGHT), old(9_000, 40, WRONG)]);
    looker.former = left();
    let ended = looker.take(&[]);
    assert!(ended[0].why.contains("in slot 5; the proposal where it has no duties any more, "), "{ended:?}");
    assert_eq!((ended.len(), looker.memory.open().count()), (1, 0));
    // Both are wrong: what is left behind is taken back.
    let mut looker = Looker { former: former(false, true), ..Looker::begun() };
    assert_eq!(looker.take(&[proposal(5, WRONG), old(9_000, 40, WRONG)]).len(), 2);
    looker.former = left();
    assert!(looker.take(&[]).is_empty());
    assert_eq!(looker.memory.open().map(|(_, one)| one.id).collect::<Vec<_>>(), [5]);
    assert_eq!(looker.retracted.len(), 2);
}

#[test]
fn a_wrong_one_that_is_read_late_is_not_over_by_a_right_one_where_its_attester_has_left() {
    let mut looker = Looker { former: former(false, true), ..Looker::begun() };
    let right_there = SeenProposal { block: 70, ..proposal(9_000, RIGHT).at(address(FORMER)) };
    looker.take(&[right_there]);
    looker.former = left();
    let told = looker.take(&[proposal(10, WRONG), right_there]);
    assert_eq!(told.iter().map(|action| action.kind).collect::<Vec<_>>(), [CoinbaseContradicted]);
    assert!(!told[0].why.ends_with("it is over"), "{}", told[0].why);
    assert_eq!(looker.memory.open().map(|(_, one)| (one.id, one.count)).collect::<Vec<_>>(), [(10, 1)]);
}

#[test]
fn a_wrong_one_that_is_read_late_is_no_part_of_what_its_attester_left_behind() {
    let old = |block: u64| SeenProposal { block, ..proposal(9_000, WRONG).at(address(FORMER)) };
    let open = |looker: &Looker| looker.memory.open().map(|(_, one)| (one.id, one.count)).collect::<Vec<_>>();
    // It went wrong at the canonical one before its last one there: what it left does not end for the right one before.
    let mut looker = Looker { former: former(false, true), ..Looker::begun() };
    looker.take(&[proposal(10, RIGHT), old(90)]);
    looker.former = left();
    assert_eq!(
        looker.take(&[proposal(12, WRONG)]).iter().map(|told| told.kind).collect::<Vec<_>>(),
        [CoinbaseContradicted]
    );
    assert_eq!((open(&looker), looker.retracted.len()), (vec![(12, 1)], 2));
    // It is right at the canonical one by now: what it left ends with that.
    let mut looker = Looker { former: former(false, true), ..Looker::begun() };
    looker.take(&[old(50), proposal(12, RIGHT)]);
    looker.former = left();
    let told = looker.take(&[proposal(10, WRONG)]);
    assert_eq!(told.iter().filter(|told| told.why.starts_with("no longer: ")).count(), 2, "{told:#?}");
    assert_eq!(open(&looker), []);
}

#[test]
fn the_first_look_tells_the_last_run_of_each_node_and_nothing_of_the_past_later() {
    let old = |slot: u64, block: u64, to: u8| SeenProposal { block, ..proposal(slot, to).at(address(FORMER)) };
    let all = [proposal(1, WRONG), old(9_000, 10, WRONG), proposal(3, WRONG), proposal(5, RIGHT)];
    let mut looker = Looker { former: former(false, true), ..Looker::default() };
    let kinds = |told: Vec<Action>| told.into_iter().map(|action| action.kind).collect::<Vec<_>>();
    assert_eq!(kinds(looker.take(&all)), [CoinbaseProven, CoinbaseContradicted]);
    assert!(looker.take(&all).is_empty(), "what was skipped is not judged later");
    assert_eq!(looker.memory.open().map(|(_, one)| (one.id, one.count)).collect::<Vec<_>>(), [(9_000, 1)]);
}

#[test]
fn what_an_earlier_program_kept_of_right_ones_is_read() {
    let mut looker = Looker::begun();
    looker.take(&[proposal(10, RIGHT)]);
    let mut kept = serde_json::to_value(&looker.memory).unwrap();
    let held = kept["attesters"].as_object_mut().unwrap().values_mut().next().unwrap().as_object_mut().unwrap();
    let rights = held.remove("rights").unwrap();
    held.insert("last_right".to_owned(), rights[0].clone());
    assert_eq!(serde_json::from_value::<Proofs>(kept).unwrap(), looker.memory);
}

#[test]
fn a_proposal_that_was_kept_without_its_rollup_is_of_that_which_a_log_says_or_of_one_that_is_not_known() {
    let mut memory = Proofs::default();
    memory.look(&[], &[], &expected(RIGHT, 0), 0);
    let all = [proposal(10, WRONG).at(address(FORMER)), proposal(20, WRONG).at(address(FORMER))];
    memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    let mut kept = as_kept_before(&memory);
    let (remedies, clock) = (BTreeMap::new(), RollupClock { genesis_time: 1_000_000_000, ..CLOCK });
    let former = BTreeMap::from([(address(FORMER), (U256::from(7), Some(clock)))]);
    let after = Telling { former: &former, ..telling(&remedies) };
    let last = |memory: &Proofs| memory.open().next().unwrap().1.last;
    // No rollup was cut over by then, so that there was only one.
    assert_eq!(telling(&remedies).began(&last(&kept)), Some(20 * 72));
    assert_eq!(after.began(&last(&kept)), None);
    let why = &kept.plan(&after).actions[0].why;
    assert!(why.contains("in slot 20 of a rollup that is not known (at a time that is not known, "), "{why}");
    // Another one of that slot says nothing of it.
    kept.look(&[SeenProposal { block: 999, ..proposal(20, WRONG) }], &left(), &Expected::new(), u64::MAX);
    assert_eq!(after.began(&last(&kept)), None);
    kept.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    assert_eq!(after.began(&last(&kept)), Some(1_000_000_000 + 20 * 72));
    assert_eq!(kept.open().map(|(_, one)| (one.count, one.first.rollup)).next(), Some((2, Some(address(FORMER)))));
}

#[test]
fn what_is_not_judged_is_not_judged_later_and_what_another_rollup_has_is() {
    let mut memory = Proofs::default();
    let all = [proposal(10, WRONG), proposal(20, RIGHT)];
    memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    let kept: serde_json::Value = serde_json::to_value(&memory).unwrap();
    let held = kept["attesters"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&held["floor"], &held["judged"]), (&20.into(), &serde_json::json!([[20, 120]])), "as ever");
    let mut memory: Proofs = serde_json::from_value(kept).unwrap();
    memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    assert_eq!(memory.counts(&expected(RIGHT, 0)), [1, 0, 0]);
    let next = SeenProposal { block: 130, ..proposal(1, WRONG).at(address(FORMER)) };
    memory.look(&[next], &former(true, false), &expected(RIGHT, 0), u64::MAX);
    assert_eq!(memory.counts(&expected(RIGHT, 0)), [0, 1, 0]);
    // What was judged last is remembered by blocks, too.
    let many: Vec<SeenProposal> =
        (2..400).map(|slot| SeenProposal { block: 130 + slot, ..proposal(slot, WRONG).at(address(FORMER)) }).collect();
    memory.look(&many, &former(true, false), &expected(RIGHT, 0), u64::MAX);
    memory.look(&many, &former(true, false), &expected(RIGHT, 0), u64::MAX);
    assert_eq!(memory.open().map(|(_, one)| one.count).collect::<Vec<_>>(), [399]);
}
