//! One attester's deposits in every order.

use ethers_core::types::H256;

use super::*;
use crate::domain::samples::{address, coinbase, delegation};

use DepositStep::{Accepted, Queued, Refunded};

const ROLLUP: u64 = 9_000;

fn log(block: u64, log_index: u64) -> LogId {
    let hash = H256::from_low_u64_be(block);
    LogId { block_number: block, log_index, block_hash: hash, transaction_hash: hash }
}

fn event(block: u64, step: DepositStep, withdrawer: u64) -> DepositEvent {
    DepositEvent {
        log: log(block, 0),
        rollup: address(ROLLUP),
        attester: address(1),
        withdrawer: address(withdrawer),
        step,
    }
}

/// A delegation of attester 1 in that block, after its deposit.
fn staked(block: u64) -> Delegation {
    Delegation { log: log(block, 5), ..delegation(block, 1, coinbase(100 + block)) }
}

fn decide(delegations: &[Delegation], events: &[DepositEvent], waiting: usize) -> Result<Winner, Unsettled> {
    settled(delegations, events, Some(7), &vec![7; waiting]).map(|settled| settled.winner.unwrap())
}

fn settled(
    delegations: &[Delegation],
    events: &[DepositEvent],
    withdrawer: Option<u64>,
    waiting: &[u64],
) -> Result<Settled, Unsettled> {
    let delegations: Vec<&Delegation> = delegations.iter().collect();
    let waiting: Vec<Address> = waiting.iter().map(|number| address(*number)).collect();
    settle(&DepositEvidence {
        delegations: &delegations,
        events,
        withdrawer: withdrawer.map(address),
        waiting: (address(ROLLUP), &waiting),
    })
}

#[test]
fn the_event_of_its_deposit_says_who_withdraws_what_a_delegation_staked() {
    let one = [staked(10)];
    let of = |events: &[DepositEvent], waiting: &[u64]| settled(&one, events, None, waiting);
    let by = |withdrawer| Settled { winner: None, withdrawers: vec![(log(10, 5), address(withdrawer))] };
    assert_eq!(of(&[event(10, Queued, 7)], &[7]), Ok(by(7)));
    // A stranger's waits before it, and was deposited before it or after.
    assert_eq!(of(&[event(10, Queued, 7)], &[8, 7]), Ok(by(7)));
    assert_eq!(of(&[event(10, Queued, 7), event(20, Queued, 8)], &[7, 8]), Ok(by(7)));
    // It was refunded, and a stranger's waits.
    let refunded = [event(10, Queued, 7), event(15, Refunded, 7), event(20, Queued, 8)];
    assert_eq!(of(&refunded, &[8]), Ok(by(7)));
    assert_eq!(of(&refunded, &[7]), Err(Unsettled::Order), "another one waits than was told");
    assert_eq!(of(&[event(10, Queued, 7)], &[]), Err(Unsettled::Order), "nobody says what became of it");
    assert_eq!(of(&[event(10, Queued, 7), event(15, Accepted, 7)], &[]), Err(Unsettled::Accepted(1)));
}

#[test]
fn the_accepted_deposit_is_the_one_in_its_place_of_the_queue() {
    let both = [staked(10), staked(20)];
    let first = Ok(Winner::Delegation(log(10, 5)));
    let second = Ok(Winner::Delegation(log(20, 5)));
    // Success, then a second stake that waits, and that was refunded.
    let story = [event(10, Queued, 7), event(15, Accepted, 7), event(20, Queued, 7)];
    assert_eq!(decide(&both, &story, 1), first);
    let refunded = [&story[..], &[event(25, Refunded, 7)]].concat();
    assert_eq!(decide(&both, &refunded, 0), first);
    // Both waited together; the first made it, or the second.
    let queued = [event(10, Queued, 7), event(20, Queued, 7)];
    let with = |rest: [DepositEvent; 2]| [&queued[..], &rest[..]].concat();
    assert_eq!(decide(&both, &with([event(30, Accepted, 7), event(31, Refunded, 7)]), 0), first);
    assert_eq!(decide(&both, &with([event(30, Refunded, 7), event(31, Accepted, 7)]), 0), second);
    // Failure, then a second stake that made it.
    let story = [event(10, Queued, 7), event(15, Refunded, 7), event(20, Queued, 7), event(25, Accepted, 7)];
    assert_eq!(decide(&both, &story, 0), second);
}

