//! Each fault of the proxy once, in front of a real chain.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use butler_testkit::{
    devnet::{Chain, DevnetSpec, ensure},
    proxy::{Authorization, BatchRefusal, Fault, FaultPlan, FaultProxy, LogLimitStyle, PackRefusal, PruneStyle, When},
};
use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn post(url: &str, body: Value, authorization: Option<&str>) -> Result<Answer, String> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::post(url).header("content-type", "application/json");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.body(Full::new(Bytes::from(body.to_string()))).unwrap();
    let response = client.request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

fn call(method: &str, params: Value) -> Value {
    let mut call = json!({ "jsonrpc": "2.0", "id": 7, "method": method });
    call["params"] = params;
    call
}

fn head() -> Value {
    call("eth_blockNumber", json!([]))
}

async fn start() -> (Chain, FaultProxy) {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    (chain, proxy)
}

async fn ask(proxy: &FaultProxy, body: Value) -> Answer {
    post(&proxy.url(), body, None).await.unwrap()
}

#[tokio::test]
async fn without_a_plan_everything_passes() {
    let (_chain, proxy) = start().await;
    assert_eq!(ask(&proxy, head()).await.json()["result"], "0x53");
    let batch = json!([head(), call("eth_chainId", json!([]))]);
    let answers = ask(&proxy, batch).await.json();
    assert_eq!(answers.as_array().unwrap().len(), 2);
    let stats = proxy.stats();
    assert_eq!((stats.http_requests, stats.calls()), (2, 3));
    assert_eq!(stats.calls_by_method["eth_blockNumber"], 2);
    assert_eq!(stats.round_trips, 2);
    assert!(stats.request_bytes > 100 && stats.response_bytes > 100, "{stats:?}");
    proxy.reset();
    assert_eq!(proxy.stats().http_requests, 0);
}

#[tokio::test]
async fn round_trips_count_waiting_only() {
    let (_chain, proxy) = start().await;
    let barrier = Arc::new(tokio::sync::Barrier::new(4));
    let plan = {
        let barrier = Arc::clone(&barrier);
        FaultPlan::none().with(
            Fault::before_each(move || {
                let barrier = Arc::clone(&barrier);
                async move {
                    barrier.wait().await;
                }
            }),
            When::First(4),
        )
    };
    proxy.set(plan);
    join_all((0..4).map(|_| ask(&proxy, head()))).await;
    ask(&proxy, head()).await;
    let stats = proxy.stats();
    assert_eq!((stats.http_requests, stats.max_concurrent, stats.round_trips), (5, 4, 2));
}

#[tokio::test]
async fn a_status_comes_with_its_header_and_body() {
    let (_chain, proxy) = start().await;
    let fault = Fault::Status { code: 429, retry_after: Some(3), body: "slow down".to_owned() };
    proxy.set(FaultPlan::none().with(fault, When::First(1)));
    let answer = ask(&proxy, head()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers["retry-after"], "3");
    assert_eq!(&answer.body[..], b"slow down");
    assert_eq!(ask(&proxy, head()).await.status, 200);
}

