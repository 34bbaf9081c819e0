//! Two stakes of one key in each order of success, failure and waiting.

use std::collections::BTreeMap;

use super::*;
use crate::domain::attester::entry_queue::refusals;
use crate::domain::attester::proof::ProofVerdict;
use crate::domain::attester::view::OnChainStatus;
use crate::domain::provider::facts::EscrowView;
use crate::domain::samples::{address, coinbase, delegation, deposit, view};

use Fate::{Doomed, Elsewhere, Refunded, Succeeded, Unknown, Waiting};
use OnChainStatus::{Exiting, None as NoStatus, Validating};

/// Stakes in blocks 10, 20, …, on these rollups (9000 is the canonical one).
fn decide(rollups: &[u64], status: OnChainStatus, waiting: usize, winner: Option<Winner>) -> (Vec<Fate>, Counting) {
    let was_active = status != NoStatus;
    decide_with(rollups, &view(status, was_active), &vec![deposit(1); waiting], winner)
}

fn decide_with(
    rollups: &[u64],
    view: &AttesterView,
    waiting: &[QueuedDeposit],
    winner: Option<Winner>,
) -> (Vec<Fate>, Counting) {
    let delegations: Vec<Delegation> = (1_u64..)
        .zip(rollups)
        .map(|(n, rollup)| Delegation { rollup: address(*rollup), ..delegation(10 * n, 1, coinbase(100 + n)) })
        .collect();
    let delegations: Vec<&Delegation> = delegations.iter().collect();
    let waiting = judged(view, waiting);
    let facts =
        FateFacts { rollup: address(9_000), former: &[], delegations: &delegations, view, waiting: &waiting, winner };
    let fates = fates(&facts);
    let counting = counting(&fates, view.was_active_once());
    (fates, counting)
}

/// An entry queue of attester 1 alone.
fn judged<'a>(view: &AttesterView, queue: &'a [QueuedDeposit]) -> Vec<WaitingDeposit<'a>> {
    let refusals = refusals(queue, &BTreeMap::from([(address(1), *view)]), &[]);
    let deposits = (0..).zip(queue).zip(refusals);
    deposits
        .map(|((place, deposit), refusal)| WaitingDeposit { rollup: address(HERE), place, deposit, refusal })
        .collect()
}

fn of_block(block: u64) -> Option<Winner> {
    Some(Winner::Delegation(delegation(block, 1, coinbase(1)).log))
}

const HERE: u64 = 9_000;
const FORMER: u64 = 9_100;

#[test]
fn one_stake_counts_while_it_can_succeed() {
    assert_eq!(decide(&[], NoStatus, 0, None), (vec![], Counting::NoDelegation));
    assert_eq!(decide(&[HERE], NoStatus, 1, None), (vec![Waiting], Counting::Delegation(0)));
    assert_eq!(decide(&[HERE], Validating, 0, None), (vec![Succeeded], Counting::Delegation(0)));
    assert_eq!(decide(&[HERE], NoStatus, 0, None), (vec![Refunded], Counting::Burnt));
    assert_eq!(decide(&[FORMER], NoStatus, 0, None), (vec![Elsewhere], Counting::Delegation(0)));
}

#[test]
fn a_success_counts_whatever_was_staked_after_it() {
    let found = decide(&[HERE, HERE], Validating, 1, None);
    assert_eq!(found, (vec![Succeeded, Doomed], Counting::Delegation(0)), "the second will be refunded");
    let found = decide(&[HERE, HERE], Validating, 0, of_block(10));
    assert_eq!(found, (vec![Succeeded, Refunded], Counting::Delegation(0)), "it was");
    let found = decide(&[HERE, HERE], Exiting, 0, of_block(10));
    assert_eq!(found.1, Counting::Delegation(0));
    // It left, and was queued and staked again.
    let left = view(NoStatus, true);
    let found = decide_with(&[HERE, HERE], &left, &[deposit(1)], None);
    assert_eq!(found, (vec![Succeeded, Doomed], Counting::Delegation(0)));
}

#[test]
fn after_a_refund_the_next_stake_counts() {
    assert_eq!(decide(&[HERE, HERE], NoStatus, 1, None), (vec![Refunded, Waiting], Counting::Delegation(1)));
    let found = decide(&[HERE, HERE], Validating, 0, of_block(20));
    assert_eq!(found, (vec![Refunded, Succeeded], Counting::Delegation(1)));
    assert_eq!(decide(&[HERE, HERE], NoStatus, 0, None), (vec![Refunded, Refunded], Counting::Burnt));
}

