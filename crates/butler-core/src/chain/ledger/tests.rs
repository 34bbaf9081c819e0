//! What a ledger keeps, forgets and refuses to read.

use ethers_core::types::{Address, H256};

use super::book::{Entry, Unusable};
use super::file::is_of_first_version;
use super::*;
use crate::domain::attester::delegation::LogId;
use crate::domain::provider::ledger::{Change, Corroboration, LedgerEvent};

fn key() -> LedgerKey {
    LedgerKey { chain_id: 1, staking_registry: Address::repeat_byte(1), from_block: 10 }
}

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: H256::from_low_u64_be(number), timestamp: number * 12 }
}

fn provider() -> ProviderId {
    ProviderId::try_from(1).unwrap()
}

fn entry(block_number: u64, change: Change) -> Entry {
    let log = LogId { block_number, log_index: 0, block_hash: H256::zero(), transaction_hash: H256::zero() };
    Entry {
        event: LedgerEvent { log, provider_id: provider(), change },
        seen: Corroboration::Once,
        at: 99,
        giver: None,
    }
}

fn staked(block_number: u64) -> Entry {
    let change = Change::Staked {
        rollup: Address::repeat_byte(2),
        attester: Address::from_low_u64_be(block_number),
        coinbase: Coinbase::try_from(Address::from_low_u64_be(block_number + 1000)).unwrap(),
        staker: Address::repeat_byte(4),
    };
    entry(block_number, change)
}

fn ledger(blocks: &[u64]) -> LedgerCache {
    let mut cache = LedgerCache::in_memory(key());
    cache.book.provider_ids.insert(provider());
    for number in blocks {
        cache.book.entries.push(staked(*number));
        cache.anchor(block(*number));
    }
    cache
}

#[test]
fn few_anchors_are_kept_and_one_of_them_is_deep() {
    let cache = ledger(&(10..2000).collect::<Vec<_>>());
    let anchors = cache.anchors();
    assert!(anchors.len() <= 3, "{anchors:?}");
    assert_eq!(anchors.last(), Some(&1999));
    assert!(anchors.iter().any(|n| (1999 - 3 * DEEP..=1999 - DEEP).contains(n)), "{anchors:?}");
}

#[test]
fn after_a_reorg_only_what_an_agreeing_anchor_covers_is_kept() {
    let mut cache = ledger(&[10, 50, 200]);
    cache.book.proven_to = Some(200);
    let anchors = cache.anchors();
    let blocks: Vec<_> = anchors
        .iter()
        .map(|n| Some(if *n == 200 { BlockRef { hash: H256::zero(), ..block(200) } } else { block(*n) }))
        .collect();
    cache.reconcile(&blocks);
    assert_eq!((cache.next_block(), cache.book.entries.len(), cache.book.proven_to), (51, 2, Some(50)));
    cache.reconcile(&[None]);
    assert_eq!((cache.next_block(), cache.book.entries.len(), cache.book.proven_to), (10, 0, None));
}

#[test]
fn a_provider_that_was_not_covered_means_scanning_from_the_start() {
    let mut cache = ledger(&[10, 50]);
    cache.cover(&BTreeSet::from([provider()]));
    assert_eq!(cache.next_block(), 51);
    cache.cover(&BTreeSet::from([ProviderId::try_from(2).unwrap()]));
    assert_eq!(cache.next_block(), 10);
}

#[test]
fn what_was_proven_survives_a_scan_anew_that_is_not() {
    let mut cache = ledger(&[10, 50, 90]);
    cache.book.proven_to = Some(50);
    let proven = cache.set_aside();
    assert!(cache.book.entries.is_empty() && cache.next_block() == 10);
    cache.book.entries.push(staked(10));
    cache.take_back(proven);
    assert_eq!((cache.next_block(), cache.book.entries.len()), (51, 2));
}

