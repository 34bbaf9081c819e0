//! Bytes of a ledger's file: read, asked everything, changed, written and read again.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::fuzzing;
use butler_core::chain::LedgerKey;
use ethers_core::types::{Address, H256};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let key = LedgerKey { chain_id: 1, staking_registry: Address::repeat_byte(1), from_block: 10 };
    let Some(mut ledger) = fuzzing::ledger(file, &key) else { return };
    let written = fuzzing::ledger_file(&ledger).expect("what was read can be written");
    let again = fuzzing::ledger(&written, &key).expect("what was written can be read");
    assert_eq!(fuzzing::ledger_file(&again), Some(written), "the same ledger");

    let providers: BTreeSet<ProviderId> = (0_u64..4).flat_map(ProviderId::try_from).collect();
    let anchors = ledger.anchors();
    assert!(anchors.is_sorted() && ledger.next_block() >= key.from_block);
    for number in [0, 12, 50, u64::MAX] {
        assert!(ledger.delegations(&providers, number).iter().all(|found| found.log.block_number <= number));
        let places = ledger.places(&providers, 11, number);
        assert!(places.iter().all(|(block, _)| (11..=number).contains(block)));
        let _ = (ledger.terms(&providers, number), ledger.dripped(&providers, number));
    }
    let _ = (ledger.disputed(), ledger.log_range("own"));

    let delegations = ledger.delegations(&providers, u64::MAX);
    let learnt: BTreeMap<_, _> = delegations.iter().filter_map(|found| Some((found.coinbase, found.split?))).collect();
    let refuted = delegations.iter().take(1).map(|found| found.coinbase).collect();
    ledger.note_splits(&learnt, &refuted);
    // The newest anchor is of another block now.
    let block = |number: u64| Some(BlockRef { number, hash: H256::from_low_u64_be(number), timestamp: number * 12 });
    let mut blocks: Vec<_> = anchors.iter().map(|number| block((*number).min(1 << 40))).collect();
    if let Some(last) = blocks.last_mut() {
        *last = None;
    }
    ledger.reconcile(&blocks);
    let kept = ledger.anchors();
    assert!(kept.len() < anchors.len() || anchors.is_empty());
    assert!(
        ledger.places(&providers, 0, u64::MAX).iter().all(|(block, _)| kept.last().is_some_and(|last| block <= last))
    );
    let written = fuzzing::ledger_file(&ledger).expect("it can be written");
    assert!(fuzzing::ledger(&written, &key).is_some(), "a ledger that forgot can be read");
    ledger.cover(&providers);
    ledger.forget();
    assert_eq!(ledger.next_block(), key.from_block);
});