#[test]
fn of_two_that_wait_the_first_that_can_succeed_counts() {
    assert_eq!(decide(&[HERE, HERE], NoStatus, 2, None), (vec![Waiting, Waiting], Counting::Delegation(0)));
    let wrong = EscrowView { bls_key_used: false, proof: Some(ProofVerdict::Wrong) };
    let refused = QueuedDeposit { escrow: Some(wrong), ..deposit(1) };
    let found = decide_with(&[HERE, HERE], &view(NoStatus, false), &[refused, deposit(1)], None);
    assert_eq!(found, (vec![Doomed, Waiting], Counting::Delegation(1)));
    let found = decide_with(&[HERE, HERE], &view(NoStatus, false), &[refused, refused], None);
    assert_eq!(found, (vec![Doomed, Doomed], Counting::Burnt));
}

/// Deposits by their withdrawers; the second of a pair says whether the proof is right.
fn queue(deposits: &[(u64, bool)]) -> Vec<QueuedDeposit> {
    let deposit = |(withdrawer, is_right): &(u64, bool)| {
        let proof = Some(if *is_right { ProofVerdict::Valid } else { ProofVerdict::Wrong });
        let escrow = Some(EscrowView { bls_key_used: false, proof });
        QueuedDeposit { withdrawer: address(*withdrawer), escrow, ..deposit(1) }
    };
    deposits.iter().map(deposit).collect()
}

const OURS: u64 = 6_000;
const STRANGERS: u64 = 66;

#[test]
fn of_ours_and_a_strangers_deposit_the_first_that_can_succeed_is_let_in() {
    let new = view(NoStatus, false);
    let of = |deposits: &[(u64, bool)]| decide_with(&[HERE], &new, &queue(deposits), None);
    let counts = (vec![Waiting], Counting::Delegation(0));
    let burnt = (vec![Doomed], Counting::Burnt);
    assert_eq!(of(&[(STRANGERS, true), (OURS, true)]), burnt, "the stranger comes first");
    assert_eq!(of(&[(STRANGERS, false), (OURS, true)]), counts, "the stranger fails");
    assert_eq!(of(&[(OURS, true), (STRANGERS, true)]), counts, "ours comes first");
    assert_eq!(of(&[(OURS, false), (STRANGERS, true)]), burnt, "ours fails, whoever comes next");
    let two = decide_with(&[HERE, HERE], &new, &queue(&[(OURS, true), (STRANGERS, true), (OURS, true)]), None);
    assert_eq!(two, (vec![Waiting, Waiting], Counting::Delegation(0)));
    let two = decide_with(&[HERE, HERE], &new, &queue(&[(STRANGERS, true), (OURS, true), (OURS, true)]), None);
    assert_eq!(two, (vec![Doomed, Doomed], Counting::Burnt));
}

#[test]
fn what_became_of_a_strangers_deposit_decides_of_ours_behind_it() {
    let strangers = |status| AttesterView { withdrawer: Some(address(STRANGERS)), ..view(status, true) };
    let ours = queue(&[(OURS, true)]);
    for status in [Validating, Exiting, NoStatus] {
        let found = decide_with(&[HERE], &strangers(status), &ours, None);
        assert_eq!(found, (vec![Doomed], Counting::Stranger), "it was let in, and is {status:?} now");
        let found = decide_with(&[HERE], &strangers(status), &[], Some(Winner::Stranger));
        assert_eq!(found, (vec![Refunded], Counting::Stranger), "and ours was refunded");
    }
    let found = decide_with(&[HERE], &view(NoStatus, false), &ours, None);
    assert_eq!(found, (vec![Waiting], Counting::Delegation(0)), "it was refunded");
    // Ours was let in; the stranger's behind it will be refunded.
    let found = decide_with(&[HERE], &view(Validating, true), &queue(&[(STRANGERS, true)]), None);
    assert_eq!(found, (vec![Succeeded], Counting::Delegation(0)));
}

#[test]
fn a_deposit_of_another_withdrawer_is_ours_only_when_an_event_says_so() {
    let of = |withdrawer: Option<u64>, view: &AttesterView, deposits: &[(u64, bool)]| {
        let one = Delegation { withdrawer: withdrawer.map(address), ..delegation(10, 1, coinbase(101)) };
        let entries = queue(deposits);
        let waiting = judged(view, &entries);
        let facts = FateFacts {
            rollup: address(HERE),
            former: &[],
            delegations: &[&one],
            view,
            waiting: &waiting,
            winner: None,
        };
        (facts.needs_events(), fates(&facts))
    };
    let new = view(NoStatus, false);
    assert_eq!(of(None, &new, &[(77, true)]), (true, vec![Unknown]));
    assert_eq!(of(Some(77), &new, &[(77, true)]), (false, vec![Waiting]));
    assert_eq!(of(Some(OURS), &new, &[(77, true)]), (false, vec![Refunded]), "a stranger's waits");
    assert_eq!(of(None, &new, &[(77, true), (OURS, true)]), (false, vec![Doomed]), "ours is found");
    let active = AttesterView { withdrawer: Some(address(77)), ..view(Validating, true) };
    assert_eq!(of(None, &active, &[]), (true, vec![Unknown]));
    assert_eq!(of(Some(77), &active, &[]), (false, vec![Succeeded]));
    assert_eq!(of(Some(OURS), &active, &[]), (false, vec![Refunded]));
}

