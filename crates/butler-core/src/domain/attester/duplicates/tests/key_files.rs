//! Duplicates within and between key files.

use std::collections::BTreeSet;

use ethers_core::types::H256;

use super::{book, found_kinds};
use crate::domain::attester::bls_key::BlsKey;
use crate::domain::attester::duplicates::{DuplicateKind, Place, ReplicaPolicy, Subject, find_duplicates};
use crate::domain::operator::key_book::KeyEntry;
use crate::domain::samples::{address, coinbase, key_entry, network};

#[test]
fn replicas_may_share_attesters_but_one_file_may_not_repeat_them() {
    let entries = vec![key_entry(1, "oslo", "oslo.json", 0), key_entry(1, "paris", "paris.json", 0)];
    let subject = Subject::Attester(address(1));
    let find =
        |entries: &[KeyEntry], replicas| found_kinds(&find_duplicates(&network(), &book(entries.to_vec()), replicas));
    assert_eq!(find(&entries, ReplicaPolicy::Refuse), [(subject, DuplicateKind::SeveralKeyFiles)]);
    assert_eq!(find(&entries, ReplicaPolicy::Allow), []);
    let twice = [entries, vec![key_entry(1, "oslo", "oslo.json", 4)]].concat();
    assert_eq!(find(&twice, ReplicaPolicy::Allow), [(subject, DuplicateKind::KeyFileTwice)]);
    let all = find_duplicates(&network(), &book(twice), ReplicaPolicy::Allow);
    let places = [0, 4].map(|index| Place::KeyFile { file: "oslo.json".to_owned(), index });
    assert_eq!(all[0].places, places, "the other file takes no part");
}

#[test]
fn what_no_node_runs_is_no_second_server() {
    let beside = |server: &str, file: &str| KeyEntry { is_run: false, ..key_entry(1, server, file, 0) };
    let several = vec![beside("paris", "staker_output.json"), beside("oslo", "list.json"), beside("oslo", "list.json")];
    assert_eq!(find_duplicates(&network(), &book(several), ReplicaPolicy::Refuse), []);
}

#[test]
fn replicas_must_agree_on_the_coinbase() {
    let subject = Subject::Attester(address(1));
    let table = [
        ([Some(8), Some(9)], vec![(subject, DuplicateKind::ConflictingCoinbase)]),
        ([Some(8), None], vec![(subject, DuplicateKind::PartialCoinbase)]),
        ([Some(8), Some(8)], vec![]),
        ([None, None], vec![]),
    ];
    for ([oslo, paris], expected) in table {
        let entries = vec![
            KeyEntry { coinbase: oslo.map(coinbase), ..key_entry(1, "oslo", "oslo.json", 0) },
            KeyEntry { coinbase: paris.map(coinbase), ..key_entry(1, "paris", "paris.json", 0) },
        ];
        let found = find_duplicates(&network(), &book(entries), ReplicaPolicy::Allow);
        assert_eq!(found_kinds(&found), expected, "{oslo:?} and {paris:?}");
    }
}

#[test]
fn a_publisher_belongs_to_one_server_even_of_replicas() {
    let mut keys = book(vec![
        KeyEntry { publishers: vec![address(50)], ..key_entry(1, "oslo", "oslo.json", 0) },
        KeyEntry { publishers: vec![address(50)], ..key_entry(2, "oslo", "oslo.json", 1) },
    ]);
    assert_eq!(find_duplicates(&network(), &keys, ReplicaPolicy::Allow), []);
    keys.publishers_by_server.insert("paris".to_owned(), BTreeSet::from([address(50)]));
    let old_name = find_duplicates(&network(), &keys, ReplicaPolicy::Allow);
    assert_eq!(old_name, [], "a server of that name runs nothing");
    keys.publishers_by_server.insert("rome".to_owned(), BTreeSet::from([address(51)]));
    keys.entries.push(key_entry(3, "paris", "paris.json", 0));
    let found = find_duplicates(&network(), &keys, ReplicaPolicy::Allow);
    let places = ["oslo", "paris"].map(|server| Place::Server { server: server.to_owned() });
    assert_eq!(found_kinds(&found), [(Subject::Publisher(address(50)), DuplicateKind::SharedPublisher)]);
    assert_eq!(found[0].places, places);
    keys.publishers_by_server.insert("bern".to_owned(), BTreeSet::from([address(51)]));
    let found = find_duplicates(&network(), &keys, ReplicaPolicy::Allow);
    assert_eq!(found.len(), 2, "neither of two names runs anything, so both are taken for servers");
}

#[test]
fn a_bls_key_belongs_to_one_attester() {
    let key = BlsKey(H256::repeat_byte(7));
    let entry = |attester, file| KeyEntry { bls_public_key: Some(key), ..key_entry(attester, "oslo", file, 0) };
    let replica = book(vec![entry(1, "a.json"), entry(1, "b.json")]);
    assert_eq!(find_duplicates(&network(), &replica, ReplicaPolicy::Allow), []);
    let shared = book(vec![entry(1, "a.json"), entry(2, "b.json")]);
    let found = find_duplicates(&network(), &shared, ReplicaPolicy::Allow);
    assert_eq!(found_kinds(&found), [(Subject::BlsKey(key), DuplicateKind::SharedBlsKey)]);
}
