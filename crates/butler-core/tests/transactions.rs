//! Plans tried on a chain with Aztec's contracts, and keys judged as these contracts do.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::client::capped::{CappedCall, CappedOutcome};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::contracts::bindings::staking_registry::{G1Point, G2Point, KeyStore};
use butler_core::contracts::proof::{ProvenKey, VerifierAnswer, verifier_answer, verifier_of};
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::transaction::change::Change;
use butler_core::transaction::keys::facts::KeyFacts;
use butler_core::transaction::keys::{Fault, judge};
use butler_core::transaction::permitted::Places;
use butler_core::transaction::plan::{Plan, Wanted};
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::simulation::{Simulation, SimulationError, simulate};
use butler_testkit::devnet::{self, Chain, DevnetSpec, Oracle, ensure, with_wrong_proof};
use butler_testkit::proxy::{Fault as Trouble, FaultPlan, FaultProxy, When};
use ethers_core::types::{Address, U256};

use crate::support::{client, endpoint, reader, request};

async fn start() -> (Chain, L1Client, BlockRef) {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let client = client(&[endpoint("devnet", chain.url())]);
    let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    (chain, client, block)
}

fn places(oracle: &Oracle) -> Places {
    Places {
        chain_id: oracle.chain_id,
        staking_registry: oracle.contracts.staking_registry_address,
        rollup: oracle.contracts.rollup_address,
        staking_asset: oracle.contracts.staking_asset_address,
        funded: BTreeSet::from([oracle.publishers[0].address]),
    }
}

fn key(key: &devnet::KeyStore) -> KeyStore {
    let point = |point: &BTreeMap<String, U256>| G1Point { x: point["x"], y: point["y"] };
    KeyStore {
        attester: key.attester,
        public_key_g1: point(&key.g1),
        public_key_g2: G2Point { x_0: key.g2["x0"], x_1: key.g2["x1"], y_0: key.g2["y0"], y_1: key.g2["y1"] },
        proof_of_possession: point(&key.pop),
    }
}

async fn tried(
    (oracle, client, block): (&Oracle, &L1Client, &BlockRef),
    from: Address,
    change: Change,
) -> Result<Simulation, SimulationError> {
    let wanted = Wanted { change, from, effects: Vec::new(), remarks: Vec::new() };
    simulate(client, block, &Plan::new(wanted, places(oracle)).unwrap()).await
}

#[tokio::test]
async fn what_the_contracts_refuse_is_told_in_words_before_anybody_signs() {
    let (chain, client, block) = start().await;
    let oracle = chain.oracle().unwrap();
    let bench = (oracle, &client, &block);
    let (admin, stranger) = (oracle.providers[&1].provider_admin, Address::repeat_byte(0x42));
    let [provider, nobody] = [1, 99].map(|id| ProviderId::try_from(id).unwrap());
    let take_rate_bps = oracle.providers[&1].provider_take_rate;
    let key = key(&oracle.spare_keys[0]);
    let deposit = |approve: Option<u64>| Change::Deposit {
        withdrawer: stranger,
        keys: vec![key.clone()],
        stake: oracle.rollup.activation_threshold,
        approve: approve.map(U256::from),
        follows: true,
    };
    for (from, change, why) in [
        (stranger, Change::SetTakeRate { provider, take_rate_bps: 7 }, "the sender is not the provider's admin"),
        (admin, Change::SetTakeRate { provider, take_rate_bps }, "that is the take rate already"),
        (admin, Change::SetTakeRate { provider, take_rate_bps: 10_001 }, "the take rate is more than all (10001)"),
        (admin, Change::NameAdmin { provider, admin }, "that is the admin already"),
        (stranger, Change::AcceptAdmin { provider, admin: stranger }, "the sender is not named as the next admin"),
        (admin, Change::Drip { provider, first: 1, keys: 5_000 }, "the queue has no such many keys"),
        (admin, Change::SetTakeRate { provider: nobody, take_rate_bps: 7 }, "the sender is not the provider's admin"),
        (stranger, deposit(None), "not allowed to take so many tokens"),
        (stranger, deposit(Some(u64::MAX)), "not allowed to take so many tokens"),
    ] {
        match tried(bench, from, change.clone()).await {
            Err(SimulationError::Refused(Refusal::Reverts { why: told, .. })) => {
                assert!(told.contains(why), "{change:?}: {told}");
            }
            other => panic!("{change:?}: {other:?}"),
        }
    }
    let transfers = BTreeMap::from([(oracle.publishers[0].address, U256::one())]);
    let passed = tried(bench, oracle.account("deployer").unwrap(), Change::Fund { transfers }).await.unwrap();
    assert!(passed.gas[0].unwrap() >= 21_000 && passed.worst_cost.is_some_and(|cost| !cost.is_zero()), "{passed:?}");
}