#[test]
fn stakes_on_a_former_rollup_step_back_behind_those_that_wait_here() {
    assert_eq!(decide(&[FORMER, HERE], NoStatus, 1, None), (vec![Elsewhere, Waiting], Counting::Delegation(1)));
    assert_eq!(decide(&[FORMER, HERE], NoStatus, 0, None), (vec![Elsewhere, Refunded], Counting::Delegation(0)));
    let found = decide(&[FORMER, HERE], Validating, 0, of_block(20));
    assert_eq!(found, (vec![Doomed, Succeeded], Counting::Delegation(1)));
    let found = decide(&[FORMER, HERE], Validating, 1, None);
    assert_eq!(found, (vec![Succeeded, Doomed], Counting::Delegation(0)));
}

#[test]
fn what_a_stranger_made_a_validator_earns_for_no_delegation() {
    let found = decide(&[HERE], Validating, 1, None);
    assert_eq!(found, (vec![Doomed], Counting::Stranger), "ours still waits, with whatever withdrawer");
    let found = decide(&[HERE, HERE], Validating, 0, Some(Winner::Stranger));
    assert_eq!(found, (vec![Refunded, Refunded], Counting::Stranger));
}

#[test]
fn without_the_events_nobody_guesses() {
    for winner in [None, Some(Winner::Unknown)] {
        let found = decide(&[HERE, HERE], Validating, 0, winner);
        assert_eq!(found, (vec![Unknown, Unknown], Counting::Unknown));
    }
    let found = decide(&[HERE], Validating, 0, None);
    assert_eq!(found, (vec![Succeeded], Counting::Delegation(0)), "nothing speaks against the only one");
    let found = decide(&[HERE], Validating, 0, Some(Winner::Unknown));
    assert_eq!(found, (vec![Unknown], Counting::Unknown), "a refund does, and the events do not tell");
}

#[test]
fn events_are_needed_only_where_the_state_leaves_it_open() {
    let delegations: Vec<Delegation> = [10, 20].map(|block| delegation(block, 1, coinbase(block))).into();
    let needs = |count: usize, withdrawer: Option<u64>, waiting: usize| {
        let view = AttesterView { withdrawer: withdrawer.map(address), ..view(Validating, false) };
        let delegations: Vec<&Delegation> = delegations.iter().take(count).collect();
        let entry = deposit(1);
        let waiting = vec![WaitingDeposit { rollup: address(HERE), place: 0, deposit: &entry, refusal: None }; waiting];
        let facts = FateFacts {
            rollup: address(9_000),
            former: &[],
            delegations: &delegations,
            view: &view,
            waiting: &waiting,
            winner: None,
        };
        facts.needs_events()
    };
    assert!(needs(2, Some(6_000), 0), "two were decided");
    assert!(!needs(2, Some(6_000), 1), "one was decided");
    assert!(!needs(2, None, 0), "none succeeded");
    assert!(!needs(1, Some(6_000), 0));
    assert!(needs(1, Some(7_000), 0), "somebody else withdraws");
    assert!(!needs(1, Some(7_000), 1), "then it was a stranger's");
    assert!(!needs(0, Some(7_000), 0));
}

#[test]
fn what_waits_at_a_former_rollup_that_is_known_is_told_as_what_waits_here() {
    let stake = Delegation { rollup: address(FORMER), ..delegation(10, 1, coinbase(101)) };
    let of = |deposits: &[QueuedDeposit], refusal: Option<Refusal>, was_active: bool| {
        let waiting: Vec<WaitingDeposit<'_>> = (0..)
            .zip(deposits)
            .map(|(place, deposit)| WaitingDeposit { rollup: address(FORMER), place, deposit, refusal })
            .collect();
        let facts = FateFacts {
            rollup: address(HERE),
            former: &[address(FORMER)],
            delegations: &[&stake],
            view: &view(NoStatus, was_active),
            waiting: &waiting,
            winner: None,
        };
        let fates = fates(&facts);
        let counting = counting(&fates, was_active);
        (fates, counting)
    };
    assert_eq!(of(&[deposit(1)], None, false), (vec![Waiting], Counting::Delegation(0)));
    assert_eq!(of(&[deposit(1)], Some(Refusal::RollupReplaced), false), (vec![Doomed], Counting::Burnt));
    assert_eq!(of(&[], None, false), (vec![Refunded], Counting::Burnt));
    assert_eq!(of(&[], None, true), (vec![Succeeded], Counting::Delegation(0)));
}
