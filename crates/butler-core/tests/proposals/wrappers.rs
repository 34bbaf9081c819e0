//! What stands around a proposal, and beside it.

use butler_core::contracts::multicall::MULTICALL3;
use butler_core::contracts::propose::Calldata;
use butler_core::domain::proposals::{ProposeVersion, Unreadable};
use ethers_core::types::{Address, U256};

use super::fixture::{Recorded, aggregate, by_committee, named, nested, recorded};
use super::made::{ROLLUP, Wish, decoder, wish};

/// A contract that passes calls on.
const FORWARDER: Address = Address::repeat_byte(0xf0);
const SET_UP_EPOCH: [u8; 4] = [0xe3, 0x38, 0x0b, 0x79];
/// `aggregate3Value((address,bool,uint256,bytes)[])`.
const WITH_VALUE: [u8; 4] = [0x17, 0x4d, 0xea, 0x71];

fn each() -> impl Iterator<Item = &'static Recorded> {
    recorded().iter().filter(|one| ["direct-call", "committee-of-17"].contains(&one.name.as_str()))
}

#[test]
fn a_proposal_is_found_directly_and_within_calls_within_calls() {
    for one in each() {
        let proposal = one.proposal();
        let found = |to, input: &[u8]| by_committee(one.logged(to, input).unwrap());
        assert_eq!(found(one.rollup, one.call()), proposal);
        for depth in 1..=4 {
            assert_eq!(found(MULTICALL3, &nested(depth, one.rollup, one.call())), proposal, "{depth}");
        }
        let deeper = one.logged(MULTICALL3, &nested(5, one.rollup, one.call()));
        assert_eq!(deeper, Err(Unreadable::TooMany { what: "calls within calls" }));
        let beside: [(Address, &[u8]); 5] = [
            (MULTICALL3, &[0x4d, 0x23, 0x01, 0xcc]),
            (FORWARDER, &[]),
            (one.rollup, &SET_UP_EPOCH),
            (one.rollup, one.call()),
            (FORWARDER, one.call()),
        ];
        assert_eq!(found(MULTICALL3, &aggregate(&beside)), proposal);
    }
}

#[test]
fn what_is_passed_on_or_not_known_is_not_readable_and_says_why() {
    for one in each() {
        let why = |to, input: &[u8]| one.logged(to, input).unwrap_err();
        let wrapped = aggregate(&[(one.rollup, one.call())]);
        let elsewhere = aggregate(&[(FORWARDER, one.call()), (MULTICALL3, &[0x4d, 0x23, 0x01, 0xcc])]);
        let unknown = |contract, selector| Unreadable::UnknownSelector { contract, selector };
        let mut renamed = one.call().to_vec();
        renamed[..4].copy_from_slice(&[1, 2, 3, 4]);
        let mut with_value = wrapped.clone();
        with_value[..4].copy_from_slice(&WITH_VALUE);
        let table: [(&str, Address, &[u8], Unreadable); 11] = [
            ("a forwarder", FORWARDER, one.call(), Unreadable::Forwarded),
            ("a forwarder that calls Multicall3", FORWARDER, &wrapped, Unreadable::Forwarded),
            ("a forwarder called by Multicall3", MULTICALL3, &elsewhere, Unreadable::Forwarded),
            ("no calls at all", MULTICALL3, &aggregate(&[]), Unreadable::Forwarded),
            ("no calldata", MULTICALL3, &[], Unreadable::Forwarded),
            ("no selector", one.rollup, &[0x85, 0xb9], Unreadable::NoProposal),
            ("set-up", one.rollup, &SET_UP_EPOCH, Unreadable::NoProposal),
            ("an unknown function", one.rollup, &renamed, unknown(one.rollup, [1, 2, 3, 4])),
            (
                "an unknown function within calls",
                MULTICALL3,
                &aggregate(&[(one.rollup, &SET_UP_EPOCH), (one.rollup, &renamed)]),
                unknown(one.rollup, [1, 2, 3, 4]),
            ),
            ("calls with value", MULTICALL3, &with_value, unknown(MULTICALL3, WITH_VALUE)),
            ("half a call", one.rollup, &one.call()[..400], Unreadable::Malformed { what: "arguments of `propose`" }),
        ];
        for (what, to, input, problem) in table {
            assert_eq!(why(to, input), problem, "{what}");
        }
        let nobody = Calldata { to: None, input: one.call() };
        assert_eq!(one.decoder().logged(nobody, &one.log()), Err(Unreadable::Forwarded));
        assert_eq!(one.decoder().every(nobody), Err(Unreadable::Forwarded));
    }
}

#[test]
fn every_transaction_cut_short_anywhere_is_not_readable_unless_only_what_says_nothing_is_gone() {
    for one in [named("direct-call", "4"), named("one-missing-with-slashing-vote", "5"), named("committee-of-9", "6")] {
        let (whole, proposal) = (&one.transaction.input, one.proposal());
        let place = one.place();
        // Where the last byte of the blobs' commitments is; the vote, where there is one, lies behind.
        let (words, call) = (one.arguments(), one.call());
        let blobs = 4 + U256::from_big_endian(&call[4 + 32 * (words + 5)..4 + 32 * (words + 6)]).as_usize();
        let length = U256::from_big_endian(&call[blobs..blobs + 32]).as_usize();
        let is_direct = one.expected.wrapped_in.is_none();
        let needed = if is_direct { blobs + 32 + length } else { place.end };
        for cut in 0..whole.len() {
            match one.logged(one.transaction.to, &whole[..cut]) {
                Ok(proposed) => assert!(cut >= needed && by_committee(proposed) == proposal, "{} at {cut}", one.name),
                Err(_) => assert!(cut < needed || !is_direct, "{} at {cut}", one.name),
            }
        }
    }
}

