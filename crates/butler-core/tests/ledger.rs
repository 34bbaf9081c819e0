//! The ledger on a real chain: proven, kept when a scan is cut, read in few requests, and never left in a liar's hands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use butler_core::chain::{LedgerCache, SnapshotError, SnapshotReader, SnapshotRequest};
use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::error::ErrorKind;
use butler_core::client::l1::BlockTag;
use butler_testkit::devnet::{Chain, DevnetSpec, History, Move, Oracle, ensure};
use butler_testkit::proxy::{
    Fault, FaultPlan, FaultProxy, ForgedCoinbase, Lie, LogKind, LogLimit, LogLimitStyle, SplitEvent, When,
};

use crate::support;
use crate::trials::side_by_side;

struct Setting {
    chain: Chain,
    oracle: Oracle,
    proxy: FaultProxy,
    folder: tempfile::TempDir,
}

impl Setting {
    async fn start() -> Self {
        Self::with_history(History::Recent).await
    }

    async fn with_history(history: History) -> Self {
        let state = ensure(&DevnetSpec::scenario()).unwrap();
        let chain = Chain::start_with(&state, history, None).await.unwrap();
        let oracle = chain.oracle().unwrap().clone();
        let proxy = FaultProxy::start(chain.url()).await.unwrap();
        Self { chain, oracle, proxy, folder: tempfile::tempdir().unwrap() }
    }

    async fn mine(&self, blocks: u64) {
        self.chain.rpc("anvil_mine", serde_json::json!([format!("{blocks:#x}")])).await.unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.json")
    }

    fn endpoint(&self, log_range_blocks: u64) -> EndpointSettings {
        EndpointSettings { log_range_blocks, ..support::endpoint("proxy", &self.proxy.url()) }
    }

    fn reader(&self, path: &Path, endpoints: &[EndpointSettings]) -> SnapshotReader {
        let cache = LedgerCache::load(path, support::key(&self.oracle));
        SnapshotReader::new(support::client(endpoints), cache)
    }

    /// Log queries that were answered or refused since the last reset.
    fn queries(&self) -> u64 {
        self.proxy.stats().calls_by_method.get("eth_getLogs").copied().unwrap_or_default()
    }
}

fn incomplete(error: &SnapshotError) -> String {
    let SnapshotError::Rpc(error) = error else { panic!("not a failed read: {error:?}") };
    assert_eq!(error.failure.kind(), ErrorKind::Incomplete, "{error:?}");
    assert_eq!((error.endpoint.as_str(), error.method), ("proxy", "eth_getLogs"));
    error.failure.to_string()
}

#[tokio::test]
async fn a_single_endpoint_without_logs_is_an_error_that_names_it_and_leaves_nothing_behind() {
    let setting = Setting::start().await;
    let endpoints = [setting.endpoint(10_000)];
    let request = support::request(&setting.oracle);
    let truth = setting.reader(&setting.folder.path().join("none"), &endpoints).read(&request, &|_| ()).await.unwrap();
    for lie in [Lie::EmptyLogs, Lie::PrunedLogs(60), Lie::Attester, Lie::LateLogs(60)] {
        setting.proxy.set(FaultPlan::always(Fault::Lie(lie)));
        let mut reader = setting.reader(&setting.path(), &endpoints);
        let error = reader.read(&request, &|_| ()).await.unwrap_err();
        let told = incomplete(&error);
        assert!(told.contains("provider 1: "), "{lie}: {told}");
        reader.save_ledger().unwrap();
        setting.proxy.set(FaultPlan::none());
        let mut reader = setting.reader(&setting.path(), &endpoints);
        assert_eq!(reader.read(&request, &|_| ()).await.unwrap(), truth, "{lie}");
    }
}

#[tokio::test]
async fn what_a_liar_left_in_the_ledger_is_gone_with_the_first_honest_reading() {
    let setting = Setting::start().await;
    // The last stake is so old that its blocks are not read again of themselves.
    setting.mine(200).await;
    let endpoints = [setting.endpoint(10_000)];
    let request = support::request(&setting.oracle);
    let truth = setting.reader(&setting.folder.path().join("none"), &endpoints).read(&request, &|_| ()).await.unwrap();
    side_by_side(Lie::ALL, async |lie| {
        let path = setting.folder.path().join(format!("{lie}.json"));
        let liar = FaultProxy::start(setting.chain.url()).await.unwrap();
        let endpoints = [support::endpoint("proxy", &liar.url())];
        liar.set(FaultPlan::always(Fault::Lie(lie)));
        let mut reader = setting.reader(&path, &endpoints);
        let _ = reader.read(&request, &|_| ()).await;
        reader.save_ledger().unwrap();
        liar.set(FaultPlan::none());
        assert!(setting.reader(&path, &endpoints).read(&request, &|_| ()).await.unwrap() == truth, "{lie}");
        // The same for a program that goes on.
        assert!(reader.read(&request, &|_| ()).await.unwrap() == truth, "{lie}, in one process");
    })
    .await;
}

