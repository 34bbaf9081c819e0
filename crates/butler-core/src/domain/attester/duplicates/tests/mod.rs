//! A planted duplicate for every pair of places, the pairs that are none, and independence of order.

mod key_files;

use ethers_core::types::H256;
use proptest::prelude::*;

use super::*;
use crate::domain::rollup::QueuedDeposit;
use crate::domain::rollups::FormerRollup;
use crate::domain::samples::{address, coinbase, deposit, key_entry, network, provider, provider_id, view};

const CHAIN_PLACES: [ChainPlace; 7] = [
    ChainPlace::OwnQueue,
    ChainPlace::OtherQueue,
    ChainPlace::EntryQueue,
    ChainPlace::ActiveSet,
    ChainPlace::Exiting,
    ChainPlace::Zombie,
    ChainPlace::History,
];

/// Puts the attester there once more, beside others that are nowhere else.
fn plant(snapshot: &mut NetworkSnapshot, attester: u64, place: ChainPlace) {
    let queue = |providers: &mut BTreeMap<ProviderId, ProviderFacts>, id, stranger| {
        let facts = providers.entry(provider_id(id)).or_insert_with(|| provider(&[stranger]));
        let mut entry = *facts.queue.last().unwrap();
        entry.index += 1;
        entry.attester = address(attester);
        facts.queue.push(entry);
    };
    match place {
        ChainPlace::OwnQueue => queue(&mut snapshot.providers, 1, 901),
        ChainPlace::OtherQueue => queue(&mut snapshot.other_providers, 2, 902),
        ChainPlace::EntryQueue => snapshot.entry_queue.push(deposit(attester)),
        ChainPlace::ActiveSet => snapshot.active_set.push(address(attester)),
        ChainPlace::Exiting => drop(see(snapshot, attester, OnChainStatus::Exiting)),
        ChainPlace::Zombie => drop(see(snapshot, attester, OnChainStatus::Zombie)),
        ChainPlace::History => drop(see(snapshot, attester, OnChainStatus::None)),
    }
}

/// Gives the attester a view, and answers the one it had.
fn see(snapshot: &mut NetworkSnapshot, attester: u64, status: OnChainStatus) -> Option<AttesterView> {
    snapshot.attesters.insert(address(attester), view(status, true))
}

fn from_view(place: ChainPlace) -> bool {
    matches!(place, ChainPlace::Exiting | ChainPlace::Zombie | ChainPlace::History)
}

/// A snapshot for each pair of places on chain that is a duplicate, with one attester in both.
pub(crate) fn planted() -> Vec<NetworkSnapshot> {
    let planted = |(one, other): (ChainPlace, ChainPlace)| {
        let mut snapshot = network();
        plant(&mut snapshot, 1, one);
        plant(&mut snapshot, 1, other);
        snapshot
    };
    CHAIN_PAIRS.iter().map(|(one, other, _)| planted((*one, *other))).collect()
}

fn found_kinds(duplicates: &[Duplicate]) -> Vec<(Subject, DuplicateKind)> {
    duplicates.iter().map(|each| (each.subject, each.kind)).collect()
}

fn book(entries: Vec<KeyEntry>) -> KeyBook {
    KeyBook { entries, ..KeyBook::default() }
}

#[test]
fn every_two_places_on_chain_are_a_duplicate_of_their_own_kind() {
    let mut seen = BTreeSet::new();
    for (position, one) in CHAIN_PLACES.into_iter().enumerate() {
        for other in CHAIN_PLACES.into_iter().skip(position) {
            if from_view(one) && from_view(other) {
                continue;
            }
            let mut snapshot = network();
            plant(&mut snapshot, 1, one);
            plant(&mut snapshot, 1, other);
            let found = find_duplicates(&snapshot, &KeyBook::default(), ReplicaPolicy::Refuse);
            let [only] = found.as_slice() else {
                panic!("{one:?} and {other:?}: {found:?}");
            };
            assert_eq!(only.subject, Subject::Attester(address(1)));
            assert_eq!(only.places.len(), 2, "{only:?}");
            assert!(seen.insert(only.kind), "{} means one pair only", only.kind);
        }
    }
    assert_eq!(seen.len(), CHAIN_PAIRS.len());
}

#[test]
fn one_place_on_chain_and_one_key_file_is_clean() {
    let mut snapshot = network();
    let mut entries = Vec::new();
    for (attester, place) in (1..).zip(CHAIN_PLACES) {
        plant(&mut snapshot, attester, place);
        entries.push(KeyEntry {
            coinbase: Some(coinbase(100 + attester)),
            bls_public_key: Some(H256::from_low_u64_be(attester).into()),
            publishers: vec![address(50), address(50)],
            ..key_entry(attester, "paris", "paris.json", entries.len())
        });
    }
    snapshot.attesters.insert(address(4), view(OnChainStatus::Validating, true));
    assert_eq!(find_duplicates(&snapshot, &book(entries), ReplicaPolicy::Refuse), []);
}

