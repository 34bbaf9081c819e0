//! Views and sums over several rollups.

use std::time::Duration;

use super::checklist::{Task, checklist};
use super::untold::LastTold;
use super::*;
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::overview::overview;
use crate::domain::attester::position::Position;
use crate::domain::attester::state::State;
use crate::domain::capability::Capability;
use crate::domain::operator::key_book::KeyBook;
use crate::domain::samples::{address, coinbase, confirm, delegation, deposit, network, view};
use crate::domain::snapshot::NetworkSnapshot;

fn former(version: u64) -> FormerRollup {
    FormerRollup::empty(RollupId { address: address(9_000 + version), version: version.into() }, 0)
}

#[test]
fn an_attester_is_where_it_stands_and_rewards_are_summed_up() {
    let mut snapshot = network();
    let (none, exiting) = (view(OnChainStatus::None, true), view(OnChainStatus::Exiting, true));
    let validating = view(OnChainStatus::Validating, true);
    snapshot.attesters = BTreeMap::from([(address(1), none), (address(2), none), (address(3), validating)]);
    snapshot.pending_rewards = BTreeMap::from([(coinbase(101), 5.into()), (coinbase(102), 0.into())]);
    let mut one = former(100);
    one.attesters = BTreeMap::from([(address(1), exiting), (address(3), exiting)]);
    one.pending_rewards = BTreeMap::from([(coinbase(101), 70.into())]);
    let mut other = former(200);
    other.pending_rewards = BTreeMap::from([(coinbase(101), 25.into())]);
    snapshot.former_rollups = vec![one, other, former(300)];
    let formers = snapshot.former_rollups.clone();
    settle_views(&mut snapshot.attesters, &formers);
    sum_rewards(&mut snapshot.pending_rewards, &formers).unwrap();
    assert_eq!(snapshot.attesters[&address(1)], exiting);
    assert_eq!(snapshot.attesters[&address(2)], none);
    assert_eq!(snapshot.attesters[&address(3)], validating, "the canonical rollup has it");
    assert_eq!(snapshot.pending_rewards[&coinbase(101)], 100.into());
    assert_eq!(snapshot.pending_rewards[&coinbase(102)], 0.into());
    assert_eq!(snapshot.stands_at(address(1)).unwrap().version, 100.into());
    assert_eq!(snapshot.stands_at(address(2)), None);
    assert_eq!(snapshot.stands_at(address(3)), Some(snapshot.canonical()));
    let left: Vec<U256> = snapshot.rewards_left(coinbase(101)).iter().map(|left| left.amount).collect();
    assert_eq!(left, [70.into(), 25.into()]);
    assert!(snapshot.rewards_left(coinbase(102)).is_empty());
}

#[test]
fn a_sum_that_does_not_fit_is_no_sum() {
    let mut rollup = former(100);
    rollup.pending_rewards = BTreeMap::from([(coinbase(101), U256::MAX)]);
    let mut rewards = BTreeMap::from([(coinbase(101), U256::one())]);
    assert_eq!(sum_rewards(&mut rewards, &[rollup]), None);
}

fn tasks(snapshot: &NetworkSnapshot) -> BTreeMap<Task, BTreeSet<Address>> {
    let rows = overview(snapshot, &KeyBook::default(), &BTreeMap::new(), Duration::ZERO);
    checklist(snapshot, &rows).into_iter().map(|entry| (entry.task, entry.attesters)).collect()
}

fn only(attester: u64) -> BTreeSet<Address> {
    BTreeSet::from([address(attester)])
}

#[test]
fn only_what_moves_along_is_at_risk_before_a_cut_over_and_refunded_after_it() {
    let (moves, stays) = (deposit(1), QueuedDeposit { move_with_latest_rollup: false, ..deposit(2) });
    let mut snapshot = network();
    let none = view(OnChainStatus::None, false);
    snapshot.attesters = BTreeMap::from([(address(1), none), (address(2), none)]);
    snapshot.entry_queue = vec![moves, stays];
    assert_eq!(tasks(&snapshot), BTreeMap::from([(Task::AtRisk, only(1))]));
    // Without its figures nobody knows when the other one is let in there; it is let in all the same.
    let mut there = former(7);
    there.entry_queue = std::mem::take(&mut snapshot.entry_queue);
    snapshot.former_rollups = vec![there];
    assert_eq!(tasks(&snapshot), BTreeMap::from([(Task::Refund, only(1)), (Task::Arrives, only(2))]));
}