#[tokio::test]
async fn what_a_liar_told_twice_is_gone_with_the_first_honest_reading() {
    let setting = Setting::start().await;
    setting.chain.play(Move::SetTakeRate { provider: 1, rate: 750 }).await.unwrap();
    setting.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    setting.mine(200).await;
    let endpoints = [setting.endpoint(10_000)];
    let request = support::request(&setting.oracle);
    // The lies that no counter finds.
    let forged = [ForgedCoinbase::Stranger, ForgedCoinbase::OfAnother]
        .into_iter()
        .flat_map(|whose| [SplitEvent::Missing, SplitEvent::Forged].map(|event| Lie::Coinbase(whose, event)));
    let lies: Vec<Lie> = forged.chain([Lie::LeftOut(LogKind::Terms), Lie::StakeAsDrip, Lie::DripAsStake]).collect();
    let mut liars = side_by_side(lies, async |lie| {
        let liar = FaultProxy::start(setting.chain.url()).await.unwrap();
        liar.set(FaultPlan::always(Fault::Lie(lie)));
        let path = setting.folder.path().join(format!("{lie}.json"));
        let reader = setting.reader(&path, &[support::endpoint("proxy", &liar.url())]);
        (lie, liar, path, reader)
    })
    .await;
    for _ in 0..3 {
        // So old that the same endpoint's word counts again.
        setting.mine(70).await;
        side_by_side(&mut liars, async |(_, _, _, reader)| reader.read(&request, &|_| ()).await.is_ok()).await;
    }
    let truth = setting.reader(&setting.path(), &endpoints).read(&request, &|_| ()).await.unwrap();
    side_by_side(&mut liars, async |(lie, liar, path, reader)| {
        reader.save_ledger().unwrap();
        liar.set(FaultPlan::none());
        let mut reader = setting.reader(path, &[support::endpoint("proxy", &liar.url())]);
        assert!(reader.read(&request, &|_| ()).await.unwrap() == truth, "{lie}");
    })
    .await;
}

/// A ledger in which two attesters have each other's coinbase: nothing on the chain contradicts that.
async fn with_swapped_coinbases(setting: &Setting, endpoints: &[EndpointSettings], once: u64) -> PathBuf {
    let path = setting.folder.path().join(format!("swapped-{once}.json"));
    let mut reader = setting.reader(&path, endpoints);
    reader.read(&support::request(&setting.oracle), &|_| ()).await.unwrap();
    reader.save_ledger().unwrap();
    let mut ledger: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let events = ledger["events"].as_array_mut().unwrap();
    let stakes: Vec<usize> = (0..events.len()).filter(|index| events[*index][5].get("staked").is_some()).collect();
    let [first, .., last] = stakes.as_slice() else { panic!("too few stakes") };
    let coinbases = [*last, *first].map(|index| events[index][5]["staked"][2].clone());
    for (index, coinbase) in [*first, *last].into_iter().zip(coinbases) {
        events[index][5]["staked"][2] = coinbase;
    }
    for event in events.iter_mut() {
        event[6] = once.into();
    }
    butler_core::store::file::save_atomic(&path, ledger.to_string().as_bytes(), 0o600).unwrap();
    path
}

#[tokio::test]
async fn a_lie_that_nothing_contradicts_is_gone_when_the_only_endpoint_tells_the_truth() {
    let setting = Setting::start().await;
    setting.mine(200).await;
    let endpoints = [setting.endpoint(10_000)];
    let request = support::request(&setting.oracle);
    let truth = setting.reader(&setting.path(), &endpoints).read(&request, &|_| ()).await.unwrap();
    let head = truth.block.number;
    // Told once, and told again and put off for a day.
    for once in [head, head + 7_136] {
        let path = with_swapped_coinbases(&setting, &endpoints, once).await;
        assert!(setting.reader(&path, &endpoints).read(&request, &|_| ()).await.unwrap() == truth, "{once}");
    }
}

#[tokio::test]
async fn the_only_endpoint_is_asked_about_all_of_the_ledger_again_with_one_query_a_reading() {
    let setting = Setting::start().await;
    setting.mine(200).await;
    let request = support::request(&setting.oracle);
    let truth = setting.reader(&setting.path(), &[setting.endpoint(10_000)]).read(&request, &|_| ()).await.unwrap();
    // The story's events stand in some twenty blocks of eighty.
    let endpoints = [setting.endpoint(8)];
    let path = with_swapped_coinbases(&setting, &endpoints, truth.block.number + 7_136).await;
    for reading in 1.. {
        setting.proxy.reset();
        // Each in a process of its own, as from cron.
        let mut reader = setting.reader(&path, &endpoints);
        let snapshot = reader.read(&request, &|_| ()).await.unwrap();
        reader.save_ledger().unwrap();
        if snapshot == truth {
            break;
        }
        // The last 64 blocks take eight.
        assert!(setting.queries() <= 9, "{}", setting.queries());
        assert!(reading < 12, "after {reading} readings still the lie");
    }
}

