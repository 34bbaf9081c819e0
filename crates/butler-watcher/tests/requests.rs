//! What the watcher asks of its endpoints: every block once for logs and, to replay, once for checkpoints, and one request a look while nothing is new.

use butler_testkit::long_chain::LongChain;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, LogLimit, LogLimitStyle};
use serde_json::json;

use crate::support;
use crate::support::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_replay_asks_each_endpoint_for_every_block_once_for_logs_and_once_for_checkpoints() {
    let bench = Bench::start().await;
    bench.settle().await;
    let long = LongChain::start(bench.chain.url(), 50_000).await.unwrap();
    let proxies = [FaultProxy::start(&long.url()).await.unwrap(), FaultProxy::start(&long.url()).await.unwrap()];
    let limit = LogLimit { style: LogLimitStyle::InfuraRange, max_range: Some(1_000), max_results: None };
    for proxy in &proxies {
        proxy.set(FaultPlan::always(Fault::LogLimit(limit)));
    }
    let (_, near, _) = bench.replay(0, None).await;
    for count in [1, 2] {
        proxies.iter().for_each(FaultProxy::reset);
        let folder = tempfile::tempdir().unwrap();
        let urls: Vec<String> = proxies.iter().take(count).map(FaultProxy::url).collect();
        support::operator(folder.path(), bench.oracle(), &urls);
        let (code, report, stderr) = support::replay_in(folder.path(), 1, None).await;
        assert_eq!(code, 0, "{stderr}");
        assert_eq!(report["plans"].as_array().unwrap().len(), near["plans"].as_array().unwrap().len());
        for proxy in proxies.iter().take(count) {
            let queries = proxy.stats().calls_by_method["eth_getLogs"];
            // One is refused, and the last blocks, splits and deposits of the story take a few. A replay asks for the rollup's
            // checkpoints apart, which is every block once more.
            assert!((51..=60 + 51).contains(&queries), "{queries} with {count} endpoints");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_one_request_while_nothing_is_final_that_was_not_before_and_few_where_nothing_happened() {
    let bench = Bench::start().await;
    bench.settle().await;
    let proxies =
        [FaultProxy::start(bench.chain.url()).await.unwrap(), FaultProxy::start(bench.chain.url()).await.unwrap()];
    let urls = proxies.iter().map(FaultProxy::url).collect::<Vec<_>>();
    support::operator(bench.folder.path(), bench.oracle(), &urls);
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let looks = async || {
        let series = "butler_watcher_looks_total{network=\"devnet\",result=\"success\"}";
        watcher.metric(series).await.unwrap_or_default()
    };
    let until = async |count: f64| watcher.until("a look", async || (looks().await >= count).then_some(())).await;
    let asked = || proxies.iter().map(|proxy| proxy.stats().http_requests).max().unwrap();
    let first = looks().await;
    until(first + 1.0).await;
    proxies.iter().for_each(FaultProxy::reset);
    until(first + 4.0).await;
    assert!((3..=4).contains(&asked()), "{} for three looks", asked());
    // Each of these has its own final block, and nothing in it.
    for _ in 0..3 {
        let (before, requests) = (looks().await, asked());
        bench.chain.rpc("anvil_mine", json!(["0x1"])).await.unwrap();
        watcher.reached(bench.last_block().await).await;
        until(before + 2.0).await;
        let few = asked() - requests;
        assert!(few <= 14, "{few} requests for two looks or three");
    }
    watcher.stop();
}
