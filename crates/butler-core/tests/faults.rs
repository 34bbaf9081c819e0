//! Every fault of an endpoint is survived or reported by its kind; none becomes a value.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::chain::{SnapshotError, SnapshotReader};
use butler_core::client::error::ErrorKind;
use butler_core::client::l1::BlockTag;
use butler_core::contracts::bindings::rollup::GetAttesterViewCall;
use butler_core::contracts::call::{Call, Target};
use butler_core::contracts::multicall::{MULTICALL3, Outcome, encode_aggregate};
use butler_core::domain::attester::overview::{AttesterRow, overview};
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, ensure};
use butler_testkit::proxy::{
    BatchRefusal, Fault, FaultPlan, FaultProxy, Lie, LogLimitStyle, OverrideRefusal, PruneStyle, When,
};
use ethers_core::types::{Address, U256};

use crate::support;
use crate::trials::side_by_side;

/// Six readers share a thread, in a debug build.
const TIMEOUT: Duration = Duration::from_secs(3);

struct Setting {
    chain: Chain,
    oracle: Oracle,
    proxy: FaultProxy,
}

impl Setting {
    async fn start() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let oracle = chain.oracle().unwrap().clone();
        let proxy = FaultProxy::start(chain.url()).await.unwrap();
        Self { chain, oracle, proxy }
    }

    /// A reader behind the proxy; with `healthy`, a second endpoint goes straight to the chain.
    fn reader(&self, healthy: bool) -> SnapshotReader {
        self.reader_behind(&self.proxy, healthy)
    }

    fn reader_behind(&self, proxy: &FaultProxy, healthy: bool) -> SnapshotReader {
        let mut faulty = support::endpoint("faulty", &proxy.url());
        faulty.http.timeout = TIMEOUT;
        let mut endpoints = vec![faulty];
        if healthy {
            endpoints.push(support::endpoint("healthy", self.chain.url()));
        }
        support::reader_at(&self.oracle, &endpoints)
    }

    /// Reads behind a proxy of its own.
    async fn read(&self, plan: FaultPlan, healthy: bool) -> Result<NetworkSnapshot, SnapshotError> {
        let proxy = FaultProxy::start(self.chain.url()).await.unwrap();
        proxy.set(plan);
        self.reader_behind(&proxy, healthy).read(&support::request(&self.oracle), &|_| ()).await
    }

    /// The proxy sees into plain calls only.
    async fn remove_multicall3(&self) {
        self.chain.rpc("anvil_setCode", serde_json::json!([MULTICALL3, "0x"])).await.unwrap();
    }

    async fn truth(&self) -> NetworkSnapshot {
        support::reader(&self.oracle, self.chain.url()).read(&support::request(&self.oracle), &|_| ()).await.unwrap()
    }
}

fn kind(error: &SnapshotError) -> ErrorKind {
    let SnapshotError::Rpc(error) = error else { panic!("not a failed read: {error:?}") };
    error.failure.kind()
}

fn status(code: u16, retry_after: Option<u64>) -> Fault {
    Fault::Status { code, retry_after, body: "<html>go away</html>".to_owned() }
}

/// Faults of whole exchanges with the kind that they are reported as.
fn faults() -> Vec<(Fault, ErrorKind)> {
    vec![
        (status(429, Some(1)), ErrorKind::RateLimited),
        (status(503, Some(1)), ErrorKind::RateLimited),
        (status(500, None), ErrorKind::Http),
        (status(502, None), ErrorKind::Http),
        (status(302, None), ErrorKind::Http),
        (status(401, None), ErrorKind::Unauthorized),
        (Fault::Hang, ErrorKind::Timeout),
        (Fault::Close, ErrorKind::Broken),
        (Fault::Truncate, ErrorKind::Broken),
        (Fault::Oversized(17 << 20), ErrorKind::TooLarge),
        (Fault::NotJson, ErrorKind::Malformed),
        (Fault::WrongId, ErrorKind::Malformed),
        (Fault::MissingResult, ErrorKind::Malformed),
        (Fault::WrongChain(1), ErrorKind::WrongChain),
    ]
}

#[tokio::test]
async fn a_fault_that_lasts_is_reported_by_its_kind() {
    let setting = Setting::start().await;
    side_by_side(faults(), async |(fault, expected)| {
        let error = setting.read(FaultPlan::always(fault.clone()), false).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{fault:?}");
    })
    .await;
}

#[tokio::test]
async fn a_fault_that_passes_is_survived() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let passing = faults().into_iter().filter(|(_, kind)| kind.is_passing());
    side_by_side(passing.flat_map(|(fault, _)| (1..=3).map(move |nth| (fault.clone(), nth))), async |(fault, nth)| {
        let plan = FaultPlan::none().with(fault.clone(), When::Nth(nth));
        assert!(setting.read(plan, false).await.unwrap() == truth, "{fault:?} at request {nth}");
    })
    .await;
}

fn rows(snapshot: &NetworkSnapshot) -> Vec<AttesterRow> {
    overview(snapshot, &KeyBook::default(), &BTreeMap::new(), Duration::from_secs(3_600))
}