#[tokio::test]
async fn what_needs_another_call_is_said_to_be_untried_where_no_endpoint_can_try_both() {
    let (chain, _, _) = start().await;
    let oracle = chain.oracle().unwrap();
    let staker = Address::repeat_byte(0x42);
    chain.endow_with_stakes(staker, 1).await.unwrap();
    let stake = oracle.rollup.activation_threshold;
    let change = Change::Deposit {
        withdrawer: staker,
        keys: vec![key(&oracle.spare_keys[0])],
        stake,
        approve: Some(stake),
        follows: true,
    };
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let client = client(&[endpoint("devnet", &proxy.url())]);
    let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    let whole = tried((oracle, &client, &block), staker, change.clone()).await.unwrap();
    assert!(whole.gas.iter().all(Option::is_some), "{whole:?}");
    let refused = Trouble::Status { code: 403, retry_after: None, body: String::new() };
    proxy.set(FaultPlan::default().with(refused, When::ForMethod("eth_simulateV1".to_owned())));
    let part = tried((oracle, &client, &block), staker, change).await.unwrap();
    assert_eq!((part.gas[0].is_some(), part.gas[1]), (true, None), "{part:?}");
}

#[tokio::test]
async fn a_proof_is_right_here_when_it_is_to_the_escrow_s_own_verifier() {
    let (chain, client, block) = start().await;
    let oracle = chain.oracle().unwrap();
    let snapshot = reader(oracle, chain.url()).read(&request(oracle), &|_| ()).await.unwrap();
    let twisted = |spare: &devnet::KeyStore| {
        let mut twisted = spare.clone();
        let (x0, x1) = (twisted.g2["x0"], twisted.g2["x1"]);
        twisted.g2.extend([("x0".to_owned(), x1), ("x1".to_owned(), x0)]);
        twisted
    };
    let spare = &oracle.spare_keys;
    let keys: Vec<KeyStore> = spare[..4]
        .iter()
        .cloned()
        .chain([with_wrong_proof(&spare[4]), twisted(&spare[5])])
        .map(|one| key(&one))
        .collect();
    let verifier = verifier_of(oracle.contracts.gse_address);
    let question = |key: &KeyStore| CappedCall { to: verifier, data: ProvenKey::from(key).question(), gas: 250_000 };
    let questions: Vec<CappedCall> = keys.iter().map(question).collect();
    let (_, answers) = client.capped_calls(&block, &questions, &BTreeSet::new()).await.unwrap();
    let facts = KeyFacts::read(&client, (oracle.contracts.staking_registry_address, &snapshot), &keys).await.unwrap();
    assert!(facts.cap.is_some_and(|cap| cap > 200_000), "{facts:?}");
    let judged = judge(&snapshot, Some(1_u64.try_into().unwrap()), &keys, (&facts, &BTreeMap::new()));
    for (key, answer) in keys.iter().zip(answers) {
        let told = match answer {
            CappedOutcome::Returned(data) => verifier_answer(Some(&data)),
            CappedOutcome::Failed => verifier_answer(None),
        };
        let is_good = judged.good.contains(key);
        assert_eq!(is_good, told == VerifierAnswer::Right, "{key:?}");
        let bad = judged.bad.iter().find(|bad| bad.attester == key.attester);
        assert_eq!(bad.map(|bad| bad.faults.as_slice()), (!is_good).then_some(&[Fault::ProofWrong][..]));
    }
    assert_eq!((judged.good.len(), judged.bad.len()), (4, 2));
}