#[test]
fn whoever_the_canonical_rollup_let_in_itself_did_not_move_and_has_no_duties_elsewhere() {
    let mut snapshot = network();
    let validating = view(OnChainStatus::Validating, true);
    snapshot.attesters = (1..=3).map(|attester| (address(attester), validating)).collect();
    let mut there = former(7);
    there.since = snapshot.block.timestamp;
    there.figures = Some(Box::new(snapshot.rollup.clone()));
    snapshot.rollup.checkpoints.pending = Some(0);
    let for_former = Delegation { rollup: there.id.address, ..delegation(10, 1, coinbase(101)) };
    snapshot.delegations = vec![for_former, delegation(400, 2, coinbase(102))];
    snapshot.former_rollups = vec![there];
    confirm(&mut snapshot);
    // Of the third nobody knows when it came.
    let moved = BTreeSet::from([address(1), address(3)]);
    assert_eq!(tasks(&snapshot), BTreeMap::from([(Task::Moved, moved.clone()), (Task::Duties, moved)]));
}

#[test]
fn what_is_not_told_is_unknown_where_it_may_be_and_keeps_its_state() {
    let mut there = former(7);
    let (was_active, never) = (view(OnChainStatus::None, true), view(OnChainStatus::None, false));
    there.untold_attesters = BTreeSet::from([address(1), address(2), address(3)]);
    assert!(there.may_have(address(1), &was_active));
    assert!(!there.may_have(address(4), &was_active), "it was told of");
    assert!(!there.may_have(address(2), &never), "whoever was never let in validates nowhere");
    assert!(!there.may_have(address(3), &view(OnChainStatus::Validating, true)));
    there.is_queue_untold = true;
    assert!(there.may_have(address(2), &never));
    there.unread = Some("getAttesterView".to_owned());
    let mut snapshot = network();
    snapshot.attesters = BTreeMap::from([(address(1), was_active), (address(2), never)]);
    snapshot.former_rollups = vec![there];
    let before = BTreeMap::from([(address(1), State::Active), (address(2), State::InStakingQueue)]);
    for row in overview(&snapshot, &KeyBook::default(), &before, Duration::ZERO) {
        assert_eq!((row.position, row.state), (Position::Unknown, before[&row.attester]));
        assert!(row.position_unknown.is_some_and(|why| why.contains("getAttesterView")));
    }
}

#[test]
fn where_the_escrow_knows_a_newer_rollup_than_the_registry_nobody_is_taken_for_gone() {
    let mut snapshot = network();
    snapshot.rollup.missing.insert(Capability::LatestRollup);
    let (was_active, never) = (view(OnChainStatus::None, true), view(OnChainStatus::None, false));
    snapshot.attesters = BTreeMap::from([(address(1), was_active), (address(2), never)]);
    let rows = overview(&snapshot, &KeyBook::default(), &BTreeMap::new(), Duration::ZERO);
    let found: BTreeMap<Address, Position> = rows.iter().map(|row| (row.attester, row.position)).collect();
    assert_eq!(found, BTreeMap::from([(address(1), Position::Unknown), (address(2), Position::Unregistered)]));
}

#[test]
fn whoever_knew_what_is_not_told_now_goes_on_with_it() {
    let (none, never) = (view(OnChainStatus::None, true), view(OnChainStatus::None, false));
    let validating = view(OnChainStatus::Validating, true);
    let mut before = network();
    let mut there = former(7);
    there.attesters = BTreeMap::from([(address(1), validating)]);
    there.entry_queue = vec![deposit(2), deposit(4)];
    there.pending_rewards = BTreeMap::from([(coinbase(101), 7.into())]);
    there.figures = Some(Box::new(before.rollup.clone()));
    before.former_rollups = vec![there.clone()];
    let mut now = network();
    now.attesters = BTreeMap::from([(address(1), none), (address(2), never), (address(3), none), (address(4), none)]);
    now.pending_rewards = BTreeMap::from([(coinbase(101), 5.into())]);
    let mut silent = former(7);
    silent.unread = Some("getAttesterView".to_owned());
    silent.untold_attesters = BTreeSet::from([address(1), address(3), address(4)]);
    silent.untold_rewards = BTreeSet::from([coinbase(101)]);
    silent.is_queue_untold = true;
    now.former_rollups = vec![silent];
    let mut last = LastTold::default();
    last.lend(&mut before);
    last.lend(&mut now);
    let lent = &now.former_rollups[0];
    assert_eq!(
        (&lent.attesters, &lent.entry_queue, &lent.figures),
        (&there.attesters, &there.entry_queue, &there.figures)
    );
    assert_eq!(now.attesters[&address(1)], validating);
    assert_eq!(now.pending_rewards[&coinbase(101)], 12.into());
    assert!(lent.unread.is_some(), "it is told all the same");
    assert_eq!(lent.untold_attesters, only(4), "it waited, and may have been let in");

    // Who told that nothing is there is believed.
    let mut told = network();
    told.attesters = BTreeMap::from([(address(1), none)]);
    told.former_rollups = vec![former(7)];
    last.lend(&mut told);
    assert_eq!(told.former_rollups, [former(7)]);
    assert_eq!(told.attesters[&address(1)], none);
}
