//! What is told of blocks that were read before: what two endpoints told alike is not replaced by the word of one.
//!
//! The ledger's entries stand on the chain of its anchors, and a block's hash commits to its logs. So whoever tells an event
//! otherwise that two confirmed contradicts them, and the block stays as it is. Whoever does not tell it has not indexed it
//! yet, or leaves it out: it stays, too. Pure.

use std::collections::BTreeSet;

use super::book::Entry;
use crate::domain::provider::ledger::{Corroboration, LedgerEvent};

/// What became of the entries of some blocks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    /// In the chain's order.
    pub(super) entries: Vec<Entry>,
    /// Blocks of which something else is told than two endpoints confirmed.
    pub(super) contradicted: BTreeSet<u64>,
}

/// What `endpoint` tells of some blocks, beside what was known of them; both in the chain's order. What the only endpoint
/// tells replaces all: whoever has one endpoint relies on it.
pub(super) fn merge(known: &[Entry], told: Vec<LedgerEvent>, endpoint: usize, at: u64, is_alone: bool) -> Merged {
    let is_held = |known: &&Entry| !is_alone && known.seen == Corroboration::Confirmed;
    let is_told = |known: &&Entry| {
        told.binary_search_by_key(&place(&known.event), place).is_ok_and(|at| told.get(at) == Some(&known.event))
    };
    let left: Vec<&Entry> = known.iter().filter(is_held).filter(|known| !is_told(known)).collect();
    let left_in: BTreeSet<u64> = left.iter().map(|entry| entry.event.log.block_number).collect();
    let is_news = |event: &&LedgerEvent| find(known, event).is_none_or(|known| known.event != **event);
    let of_left = told.iter().filter(|event| left_in.contains(&event.log.block_number));
    let contradicted: BTreeSet<u64> = of_left.filter(is_news).map(|event| event.log.block_number).collect();
    let stays = |entry: &&Entry| contradicted.contains(&entry.event.log.block_number);
    let kept = left.iter().copied().filter(|entry| !stays(entry)).chain(known.iter().filter(stays)).cloned();
    let mut entries: Vec<Entry> = kept.collect();
    let believed = told.into_iter().filter(|event| !contradicted.contains(&event.log.block_number));
    entries.extend(believed.map(|event| entry(event, known, endpoint, at)));
    entries.sort_by_key(|entry| place(&entry.event));
    Merged { entries, contradicted }
}

fn place(event: &LedgerEvent) -> (u64, u64) {
    (event.log.block_number, event.log.log_index)
}

fn find<'a>(known: &'a [Entry], event: &LedgerEvent) -> Option<&'a Entry> {
    let found = known.binary_search_by_key(&place(event), |known| place(&known.event)).ok();
    found.and_then(|index| known.get(index))
}

