//! Snapshots of the scenario's chain equal its oracle.

use std::collections::BTreeSet;

use butler_core::chain::{SnapshotError, SnapshotRequest};
use butler_core::domain::attester::view::OnChainStatus;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, Status, ensure};
use ethers_core::types::Address;

use crate::support;

fn assert_equals_oracle(snapshot: &NetworkSnapshot, oracle: &Oracle) {
    assert_eq!((snapshot.chain_id, snapshot.block.number), (31337, oracle.block.number));
    assert_eq!(snapshot.block.timestamp, oracle.block.timestamp);
    assert_eq!(snapshot.rollup.address, oracle.contracts.rollup_address);
    assert_eq!(snapshot.rollup.gse, oracle.contracts.gse_address);
    assert_eq!(snapshot.active_set, oracle.active_attesters);
    let queue: Vec<Address> = snapshot.entry_queue.iter().map(|deposit| deposit.attester).collect();
    assert_eq!(queue, oracle.entry_queue.iter().map(|item| item.attester).collect::<Vec<_>>());
    for (id, expected) in &oracle.providers {
        let id = (*id).try_into().unwrap();
        let found = snapshot.providers.get(&id).or_else(|| snapshot.other_providers.get(&id)).unwrap();
        assert_eq!(found.admin, expected.provider_admin);
        assert_eq!(found.take_rate_bps, expected.provider_take_rate);
        assert_eq!(found.pending_admin.unwrap_or_default(), expected.pending_admin);
        assert_eq!(found.queue.iter().map(|entry| entry.attester).collect::<Vec<_>>(), expected.queue);
    }
    for expected in oracle.attesters.values() {
        let view = snapshot.attesters[&expected.address];
        let status = match expected.status {
            Status::None => OnChainStatus::None,
            Status::Validating => OnChainStatus::Validating,
            Status::Zombie => OnChainStatus::Zombie,
            Status::Exiting => OnChainStatus::Exiting,
        };
        assert_eq!(view.status, status);
        assert_eq!(view.effective_balance, expected.effective_balance);
        assert_eq!(view.withdrawer.unwrap_or_default(), expected.withdrawer);
        assert_eq!(view.exit.is_some(), expected.exit.exists);
    }
    for publisher in &oracle.publishers {
        assert_eq!(snapshot.publisher_balances[&publisher.address], publisher.balance);
    }
    let coinbases = oracle.coinbases();
    assert_eq!(snapshot.delegations.len(), coinbases.len());
    for delegation in &snapshot.delegations {
        assert_eq!(delegation.coinbase.address(), coinbases[&delegation.attester]);
    }
}

#[tokio::test]
async fn a_snapshot_equals_the_oracle() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let mut reader = support::reader(oracle, chain.url());
    let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
    assert_equals_oracle(&snapshot, oracle);
    let requests = &reader.client().endpoints()[0].peer().counters().requests;
    println!("{} requests", requests.load(std::sync::atomic::Ordering::Relaxed));
}

#[tokio::test]
async fn a_provider_whose_admin_was_replaced_stays_ours_for_whoever_read_it_before_and_for_daemons_that_name_it() {
    let state = ensure(&DevnetSpec::scenario()).unwrap();
    let chain = Chain::start(&state).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let admin = oracle.providers[&1].provider_admin;
    let by_admin = SnapshotRequest {
        provider_ids: BTreeSet::new(),
        provider_admins: BTreeSet::from([admin]),
        ..support::request(oracle)
    };
    let mut before = support::reader(oracle, chain.url());
    let ours: BTreeSet<_> = before.read(&by_admin, &|_| ()).await.unwrap().providers.keys().copied().collect();
    let stranger = oracle.account("stranger").unwrap();
    chain.play(Move::ProposeAdmin { provider: 1, admin: stranger }).await.unwrap();
    chain.play(Move::AcceptAdmin { provider: 1 }).await.unwrap();
    let after = before.read(&by_admin, &|_| ()).await.unwrap();
    assert_eq!(after.providers.keys().copied().collect::<BTreeSet<_>>(), ours);
    assert_eq!(after.providers[&1.try_into().unwrap()].admin, stranger);
    // Whoever begins now cannot tell him from one that is mistyped, unless it goes on for others.
    let named = SnapshotRequest { provider_ids: support::request(oracle).provider_ids, ..by_admin.clone() };
    for (request, is_read) in
        [(by_admin, false), (named.clone(), false), (SnapshotRequest { admins_may_be_gone: true, ..named }, true)]
    {
        let read = support::reader(oracle, chain.url()).read(&request, &|_| ()).await;
        assert!(
            matches!(&read, Err(SnapshotError::UnknownAdmin(who)) if *who == admin && !is_read)
                || read.is_ok() && is_read
        );
    }
}
