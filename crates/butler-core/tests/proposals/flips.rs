//! One byte that is another one: what the log tells of is then not found, or nothing changed that means something.
//!
//! Bytes of a call of `propose` that may change and mean the same: what fills up the bitmap and the packed attestations to whole
//! words, the blobs' commitments with what fills them up, and their place and length as long as they lie within the call. No byte of
//! header, attestations, signers or signature is among them: s in the upper half of its range is refused, and so is a number that is
//! too large for its type. Around the call: whether calls may fail, and the other calls.

use std::ops::Range;

use butler_core::contracts::propose::Calldata;
use butler_core::domain::proposals::Proposal;
use ethers_core::types::U256;
use proptest::prelude::*;

use super::fixture::{Recorded, by_committee, named, recorded};

const MASKS: [u8; 3] = [0x01, 0x80, 0xff];

/// What a byte of a transaction is to whoever reads its proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// With another one there nothing is found.
    All,
    /// It says nothing.
    None,
    /// A place, a length or another call: nothing is found, or all is as it was.
    Either,
}

/// The meaning of each byte.
fn meanings(one: &Recorded) -> Vec<Meaning> {
    let mut all = vec![Meaning::Either; one.transaction.input.len()];
    let (place, call, words) = (one.place(), one.call(), one.arguments());
    let mut mark = |range: Range<usize>, meaning| {
        let range = place.start + range.start..(place.start + range.end).min(all.len());
        all[range].fill(meaning);
    };
    mark(0..call.len(), Meaning::All);
    let number = |at: usize| U256::from_big_endian(&call[at..at + 32]).as_usize();
    let tuple = 4 + number(4 + 32 * words);
    for index in 0..2 {
        let bytes = tuple + number(tuple + 32 * index);
        let end = bytes + 32 + number(bytes);
        mark(end..(end - 4).next_multiple_of(32) + 4, Meaning::None);
    }
    let blobs_place = 4 + 32 * (words + 5);
    mark(blobs_place..blobs_place + 32, Meaning::Either);
    let blobs = 4 + number(blobs_place);
    mark(blobs..blobs + 32, Meaning::Either);
    mark(blobs + 32..call.len(), Meaning::None);
    if one.expected.wrapped_in.is_some() {
        // Target, whether it may fail, place and length stand before the call.
        all[place.start - 128..place.start - 96].fill(Meaning::All);
        all[place.start - 96..place.start - 64].fill(Meaning::None);
    }
    all
}

/// Reads the transaction with that byte changed, with its log and without it.
fn flip(one: &Recorded, proposal: &Proposal, meaning: &[Meaning], at: usize, mask: u8) {
    let mut input = one.transaction.input.to_vec();
    input[at] ^= mask;
    let read = one.logged(one.transaction.to, &input);
    let what = format!("{} of {}: byte {at} ^ {mask:#x}, {:?}", one.name, one.contracts, meaning[at]);
    match (meaning[at], read) {
        (Meaning::None | Meaning::Either, Ok(proposed)) => assert_eq!(by_committee(proposed), *proposal, "{what}"),
        (Meaning::All | Meaning::Either, Err(_)) => {}
        (Meaning::None, Err(problem)) => panic!("{what}: {problem}"),
        (Meaning::All, Ok(proposed)) => panic!("{what}: {proposed:?}"),
    }
}

fn every_byte(name: &str, contracts: &str) {
    let one = named(name, contracts);
    let (proposal, meaning) = (one.proposal(), meanings(one));
    for at in 0..meaning.len() {
        // Where the proposal is found all the same, whose signature it is takes most of the time.
        let masks = if meaning[at] == Meaning::All { &MASKS[..] } else { &MASKS[..1] };
        for mask in masks {
            flip(one, &proposal, &meaning, at, *mask);
        }
    }
}

#[test]
fn no_byte_of_a_direct_call_of_4_can_be_another_one_and_be_what_was_logged() {
    every_byte("direct-call", "4");
}

#[test]
fn no_byte_of_a_direct_call_of_5_can_be_another_one_and_be_what_was_logged() {
    every_byte("direct-call", "5");
}

#[test]
fn no_byte_of_a_call_within_calls_can_be_another_one_and_be_what_was_logged() {
    every_byte("too-few-attestations", "6");
}

#[test]
fn without_a_log_a_changed_byte_is_another_answer_or_none() {
    let one = named("direct-call", "5");
    let (proposal, meaning) = (one.proposal(), meanings(one));
    let mut others = 0;
    for at in (0..meaning.len()).filter(|at| meaning[*at] == Meaning::All) {
        let mut input = one.transaction.input.to_vec();
        input[at] ^= 0x01;
        let every = one.decoder().every(Calldata { to: Some(one.transaction.to), input: &input });
        for proposed in every.into_iter().flatten().flatten() {
            assert_ne!(by_committee(proposed), proposal, "byte {at}");
            others += 1;
        }
    }
    // The proposer signs attestations and signers: the header alone can be another one, which is why a log is needed.
    assert!(others > 100, "{others}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_byte_anywhere_in_any_transaction_can_be_no_other_one(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        mask in 1_u8..,
    ) {
        let one = which.get(recorded());
        let meaning = meanings(one);
        flip(one, &one.proposal(), &meaning, place.index(meaning.len()), mask);
    }
}
