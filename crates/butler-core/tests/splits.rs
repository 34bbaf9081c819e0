//! The splits of the scenario's delegations are those that the registry made, and cost few requests.

use std::sync::atomic::Ordering::Relaxed;

use butler_core::chain::SnapshotReader;
use butler_core::domain::ids::Coinbase;
use butler_core::domain::provider::rewards::provider_rewards;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, ForgedCoinbase, Getter, Lie, LogKind, SplitEvent};
use ethers_core::types::Address;

use crate::support;

fn requests(reader: &SnapshotReader) -> u64 {
    reader.client().endpoints()[0].peer().counters().requests.load(Relaxed)
}

#[tokio::test]
async fn every_delegations_split_is_confirmed_and_gives_the_rate_of_its_time() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let mut reader = support::reader(oracle, chain.url());
    let mut request = support::request(oracle);
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    for event in oracle.events_named("SplitCreated") {
        let coinbase = Coinbase::try_from(event.address("split").unwrap()).unwrap();
        let split = snapshot.splits[&coinbase].confirmed().unwrap();
        let parameters = &event.args["splitParams"];
        let rate: u16 = parameters["allocations"][0].as_str().unwrap().parse().unwrap();
        let recipients: [Address; 2] = serde_json::from_value(parameters["recipients"].clone()).unwrap();
        assert_eq!((split.provider_recipient, split.provider_bps), (recipients[0], rate));
        assert_eq!(split.delegator_recipient, recipients[1]);
    }
    assert_eq!(snapshot.splits.len(), oracle.events_named("SplitCreated").count());

    chain.play(Move::SetTakeRate { provider: 1, rate: 1_234 }).await.unwrap();
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    request.with_other_providers = false;
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    let newest = snapshot.delegations.last().unwrap();
    assert_eq!(snapshot.splits[&newest.coinbase].confirmed().unwrap().provider_bps, 1_234);
    for (coinbase, split) in &snapshot.splits {
        assert!(split.confirmed().is_some(), "{coinbase}: {split:?}");
    }
    assert!(provider_rewards(&snapshot).unwrap().values().all(|rewards| rewards.pending.is_some()));
}

#[tokio::test]
async fn splits_cost_one_request_more_once_and_then_none() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let mut reader = support::reader(oracle, chain.url());
    let request = support::request(oracle);
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    assert!(snapshot.splits.len() > 1);
    let cold = requests(&reader);
    reader.read(&request, &|_| ()).await.unwrap();
    let warm = requests(&reader) - cold;
    // The refunds of attesters that were let in are read once, too.
    assert!(cold <= warm + 3, "{cold} requests cold, {warm} warm");
    // One is for a zombie of ours: a function that its rollup lacks is asked for twice, so that no lack of gas is taken for it.
    assert!(warm <= 7, "{warm} requests warm");
}

/// Every lie that is about a coinbase, or about the split behind it.
const LIES: [Lie; 10] = [
    Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Missing),
    Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged),
    Lie::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Missing),
    Lie::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Forged),
    Lie::Attester,
    Lie::ExtraStake(SplitEvent::Missing),
    Lie::ExtraStake(SplitEvent::Forged),
    Lie::StakeAsDrip,
    Lie::DripAsStake,
    Lie::Reverted(Getter::SplitHash),
];

/// Confirmed is only what the registry really made for that attester.
fn assert_confirmed_is_true(snapshot: &NetworkSnapshot, oracle: &Oracle, lie: Lie) -> usize {
    let truth = oracle.coinbases();
    let confirmed = snapshot
        .delegations
        .iter()
        .filter(|delegation| snapshot.splits[&delegation.coinbase].confirmed().is_some())
        .inspect(|delegation| {
            assert_eq!(truth.get(&delegation.attester), Some(&delegation.coinbase.address()), "{lie}");
        });
    confirmed.count()
}

#[tokio::test]
async fn one_endpoint_that_lies_about_a_coinbase_confirms_no_other_and_is_forgotten_when_it_is_gone() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let request = support::request(oracle);
    for lie in LIES {
        let mut reader = support::reader(oracle, &proxy.url());
        proxy.set(FaultPlan::always(Fault::Lie(lie)));
        if let Ok(snapshot) = reader.read(&request, &|_| ()).await {
            assert_confirmed_is_true(&snapshot, oracle, lie);
        }
        proxy.set(FaultPlan::default());
        let snapshot = reader.read(&request, &|_| ()).await.unwrap();
        assert_eq!(assert_confirmed_is_true(&snapshot, oracle, lie), oracle.coinbases().len(), "{lie}");
    }
}

#[tokio::test]
async fn terms_that_the_only_endpoint_left_out_are_looked_for_again_64_blocks_later() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    chain.play(Move::SetTakeRate { provider: 1, rate: 750 }).await.unwrap();
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    // As it was registered, so that nothing but the splits says that it was ever changed.
    chain.play(Move::SetTakeRate { provider: 1, rate: 500 }).await.unwrap();
    // The newest blocks are read again anyway.
    chain.rpc("anvil_mine", serde_json::json!(["0x64"])).await.unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let request = support::request(oracle);
    let mut reader = support::reader(oracle, &proxy.url());
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Terms))));
    let unconfirmed = |snapshot: &NetworkSnapshot| snapshot.splits.values().any(|split| split.confirmed().is_none());
    assert!(unconfirmed(&reader.read(&request, &|_| ()).await.unwrap()));
    proxy.set(FaultPlan::none());
    let requests_before = requests(&reader);
    assert!(unconfirmed(&reader.read(&request, &|_| ()).await.unwrap()), "a scan each time would be too much");
    assert!(requests(&reader) - requests_before <= 9);
    chain.rpc("anvil_mine", serde_json::json!(["0x40"])).await.unwrap();
    assert!(!unconfirmed(&reader.read(&request, &|_| ()).await.unwrap()));
}

#[tokio::test]
async fn one_endpoint_of_two_that_lies_about_a_coinbase_confirms_no_other() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let request = support::request(oracle);
    for lie in LIES {
        proxy.set(FaultPlan::always(Fault::Lie(lie)));
        let (liar, honest) = (support::endpoint("liar", &proxy.url()), support::endpoint("honest", chain.url()));
        for endpoints in [[liar.clone(), honest.clone()], [honest.clone(), liar.clone()]] {
            let mut reader = support::reader_at(oracle, &endpoints);
            if let Ok(snapshot) = reader.read(&request, &|_| ()).await {
                assert_confirmed_is_true(&snapshot, oracle, lie);
            }
        }
    }
}
