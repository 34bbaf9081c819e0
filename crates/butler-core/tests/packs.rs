//! Packed calls: what a state override answers is what Multicall3 answers, and without overrides nothing is missing.

use std::time::Duration;

use butler_core::client::l1::BlockTag;
use butler_core::contracts::bindings::rollup::GetAttesterViewCall;
use butler_core::contracts::call::{Call, Target};
use butler_core::contracts::multicall::{MULTICALL3, Outcome};
use butler_core::contracts::packed;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::proxy::{BatchRefusal, Fault, FaultPlan, FaultProxy, Lie, OverrideRefusal, PackRefusal, When};
use ethers_core::types::{Address, Bytes};

use crate::support;

/// Returns its calldata.
const ECHO: &str = "0x366000600037366000f3";
/// Reverts with its calldata.
const REFUSE: &str = "0x366000600037366000fd";
/// Returns the number of the block, whatever is asked, and calls its caller back first.
const CALL_BACK: &str = "0x60006000600060006000335af1504360005260206000f3";
/// Burns what gas it is given.
const BURN: &str = "0xfe";

async fn setting() -> (Chain, FaultProxy) {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    chain.mine().await.unwrap();
    chain.mine().await.unwrap();
    (chain, proxy)
}

fn contract(number: u64) -> Address {
    Address::from_low_u64_be(0xc0de_0000 + number)
}

fn call(to: Address, data: Vec<u8>) -> Call {
    Call {
        target: Target::Function { to, data: data.into() },
        function: "any".into(),
        gas: 60_000,
        limit: None,
        is_optional: false,
        goes_alone: false,
        tells_by_reverting: false,
    }
}

/// Bytes that are neither all zeros nor all different.
fn noise(seed: usize, length: usize) -> Vec<u8> {
    let byte = |at: usize| u8::try_from((seed * 31 + at * 7) % 256).unwrap() & if at % 5 == seed % 5 { 0 } else { 255 };
    (0..length).map(byte).collect()
}

async fn place_contracts(chain: &Chain) {
    for (number, code) in (0..).zip([ECHO, REFUSE, CALL_BACK]) {
        chain.rpc("anvil_setCode", serde_json::json!([contract(number), code])).await.unwrap();
    }
    chain.rpc("anvil_setBalance", serde_json::json!([contract(0), "0x123456789abcdef"])).await.unwrap();
    chain.mine().await.unwrap();
}

#[tokio::test]
async fn packed_calls_end_as_those_of_multicall3_do() {
    let (chain, proxy) = setting().await;
    place_contracts(&chain).await;
    let mut calls = Vec::new();
    // Every length around whole words, at contracts that answer, refuse, call back and are none.
    for length in (0..140).chain([1_000, 4_004, 5_000]) {
        for number in 0..4 {
            calls.push(call(contract(number), noise(length + 1, length)));
        }
        calls.push(Call::balance(contract(u64::try_from(length % 3).unwrap())));
    }
    // A list of many words, as indices are; words with each number of zeros before them.
    let list = |words: u32| (0..words).flat_map(|n| ethers_core::types::H256::from_low_u64_be(n.into()).0);
    calls.push(call(contract(0), [1, 2, 3, 4].into_iter().chain(list(600)).collect()));
    for zeros in 0..=32 {
        let word = [vec![0; zeros], vec![0xff; 32 - zeros]].concat();
        calls.push(call(contract(0), [&[9, 9, 9, 9], &word[..], &word].concat()));
    }
    let block =
        support::client(&[support::endpoint("any", chain.url())]).head(BlockTag::Latest, &[]).await.unwrap().block;
    let mut answers = Vec::new();
    for plan in [FaultPlan::none(), FaultPlan::always(Fault::RefuseOverrides(OverrideRefusal::Ignored))] {
        proxy.set(plan);
        let client = support::client(&[support::endpoint("faulty", &proxy.url())]);
        answers.push(client.calls(&block, &calls).await.unwrap().outcomes);
    }
    assert_eq!(answers[0].len(), calls.len());
    for ((call, packed), aggregate) in calls.iter().zip(&answers[0]).zip(&answers[1]) {
        assert_eq!(packed, aggregate, "{call:?}");
        if let (Target::Function { to, data }, true) = (&call.target, call.address() == contract(0)) {
            assert_eq!(*packed, Outcome::Returned(data.clone()), "{to:?}");
        }
    }
    let told = |outcome: &Outcome| matches!(outcome, Outcome::Returned(data) if data.len() == 32);
    assert!(
        calls
            .iter()
            .zip(&answers[0])
            .all(|(call, outcome)| !matches!(call.target, Target::Balance(_)) || told(outcome))
    );
}

