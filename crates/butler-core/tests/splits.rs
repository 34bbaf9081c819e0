//! The splits of the scenario's delegations are those that the registry made.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use butler_core::domain::ids::Coinbase;
use butler_core::domain::rewards::provider_rewards;
use butler_core::snapshot::{SnapshotError, SplitReader};
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};
use ethers_core::types::{Address, U256};

#[tokio::test]
async fn every_delegations_split_is_read_once_and_gives_the_rate_of_its_time() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let registry = oracle.contracts.staking_registry_address;
    let mut reader = support::reader(oracle, chain.url());
    let mut splits = SplitReader::default();
    let mut request = support::request(oracle);
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    let read = splits.read(reader.client(), &snapshot.block, registry, &snapshot.delegations).await.unwrap().clone();
    for event in oracle.events_named("SplitCreated") {
        let coinbase = Coinbase::try_from(event.address("split").unwrap()).unwrap();
        let split = &read[&coinbase];
        let parameters = &event.args["splitParams"];
        let rate = U256::from_dec_str(parameters["allocations"][0].as_str().unwrap()).unwrap();
        let recipient: Address = serde_json::from_value(parameters["recipients"][0].clone()).unwrap();
        assert_eq!(
            (split.provider_recipient, split.provider_allocation, split.total),
            (recipient, rate, 10_000.into())
        );
    }
    assert_eq!(read.len(), oracle.events_named("SplitCreated").count());
    let requests =
        || reader.client().endpoints()[0].peer().counters().requests.load(std::sync::atomic::Ordering::Relaxed);
    let before = requests();
    splits.read(reader.client(), &snapshot.block, registry, &snapshot.delegations).await.unwrap();
    assert_eq!(requests(), before);

    chain.play(Move::SetTakeRate { provider: 1, rate: 1_234 }).await.unwrap();
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    request.with_other_providers = false;
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    let read = splits.read(reader.client(), &snapshot.block, registry, &snapshot.delegations).await.unwrap();
    let newest = snapshot.delegations.last().unwrap();
    assert_eq!(read[&newest.coinbase].provider_allocation, 1_234.into());
    assert!(provider_rewards(&snapshot, read).is_some());
}

#[tokio::test]
async fn a_coinbase_that_the_factory_did_not_make_is_an_error() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let mut reader = support::reader(oracle, chain.url());
    let mut delegations = reader.read(&support::request(oracle), &|_| ()).await.unwrap().delegations;
    let block = reader.client().head(butler_core::client::l1::BlockTag::Latest, &[]).await.unwrap().block;
    delegations[0].coinbase = Coinbase::try_from(Address::repeat_byte(5)).unwrap();
    let registry = oracle.contracts.staking_registry_address;
    let mut splits = SplitReader::default();
    let error = splits.read(reader.client(), &block, registry, &delegations).await.unwrap_err();
    assert!(matches!(error, SnapshotError::Nonsense { .. }), "{error:?}");
}