#[test]
fn a_deposit_of_nobody_we_know_is_a_strangers() {
    let one = [staked(20)];
    let direct = [event(10, Queued, 7), event(20, Queued, 8), event(30, Accepted, 7), event(31, Refunded, 8)];
    assert_eq!(decide(&one, &direct, 0), Ok(Winner::Stranger));
    // The direct one was queued before anything that was read.
    assert_eq!(decide(&one, &direct[1..], 0), Ok(Winner::Stranger));
}

#[test]
fn what_was_accepted_before_the_first_delegation_is_a_strangers() {
    let one = [staked(20)];
    let refunded = [event(20, Queued, 7), event(31, Refunded, 7)];
    assert_eq!(decide(&one, &refunded, 0), Ok(Winner::Stranger), "with the same withdrawer");
    assert_eq!(decide(&one, &refunded[..1], 1), Ok(Winner::Stranger), "ours waits");
    assert_eq!(decide(&one, &refunded[..1], 0), Err(Unsettled::Accepted(0)), "nobody says what became of ours");
    assert_eq!(decide(&one, &refunded[1..], 0), Err(Unsettled::Accepted(0)), "ours is not told");
}

#[test]
fn what_does_not_fit_proves_nothing() {
    let both = [staked(10), staked(20)];
    let story = [event(10, Queued, 7), event(15, Accepted, 7), event(20, Queued, 7), event(25, Refunded, 7)];
    let without = |left_out: usize| {
        let mut rest = story.to_vec();
        rest.remove(left_out);
        decide(&both, &rest, 0)
    };
    assert_eq!(without(0), Err(Unsettled::Missing));
    assert_eq!(without(1), Err(Unsettled::Accepted(0)));
    assert_eq!(without(3), Err(Unsettled::Order), "somebody still waits by these events, and nobody does by the queue");
    let twice = [&story[..], &[event(26, Accepted, 7)]].concat();
    assert_eq!(decide(&both, &twice, 0), Err(Unsettled::Accepted(2)));
    let other = [event(10, Queued, 7), event(15, Accepted, 8)];
    assert_eq!(decide(&both[..1], &other, 0), Err(Unsettled::Withdrawer));
    let swapped = [event(10, Queued, 8), event(20, Queued, 7), event(25, Accepted, 7), event(26, Refunded, 8)];
    assert_eq!(decide(&both, &swapped, 0), Err(Unsettled::Order));
}

#[test]
fn stakes_for_another_rollup_are_decided_by_their_own_events() {
    let former = Delegation { rollup: address(9_100), ..staked(10) };
    let both = [former, staked(20)];
    let old = |event: DepositEvent| DepositEvent { rollup: address(9_100), ..event };
    let refunded =
        [old(event(10, Queued, 7)), old(event(15, Refunded, 7)), event(20, Queued, 7), event(25, Accepted, 7)];
    assert_eq!(decide(&both, &refunded, 0), Ok(Winner::Delegation(log(20, 5))));
    let accepted =
        [old(event(10, Queued, 7)), old(event(15, Accepted, 7)), event(20, Queued, 7), event(25, Refunded, 7)];
    assert_eq!(decide(&both, &accepted, 0), Ok(Winner::Delegation(log(10, 5))));
}

#[test]
fn two_stakes_of_one_transaction_are_told_apart() {
    let at = |index| log(10, index);
    let stake = |index| Delegation { log: at(index), ..staked(10) };
    let queued = |index| DepositEvent { log: at(index), ..event(10, Queued, 7) };
    let events = [queued(0), queued(3), event(20, Refunded, 7), event(21, Accepted, 7)];
    assert_eq!(decide(&[stake(2), stake(5)], &events, 0), Ok(Winner::Delegation(at(5))));
}