#[test]
fn a_ledger_comes_back_as_it_was_written() {
    let mut cache = ledger(&[10, 50]);
    let recipient = Address::repeat_byte(7);
    cache.book.entries = vec![
        entry(10, Change::Terms(crate::domain::provider::terms::TermsChange::Registered { take_rate_bps: 500 })),
        entry(11, Change::Added { attesters: vec![Address::from_low_u64_be(12), Address::from_low_u64_be(13)] }),
        Entry { seen: Corroboration::Confirmed, at: 12, ..staked(12) },
        entry(13, Change::Dripped { attester: Address::from_low_u64_be(13) }),
        entry(14, Change::Terms(crate::domain::provider::terms::TermsChange::TakeRate { take_rate_bps: 600 })),
        entry(15, Change::Terms(crate::domain::provider::terms::TermsChange::Recipient { recipient })),
    ];
    let split = SplitRecord { provider_recipient: recipient, delegator_recipient: recipient, provider_bps: 500 };
    let coinbase = Coinbase::try_from(Address::from_low_u64_be(1012)).unwrap();
    cache.note_splits(&BTreeMap::from([(coinbase, split)]), &BTreeSet::new());
    cache.book.log_ranges.insert("own".to_owned(), 800);
    cache.book.proven_to = Some(50);
    let bytes = cache.book.encode().unwrap();
    let golden = include_bytes!("../../../tests/golden/ledger-2.json");
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), std::str::from_utf8(golden).unwrap().trim_end());
    assert_eq!(Book::decode(golden, &key()).unwrap(), cache.book);
    let providers = BTreeSet::from([provider()]);
    assert_eq!(cache.delegations(&providers, 50)[0].split, Some(split));
    assert_eq!(cache.dripped(&providers, 50).len(), 1);
    assert_eq!(cache.terms(&providers, 14).len(), 2);
}

#[test]
fn a_ledger_of_the_first_version_is_scanned_anew_without_a_word() {
    let golden = include_bytes!("../../../tests/golden/ledger-1.json");
    assert_eq!(Book::decode(golden, &key()), Err(Unusable::Other));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    crate::store::file::save_atomic(&path, golden, 0o644).unwrap();
    assert!(is_of_first_version(&path));
    let mut cache = LedgerCache::load(&path, key());
    assert_eq!(cache.next_block(), 10);
    cache.cover(&BTreeSet::from([provider()]));
    cache.anchor(block(20));
    cache.save().unwrap();
    assert_eq!(LedgerCache::load(&path, key()).next_block(), 21);
}

#[test]
fn a_damaged_foreign_or_disordered_file_is_not_used() {
    let good = String::from_utf8(ledger(&[10, 50]).book.encode().unwrap()).unwrap();
    let decode = |text: &str| Book::decode(text.as_bytes(), &key());
    assert!(decode(&good).is_ok());
    assert_eq!(Book::decode(good.as_bytes(), &LedgerKey { chain_id: 2, ..key() }), Err(Unusable::Other));
    assert_eq!(decode(&good.replace("\"version\":2", "\"version\":3")), Err(Unusable::Other));
    assert!(matches!(decode(&good[..good.len() / 2]), Err(Unusable::Damaged { .. })));
    assert!(matches!(decode(&"[".repeat(100_000)), Err(Unusable::Damaged { .. })));
    let disorders: [fn(&mut Book); 7] = [
        |book| book.provider_ids.extend((1..2_000).map(|id| ProviderId::try_from(id).unwrap())),
        |book| book.entries.reverse(),
        |book| book.entries.push(staked(51)),
        |book| book.entries.insert(0, staked(9)),
        |book| book.anchors.reverse(),
        |book| book.proven_to = Some(51),
        |book| book.provider_ids.clear(),
    ];
    for disorder in disorders {
        let mut book = ledger(&[10, 50]).book;
        disorder(&mut book);
        assert_eq!(Book::decode(&book.encode().unwrap(), &key()), Err(Unusable::Disordered));
    }
}