#[tokio::test]
async fn a_call_that_burns_its_gas_does_not_spoil_its_neighbours() {
    let (chain, proxy) = setting().await;
    place_contracts(&chain).await;
    chain.rpc("anvil_setCode", serde_json::json!([contract(3), BURN])).await.unwrap();
    chain.mine().await.unwrap();
    let calls = [0, 3, 0, 1].map(|number| call(contract(number), noise(7, 36)));
    let client = support::client(&[support::endpoint("faulty", &proxy.url())]);
    let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    let outcomes = client.calls(&block, &calls).await.unwrap().outcomes;
    let data = Bytes::from(noise(7, 36));
    let returned = Outcome::Returned(data.clone());
    assert_eq!(outcomes, [returned.clone(), Outcome::Failed(Bytes::new()), returned, Outcome::Failed(data)]);
}

#[tokio::test]
async fn the_snapshot_is_the_same_however_overrides_are_refused() {
    let (chain, proxy) = setting().await;
    let oracle = chain.oracle().unwrap();
    let mut request = support::request(oracle);
    request.at = BlockTag::Number(chain.block_number().await.unwrap() - 1);
    let endpoint = || [support::endpoint("faulty", &proxy.url())];
    let mut reader = support::reader_at(oracle, &endpoint());
    let truth = reader.read(&request, &|_| ()).await.unwrap();
    assert!(reader.client().endpoints()[0].takes_overrides());
    proxy.reset();
    assert!(reader.read(&request, &|_| ()).await.unwrap() == truth);
    let normal = proxy.stats();
    for style in OverrideRefusal::all() {
        proxy.set(FaultPlan::always(Fault::RefuseOverrides(style.clone())));
        let mut reader = support::reader_at(oracle, &endpoint());
        assert!(reader.read(&request, &|_| ()).await.unwrap() == truth, "{style:?}");
        let endpoint = &reader.client().endpoints()[0];
        assert!(!endpoint.takes_overrides(), "{style:?}");
        assert!(!endpoint.lacks_multicall() && endpoint.takes_batches(), "{style:?}");
        assert_eq!(endpoint.health().last_failure(), None, "{style:?}");
        // What was learnt is used the next time.
        proxy.reset();
        assert!(reader.read(&request, &|_| ()).await.unwrap() == truth, "{style:?}");
        let again = proxy.stats();
        assert_eq!(again.http_requests, normal.http_requests, "{style:?}");
        assert!(again.request_bytes > normal.request_bytes, "{style:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_takes_little_of_anything_is_read_all_the_same() {
    let (chain, proxy) = setting().await;
    let oracle = chain.oracle().unwrap();
    let request = support::request(oracle);
    let truth = support::reader(oracle, chain.url()).read(&request, &|_| ()).await.unwrap();
    let pack = PackRefusal::Error { code: -32000, message: "execution aborted (timeout = 5s)".to_owned() };
    for style in [
        OverrideRefusal::error(-32602, "too many arguments, want at most 2"),
        OverrideRefusal::error(-32603, "Internal error"),
        OverrideRefusal::Ignored,
        OverrideRefusal::Status(400),
        OverrideRefusal::Close,
    ] {
        for max_batch in [1, 100] {
            let plan = FaultPlan::always(Fault::RefuseOverrides(style.clone()))
                .with(Fault::RefusePacks { max: 12, style: pack.clone() }, When::Always)
                .with(Fault::RefuseBatches { max: 3, style: BatchRefusal::Geth }, When::Always);
            proxy.set(plan);
            let mut endpoint = support::endpoint("poor", &proxy.url());
            endpoint.max_batch = max_batch;
            let mut reader = support::reader_at(oracle, &[endpoint]);
            for time in ["first", "second"] {
                let snapshot = reader.read(&request, &|_| ()).await.unwrap();
                assert!(snapshot == truth, "{style:?} by {max_batch}, the {time} time");
            }
            let endpoint = &reader.client().endpoints()[0];
            assert!(!endpoint.takes_overrides() && !endpoint.lacks_multicall(), "{style:?} by {max_batch}");
            assert_eq!(endpoint.health().last_failure(), None, "{style:?} by {max_batch}");
        }
    }
}

#[tokio::test]
async fn overrides_that_are_never_answered_cost_one_deadline() {
    for endpoints in [1, 2] {
        let (chain, proxy) = setting().await;
        let other = FaultProxy::start(chain.url()).await.unwrap();
        let settings: Vec<_> = [&proxy, &other]
            .iter()
            .zip(["one", "two"])
            .take(endpoints)
            .map(|(proxy, name)| {
                proxy.set(FaultPlan::always(Fault::RefuseOverrides(OverrideRefusal::Hang)));
                let mut endpoint = support::endpoint(name, &proxy.url());
                endpoint.http.timeout = Duration::from_millis(500);
                endpoint
            })
            .collect();
        let client = support::client(&settings);
        let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
        let rollup = chain.oracle().unwrap().contracts.rollup_address;
        let view = |n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) });
        let calls: Vec<_> = (1..=20).map(view).collect();
        for time in ["first", "second"] {
            let outcomes = client.calls(&block, &calls).await.unwrap().outcomes;
            let answered = |outcome: &Outcome| matches!(outcome, Outcome::Returned(data) if !data.is_empty());
            assert!(outcomes.iter().all(answered), "the {time} time with {endpoints}");
        }
        assert!(client.endpoints().iter().any(|endpoint| !endpoint.takes_overrides()));
        let eth_calls: u64 = [&proxy, &other]
            .iter()
            .map(|proxy| proxy.stats().calls_by_method.get("eth_call").copied().unwrap_or(0))
            .sum();
        assert!(eth_calls <= 20, "{eth_calls} calls with {endpoints}");
    }
}