/// An event as the ledger keeps it: what was known of the same event stays known, and another endpoint's word counts.
fn entry(event: LedgerEvent, known: &[Entry], endpoint: usize, at: u64) -> Entry {
    let Some(known) = find(known, &event).filter(|known| known.event == event) else {
        return Entry { event, seen: Corroboration::Once, at, giver: Some(endpoint) };
    };
    let is_second = known.seen == Corroboration::Once && known.giver.is_some_and(|giver| giver != endpoint);
    let seen = if is_second { Corroboration::Confirmed } else { known.seen };
    Entry { event, seen, at: known.at, giver: known.giver.or(Some(endpoint)) }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::{Address, H256};

    use super::*;
    use crate::domain::attester::delegation::LogId;
    use crate::domain::ids::Coinbase;
    use crate::domain::provider::ledger::Change;
    use crate::domain::samples::{address, provider_id};

    fn staked(block: u64, index: u64, coinbase: u64) -> LedgerEvent {
        let log = LogId {
            block_number: block,
            log_index: index,
            block_hash: H256::from_low_u64_be(block),
            transaction_hash: H256::zero(),
        };
        let coinbase = Coinbase::try_from(Address::from_low_u64_be(coinbase)).unwrap();
        let change = Change::Staked { rollup: address(2), attester: address(3), coinbase, staker: address(4) };
        LedgerEvent { log, provider_id: provider_id(1), change }
    }

    fn known(event: LedgerEvent, seen: Corroboration) -> Entry {
        Entry { event, seen, at: 9, giver: None }
    }

    fn events(merged: &Merged) -> Vec<LedgerEvent> {
        merged.entries.iter().map(|entry| entry.event.clone()).collect()
    }

    #[test]
    fn what_two_told_alike_is_not_replaced_by_the_word_of_one() {
        let right = staked(10, 3, 0xaa);
        let other = |change: fn(&mut LedgerEvent)| {
            let mut event = right.clone();
            change(&mut event);
            event
        };
        let otherwise = [
            ("another coinbase", vec![staked(10, 3, 0x66)]),
            (
                "another attester or staker",
                vec![other(|event| {
                    event.change = Change::Staked {
                        rollup: address(2),
                        attester: address(66),
                        coinbase: Coinbase::try_from(address(0xaa)).unwrap(),
                        staker: address(66),
                    };
                })],
            ),
            ("another kind", vec![other(|event| event.change = Change::Dripped { attester: address(3) })]),
            ("another provider", vec![other(|event| event.provider_id = provider_id(2))]),
            ("another transaction", vec![other(|event| event.log.transaction_hash = H256::repeat_byte(6))]),
            ("another hash of the block", vec![other(|event| event.log.block_hash = H256::repeat_byte(6))]),
            ("another place", vec![staked(10, 4, 0x66)]),
            ("two of one", vec![staked(10, 3, 0x66), staked(10, 4, 0xaa)]),
        ];
        for (what, told) in otherwise {
            let before =
                [known(right.clone(), Corroboration::Confirmed), known(staked(11, 0, 0xbb), Corroboration::Once)];
            let next = [told.clone(), vec![staked(11, 0, 0x77)]].concat();
            let merged = merge(&before, next, 0, 20, false);
            assert_eq!(merged.contradicted, BTreeSet::from([10]), "{what}");
            assert_eq!(merged.entries[0], before[0], "{what}");
            assert_eq!(events(&merged), [right.clone(), staked(11, 0, 0x77)], "{what}: one word replaces one word");
            let once = [known(right.clone(), Corroboration::Once)];
            let merged = merge(&once, told.clone(), 0, 20, false);
            assert!(merged.contradicted.is_empty() && events(&merged) == told, "{what}: told once");
            let alone = merge(&before[..1], told.clone(), 0, 20, true);
            assert!(alone.contradicted.is_empty() && events(&alone) == told, "{what}: nobody else to ask");
        }
    }

    #[test]
    fn what_two_told_alike_stays_where_it_is_not_told_and_nobody_contradicts_it() {
        let (one, two) = (staked(10, 3, 0xaa), staked(10, 5, 0xbb));
        let before = [known(one.clone(), Corroboration::Confirmed), known(two.clone(), Corroboration::Confirmed)];
        for told in [vec![], vec![one.clone()], vec![two.clone()], vec![one.clone(), two.clone()]] {
            let merged = merge(&before, told.clone(), 0, 20, false);
            assert!(merged.contradicted.is_empty(), "{told:?}");
            assert_eq!(events(&merged), [one.clone(), two.clone()], "{told:?}");
            assert!(merged.entries.iter().all(|entry| entry.seen == Corroboration::Confirmed));
        }
        let more = vec![one.clone(), staked(10, 4, 0xcc), two.clone()];
        let merged = merge(&before, more.clone(), 0, 20, false);
        assert!(merged.contradicted.is_empty() && events(&merged) == more, "what is told beside it is news");
    }

    #[test]
    fn the_word_of_another_endpoint_confirms() {
        let event = staked(10, 3, 0xaa);
        let before = Entry { giver: Some(1), ..known(event.clone(), Corroboration::Once) };
        let seen =
            |endpoint| merge(std::slice::from_ref(&before), vec![event.clone()], endpoint, 20, false).entries[0].seen;
        assert_eq!((seen(0), seen(1)), (Corroboration::Confirmed, Corroboration::Once));
    }
}
