//! What is told of own proposals: each run of wrong coinbases once, whatever comes late, is read again or is cut by a crash.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, Evidence, Part};
use butler_core::domain::duties::{Expected, Fate, FormerDuties, SeenProposal};
use butler_core::domain::rollups::RollupId;
use butler_core::text::address::checksummed;

use super::*;
use crate::plan::proofs::{Delegated, Proofs, Reloading, Remedy, Telling, mend, mend_keys};

pub(super) const ATTESTER: u8 = 5;
pub(super) const RIGHT: u8 = 1;
pub(super) const WRONG: u8 = 2;

pub(super) fn proposal(slot: u64, to: u8) -> SeenProposal {
    let (transaction, fate) = (H256::from_low_u64_be(slot), Fate::Stands);
    SeenProposal {
        number: slot,
        slot,
        proposer: address(ATTESTER),
        coinbase: address(to),
        transaction,
        block: slot * 6,
        fate,
        rollup: Some(address(ROLLUP)),
    }
}

pub(super) fn expected(right: u8, since: u64) -> Expected {
    Expected::from([(address(ATTESTER), (coinbase(right), since))])
}

pub(super) const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };
/// A rollup that is not canonical any more.
pub(super) const FORMER: u8 = 200;

/// It left the former rollup, or stays there, or may be drawn there for a while.
pub(super) fn former(stays: bool, is_drawn: bool) -> Vec<FormerDuties> {
    let id = RollupId { address: address(FORMER), version: 7.into() };
    let validating = BTreeSet::from([address(if stays { ATTESTER } else { 99 })]);
    let may_draw_besides = BTreeSet::from([address(if is_drawn { ATTESTER } else { 98 })]);
    vec![FormerDuties { id, proposals: Vec::new(), seen: None, validating, may_draw_besides, failed: None }]
}

pub(super) fn left() -> Vec<FormerDuties> {
    former(false, false)
}

static NONE: BTreeMap<String, Reloading> = BTreeMap::new();
static NO_FORMER: BTreeMap<Address, (U256, Option<RollupClock>)> = BTreeMap::new();

pub(super) fn telling(remedies: &BTreeMap<Address, Remedy>) -> Telling<'_> {
    let (place, assurance) = (setting().at(address(REGISTRY)), Assurance::TwoEndpoints);
    Telling { place, assurance, clock: CLOCK, former: &NO_FORMER, remedies, reloads: &NONE }
}

/// A watcher that looks, keeps its memory, plans and settles; the journal knows every key once.
#[derive(Default)]
pub(super) struct Looker {
    pub(super) memory: Proofs,
    pub(super) former: Vec<FormerDuties>,
    pub(super) journal: BTreeSet<EffectKey>,
    pub(super) retracted: Vec<EffectKey>,
}

impl Looker {
    /// A watcher that was there before the first proposal.
    pub(super) fn begun() -> Self {
        let mut looker = Self { former: left(), ..Self::default() };
        looker.memory.look(&[], &[], &expected(RIGHT, 0), 0);
        looker
    }

    fn plan(&mut self) -> Vec<Action> {
        let plans = self.memory.plan(&telling(&BTreeMap::new()));
        self.retracted.extend(plans.retractions.into_iter().map(|one| one.key));
        plans.actions.into_iter().filter(|action| self.journal.insert(action.key.clone())).collect()
    }

    /// Looks, and answers what is new.
    fn look(&mut self, proposals: &[(u64, u8)]) -> Vec<Action> {
        let all: Vec<SeenProposal> = proposals.iter().map(|(slot, to)| proposal(*slot, *to)).collect();
        self.take(&all)
    }

    pub(super) fn take(&mut self, proposals: &[SeenProposal]) -> Vec<Action> {
        self.memory.look(proposals, &self.former, &expected(RIGHT, 0), u64::MAX);
        let new = self.plan();
        self.memory.settle();
        new
    }

    fn kinds(&mut self, proposals: &[(u64, u8)]) -> Vec<ActionKind> {
        self.look(proposals).into_iter().map(|action| action.kind).collect()
    }
}

use ActionKind::{CoinbaseContradicted, CoinbaseProven};

