//! What the registry says and no event told: planned as what it is, once, also when the event comes later.

use butler_core::domain::action::{Action, Evidence};
use butler_core::domain::block::BlockRef;
use butler_core::domain::provider::facts::ProviderFacts;

use super::*;
use crate::plan::terms::{Looked, Terms};

fn facts(admin: u8, recipient: u8, take_rate_bps: u16) -> BTreeMap<ProviderId, ProviderFacts> {
    let facts = ProviderFacts {
        admin: address(admin),
        pending_admin: None,
        take_rate_bps,
        rewards_recipient: address(recipient),
        queue: Vec::new(),
    };
    BTreeMap::from([(provider(1), facts)])
}

fn changed(admin: u8, number: u64) -> Vec<Occurred> {
    let what = Happened::AdminChanged { provider: provider(1), admin: address(admin) };
    chain(&[vec![(REGISTRY, what)]], 1, number - 1).concat()
}

/// A look at block `head` whose final block is `to`; answers what is planned of what no event told.
fn look(terms: &mut Terms, (head, to): (u64, u64), admin: u8, events: &[Occurred], early: &[Occurred]) -> Vec<Action> {
    let block = BlockRef { number: head, hash: H256::from_low_u64_be(head), timestamp: head * 12 };
    terms.look(address(REGISTRY), &Looked { block, providers: &facts(admin, 1, 500), to, events, early });
    let actions = terms.plan(&setting(), Assurance::OneEndpoint);
    terms.settle(address(REGISTRY), events);
    actions
}

#[test]
fn an_admin_that_no_event_told_is_planned_once_every_block_is_read_in_which_it_could_stand() {
    let mut terms = Terms::default();
    assert!(look(&mut terms, (10, 8), 0xa0, &[], &[]).is_empty(), "whoever is there first is known");
    assert!(look(&mut terms, (12, 10), 0xa1, &[], &[]).is_empty(), "its event may come");
    assert!(look(&mut terms, (13, 11), 0xa1, &[], &[]).is_empty());
    let planned = look(&mut terms, (14, 12), 0xa1, &[], &[]);
    let [action] = planned.as_slice() else { panic!("{planned:?}") };
    assert_eq!((action.kind, action.priority), (ActionKind::AdminChanged, Priority::Urgent));
    assert!(action.why.ends_with("seen in the registry, its event was not"), "{}", action.why);
    let at = Evidence::State { block_number: 12, block_hash: H256::from_low_u64_be(12) };
    assert_eq!(action.evidence, [at]);
    // Again and again the same one.
    assert_eq!(look(&mut terms, (20, 18), 0xa1, &[], &[]), planned);
}

#[test]
fn a_change_whose_event_is_read_or_on_its_way_is_planned_by_its_event_alone() {
    let mut terms = Terms::default();
    look(&mut terms, (10, 8), 0xa0, &[], &[]);
    for (head, to) in [(12, 10), (14, 12), (20, 13)] {
        assert!(look(&mut terms, (head, to), 0xa1, &[], &changed(0xa1, 15)).is_empty());
    }
    assert!(look(&mut terms, (21, 19), 0xa1, &changed(0xa1, 15), &[]).is_empty());
    assert!(look(&mut terms, (30, 28), 0xa1, &[], &[]).is_empty());
    // A change that a reorg took back.
    look(&mut terms, (40, 38), 0xa2, &[], &[]);
    assert!(look(&mut terms, (41, 39), 0xa1, &[], &[]).is_empty());
    assert!(look(&mut terms, (50, 48), 0xa1, &[], &[]).is_empty());
}

#[test]
fn an_event_that_comes_after_all_is_not_planned_once_more_and_the_next_change_is() {
    let mut terms = Terms::default();
    look(&mut terms, (10, 8), 0xa0, &[], &[]);
    look(&mut terms, (12, 10), 0xa1, &[], &[]);
    assert_eq!(look(&mut terms, (14, 12), 0xa1, &[], &[]).len(), 1);
    let plan_after = |terms: &Terms, events: &[Occurred]| {
        let mut known = Known::default();
        known.expect(terms.unsaid());
        kinds(&plan_of(events, &mut known))
    };
    assert!(plan_after(&terms, &changed(0xa1, 13)).is_empty());
    // Only that one: what comes behind it counts, and so does the same admin later.
    let again = [changed(0xa1, 13), changed(0xa0, 15), changed(0xa1, 17)].concat();
    assert_eq!(plan_after(&terms, &again), [ActionKind::AdminChanged; 2]);
    assert_eq!(plan_after(&terms, &changed(0xa2, 15)), [ActionKind::AdminChanged]);
    look(&mut terms, (16, 14), 0xa1, &changed(0xa1, 13), &[]);
    assert!(terms.unsaid().is_empty());
}

#[test]
fn what_the_last_event_of_the_first_look_says_is_held_against_the_registry() {
    let mut terms = Terms::default();
    assert!(look(&mut terms, (20, 18), 0xa2, &changed(0xa1, 15), &[]).is_empty());
    assert_eq!(look(&mut terms, (30, 28), 0xa2, &[], &[]).len(), 1);
}

proptest! {
    #[test]
    fn a_change_is_told_by_its_event_or_without_it_and_never_twice(
        // For each change: blocks after the one before, and whether its event is hidden.
        changes in proptest::collection::vec((1..6_u64, any::<bool>()), 1..8),
        depth in 1..4_u64,
        pace in 1..4_u64,
    ) {
        let mut chain = Vec::new();
        let mut number = 10;
        for (index, (gap, is_hidden)) in changes.iter().enumerate() {
            number += gap;
            chain.push((number, 0xa0 + u8::try_from(index).unwrap() + 1, *is_hidden));
        }
        let admin_at = |block: u64| {
            chain.iter().rev().find(|(number, _, _)| *number <= block).map_or(0xa0, |(_, admin, _)| *admin)
        };
        let (mut terms, mut known_to, mut head) = (Terms::default(), 9, 10);
        let (mut by_event, mut without) = (BTreeSet::new(), BTreeSet::new());
        while known_to < number + 8 {
            let to = head - depth;
            let told = |from: u64, to: u64| -> Vec<Occurred> {
                let shown = chain.iter().filter(|(at, _, is_hidden)| !is_hidden && (from..=to).contains(at));
                shown.flat_map(|(at, admin, _)| changed(*admin, *at)).collect()
            };
            let events = told(known_to + 1, to);
            let mut known = Known::default();
            known.expect(terms.unsaid());
            by_event.extend(plan_of(&events, &mut known).actions.into_iter().map(|action| action.why));
            let actions = look(&mut terms, (head, to), admin_at(head), &events, &told(to + 1, head));
            let plain = |why: String| why.replace("; seen in the registry, its event was not", "");
            without.extend(actions.into_iter().map(|action| plain(action.why)));
            (known_to, head) = (known_to.max(to), head + pace);
        }
        prop_assert!(by_event.is_disjoint(&without));
        let shown = chain.iter().filter(|(_, _, is_hidden)| !is_hidden).count();
        prop_assert_eq!(by_event.len(), shown);
        // The last one is always told, hidden or not; of those that were overtaken before they were final, maybe not.
        let last = chain.last().unwrap().1;
        let name = butler_core::text::address::checksummed(&address(last)).to_string();
        prop_assert!(by_event.iter().chain(&without).any(|why| why.contains(&name)));
    }
}
