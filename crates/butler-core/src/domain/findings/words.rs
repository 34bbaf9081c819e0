//! No text speaks of what its finding lacks: every coinbase that is configured, right, unknown or nobody's, with either policy.

use std::collections::{BTreeMap, BTreeSet};

use super::reach::{book, found_with};
use super::*;
use crate::domain::attester::coinbase::{CoinbasePolicies, CoinbasePolicy};
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::overview::{AttesterRow, CoinbaseRules, overview};
use crate::domain::attester::position::Position;
use crate::domain::attester::view::OnChainStatus;
use crate::domain::operator::key_book::{CoinbaseFault, KeyBook, KeyEntry};
use crate::domain::provider::split::{SplitCheck, Unconfirmed};
use crate::domain::rollup::QueuedDeposit;
use crate::domain::samples::{
    address, coinbase, confirm, delegation, deposit, key_entry, network, provider, provider_id, view,
};
use crate::domain::snapshot::NetworkSnapshot;

const SPLIT: u64 = 101;
const OTHER: u64 = 102;

/// What the chain may say of attester 1, whose delegation's split is 101; 102 is that of attester 2, which validates.
fn chains() -> Vec<(&'static str, NetworkSnapshot)> {
    let with = |change: &dyn Fn(&mut NetworkSnapshot)| {
        let mut snapshot = network();
        snapshot.attesters = [(1, OnChainStatus::None), (2, OnChainStatus::Validating)]
            .map(|(n, status)| (address(n), view(status, n == 2)))
            .into();
        snapshot.entry_queue = vec![deposit(1)];
        snapshot.delegations = vec![delegation(10, 1, coinbase(SPLIT)), delegation(11, 2, coinbase(OTHER))];
        confirm(&mut snapshot);
        change(&mut snapshot);
        snapshot
    };
    let active = |snapshot: &mut NetworkSnapshot| {
        snapshot.attesters.insert(address(1), view(OnChainStatus::Validating, true));
        snapshot.entry_queue.clear();
    };
    let mut chains = vec![
        ("waits", with(&|_| ())),
        ("validates", with(&active)),
        (
            "queued",
            with(&|snapshot| {
                snapshot.delegations.remove(0);
                snapshot.entry_queue.clear();
                snapshot.providers.insert(provider_id(1), provider(&[1]));
            }),
        ),
        (
            "deposited by nobody knows whom",
            with(&|snapshot| snapshot.delegations.retain(|one| one.attester != address(1))),
        ),
        (
            "behind a stranger",
            with(&|snapshot| {
                snapshot.entry_queue.insert(0, QueuedDeposit { withdrawer: address(66), ..deposit(1) });
            }),
        ),
        (
            "a stranger's",
            with(&|snapshot| {
                active(snapshot);
                snapshot.winners.insert(address(1), Winner::Stranger);
            }),
        ),
        ("refunded", with(&|snapshot| snapshot.entry_queue.clear())),
        (
            "staked twice, and nobody knows",
            with(&|snapshot| {
                active(snapshot);
                snapshot.delegations.push(delegation(20, 1, coinbase(103)));
                confirm(snapshot);
            }),
        ),
    ];
    for why in Unconfirmed::ALL {
        let doubted = with(&|snapshot| snapshot.splits.extend([(coinbase(SPLIT), SplitCheck::Unconfirmed(why))]));
        chains.push(("not confirmed", doubted));
    }
    chains
}

/// What the key files may say of attester 1; attester 2 has its own split.
fn files() -> Vec<(&'static str, KeyBook)> {
    let entry = |file: &str, paid: Option<u64>| KeyEntry {
        coinbase: paid.map(coinbase),
        ..key_entry(1, file, &format!("{file}.json"), 0)
    };
    let second = KeyEntry { coinbase: Some(coinbase(OTHER)), ..key_entry(2, "oslo", "oslo.json", 0) };
    let with = |entries: Vec<KeyEntry>| book([entries, vec![second.clone()]].concat());
    vec![
        ("nothing", with(vec![entry("paris", None)])),
        ("the split", with(vec![entry("paris", Some(SPLIT))])),
        ("another's split", with(vec![entry("paris", Some(OTHER))])),
        ("some address", with(vec![entry("paris", Some(77))])),
        ("zero", with(vec![KeyEntry { coinbase_fault: Some(CoinbaseFault::Zero), ..entry("paris", None) }])),
        ("two addresses", with(vec![entry("paris", Some(77)), entry("rome", Some(78))])),
        ("one and nothing", with(vec![entry("paris", Some(77)), entry("rome", None)])),
    ]
}

