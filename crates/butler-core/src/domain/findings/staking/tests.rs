//! One finding each, and none where there is nothing to find or nothing can be known.

use ethers_core::types::{H256, U256};

use super::*;
use crate::domain::attester::fate::Fate;
use crate::domain::attester::overview::overview;
use crate::domain::attester::view::OnChainStatus;
use crate::domain::operator::key_book::{CoinbaseFault, KeyEntry, KeyFileGap};
use crate::domain::rollup::QueuedDeposit;
use crate::domain::samples::{
    address, coinbase, confirm, delegation, deposit, key_entry, network, provider, provider_id, view,
};
use std::time::Duration;

fn rows(snapshot: &NetworkSnapshot, keys: &KeyBook) -> Vec<AttesterRow> {
    overview(snapshot, keys, &BTreeMap::new(), Duration::from_secs(3_600))
}

fn book(entries: Vec<KeyEntry>) -> KeyBook {
    KeyBook { entries, ..KeyBook::default() }
}

/// Attesters 1 to 3 in the queue of provider 1, of which 1 is slashed out and 3 validates.
fn blocked() -> NetworkSnapshot {
    let mut snapshot = network();
    snapshot.providers.insert(provider_id(1), provider(&[1, 2, 3]));
    snapshot.attesters.insert(address(1), view(OnChainStatus::Zombie, true));
    snapshot.attesters.insert(address(3), view(OnChainStatus::Validating, true));
    snapshot
}

#[test]
fn a_bad_key_is_critical_at_the_front_and_a_warning_behind_it() {
    let found = of_queue_keys(&blocked());
    let told: Vec<_> = found.iter().map(|finding| (finding.severity, finding.subject.clone())).collect();
    assert_eq!(
        told,
        [(Severity::Critical, Subject::Attester(address(1))), (Severity::Warning, Subject::Attester(address(3))),]
    );
    assert_eq!(
        found[0].message(0),
        "in the queue of provider 1 (the next delegation takes it): its address was slashed out; a delegation that takes it \
         reverts, so nobody can delegate"
    );
    assert!(found[0].remedy().contains("`dripProviderQueue(1, 1)`"), "{}", found[0].remedy());
    assert!(found[1].message(0).contains("(2 keys before it): its address validates already;"));
    let remedy = found[1].remedy();
    assert!(remedy.contains("`dripProviderQueue(1, 3)`") && remedy.contains("the good key before it"), "{remedy}");
    assert_eq!(found[1].places, [Place::OwnProviderQueue { provider: provider_id(1), index: 3 }]);
}

#[test]
fn a_queued_key_of_no_file_is_told_only_when_all_files_were_read() {
    let snapshot = blocked();
    let mut keys = book(vec![key_entry(1, "paris", "paris.json", 0), key_entry(3, "paris", "paris.json", 1)]);
    let found = of_foreign_keys(&snapshot, &keys);
    assert_eq!(
        found.iter().map(|finding| finding.subject.clone()).collect::<Vec<_>>(),
        [Subject::Attester(address(2))]
    );
    keys.gaps.push(KeyFileGap::of_anybody("rome.json", "it is empty"));
    assert_eq!(of_foreign_keys(&snapshot, &keys), []);
    assert_eq!(of_foreign_keys(&snapshot, &KeyBook::default()), [], "without files nothing is known");
}

#[test]
fn a_bls_key_that_is_not_the_registered_one_is_told_wherever_it_is_registered() {
    let key = |number: u64| Some(H256::from_low_u64_be(number));
    let mut snapshot = blocked();
    snapshot.providers.get_mut(&provider_id(1)).unwrap().queue[1].bls_public_key = key(2);
    snapshot.attesters.get_mut(&address(3)).unwrap().bls_public_key = key(3);
    let deposits = [(4, 4), (9, 5)];
    snapshot.entry_queue = deposits.map(|(n, held)| QueuedDeposit { bls_public_key: key(held), ..deposit(n) }).to_vec();
    snapshot.delegations.push(delegation(10, 4, coinbase(104)));
    let keys = |shift: u64| {
        let entry = |n: u64, place| KeyEntry {
            bls_public_key: key(n + shift).map(BlsKey),
            ..key_entry(n, "paris", "paris.json", place)
        };
        book(vec![entry(2, 0), entry(3, 1), entry(4, 2), entry(9, 3)])
    };
    assert_eq!(of_bls_keys(&snapshot, &keys(0)), []);
    let found = of_bls_keys(&snapshot, &keys(10));
    let subjects: Vec<_> = found.iter().map(|finding| finding.subject.clone()).collect();
    assert_eq!(subjects, [2, 3, 4].map(|n| Subject::Attester(address(n))), "9 was deposited by a stranger");
    assert!(found.iter().all(|finding| finding.severity == Severity::Critical));
    assert!(found[0].message(0).contains("fingerprint"), "no key is printed whole: {}", found[0].message(0));
}