#[tokio::test]
async fn broken_connections_are_errors() {
    let (_chain, proxy) = start().await;
    for fault in [Fault::Close, Fault::Truncate] {
        proxy.set(FaultPlan::none().with(fault.clone(), When::Nth(2)));
        assert!(post(&proxy.url(), head(), None).await.is_ok(), "{fault:?}");
        assert!(post(&proxy.url(), head(), None).await.is_err(), "{fault:?}");
        assert!(post(&proxy.url(), head(), None).await.is_ok(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_hanging_endpoint_never_answers() {
    let (_chain, proxy) = start().await;
    proxy.set(FaultPlan::always(Fault::Hang));
    let url = proxy.url();
    let waiting = post(&url, head(), None);
    assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
}

#[tokio::test]
async fn latency_delays_the_answer() {
    let (_chain, proxy) = start().await;
    proxy.set(FaultPlan::always(Fault::Latency(Duration::from_millis(80))));
    let started = tokio::time::Instant::now();
    ask(&proxy, head()).await;
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn bad_bodies() {
    let (_chain, proxy) = start().await;
    proxy.set(FaultPlan::always(Fault::Oversized(100_000)));
    assert!(ask(&proxy, head()).await.body.len() > 100_000);
    proxy.set(FaultPlan::always(Fault::NotJson));
    assert!(ask(&proxy, head()).await.body.starts_with(b"<!DOCTYPE"));
    proxy.set(FaultPlan::always(Fault::WrongId));
    assert_ne!(ask(&proxy, head()).await.json()["id"], 7);
    proxy.set(FaultPlan::always(Fault::MissingResult));
    assert_eq!(ask(&proxy, head()).await.json(), json!({ "jsonrpc": "2.0", "id": 7 }));
}

#[tokio::test]
async fn a_fault_of_one_method_leaves_the_others_alone() {
    let (_chain, proxy) = start().await;
    let when = When::ForMethod("eth_chainId".to_owned());
    proxy.set(FaultPlan::none().with(Fault::MissingResult, when));
    let answers = ask(&proxy, json!([head(), { "jsonrpc": "2.0", "id": 8, "method": "eth_chainId" }])).await.json();
    assert_eq!(answers[0]["result"], "0x53");
    assert!(answers[1].get("result").is_none(), "{answers}");
}

#[tokio::test]
async fn a_lagging_endpoint_does_not_know_later_blocks() {
    let (_chain, proxy) = start().await;
    proxy.set(FaultPlan::always(Fault::LaggingHead(3)));
    assert_eq!(ask(&proxy, head()).await.json()["result"], "0x50");
    let block = |block: &str| call("eth_getBlockByNumber", json!([block, false]));
    assert_eq!(ask(&proxy, block("latest")).await.json()["result"]["number"], "0x50");
    assert_eq!(ask(&proxy, block("finalized")).await.json()["result"]["number"], "0x50");
    assert_eq!(ask(&proxy, block("0x4f")).await.json()["result"]["number"], "0x4f");
    assert!(ask(&proxy, block("0x52")).await.json()["result"].is_null());
}

#[tokio::test]
async fn another_chain_has_another_id() {
    let (_chain, proxy) = start().await;
    proxy.set(FaultPlan::always(Fault::WrongChain(1)));
    assert_eq!(ask(&proxy, call("eth_chainId", json!([]))).await.json()["result"], "0x1");
}

#[tokio::test]
async fn batches_are_refused_in_five_ways() {
    let (_chain, proxy) = start().await;
    let batch = json!([head(), head()]);
    let expected = [
        (BatchRefusal::Geth, 200, Some("/0/error/code")),
        (BatchRefusal::Drpc, 500, Some("/1/error/code")),
        (BatchRefusal::Besu, 200, Some("/error/code")),
        (BatchRefusal::Unsupported, 400, Some("/error/code")),
        (BatchRefusal::Close, 0, None),
    ];
    for (style, status, pointer) in expected {
        proxy.set(FaultPlan::always(Fault::RefuseBatches { max: 1, style }));
        assert_eq!(ask(&proxy, head()).await.status, 200, "{style:?}");
        match (post(&proxy.url(), batch.clone(), None).await, pointer) {
            (Ok(answer), Some(pointer)) => {
                assert_eq!(answer.status, status, "{style:?}");
                assert!(answer.json().pointer(pointer).is_some(), "{style:?}: {}", answer.json());
            }
            (answer, pointer) => assert!(answer.is_err() && pointer.is_none(), "{style:?}"),
        }
    }
}

#[tokio::test]
async fn log_limits_are_enforced_in_the_provider_s_words() {
    let (_chain, proxy) = start().await;
    let logs = |from: u64, to: u64| {
        call("eth_getLogs", json!([{ "fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}") }]))
    };
    for style in LogLimitStyle::ALL {
        proxy.set(FaultPlan::always(Fault::LogLimit(style.limit(20, 25))));
        let refused = ask(&proxy, logs(42, 83)).await;
        let error = refused.json()["error"].clone();
        assert!(error["code"].is_i64() && error["message"].is_string(), "{style:?}: {error}");
        let narrow = ask(&proxy, logs(45, 46)).await;
        assert_eq!(narrow.status, 200, "{style:?}");
        assert!(narrow.json()["result"].is_array(), "{style:?}: {}", narrow.json());
    }
    proxy.set(FaultPlan::always(Fault::LogLimit(LogLimitStyle::AlchemyFree.limit(20, 0))));
    let refused = ask(&proxy, logs(42, 83)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("[0x2a, 0x3d]"), "{}", refused.json());
    assert!(ask(&proxy, logs(42, 61)).await.json()["result"].is_array());
    proxy.set(FaultPlan::always(Fault::LogLimit(LogLimitStyle::Reth.limit(1000, 25))));
    let error = ask(&proxy, logs(42, 83)).await.json()["error"]["message"].as_str().unwrap().to_owned();
    let last: u64 = error.rsplit('-').next().unwrap().parse().unwrap();
    assert!(ask(&proxy, logs(42, last)).await.json()["result"].is_array(), "the suggested range works: {error}");
    assert!(ask(&proxy, logs(42, last + 1)).await.json()["error"].is_object(), "and no more: {error}");
}

#[tokio::test]
async fn pruned_state_is_refused() {
    let (chain, proxy) = start().await;
    chain.mine().await.unwrap();
    let transaction =
        json!({ "to": format!("{:#x}", chain.oracle().unwrap().contracts.rollup_address), "data": "0x90a3b386" });
    let at = |block: Value| call("eth_call", json!([transaction, block]));
    for style in [PruneStyle::Geth, PruneStyle::Reth, PruneStyle::Erigon, PruneStyle::Nethermind] {
        proxy.set(FaultPlan::always(Fault::PruneHistory { keep: 0, style }));
        assert!(ask(&proxy, at(json!("latest"))).await.json()["result"].is_string());
        assert!(ask(&proxy, at(json!("0x53"))).await.json()["error"]["message"].is_string(), "{style:?}");
    }
    let block = chain.rpc("eth_getBlockByNumber", json!(["0x53", false])).await.unwrap();
    let by_hash = at(json!({ "blockHash": block["hash"] }));
    assert!(ask(&proxy, by_hash.clone()).await.json()["error"].is_object());
    proxy.set(FaultPlan::always(Fault::PruneHistory { keep: 1, style: PruneStyle::Geth }));
    assert!(ask(&proxy, by_hash).await.json()["result"].is_string());
}

#[tokio::test]
async fn calls_revert_by_selector() {
    let (chain, proxy) = start().await;
    proxy.set(FaultPlan::always(Fault::RevertCalls("0x90a3b386".to_owned())));
    let to = format!("{:#x}", chain.oracle().unwrap().contracts.rollup_address);
    let read = |data: &str| call("eth_call", json!([{ "to": to, "data": data }, "latest"]));
    assert_eq!(ask(&proxy, read("0x90a3b386")).await.json()["error"]["code"], 3);
    assert!(ask(&proxy, read("0xd8e3784c")).await.json()["result"].is_string());
}

#[tokio::test]
async fn big_packs_are_refused_in_four_ways() {
    let (chain, proxy) = start().await;
    let multicall3 = format!("{:#x}", chain.oracle().unwrap().contracts.multicall3);
    // Two calls of Multicall3 itself, for the block's number.
    let word = |text: &str| format!("{text:0>64}");
    let inner = format!("{}{}{}{}{:0<64}", word(&multicall3[2..]), word("1"), word("60"), word("4"), "42cbb15c");
    let list = format!("{}{}{}{}{inner}{inner}", word("20"), word("2"), word("40"), word("e0"));
    let pack = call("eth_call", json!([{ "to": multicall3, "data": format!("0x82ad56cb{list}") }, "latest"]));
    let error = PackRefusal::Error { code: -32000, message: "execution aborted (timeout = 5s)".to_owned() };
    for style in [error, PackRefusal::Status(504), PackRefusal::Close] {
        proxy.set(FaultPlan::always(Fault::RefusePacks { max: 1, style: style.clone() }));
        let answer = post(&proxy.url(), pack.clone(), None).await;
        let passed = answer.is_ok_and(|answer| answer.status == 200 && answer.json()["result"].is_string());
        assert!(!passed, "{style:?}");
        proxy.set(FaultPlan::always(Fault::RefusePacks { max: 2, style }));
        assert!(ask(&proxy, pack.clone()).await.json()["result"].is_string());
    }
    proxy.set(FaultPlan::always(Fault::RefusePacks { max: 1, style: PackRefusal::Hang }));
    let url = proxy.url();
    assert!(tokio::time::timeout(Duration::from_millis(100), post(&url, pack, None)).await.is_err());
}

#[tokio::test]
async fn a_hook_can_mine_between_requests() {
    let (chain, proxy) = start().await;
    let chain = Arc::new(chain);
    let mined = Arc::new(AtomicU64::new(0));
    let hook = {
        let (chain, mined) = (Arc::clone(&chain), Arc::clone(&mined));
        Fault::before_each(move || {
            let (chain, mined) = (Arc::clone(&chain), Arc::clone(&mined));
            async move {
                chain.mine().await.unwrap();
                mined.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    proxy.set(FaultPlan::always(hook));
    assert_eq!(ask(&proxy, head()).await.json()["result"], "0x54");
    assert_eq!(ask(&proxy, head()).await.json()["result"], "0x55");
    assert_eq!(mined.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn only_the_right_credential_gets_in() {
    let (_chain, proxy) = start().await;
    let basic = Authorization::Basic { user: "u".to_owned(), password: "p".to_owned() };
    for required in [basic, Authorization::Bearer("token".to_owned())] {
        proxy.require(Some(required.clone()));
        assert_eq!(ask(&proxy, head()).await.status, 401);
        assert_eq!(post(&proxy.url(), head(), Some("Bearer other")).await.unwrap().status, 401);
        assert_eq!(post(&proxy.url(), head(), Some(&required.header())).await.unwrap().status, 200);
    }
    proxy.require(None);
    assert_eq!(ask(&proxy, head()).await.status, 200);
}

#[tokio::test]
async fn tls_is_trusted_through_its_own_authority() {
    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let proxy = FaultProxy::start_tls(chain.url()).await.unwrap();
    let address = proxy.url().strip_prefix("https://").unwrap().to_owned();
    let connect = async |roots: rustls::RootCertStore| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
        let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
    };
    assert!(connect(rustls::RootCertStore::empty()).await.is_err());

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(proxy.ca_pem_path().unwrap()).unwrap()).unwrap();
    let mut stream = connect(roots).await.unwrap();
    let body = head().to_string();
    let request =
        format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#""result":"0x0""#), "{answer}");
}