/// What 400 calls cost while overrides are taken so, and the next time; whether overrides are taken after that.
async fn costs_of_400_calls(style: OverrideRefusal) -> (u64, u64, bool) {
    let (chain, proxy) = setting().await;
    let client = support::client(&[support::endpoint("faulty", &proxy.url())]);
    let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    let rollup = chain.oracle().unwrap().contracts.rollup_address;
    let view = |n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) });
    let calls: Vec<_> = (1..=400).map(view).collect();
    let truth = client.calls(&block, &calls).await.unwrap().outcomes;
    proxy.set(FaultPlan::always(Fault::RefuseOverrides(style)));
    let mut costs = Vec::new();
    for _ in 0..2 {
        proxy.reset();
        assert_eq!(client.calls(&block, &calls).await.unwrap().outcomes, truth);
        costs.push(proxy.stats().calls_by_method["eth_call"]);
    }
    (costs[0], costs[1], client.endpoints()[0].takes_overrides())
}

#[tokio::test]
async fn an_override_with_which_all_calls_fail_or_that_is_too_much_however_small_is_given_up() {
    for style in [
        OverrideRefusal::FailAfter(0),
        OverrideRefusal::error(-32000, "out of gas"),
        OverrideRefusal::error(-32000, "query returned more than 10000 results"),
        OverrideRefusal::error(-32603, "execution aborted (timeout = 5s)"),
    ] {
        let (first, second, is_taken) = costs_of_400_calls(style.clone()).await;
        assert!(first <= 32 && second <= 16 && !is_taken, "{style:?}: {first} calls, then {second}");
    }
}

#[tokio::test]
async fn calls_that_run_out_of_gas_in_a_pack_are_asked_again_together() {
    let (first, second, is_taken) = costs_of_400_calls(OverrideRefusal::FailAfter(150)).await;
    assert!(first <= 4 && second <= 5 && is_taken, "{first} calls, then {second}");
}

#[tokio::test]
async fn without_multicall3_calls_are_packed_all_the_same_where_overrides_are_taken() {
    let (chain, proxy) = setting().await;
    chain.rpc("anvil_setCode", serde_json::json!([MULTICALL3, "0x"])).await.unwrap();
    chain.mine().await.unwrap();
    let client = support::client(&[support::endpoint("faulty", &proxy.url())]);
    let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    let rollup = chain.oracle().unwrap().contracts.rollup_address;
    let view = |n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) });
    let calls: Vec<_> = (1..=20).map(view).collect();
    proxy.reset();
    let truth = client.calls(&block, &calls).await.unwrap().outcomes;
    assert_eq!(proxy.stats().calls_by_method["eth_call"], 1);
    // Without either they go one by one, and nothing is tried in vain the next time.
    proxy.set(FaultPlan::always(Fault::RefuseOverrides(OverrideRefusal::Ignored)));
    assert_eq!(client.calls(&block, &calls).await.unwrap().outcomes, truth);
    proxy.reset();
    assert_eq!(client.calls(&block, &calls).await.unwrap().outcomes, truth);
    assert_eq!(proxy.stats().calls_by_method["eth_call"], 21, "twenty and the proof");
}

#[tokio::test]
async fn a_liar_is_found_whether_it_takes_overrides_or_not() {
    let (chain, proxy) = setting().await;
    let client = support::client(&[support::endpoint("faulty", &proxy.url())]);
    let number = chain.block_number().await.unwrap() - 1;
    let block = client.head(BlockTag::Number(number), &[]).await.unwrap().block;
    let rollup = chain.oracle().unwrap().contracts.rollup_address;
    let calls = [Call::new(rollup, GetAttesterViewCall { attester: Address::zero() })];
    for style in [None, Some(OverrideRefusal::Ignored), Some(OverrideRefusal::AtLatest)] {
        let refusal = style.map(|style| (Fault::RefuseOverrides(style), When::Always));
        let plan = FaultPlan::none().with(Fault::Lie(Lie::ReadsOneBefore), When::Always);
        proxy.set(refusal.into_iter().fold(plan, |plan, (fault, when)| plan.with(fault, when)));
        let error = client.calls(&block, &calls).await.unwrap_err();
        assert_eq!(error.failure.kind().name(), "wrong_block");
    }
    proxy.set(FaultPlan::none());
    assert!(client.calls(&block, &calls).await.is_ok());
    assert!(client.endpoints()[0].takes_overrides(), "a lie about the block teaches nothing about overrides");
}

#[tokio::test]
async fn nothing_is_at_the_programs_address() {
    let (chain, _proxy) = setting().await;
    assert_eq!(chain.rpc("eth_getCode", serde_json::json!([packed::ADDRESS, "latest"])).await.unwrap(), "0x");
}
