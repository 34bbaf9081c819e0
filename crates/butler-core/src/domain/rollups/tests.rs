//! Views and sums over several rollups.

use super::*;
use crate::domain::samples::{address, coinbase, network, view};

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