#[test]
fn one_split_of_two_attesters_is_an_alarm_and_an_own_address_of_two_is_none() {
    let mut snapshot = network();
    snapshot.entry_queue = [1, 2, 3].map(deposit).to_vec();
    snapshot.attesters = [1, 2, 3].map(|n| (address(n), view(OnChainStatus::None, false))).into();
    snapshot.delegations = vec![delegation(10, 1, coinbase(101))];
    confirm(&mut snapshot);
    let keys = |coinbases: [u64; 3]| {
        let entries = (1..)
            .zip(coinbases)
            .map(|(n, paid)| KeyEntry { coinbase: Some(coinbase(paid)), ..key_entry(n, "paris", "paris.json", 0) });
        book(entries.collect())
    };
    let shared = |coinbases| {
        let found = of_shared_splits(&snapshot, &rows(&snapshot, &keys(coinbases)));
        found.iter().map(|finding| finding.subject.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shared([101, 102, 103]), []);
    assert_eq!(shared([101, 101, 103]), [Subject::Attester(address(2))], "it is the split of attester 1");
    assert_eq!(shared([102, 101, 101]), [2, 3].map(|n| Subject::Attester(address(n))), "both are not its delegation's");
    assert_eq!(shared([101, 77, 77]), [], "an address of the operator's own, for two keys that nobody delegated");

    snapshot.delegations.push(delegation(11, 2, coinbase(101)));
    snapshot.splits.insert(coinbase(101), SplitCheck::Unconfirmed(Unconfirmed::SharedCoinbase));
    let found = of_shared_splits(&snapshot, &rows(&snapshot, &KeyBook::default()));
    assert_eq!(found.len(), 2);
    assert!(found[0].message(0).contains("delegations give"), "{}", found[0].message(0));
}

#[test]
fn a_stake_that_waits_and_will_be_refunded_is_told() {
    let mut snapshot = network();
    snapshot.attesters.insert(address(1), view(OnChainStatus::Validating, true));
    snapshot.entry_queue = vec![deposit(1)];
    snapshot.delegations = vec![delegation(10, 1, coinbase(101)), delegation(20, 1, coinbase(102))];
    confirm(&mut snapshot);
    let rows = rows(&snapshot, &KeyBook::default());
    assert_eq!(rows[0].stakes[1].fate, Fate::Doomed);
    let [found] = of_stakes(&rows, &KeyBook::default()).try_into().unwrap();
    assert!(found.message(0).contains("in block 20 waits and will be refunded: its address was let in before"));
}

#[test]
fn rewards_at_an_own_address_are_told_also_once_a_coinbase_is_set() {
    let mut snapshot = network();
    let own = |n| coinbase(n);
    snapshot.pending_rewards =
        [(own(1), 5), (own(2), 0), (own(3), 7), (own(4), 0)].map(|(at, sum)| (at, U256::exp10(18) * sum)).into();
    let set = |n, index| KeyEntry { coinbase: Some(coinbase(100 + n)), ..key_entry(n, "paris", "paris.json", index) };
    let (first, second) = (key_entry(1, "paris", "paris.json", 0), key_entry(2, "paris", "paris.json", 1));
    let listed = KeyEntry { is_run: false, ..key_entry(3, "paris", "staker_output.json", 0) };
    let keys = book(vec![first, second, set(3, 2), set(4, 3), listed]);
    snapshot.attesters = (1..5).map(|n| (address(n), view(OnChainStatus::Validating, true))).collect();
    snapshot.delegations = vec![delegation(10, 3, coinbase(103))];
    confirm(&mut snapshot);
    let found = of_own_addresses(&snapshot, &keys, &rows(&snapshot, &keys));
    let told = |finding: &Finding| (finding.kind, finding.subject.clone());
    let expected = [1, 3].map(|n| (FindingKind::RewardsAtAttester, Subject::Attester(address(n))));
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
    let text = |n: usize| found[n].message(0);
    assert!(text(0).contains("has 5 tokens of rewards, since no coinbase is set"), "{}", text(0));
    assert!(text(1).contains("has 7 tokens of rewards, from a time when no coinbase was set"), "{}", text(1));
    let remedy = found[1].remedy();
    assert!(remedy.contains(&coinbase(103).to_string()) && !remedy.starts_with("set "), "{remedy}");
    // Of a coinbase that is zero, or in a file that is gone, nobody knows since when.
    let zero = KeyEntry { coinbase_fault: Some(CoinbaseFault::Zero), ..key_entry(1, "paris", "paris.json", 0) };
    let keys = KeyBook { remembered: [address(3), address(4)].into(), ..book(vec![zero]) };
    let found = of_own_addresses(&snapshot, &keys, &rows(&snapshot, &keys));
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(found.iter().all(|finding| finding.message(0).contains("as a node without a coinbase leaves them there")));
}

#[test]
fn a_key_in_two_of_our_queues_is_no_alarm_and_told_of_both() {
    let mut snapshot = network();
    snapshot.providers.insert(provider_id(1), provider(&[1]));
    snapshot.providers.insert(provider_id(4), provider(&[1]));
    let found = of_queue_keys(&snapshot);
    assert_eq!(found.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Warning; 2]);
    for (finding, other) in found.iter().zip([4, 1]) {
        let text = finding.message(0);
        assert!(
            text.contains(&format!("our own provider {other}, too")) && text.contains("taken first counts"),
            "{text}"
        );
        assert!(!text.contains("before it") && finding.remedy().starts_with("take it out of one of both"), "{text}");
    }
}