fn rows(snapshot: &NetworkSnapshot, keys: &KeyBook, policy: CoinbasePolicy) -> Vec<AttesterRow> {
    let policies = CoinbasePolicies { network: policy, by_provider: BTreeMap::new() };
    overview(snapshot, keys, &BTreeMap::new(), CoinbaseRules { policies, ..CoinbaseRules::default() })
}

/// Words that tell which coinbase to have, before its address.
const TELLING: [&str; 6] = ["it must be 0x", "write 0x", " by 0x", "set 0x", "every file have 0x", "split is 0x"];

#[test]
fn a_coinbase_is_recommended_only_where_the_chain_confirms_it_and_the_policy_asks_for_it() {
    let mut told = 0;
    for policy in [CoinbasePolicy::Split, CoinbasePolicy::OwnAddress] {
        for (chain, snapshot) in chains() {
            for (file, keys) in files() {
                let rows = rows(&snapshot, &keys, policy);
                for finding in found_with(&snapshot, &keys, &rows) {
                    let case = format!("{policy:?}, {chain}, {file}: {}", finding.kind);
                    let text = format!("{}. {}", finding.message(0), finding.remedy());
                    let Subject::Attester(attester) = finding.subject else { continue };
                    let row = rows.iter().find(|row| row.attester == attester).unwrap();
                    for words in TELLING {
                        for (at, _) in text.match_indices(words) {
                            let named = text[at + words.len() - 2..].get(..42).unwrap();
                            let expected = row.coinbase_expected.map(|coinbase| coinbase.to_string());
                            assert_eq!(Some(named), expected.as_deref(), "{case}: {text}");
                            told += 1;
                        }
                    }
                    assert!(!text.contains("message names"), "{case}: {text}");
                    if policy == CoinbasePolicy::OwnAddress {
                        let found_kinds =
                            [FindingKind::CoinbaseMissing, FindingKind::CoinbaseWrong, FindingKind::CoinbaseZero];
                        let speaks_of_splits = text.contains("split") || text.contains("delegat");
                        assert!(!found_kinds.contains(&finding.kind) || !speaks_of_splits, "{case}: {text}");
                    }
                    if finding.kind == FindingKind::SplitShared {
                        assert!(
                            row.split.is_none_or(|split| !finding
                                .message(0)
                                .starts_with(&format!("key files give the split {split} "))),
                            "{case}: {text}"
                        );
                    }
                    if text.contains("who deposited it") {
                        let is_deposited = matches!(row.position, Position::EntryQueue | Position::Validating);
                        assert!(is_deposited, "{case}: {text}");
                    }
                    if row.is_strangers || chain == "behind a stranger" {
                        assert_ne!(finding.kind, FindingKind::CoinbaseMissing, "{case}: {text}");
                    }
                }
            }
        }
    }
    assert!(told > 20, "{told} coinbases were recommended");
}

#[test]
fn a_missing_coinbase_and_the_doubt_about_the_right_one_are_one_finding() {
    let mut doubts = 0;
    for (chain, snapshot) in chains() {
        for (file, keys) in files() {
            let found = found_with(&snapshot, &keys, &rows(&snapshot, &keys, CoinbasePolicy::Split));
            let of = |kind| {
                let one = found.iter().filter(move |finding| finding.kind == kind);
                one.map(|finding| finding.subject.to_string()).collect::<BTreeSet<String>>()
            };
            let unverifiable = of(FindingKind::CoinbaseUnverifiable);
            doubts += unverifiable.len();
            for kind in [FindingKind::CoinbaseMissing, FindingKind::CoinbaseZero] {
                assert!(of(kind).is_disjoint(&unverifiable), "{chain}, {file}: {kind}");
            }
        }
    }
    assert!(doubts > 0);
}

#[test]
fn whoever_has_its_own_split_is_not_at_fault_with_either_policy() {
    let (_, snapshot) = chains().remove(1);
    let keys = files().into_iter().find(|(name, _)| *name == "another's split").unwrap().1;
    for policy in [CoinbasePolicy::Split, CoinbasePolicy::OwnAddress] {
        let found = found_with(&snapshot, &keys, &rows(&snapshot, &keys, policy));
        let shared = found.iter().filter(|finding| finding.kind == FindingKind::SplitShared);
        let subjects: Vec<&Subject> = shared.map(|finding| &finding.subject).collect();
        assert_eq!(subjects, [&Subject::Attester(address(1))], "{policy:?}");
    }
}