#[test]
fn the_first_right_proposal_is_told_once_and_the_next_ones_are_not() {
    let mut looker = Looker::begun();
    let told = looker.look(&[(10, RIGHT)]);
    let [action] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((action.kind, action.priority), (CoinbaseProven, Priority::Normal));
    let evidence = Evidence::Proposal { slot: 10, transaction: H256::from_low_u64_be(10), block_number: 60 };
    assert_eq!(action.evidence, [evidence]);
    assert!(looker.look(&[(10, RIGHT), (20, RIGHT)]).is_empty());
    assert!(looker.look(&[]).is_empty());
}

#[test]
fn a_wrong_one_is_told_at_once_with_all_that_is_known_and_its_end_is_told_once() {
    let mut looker = Looker::begun();
    let told = looker.look(&[(10, RIGHT), (20, WRONG)]);
    let kinds: Vec<_> = told.iter().map(|action| (action.kind, action.priority)).collect();
    assert_eq!(kinds, [(CoinbaseProven, Priority::Normal), (CoinbaseContradicted, Priority::Urgent)]);
    for part in [
        checksummed(&address(ATTESTER)).to_string(),
        coinbase(RIGHT).to_string(),
        checksummed(&address(WRONG)).to_string(),
        "in slot 20 (1970-01-01".to_owned(),
        format!("{:?}", H256::from_low_u64_be(20)),
        "went astray".to_owned(),
    ] {
        assert!(told[1].why.contains(&part), "{part}: {}", told[1].why);
    }
    assert!(looker.look(&[(10, RIGHT), (20, WRONG)]).is_empty());
    assert!(looker.look(&[(30, ATTESTER)]).is_empty(), "a second one is no news");
    assert_eq!(looker.memory.counts(&expected(RIGHT, 0)), [0, 1, 0]);
    let ended = looker.look(&[(40, RIGHT)]);
    let [end] = ended.as_slice() else { panic!("{ended:?}") };
    assert!(end.kind == CoinbaseProven && end.why.starts_with("no longer: "), "{end:?}");
    assert!(end.why.contains("the 2 proposals before it, from slot 20 to 30"), "{}", end.why);
    assert_eq!(looker.memory.counts(&expected(RIGHT, 0)), [1, 0, 0]);
    assert_eq!(looker.kinds(&[(50, WRONG)]), [CoinbaseContradicted], "again is another one");
}

#[test]
fn it_is_told_again_when_there_are_four_times_as_many() {
    let mut looker = Looker::begun();
    let mut told = Vec::new();
    for slot in 1..=20 {
        told.extend(looker.look(&[(slot, WRONG)]).into_iter().map(|action| (slot, action.why)));
    }
    assert_eq!(told.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [1, 4, 16]);
    assert!(told[1].1.starts_with("worse than before: "), "{}", told[1].1);
    assert!(told[1].1.contains("the rewards of 4 proposals went astray since slot 1 ("), "{}", told[1].1);
}

#[test]
fn what_happened_between_two_looks_is_told_and_what_was_over_before_the_first_is_not() {
    let mut looker = Looker::begun();
    let three = [CoinbaseContradicted, CoinbaseProven];
    assert_eq!(looker.kinds(&[(10, WRONG), (20, RIGHT)]), three);
    let mut first = Looker::default();
    assert_eq!(first.kinds(&[(10, WRONG), (20, RIGHT), (30, RIGHT)]), [CoinbaseProven]);
    let mut first = Looker::default();
    let told = first.look(&[(10, RIGHT), (20, WRONG), (30, WRONG)]);
    let [action] = told.as_slice() else { panic!("{told:?}") };
    assert!(action.why.contains("the rewards of 2 proposals went astray since slot 20"), "{}", action.why);
}

/// A memory as a program kept it that knew neither rollups nor the blocks of contradictions.
pub(super) fn as_kept_before(memory: &Proofs) -> Proofs {
    fn without(value: &mut serde_json::Value) {
        if let Some(fields) = value.as_object_mut() {
            fields.remove("rollup");
            fields.remove("id_block");
            fields.values_mut().for_each(without);
        }
        value.as_array_mut().into_iter().flatten().for_each(without);
    }
    let mut kept = serde_json::to_value(memory).unwrap();
    without(&mut kept);
    assert!(!kept.to_string().contains("rollup"));
    serde_json::from_value(kept).unwrap()
}