#[test]
fn a_key_of_our_queue_that_somebody_else_deposited_lacks_no_coinbase_also_when_it_was_taken_out() {
    for (is_queued, is_dripped) in [(true, false), (false, false), (false, true)] {
        let mut snapshot = network();
        let queue: &[u64] = if is_queued { &[1] } else { &[] };
        snapshot.providers.insert(provider_id(1), provider(queue));
        snapshot.dripped.extend(is_dripped.then(|| address(1)));
        let is_in_our_queue = is_queued || is_dripped;
        snapshot.attesters.insert(address(1), view(OnChainStatus::None, false));
        snapshot.entry_queue = vec![deposit(1)];
        let keys = book(vec![key_entry(1, "paris", "paris.json", 0)]);
        let rows = rows(&snapshot, &keys);
        let missing = matches!(rows[0].coinbase, CoinbaseCheck::Missing { .. });
        assert_eq!((missing, rows[0].is_strangers), (!is_in_our_queue, is_in_our_queue));
        let found = of_stakes(&rows, &keys);
        assert_eq!(found.len(), usize::from(is_in_our_queue));
        if let Some(found) = found.first() {
            assert_eq!((found.kind, found.severity), (FindingKind::StrangerDeposit, Severity::Warning));
            assert!(found.message(0).contains("waits to make it a validator"), "{}", found.message(0));
            assert!(found.remedy().contains("configure no coinbase") && found.remedy().contains("do not run"));
        }
    }
}

#[test]
fn the_split_of_a_refunded_stake_in_the_file_of_a_stranger_s_validator_is_told_with_its_place() {
    let mut snapshot = network();
    snapshot.attesters.insert(address(1), view(OnChainStatus::Validating, true));
    snapshot.delegations = vec![delegation(3, 1, coinbase(101))];
    snapshot.winners.insert(address(1), crate::domain::attester::deposit::Winner::Stranger);
    confirm(&mut snapshot);
    for (configured, is_told) in [(Some(coinbase(101)), true), (Some(coinbase(102)), false), (None, false)] {
        let keys = book(vec![KeyEntry { coinbase: configured, ..key_entry(1, "paris", "paris.json", 7) }]);
        let found = of_stakes(&rows(&snapshot, &keys), &keys);
        let stranger = found.iter().find(|finding| finding.kind == FindingKind::StrangerDeposit).unwrap();
        let places = if is_told { vec![Place::KeyFile { file: "paris.json".to_owned(), index: 7 }] } else { vec![] };
        assert_eq!(stranger.places, places);
        assert_eq!(stranger.message(0).contains("split of a stake that does not count"), is_told);
        assert_eq!(stranger.remedy().starts_with("take that split out of the file"), is_told);
    }
}
