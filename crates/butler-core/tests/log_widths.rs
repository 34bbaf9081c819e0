//! Scans of logs at several endpoints that do not grant ranges of the same width.

use std::collections::BTreeSet;

use butler_core::client::block_logs::BlockLogs;
use butler_core::client::l1::L1Client;
use butler_core::client::logs::LogFilter;
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::long_chain::LongChain;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, LogLimit, LogLimitStyle};

use crate::support;

const BLOCKS: u64 = 22_000;

struct Setting {
    _chain: Chain,
    _long: LongChain,
    proxies: Vec<FaultProxy>,
    client: L1Client,
    filter: LogFilter,
}

impl Setting {
    /// Endpoints that grant so many blocks a query, in words of that style; `None` grants all.
    async fn start(limits: &[Option<LogLimit>]) -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let long = LongChain::start(chain.url(), BLOCKS).await.unwrap();
        let mut proxies = Vec::new();
        for limit in limits {
            let proxy = FaultProxy::start(&long.url()).await.unwrap();
            if let Some(limit) = limit {
                proxy.set(FaultPlan::always(Fault::LogLimit(*limit)));
            }
            proxies.push(proxy);
        }
        let endpoints: Vec<_> = proxies.iter().map(|proxy| support::endpoint("e", &proxy.url())).collect();
        let registry = chain.oracle().unwrap().contracts.staking_registry_address;
        let filter = LogFilter { addresses: vec![registry], topics: Vec::new() };
        Self { client: support::client(&endpoints), _chain: chain, _long: long, proxies, filter }
    }

    /// Scans everything; returns how many logs there are and how many requests each endpoint got.
    async fn scan(&self) -> (usize, Vec<u64>) {
        self.proxies.iter().for_each(FaultProxy::reset);
        let mut scan = self.client.log_scan(&self.filter, (0, BLOCKS + 50), None, BTreeSet::new());
        let mut logs = 0;
        while let Some(step) = scan.next().await.unwrap() {
            logs += step.logs.len();
        }
        (logs, self.proxies.iter().map(|proxy| proxy.stats().http_requests).collect())
    }
}

/// At most that many blocks a query.
fn limit(style: LogLimitStyle, blocks: u64) -> Option<LogLimit> {
    Some(LogLimit { style, max_range: Some(blocks), max_results: None })
}

#[tokio::test]
async fn who_grants_little_costs_the_others_nothing_wherever_it_stands() {
    let (truth, alone) = Setting::start(&[None]).await.scan().await;
    assert!(truth > 0);
    for refuser in [
        limit(LogLimitStyle::Chainstack, 0),
        limit(LogLimitStyle::InfuraResults, 0),
        limit(LogLimitStyle::RethSameRange, 0),
        limit(LogLimitStyle::AlchemyFree, 10),
        limit(LogLimitStyle::Ankr, 10),
    ] {
        for limits in
            [vec![refuser, None], vec![None, refuser], vec![refuser, None, None], vec![refuser, refuser, None]]
        {
            let setting = Setting::start(&limits).await;
            for time in ["first", "second"] {
                let (logs, requests) = setting.scan().await;
                assert_eq!(logs, truth, "{limits:?}");
                assert!(
                    requests.iter().sum::<u64>() <= 3 * alone[0].max(5),
                    "the {time} time: {requests:?} {limits:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn where_all_grant_little_the_logs_are_read_all_the_same() {
    let wide = limit(LogLimitStyle::Ankr, 900);
    let narrow = limit(LogLimitStyle::Chainstack, 0);
    for limits in [vec![narrow, wide], vec![wide, narrow], vec![wide, wide]] {
        let setting = Setting::start(&limits).await;
        let (logs, requests) = setting.scan().await;
        assert!(logs > 0);
        assert!(requests.iter().sum::<u64>() <= 120, "{requests:?} {limits:?}");
    }
}

#[tokio::test]
async fn single_blocks_are_asked_for_together_where_ranges_are_narrow() {
    let setting = Setting::start(&[limit(LogLimitStyle::Ankr, 10)]).await;
    let blocks: Vec<u64> = (BLOCKS - 200..BLOCKS).step_by(3).collect();
    let told: Vec<BlockLogs> = setting.client.block_logs(&setting.filter, &blocks, &BTreeSet::new()).await.unwrap();
    assert_eq!(told.len(), blocks.len());
    assert!(setting.proxies[0].stats().http_requests <= 4, "{:?}", setting.proxies[0].stats());
}