#[tokio::test]
async fn a_healthy_endpoint_stands_in_for_a_faulty_one() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    side_by_side(faults(), async |(fault, _)| {
        let mut snapshot = setting.read(FaultPlan::always(fault.clone()), true).await.unwrap();
        // One endpoint's word is told as that, and confirms no coinbase that two did not confirm before.
        assert!(snapshot.unconfirmed.take().is_some(), "{fault:?}");
        assert!(rows(&snapshot).iter().all(|row| row.coinbase_expected.is_none()), "{fault:?}");
        snapshot.splits.clone_from(&truth.splits);
        snapshot.delegations.clone_from(&truth.delegations);
        assert!(snapshot == truth, "{fault:?}");
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_on_another_chain_far_behind_or_far_ahead_of_two_others_stands_back() {
    let setting = Setting::start().await;
    for _ in 0..9 {
        setting.chain.play(Move::Mine).await.unwrap();
    }
    let truth = setting.truth().await;
    for (fault, expected) in [
        (Fault::WrongChain(1), ErrorKind::WrongChain),
        (Fault::LaggingHead(8), ErrorKind::Lagging),
        (Fault::Lie(Lie::HeadAhead(8)), ErrorKind::Leading),
    ] {
        setting.proxy.set(FaultPlan::always(fault));
        let third = FaultProxy::start(setting.chain.url()).await.unwrap();
        let endpoints = [
            support::endpoint("faulty", &setting.proxy.url()),
            support::endpoint("healthy", setting.chain.url()),
            support::endpoint("third", &third.url()),
        ];
        let mut reader = support::reader_at(&setting.oracle, &endpoints);
        assert_eq!(reader.read(&support::request(&setting.oracle), &|_| ()).await.unwrap(), truth);
        let health = reader.client().endpoints()[0].health();
        assert_eq!(health.last_failure(), Some(expected));
        assert!(health.is_quarantined(tokio::time::Instant::now()));
    }
}

#[tokio::test]
async fn of_two_endpoints_the_lower_head_is_read_and_nobody_is_blamed() {
    let setting = Setting::start().await;
    for _ in 0..9 {
        setting.chain.play(Move::Mine).await.unwrap();
    }
    let head = setting.chain.block_number().await.unwrap();
    for (lie, read) in [(Lie::HeadBehind(8), head - 8), (Lie::HeadAhead(8), head), (Lie::HeadAhead(1_000), head)] {
        setting.proxy.set(FaultPlan::always(Fault::Lie(lie)));
        let mut reader = setting.reader(true);
        let snapshot = reader.read(&support::request(&setting.oracle), &|_| ()).await.unwrap();
        assert_eq!(snapshot.block.number, read, "{lie}");
        assert!(reader.client().endpoints().iter().all(|endpoint| endpoint.health().last_failure().is_none()), "{lie}");
    }
}

#[tokio::test]
async fn endpoints_with_different_finalized_histories_are_not_believed() {
    let one = Setting::start().await;
    let other = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    for _ in 0..3 {
        one.chain.play(Move::Mine).await.unwrap();
    }
    other.play(Move::JumpSeconds(500)).await.unwrap();
    other.play(Move::Mine).await.unwrap();
    other.play(Move::Mine).await.unwrap();
    let endpoints = [support::endpoint("one", one.chain.url()), support::endpoint("other", other.url())];
    let mut reader = support::reader_at(&one.oracle, &endpoints);
    let error = reader.read(&support::request(&one.oracle), &|_| ()).await.map(|snapshot| snapshot.block).unwrap_err();
    assert_eq!(kind(&error), ErrorKind::Disagrees);
    // A majority decides; the odd one out stands back.
    let third = FaultProxy::start(one.chain.url()).await.unwrap();
    let endpoints = [endpoints[1].clone(), endpoints[0].clone(), support::endpoint("third", &third.url())];
    let mut reader = support::reader_at(&one.oracle, &endpoints);
    let snapshot = reader.read(&support::request(&one.oracle), &|_| ()).await.unwrap();
    assert_eq!(snapshot, one.truth().await);
    assert_eq!(reader.client().endpoints()[0].health().last_failure(), Some(ErrorKind::Disagrees));
}

#[tokio::test]
async fn endpoints_that_refuse_batches_are_read_call_by_call() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let styles = [BatchRefusal::Geth, BatchRefusal::Drpc, BatchRefusal::Besu, BatchRefusal::Unsupported];
    for style in styles {
        let plan = FaultPlan::always(Fault::RefuseBatches { max: 1, style });
        assert!(setting.read(plan, false).await.unwrap() == truth, "{style:?}");
    }
}

#[tokio::test]
async fn log_limits_in_the_words_of_every_provider_are_learnt() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    for style in LogLimitStyle::ALL {
        setting.proxy.set(FaultPlan::always(Fault::LogLimit(style.limit(7, 3))));
        setting.proxy.reset();
        let snapshot = setting.reader(false).read(&support::request(&setting.oracle), &|_| ()).await;
        assert!(snapshot.unwrap() == truth, "{style:?}");
        let scans = setting.proxy.stats().calls_by_method["eth_getLogs"];
        assert!(scans < 60, "{style:?} needed {scans} queries for 84 blocks in steps of 7");
    }
}

