//! Calldata that is meant to hurt: places and lengths beyond all bytes, lists that name one place many times, calls without end.

use butler_core::contracts::multicall::MULTICALL3;
use butler_core::contracts::propose::{CALLDATA_LIMIT, Calldata};
use butler_core::domain::proposals::Unreadable;
use ethers_core::types::U256;
use proptest::prelude::*;

use super::fixture::{by_committee, named, recorded};
use super::made::{ROLLUP, decoder};

/// `aggregate3((address,bool,bytes)[])`.
const AGGREGATE: [u8; 4] = [0x82, 0xad, 0x56, 0xcb];
const SELECTORS: [[u8; 4]; 4] =
    [[0x85, 0xb9, 0x8f, 0xd8], [0x72, 0x63, 0x6d, 0xf9], [0x0a, 0x88, 0x3a, 0x99], AGGREGATE];

fn word(number: U256) -> [u8; 32] {
    let mut word = [0; 32];
    number.to_big_endian(&mut word);
    word
}

/// A list of calls whose places are all the same one: `tuple` words behind them, of which each is a call.
fn one_place(count: usize, tuple: &[u8]) -> Vec<u8> {
    let mut data = [AGGREGATE.as_slice(), &word(32.into()), &word(count.into())].concat();
    (0..count).for_each(|_| data.extend(word((32 * count).into())));
    data.extend(tuple);
    data
}

fn call_of(target: &[u8; 20], data: &[u8]) -> Vec<u8> {
    let target = [&[0; 12], target.as_slice()].concat();
    [&target, &word(1.into())[..], &word(96.into()), &word(data.len().into()), data].concat()
}

#[test]
fn calls_that_share_their_bytes_are_too_many_whatever_they_are() {
    let problem = Err(Unreadable::TooMany { what: "calls that share their bytes" });
    for size in [4, 1_000, 10_000] {
        let data = one_place(20_000, &call_of(&[7; 20], &vec![0x85; size]));
        assert!(data.len() < CALLDATA_LIMIT);
        assert_eq!(decoder().every(Calldata { to: Some(MULTICALL3), input: &data }), problem, "{size}");
    }
    // Lists of lists of lists that are all the same bytes.
    let mut data = one_place(50, &call_of(&ROLLUP.0, &[0xe3, 0x38, 0x0b, 0x79]));
    for _ in 0..3 {
        data = one_place(50, &call_of(&MULTICALL3.0, &data));
    }
    assert_eq!(decoder().every(Calldata { to: Some(MULTICALL3), input: &data }), problem);
}

#[test]
fn calldata_beyond_all_transactions_is_not_looked_at() {
    let one = named("direct-call", "4");
    let mut input = one.call().to_vec();
    input.resize(CALLDATA_LIMIT, 0);
    assert_eq!(by_committee(one.logged(one.rollup, &input).unwrap()), one.proposal(), "nobody minds what comes behind");
    input.push(0);
    assert_eq!(one.logged(one.rollup, &input), Err(Unreadable::TooLong { bytes: CALLDATA_LIMIT + 1 }));
}

#[test]
fn every_word_may_be_any_hostile_number() {
    let numbers = [
        U256::zero(),
        U256::one(),
        U256::from(31),
        U256::from(u32::MAX),
        U256::from(u64::MAX),
        U256::from(u64::MAX - 31),
        U256::from(i64::MAX),
        U256::from(u128::MAX),
        U256::one() << 255,
        U256::MAX,
        U256::MAX - 31,
    ];
    for one in [named("direct-call", "4"), named("invalidate-and-replace", "5")] {
        let (input, proposal) = (&one.transaction.input, one.proposal());
        for at in (4..input.len() - 32).step_by(32) {
            for number in numbers {
                let mut input = input.to_vec();
                input[at..at + 32].copy_from_slice(&word(number));
                if let Ok(proposed) = one.logged(one.transaction.to, &input) {
                    assert_eq!(by_committee(proposed), proposal, "word at {at}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(
        selector in prop::sample::select(SELECTORS.to_vec()),
        words in prop::collection::vec(prop_oneof![
            3 => (0_u64..40).prop_map(|number| U256::from(32 * number)),
            1 => any::<u64>().prop_map(U256::from),
            1 => any::<[u8; 32]>().prop_map(U256::from),
            1 => Just(U256::from(ROLLUP.as_bytes())),
            1 => Just(U256::from(MULTICALL3.as_bytes())),
        ], 0..80),
        rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let words = words.into_iter().map(word).collect::<Vec<_>>().concat();
        let input = [&selector, words.as_slice(), &rest].concat();
        for to in [ROLLUP, MULTICALL3] {
            let every = decoder().every(Calldata { to: Some(to), input: &input });
            let found = every.unwrap_or_default().into_iter().filter(Result::is_ok).count();
            prop_assert_eq!(found, 0, "nobody signed it");
        }
    }

    #[test]
    fn words_in_another_order_are_no_proposal_of_the_log(
        which in any::<prop::sample::Index>(),
        (from, to) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let one = which.get(recorded());
        let mut input = one.transaction.input.to_vec();
        let words = (input.len() - 4) / 32;
        let (from, to) = (4 + 32 * from.index(words), 4 + 32 * to.index(words));
        for byte in 0..32 {
            input.swap(from + byte, to + byte);
        }
        if let Ok(proposed) = one.logged(one.transaction.to, &input) {
            prop_assert_eq!(by_committee(proposed), one.proposal());
        }
    }
}