#[tokio::test]
async fn an_endpoint_that_indexes_late_is_waited_for() {
    let setting = Setting::start().await;
    setting.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let request = support::request(&setting.oracle);
    setting
        .proxy
        .set(FaultPlan::none().with(Fault::Lie(Lie::LateLogs(1)), When::FirstForMethod(2, "eth_getLogs".into())));
    let snapshot = setting.reader(&setting.path(), &[setting.endpoint(10_000)]).read(&request, &|_| ()).await.unwrap();
    assert_eq!(snapshot.delegations.len(), setting.oracle.coinbases().len() + 1);
}

#[tokio::test]
async fn an_endpoint_that_stays_late_gives_the_truth_of_an_older_block() {
    let setting = Setting::with_history(History::Archive).await;
    setting.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let request = support::request(&setting.oracle);
    setting.proxy.set(FaultPlan::always(Fault::Lie(Lie::LateLogs(2))));
    let snapshot = setting.reader(&setting.path(), &[setting.endpoint(10_000)]).read(&request, &|_| ()).await.unwrap();
    setting.proxy.set(FaultPlan::none());
    let older = SnapshotRequest { at: BlockTag::Number(snapshot.block.number), ..request };
    let truth = support::reader(&setting.oracle, setting.chain.url()).read(&older, &|_| ()).await.unwrap();
    assert!(snapshot == truth && snapshot.delegations.len() > 3);
}

#[tokio::test]
async fn a_long_scan_takes_few_queries_whether_the_limit_is_named_or_not() {
    let setting = Setting::start().await;
    setting.mine(1_000).await;
    let mut request = support::request(&setting.oracle);
    request.with_other_providers = false;
    for style in LogLimitStyle::ALL {
        let limit = LogLimit { style, max_range: Some(10), max_results: None };
        setting.proxy.set(FaultPlan::always(Fault::LogLimit(limit)));
        setting.proxy.reset();
        let path = setting.folder.path().join(format!("{style:?}.json"));
        let mut reader = setting.reader(&path, &[setting.endpoint(10)]);
        reader.read(&request, &|_| ()).await.unwrap();
        let queries = setting.queries();
        // The providers' events and, since the first delegation, the rollup's refunds.
        assert!(queries <= 2 * 111 + 7, "{style:?}: {queries}");
        // Afterwards only the last blocks are read, and the limit is known.
        reader.save_ledger().unwrap();
        setting.proxy.reset();
        setting.reader(&path, &[setting.endpoint(10)]).read(&request, &|_| ()).await.unwrap();
        assert!(setting.queries() <= 9, "{style:?}: {}", setting.queries());
    }
}

#[tokio::test]
async fn a_scan_that_fails_keeps_what_it_read_before() {
    let setting = Setting::start().await;
    setting.mine(1_000).await;
    let request = support::request(&setting.oracle);
    // Whatever comes after the 20th request breaks.
    let broken = Fault::Status { code: 500, retry_after: None, body: String::new() };
    setting.proxy.set((20..400).fold(FaultPlan::none(), |plan, nth| plan.with(broken.clone(), When::Nth(nth))));
    let mut reader = setting.reader(&setting.path(), &[setting.endpoint(40)]);
    assert!(reader.read(&request, &|_| ()).await.is_err());
    reader.save_ledger().unwrap();
    let kept = LedgerCache::load(&setting.path(), support::key(&setting.oracle)).next_block();
    assert!(kept > 400, "{kept}");
    setting.proxy.set(FaultPlan::none());
    let snapshot = setting.reader(&setting.path(), &[setting.endpoint(40)]).read(&request, &|_| ()).await.unwrap();
    assert_eq!(snapshot.delegations.len(), setting.oracle.coinbases().len());
}

#[tokio::test]
async fn readings_that_are_cut_before_the_last_blocks_were_read_again_get_there_together() {
    let setting = Setting::start().await;
    let request = support::request(&setting.oracle);
    let endpoints = [setting.endpoint(1)];
    let mut reader = setting.reader(&setting.path(), &endpoints);
    reader.read(&request, &|_| ()).await.unwrap();
    reader.save_ledger().unwrap();
    // 64 queries, eight at a time, take 1.2 s.
    let limit = LogLimit { style: LogLimitStyle::AlchemyFree, max_range: Some(1), max_results: None };
    let slow = When::ForMethod("eth_getLogs".to_owned());
    let plan = FaultPlan::always(Fault::LogLimit(limit)).with(Fault::Latency(Duration::from_millis(150)), slow);
    setting.proxy.set(plan);
    let mut readings = 0;
    loop {
        readings += 1;
        assert!(readings < 8, "never complete");
        // What is new each time comes on top.
        setting.mine(1).await;
        let mut reader = setting.reader(&setting.path(), &endpoints);
        let read = tokio::time::timeout(Duration::from_millis(900), reader.read_ledger(&request, &|_| ())).await;
        reader.save_ledger().unwrap();
        if let Ok(read) = read {
            read.unwrap();
            break;
        }
    }
    assert!(readings > 1, "never cut");
}