#[test]
fn an_attester_in_three_places_breaks_three_rules() {
    let mut snapshot = network();
    for place in [ChainPlace::OwnQueue, ChainPlace::EntryQueue, ChainPlace::ActiveSet] {
        plant(&mut snapshot, 1, place);
    }
    let found = find_duplicates(&snapshot, &KeyBook::default(), ReplicaPolicy::Refuse);
    let subject = Subject::Attester(address(1));
    assert_eq!(
        found_kinds(&found),
        [
            (subject, DuplicateKind::OwnQueueAndEntryQueue),
            (subject, DuplicateKind::OwnQueueAndActiveSet),
            (subject, DuplicateKind::EntryQueueAndActiveSet),
        ]
    );
    let first = [Place::OwnProviderQueue { provider: provider_id(1), index: 2 }, Place::EntryQueue { place: 0 }];
    assert_eq!(found[0].places, first);
}

#[test]
fn a_key_that_stands_at_a_former_rollup_is_used_as_it_was_before_the_cut_over() {
    let mut snapshot = network();
    for attester in [1, 2, 3] {
        plant(&mut snapshot, attester, ChainPlace::OwnQueue);
    }
    let rollup = snapshot.canonical();
    let mut former = FormerRollup::empty(rollup, 7);
    let waits = |moves, attester| QueuedDeposit { move_with_latest_rollup: moves, ..deposit(attester) };
    former.entry_queue = vec![waits(true, 3), waits(false, 1)];
    former.attesters = [(address(2), view(OnChainStatus::Validating, true))].into();
    snapshot.former_rollups = vec![former];
    let found = find_duplicates(&snapshot, &KeyBook::default(), ReplicaPolicy::Refuse);
    let of = |attester, kind| (Subject::Attester(address(attester)), kind);
    let expected = [of(1, DuplicateKind::OwnQueueAndEntryQueue), of(2, DuplicateKind::OwnQueueAndActiveSet)];
    assert_eq!(found_kinds(&found), expected, "3 moves along, and is refused there");
    assert_eq!(found[0].places[1], Place::FormerEntryQueue { rollup: rollup.address, place: 1 });
}

#[test]
fn two_own_providers_must_not_queue_the_same_key() {
    let mut snapshot = network();
    snapshot.providers.insert(provider_id(1), provider(&[1, 2]));
    snapshot.providers.insert(provider_id(3), provider(&[3, 1]));
    let found = find_duplicates(&snapshot, &KeyBook::default(), ReplicaPolicy::Refuse);
    assert_eq!(found_kinds(&found), [(Subject::Attester(address(1)), DuplicateKind::OwnQueueTwice)]);
}

#[test]
fn collisions_among_strangers_are_not_ours() {
    let mut snapshot = network();
    plant(&mut snapshot, 1, ChainPlace::OtherQueue);
    plant(&mut snapshot, 1, ChainPlace::EntryQueue);
    let found = find_duplicates(&snapshot, &KeyBook::default(), ReplicaPolicy::Refuse);
    assert!(!found[0].is_ours(&snapshot.attesters));
    snapshot.attesters.insert(address(1), view(OnChainStatus::None, false));
    assert!(found[0].is_ours(&snapshot.attesters));
}

#[test]
fn names_are_those_of_the_serialized_form() {
    for kind in DuplicateKind::ALL {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
    assert!(DuplicateKind::ALL.is_sorted());
}

/// A network and a key book over few keys, so that most of them collide.
fn crowded() -> impl Strategy<Value = (NetworkSnapshot, KeyBook)> {
    let on_chain = prop::collection::vec((1_u64..12, prop::sample::select(&CHAIN_PLACES)), 0..24);
    let in_files = prop::collection::vec((1_u64..12, 0_usize..3, prop::option::of(1_u64..3)), 0..16);
    (on_chain, in_files).prop_map(|(on_chain, in_files)| {
        let mut snapshot = network();
        for (attester, place) in on_chain {
            plant(&mut snapshot, attester, place);
        }
        let entries = in_files.into_iter().enumerate().map(|(index, (attester, file, number))| KeyEntry {
            coinbase: number.map(coinbase),
            publishers: number.into_iter().map(address).collect(),
            bls_public_key: number.map(|number| H256::from_low_u64_be(number).into()),
            ..key_entry(attester, &format!("server {file}"), &format!("{file}.json"), index)
        });
        (snapshot, book(entries.collect()))
    })
}

proptest! {
    #[test]
    fn the_order_of_the_lists_changes_nothing(
        (snapshot, keys, entries, deposits, active) in crowded().prop_flat_map(|(snapshot, keys)| {
            let entries = Just(keys.entries.clone()).prop_shuffle();
            let deposits = Just(snapshot.entry_queue.clone()).prop_shuffle();
            let active = Just(snapshot.active_set.clone()).prop_shuffle();
            (Just(snapshot), Just(keys), entries, deposits, active)
        }),
        replicas in prop::sample::select(&[ReplicaPolicy::Refuse, ReplicaPolicy::Allow]),
    ) {
        let found = find_duplicates(&snapshot, &keys, replicas);
        let mut shuffled = snapshot.clone();
        for facts in shuffled.providers.values_mut().chain(shuffled.other_providers.values_mut()) {
            facts.queue.reverse();
        }
        let shuffled_keys = KeyBook { entries, ..keys };
        prop_assert_eq!(&find_duplicates(&shuffled, &shuffled_keys, replicas), &found);

        // These lists give places by their order, so that only the findings stay the same.
        shuffled.entry_queue = deposits;
        shuffled.active_set = active;
        prop_assert_eq!(found_kinds(&find_duplicates(&shuffled, &shuffled_keys, replicas)), found_kinds(&found));
    }
}