#[test]
fn what_an_earlier_program_told_is_not_told_again_and_goes_on_under_its_key() {
    let mut looker = Looker::begun();
    looker.look(&[(10, WRONG)]);
    let place = setting().at(address(REGISTRY));
    let parts = [Part::Address(address(ATTESTER)), Part::Address(address(RIGHT)), Part::Number(10)];
    let old = |kind, rung: &[Part<'_>]| EffectKey::new(kind, &place, &[&parts, rung].concat());
    looker.memory = as_kept_before(&looker.memory);
    looker.journal = BTreeSet::from([old(CoinbaseContradicted, &[Part::Number(1)])]);
    assert!(looker.look(&[(10, WRONG), (11, WRONG)]).is_empty());
    let told = looker.look(&[(12, WRONG), (13, WRONG), (14, RIGHT)]);
    let keys: Vec<_> = told.into_iter().map(|action| action.key).collect();
    assert_eq!(keys, [old(CoinbaseContradicted, &[Part::Number(4)]), old(CoinbaseProven, &[])]);
}

#[test]
fn a_transaction_that_is_read_late_loses_nothing_and_doubles_nothing() {
    let mut looker = Looker::begun();
    assert_eq!(looker.kinds(&[(20, WRONG)]), [CoinbaseContradicted]);
    assert!(looker.kinds(&[(10, WRONG), (20, WRONG)]).is_empty(), "the same run");
    assert_eq!(looker.kinds(&[(30, RIGHT)]), [CoinbaseProven]);
    let late = looker.look(&[(25, WRONG)]);
    let kinds: Vec<_> = late.iter().map(|action| action.kind).collect();
    assert_eq!(kinds, [CoinbaseContradicted, CoinbaseProven]);
    assert!(late[0].why.ends_with("it is over"), "{}", late[0].why);
    assert!(looker.kinds(&[(5, RIGHT), (30, RIGHT)]).is_empty());
    // A right one from before the wrong ones ends nothing.
    assert_eq!(looker.kinds(&[(50, WRONG)]), [CoinbaseContradicted]);
    assert!(looker.kinds(&[(45, RIGHT)]).is_empty());
    assert_eq!(looker.memory.counts(&expected(RIGHT, 0)), [0, 1, 0]);
}

#[test]
fn nothing_is_judged_that_is_not_final_or_was_proposed_before_its_delegation() {
    let mut memory = Proofs::default();
    let proposals = [proposal(10, WRONG), proposal(20, WRONG)];
    for (since, to) in [(0, 59), (61, 119), (121, 500)] {
        memory.look(&proposals, &left(), &expected(RIGHT, since), to);
        assert_eq!(memory.open().count(), 0, "{since} {to}");
    }
    memory.look(&proposals, &left(), &expected(RIGHT, 61), 120);
    assert_eq!(memory.open().map(|(_, one)| (one.id, one.count)).collect::<Vec<_>>(), [(20, 1)]);
    memory.look(&proposals, &left(), &Expected::new(), 500);
    assert_eq!(memory.open().count(), 1, "which one is right is not known for a while");
}

#[test]
fn another_delegation_takes_back_what_contradicted_the_one_before() {
    let mut looker = Looker::begun();
    assert_eq!(looker.kinds(&[(10, WRONG)]), [CoinbaseContradicted]);
    looker.memory.look(&[proposal(10, WRONG), proposal(20, 9)], &left(), &expected(9, 100), 1_000);
    let told = looker.plan();
    assert_eq!(told.iter().map(|action| action.kind).collect::<Vec<_>>(), [CoinbaseProven]);
    assert_eq!(looker.retracted.len(), 2);
    assert!(looker.journal.contains(&looker.retracted[0]));
    looker.memory.settle();
    assert!(looker.plan().is_empty() && looker.retracted.len() == 2);
}

#[test]
fn a_crash_between_keeping_and_planning_tells_it_at_the_next_look_and_a_crash_before_settling_tells_nothing_twice() {
    let mut looker = Looker::begun();
    let all = [proposal(10, RIGHT), proposal(20, WRONG), proposal(30, RIGHT), proposal(40, WRONG)];
    looker.memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    // Kept, and read again by the next start.
    let kept = serde_json::to_string(&looker.memory).unwrap();
    looker.memory = serde_json::from_str(&kept).unwrap();
    looker.memory.look(&all, &left(), &expected(RIGHT, 0), u64::MAX);
    let told: Vec<_> = looker.plan().into_iter().map(|action| action.kind).collect();
    assert_eq!(told, [CoinbaseProven, CoinbaseContradicted, CoinbaseProven, CoinbaseContradicted]);
    looker.memory = serde_json::from_str(&kept).unwrap();
    assert!(looker.kinds(&[(10, RIGHT), (20, WRONG), (30, RIGHT), (40, WRONG)]).is_empty());
}

#[test]
fn what_mends_it_is_the_action_of_the_delegation_or_another_one_where_that_is_done() {
    let mut looker = Looker::begun();
    looker.look(&[(10, WRONG)]);
    let (_, one) = looker.memory.open().next().unwrap();
    let (delegated, remedies) = (Delegated { provider_id: provider(1), rollup: address(ROLLUP) }, BTreeMap::new());
    let told = telling(&remedies);
    let [key, again] = mend_keys(address(ATTESTER), one, &told.place);
    let first = mend(key, address(ATTESTER), one, delegated, &told);
    let again = mend(again, address(ATTESTER), one, delegated, &told);
    assert_eq!(again.key.as_str(), format!("{}/10/60", first.key));
    assert_eq!(again.goal, first.goal);
    assert!(first.kind.writes() && first.priority == Priority::Urgent);
    for (remedy, words) in [
        (Remedy::Write(BTreeSet::from(["paris".to_owned()])), "the key files of paris do not name"),
        (Remedy::Reload(["a", "b", "c", "d"].map(str::to_owned).into()), "the nodes of a, b, c and 1 more did not"),
        (Remedy::Unknown, "find the node"),
    ] {
        let remedies = BTreeMap::from([(address(ATTESTER), remedy)]);
        let told = looker.memory.plan(&telling(&remedies)).actions;
        assert!(told[0].why.contains(words) && told[0].why.len() <= 640, "{}", told[0].why);
    }
}

proptest! {
    #[test]
    fn however_it_is_cut_and_whatever_comes_late_every_wrong_proposal_is_in_one_run_and_the_last_one_decides(
        proposals in prop::collection::btree_map(1_u64..200, prop::bool::ANY, 1..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
        cuts in prop::collection::vec(1_usize..6, 40),
    ) {
        let mut rest: Vec<(u64, u8)> =
            proposals.iter().map(|(slot, is_right)| (*slot, if *is_right { RIGHT } else { WRONG })).collect();
        let mut shuffled = Vec::new();
        for index in order {
            if !rest.is_empty() {
                shuffled.push(rest.remove(index.index(rest.len())));
            }
        }
        let (mut looker, mut seen, mut told) = (Looker::begun(), Vec::new(), Vec::new());
        let mut left = shuffled.as_slice();
        for cut in cuts {
            let (some, after) = left.split_at(cut.min(left.len()));
            left = after;
            seen.extend_from_slice(some);
            told.extend(looker.look(&seen));
        }
        prop_assert!(looker.look(&seen).is_empty());
        let (last, is_right) = proposals.last_key_value().unwrap();
        prop_assert_eq!(looker.memory.counts(&expected(RIGHT, 0)), if *is_right { [1, 0, 0] } else { [0, 1, 0] });
        let open: Vec<_> = looker.memory.open().map(|(_, one)| one.last.slot).collect();
        prop_assert_eq!(open, if *is_right { vec![] } else { vec![*last] });
        let keys: BTreeSet<_> = told.iter().map(|action| &action.key).collect();
        prop_assert_eq!(keys.len(), told.len());
        let count = |kind| told.iter().filter(|action| action.kind == kind).count();
        let is_any = |right: bool| proposals.values().any(|is_right| *is_right == right);
        prop_assert_eq!((count(CoinbaseProven) > 0, count(CoinbaseContradicted) > 0), (is_any(true), is_any(false)));
    }
}