#[tokio::test]
async fn an_endpoint_without_old_state_is_told_from_one_without_the_block() {
    let setting = Setting::start().await;
    let mut request = support::request(&setting.oracle);
    request.at = BlockTag::Number(60);
    for style in [PruneStyle::Geth, PruneStyle::Reth, PruneStyle::Erigon, PruneStyle::Nethermind] {
        setting.proxy.set(FaultPlan::always(Fault::PruneHistory { keep: 10, style }));
        let error = setting.reader(false).read(&request, &|_| ()).await.unwrap_err();
        assert_eq!(kind(&error), ErrorKind::StateUnavailable, "{style:?}");
    }
    setting.proxy.set(FaultPlan::none());
    request.at = BlockTag::Number(1_000_000);
    let error = setting.reader(false).read(&request, &|_| ()).await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::BlockUnknown);
}

#[tokio::test]
async fn a_chain_without_multicall3_and_overrides_is_read_call_by_call() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    setting.remove_multicall3().await;
    let plan = FaultPlan::always(Fault::RefuseOverrides(OverrideRefusal::Ignored));
    assert!(setting.read(plan, false).await.unwrap() == truth);
}

#[tokio::test]
async fn a_rollup_without_a_needed_function_is_named() {
    let setting = Setting::start().await;
    setting.remove_multicall3().await;
    let plan = FaultPlan::always(Fault::RevertCalls("0x34a51ed5".to_owned()));
    let error = setting.read(plan, false).await.unwrap_err();
    let SnapshotError::Unsupported { function, .. } = &error else { panic!("{error:?}") };
    assert_eq!(function, "getAttesterView");
}

#[tokio::test]
async fn an_older_rollup_without_an_optional_figure_is_read() {
    let setting = Setting::start().await;
    setting.remove_multicall3().await;
    let plan = FaultPlan::always(Fault::RevertCalls("0xe09e424e".to_owned()));
    let snapshot = setting.read(plan, false).await.unwrap();
    assert_eq!(snapshot.rollup.local_ejection_threshold, None);
    assert_eq!(snapshot.attesters, setting.truth().await.attesters);
}

#[tokio::test]
async fn an_endpoint_that_grants_little_gas_is_read_in_smaller_packs_and_nothing_is_taken_for_a_failure() {
    let setting = Setting::start().await;
    let mut request = support::request(&setting.oracle);
    request.attesters.extend((1..=450).map(Address::from_low_u64_be));
    let truth = setting.reader(false).read(&request, &|_| ()).await.unwrap();
    for gas in ["0x989680", "0x2dc6c0", "0xf4240"] {
        setting.chain.rpc("evm_setBlockGasLimit", serde_json::json!([gas])).await.unwrap();
        let mut reader = setting.reader(false);
        assert!(reader.read(&request, &|_| ()).await.unwrap() == truth, "with {gas} gas");
        // What was learnt is kept: the second time costs fewer requests.
        let first = setting.proxy.stats().http_requests;
        setting.proxy.reset();
        assert!(reader.read(&request, &|_| ()).await.unwrap() == truth, "with {gas} gas, again");
        assert!(setting.proxy.stats().http_requests <= first, "with {gas} gas");
        setting.proxy.reset();
    }
}

#[tokio::test]
async fn a_call_that_ran_out_of_gas_among_others_is_asked_again_alone() {
    let setting = Setting::start().await;
    let rollup = setting.oracle.contracts.rollup_address;
    let view = |n| Call::new(rollup, GetAttesterViewCall { attester: Address::from_low_u64_be(n) });
    // A call as heavy as a hundred views, which gets 63 of 64 parts of the gas when it stands among others.
    let hundred: Vec<Call> = (1..=100).map(view).collect();
    let data = encode_aggregate(MULTICALL3, &hundred);
    let heavy = Call {
        target: Target::Function { to: MULTICALL3, data: data.clone() },
        function: "heavy".into(),
        gas: 1,
        limit: None,
        is_optional: false,
        goes_alone: false,
        tells_by_reverting: false,
    };
    let calls = [view(1), heavy, view(2)];
    let client = support::client(&[support::endpoint("faulty", &setting.proxy.url())]);
    let block = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    let truth = client.calls(&block, &calls).await.unwrap().outcomes;
    let estimate = serde_json::json!([{ "to": MULTICALL3, "data": data }]);
    let needed = setting.chain.rpc("eth_estimateGas", estimate).await.unwrap();
    let needed: U256 = serde_json::from_value(needed).unwrap();
    let limit = format!("{:#x}", needed + needed / 200);
    setting.chain.rpc("evm_setBlockGasLimit", serde_json::json!([limit])).await.unwrap();
    setting.proxy.reset();
    assert_eq!(client.calls(&block, &calls).await.unwrap().outcomes, truth);
    assert!(truth.iter().all(|outcome| matches!(outcome, Outcome::Returned(data) if !data.is_empty())));
    assert_eq!(setting.proxy.stats().calls_by_method["eth_call"], 2, "together, then the heavy one alone");
}