#[test]
fn of_several_proposals_the_log_decides_which_one_counts() {
    let (first, second) = (named("direct-call", "5"), named("invalidate-and-replace", "5"));
    assert_eq!(first.rollup, second.rollup);
    let both = aggregate(&[(first.rollup, first.call()), (second.rollup, second.call())]);
    for one in [first, second] {
        assert_eq!(by_committee(one.logged(MULTICALL3, &both).unwrap()), one.proposal());
    }
    let every = first.decoder().every(Calldata { to: Some(MULTICALL3), input: &both }).unwrap();
    let every: Vec<_> = every.into_iter().map(|proposed| by_committee(proposed.unwrap())).collect();
    assert_eq!(every, [first.proposal(), second.proposal()], "both, and which succeeded is not said");
    // Beside one that cannot be decoded, and sent twice.
    let beside =
        aggregate(&[(first.rollup, &first.call()[..500]), (first.rollup, first.call()), (first.rollup, first.call())]);
    assert_eq!(by_committee(first.logged(MULTICALL3, &beside).unwrap()), first.proposal());
    let neither = second.logged(MULTICALL3, &beside).unwrap_err();
    assert_eq!(neither, Unreadable::Malformed { what: "arguments of `propose`" }, "the log may tell of that one");
}

#[test]
fn seventeen_proposals_in_a_transaction_are_too_many() {
    let one = named("direct-call", "4");
    let times = |count| aggregate(&vec![(one.rollup, one.call()); count]);
    assert_eq!(by_committee(one.logged(MULTICALL3, &times(16)).unwrap()), one.proposal());
    assert_eq!(one.logged(MULTICALL3, &times(17)), Err(Unreadable::TooMany { what: "proposals" }));
}

#[test]
fn proposals_of_which_the_log_tells_alike_are_told_apart_by_their_signatures_or_not_at_all() {
    for version in [ProposeVersion::V4, ProposeVersion::V5, ProposeVersion::V6] {
        let right = wish(version, 4, 3).made();
        let as_sent = |calls: &[&[u8]]| {
            let calls: Vec<(Address, &[u8])> = calls.iter().map(|call| (ROLLUP, *call)).collect();
            decoder().logged(Calldata { to: Some(MULTICALL3), input: &aggregate(&calls) }, &right.log)
        };
        let proposal = by_committee(as_sent(&[&right.call]).unwrap());
        // Signed by a stranger: the rollup refused it.
        let stranger = Wish { proposer: 9, ..wish(version, 4, 3) }.made();
        assert_eq!(stranger.log, right.log);
        for calls in [[&right.call[..], &stranger.call], [&stranger.call, &right.call]] {
            assert_eq!(by_committee(as_sent(&calls).unwrap()), proposal);
        }
        // Signed by another member: both cannot have been the slot's proposer, and nothing here says who was.
        let another = Wish { proposer: 1, ..wish(version, 4, 3) }.made();
        assert_eq!(as_sent(&[&right.call, &another.call]), Err(Unreadable::Ambiguous));
    }
}

#[test]
fn six_dot_zero_is_read_by_its_selector_with_one_argument_more() {
    for one in recorded().iter().filter(|one| one.contracts.starts_with('6')) {
        let (front, rest) = one.call()[4..].split_at(15 * 32);
        let mut rest = rest.to_vec();
        // Places of attestations, signers and blobs are a word further.
        for index in [0, 1, 5] {
            let word = &mut rest[32 * index..32 * (index + 1)];
            (U256::from_big_endian(word) + 32).to_big_endian(word);
        }
        let hint = [7; 32];
        let call = [&[0x0a, 0x88, 0x3a, 0x99], front, &hint, &rest].concat();
        let mut expected = one.proposal();
        expected.checkpoint.version = ProposeVersion::V6;
        for (to, input) in [(one.rollup, call.clone()), (MULTICALL3, aggregate(&[(one.rollup, &call)]))] {
            assert_eq!(by_committee(one.logged(to, &input).unwrap()), expected, "{}", one.name);
        }
        // With the arguments of one version under the selector of another nothing is plausible.
        let [swapped, old] = [[0x0a, 0x88, 0x3a, 0x99], [0x85, 0xb9, 0x8f, 0xd8]].map(|selector| {
            let mut call = one.call().to_vec();
            call[..4].copy_from_slice(&selector);
            call
        });
        for call in [swapped, old] {
            assert!(one.logged(one.rollup, &call).is_err());
            let every = one.decoder().every(Calldata { to: Some(one.rollup), input: &call }).unwrap();
            assert!(every.iter().all(Result::is_err), "{}: {every:?}", one.name);
        }
    }
}
