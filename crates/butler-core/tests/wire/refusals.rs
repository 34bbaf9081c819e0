//! What endpoints do instead of answering, in bytes as they were seen, and what is made of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use butler_core::client::endpoint::{Endpoint, EndpointSettings};
use butler_core::client::error::{ErrorKind, RpcFailure};
use butler_core::client::http::{HttpPeer, HttpSettings};
use butler_core::client::wire::Request;
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::runtime::clock::unix_now;
use serde_json::json;

use crate::wire::raw::{RawRequest, RawServer, Reply};

pub(crate) fn endpoint(url: &str) -> Endpoint {
    let settings = EndpointSettings {
        name: "raw".to_owned(),
        http: HttpSettings {
            url: url.parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: Duration::from_secs(5),
            max_response_bytes: 1 << 20,
            ca_file: None,
            clock: unix_now,
        },
        max_concurrency: 8,
        max_batch: 100,
        log_range_blocks: 100,
        multicall3: MULTICALL3,
        credits: butler_core::domain::credits::CreditPlan::default(),
    };
    Endpoint::new(0, &settings).unwrap()
}

pub(crate) fn calls(count: usize) -> Vec<Request> {
    vec![Request::new("eth_blockNumber", &json!([])); count]
}

fn good(seen: &RawRequest) -> Reply {
    let answers: Vec<_> = seen.ids().iter().map(|id| json!({ "id": id, "result": format!("{id}") })).collect();
    let body = match (seen.body.starts_with('['), answers.as_slice()) {
        (false, [answer]) => answer.to_string(),
        _ => json!(answers).to_string(),
    };
    Reply::of("200 OK", "content-type: application/json\r\n", body.as_bytes())
}

pub(crate) async fn failure_of(answer: impl Fn(&RawRequest) -> Reply + Send + Sync + 'static) -> RpcFailure {
    let server = RawServer::start(answer).await;
    let answers = endpoint(&format!("http://{}/", server.address)).exchange(&calls(1)).await;
    match answers {
        Err(failure) => failure,
        Ok(mut answers) => answers.remove(0).unwrap_err(),
    }
}

#[tokio::test]
async fn a_time_to_wait_is_capped_and_a_date_is_understood() {
    let wait = |value: &'static str| async move {
        let failure = failure_of(move |_| Reply::of("429 x", &format!("retry-after: {value}\r\n"), b"")).await;
        let RpcFailure::RateLimited { retry_after } = failure else { panic!("{failure:?}") };
        retry_after
    };
    assert_eq!(wait("7").await, Some(Duration::from_secs(7)));
    assert_eq!(wait("1.5").await, Some(Duration::from_millis(1500)));
    for ages in ["86400", "18446744073709551616", "1e300", "Wed, 21 Oct 2122 07:28:00 GMT"] {
        assert_eq!(wait(ages).await, Some(Duration::from_secs(600)), "{ages}");
    }
    assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT").await, Some(Duration::ZERO));
    for nothing in ["soon", "-1", "NaN", ""] {
        assert_eq!(wait(nothing).await, None, "{nothing}");
    }
}

#[tokio::test]
async fn a_connection_that_closes_while_it_lies_idle_costs_nothing_but_a_second_request() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    // Takes the second request of each connection and closes instead of answering it.
    let server = RawServer::start(move |seen| {
        count.fetch_add(1, Ordering::Relaxed);
        if seen.before == 1 { Reply::default() } else { good(seen) }
    })
    .await;
    let endpoint = endpoint(&format!("http://{}/", server.address));
    for _ in 0..5 {
        assert!(endpoint.exchange(&calls(1)).await.unwrap()[0].is_ok());
    }
    assert_eq!(requests.load(Ordering::Relaxed), 9, "four of five met a closed connection");
}

#[tokio::test]
async fn nothing_is_asked_twice_once_a_byte_came_or_on_a_new_connection() {
    for cut in ["H", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"] {
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let server = RawServer::start(move |seen| {
            count.fetch_add(1, Ordering::Relaxed);
            let broken = Reply { first: cut.as_bytes().to_vec(), last: Vec::new(), ..Reply::default() };
            if seen.before == 1 { broken } else { good(seen) }
        })
        .await;
        let endpoint = endpoint(&format!("http://{}/", server.address));
        assert!(endpoint.exchange(&calls(1)).await.is_ok());
        let broken = endpoint.exchange(&calls(1)).await;
        assert!(matches!(broken, Err(RpcFailure::Broken(_) | RpcFailure::Timeout(_))), "{broken:?}");
        assert_eq!(requests.load(Ordering::Relaxed), 2, "{cut}");
    }
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let server = RawServer::start(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Reply::default()
    })
    .await;
    let broken = endpoint(&format!("http://{}/", server.address)).exchange(&calls(1)).await.unwrap_err();
    assert_eq!((broken.kind(), requests.load(Ordering::Relaxed)), (ErrorKind::Broken, 1));
}

/// A server that refuses batches of more than `most` calls with what `refusal` says, while `is_on`.
async fn refusing(most: usize, is_on: &Arc<AtomicBool>, refusal: fn() -> Reply) -> (RawServer, Arc<AtomicUsize>) {
    let (requests, is_on) = (Arc::new(AtomicUsize::new(0)), Arc::clone(is_on));
    let count = Arc::clone(&requests);
    let server = RawServer::start(move |seen| {
        count.fetch_add(1, Ordering::Relaxed);
        let refuses = seen.body.starts_with('[') && seen.ids().len() > most && is_on.load(Ordering::Relaxed);
        if refuses { refusal() } else { good(seen) }
    })
    .await;
    (server, requests)
}

type Named = (&'static str, fn() -> Reply);

fn refusals() -> Vec<Named> {
    vec![
        ("400", || Reply::of("400 Bad Request", "", b"")),
        ("405", || Reply::of("405 x", "", b"<html><title>405</title></html>")),
        ("413", || Reply::of("413 x", "", b"too large")),
        ("501", || Reply::of("501 x", "", b"")),
        ("close", Reply::default),
        ("invalid request", || {
            Reply::of("200 OK", "", br#"{"id":null,"error":{"code":-32600,"message":"Invalid Request"}}"#)
        }),
        ("parse error", || Reply::of("200 OK", "", br#"{"error":"cannot unmarshal array"}"#)),
        ("spoken", || Reply::of("200 OK", "", br#"{"id":null,"error":{"code":-32600,"message":"batch too large"}}"#)),
        ("outage", || {
            Reply::of(
                "200 OK",
                "",
                br#"{"id":null,"error":{"code":-32603,"message":"Internal error: no healthy upstream"}}"#,
            )
        }),
    ]
}

#[tokio::test]
async fn batches_that_are_refused_in_any_way_are_sent_smaller_or_call_by_call() {
    for (name, refusal) in refusals() {
        for most in [1, 30] {
            let (server, requests) = refusing(most, &Arc::new(AtomicBool::new(true)), refusal).await;
            let endpoint = endpoint(&format!("http://{}/", server.address));
            let answers = endpoint.exchange(&calls(230)).await.unwrap();
            let ids: Vec<u64> =
                answers.iter().map(|raw| raw.as_ref().unwrap().get().trim_matches('"').parse().unwrap()).collect();
            assert!(ids.len() == 230 && ids.iter().collect::<std::collections::BTreeSet<_>>().len() == 230, "{name}");
            let needed = 230 / most.min(25);
            let sent = requests.load(Ordering::Relaxed);
            assert!(sent <= needed + 25, "{name}: {sent} requests where {needed} do");
            let limit = endpoint.limits().batch_calls;
            assert!(limit <= 25 && (most > 1 || limit == 1), "{name}: {limit}");
        }
    }
}

#[tokio::test]
async fn what_was_refused_in_passing_is_forgotten_soon_and_what_was_said_in_ten_minutes() {
    for (name, refusal) in refusals() {
        let is_on = Arc::new(AtomicBool::new(true));
        let (server, _) = refusing(1, &is_on, refusal).await;
        let endpoint = endpoint(&format!("http://{}/", server.address));
        endpoint.exchange(&calls(40)).await.unwrap();
        assert_eq!(endpoint.limits().batch_calls, 1, "{name}");
        is_on.store(false, Ordering::Relaxed);
        let began = tokio::time::Instant::now();
        while endpoint.limits().batch_calls < 100 {
            endpoint.exchange(&calls(40)).await.unwrap();
            // Paused only here: while a socket is waited for, a paused clock would run ahead.
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::time::resume();
        }
        let took = began.elapsed();
        let most = if name == "spoken" { 1200 } else { 60 };
        assert!(took < Duration::from_secs(most), "{name} took {took:?}");
        assert!(name != "spoken" || took > Duration::from_secs(600), "{name} took {took:?}");
    }
}

#[tokio::test]
async fn an_outage_of_everything_is_no_refusal_of_batches() {
    for (name, refusal) in refusals() {
        if name == "spoken" {
            continue;
        }
        let server = RawServer::start(move |_| refusal()).await;
        let endpoint = endpoint(&format!("http://{}/", server.address));
        assert!(endpoint.exchange(&calls(40)).await.is_err(), "{name}");
        assert_eq!(endpoint.limits().batch_calls, 100, "{name}");
    }
}

#[tokio::test]
async fn a_get_has_no_body_and_its_path_and_query_are_escaped() {
    let server = RawServer::start(|seen: &RawRequest| {
        let line = seen.head.lines().next().unwrap_or_default();
        let is_bare = seen.body.is_empty() && !seen.head.to_ascii_lowercase().contains("content-type");
        Reply::of("404 Not Found", "retry-after: 9\r\n", format!("{line} {is_bare}").as_bytes())
    })
    .await;
    let http = HttpSettings {
        url: format!("http://{}/v2/key/?a=1", server.address).parse().unwrap(),
        authorization: None,
        api_key: None,
        timeout: Duration::from_secs(5),
        max_response_bytes: 1 << 20,
        ca_file: None,
        clock: unix_now,
    };
    let peer = HttpPeer::new(&http).unwrap();
    let answer = peer.get(&["safes", "0x1/../x", "txs"], &[("limit", "2"), ("q", "a&b")]).await.unwrap();
    assert_eq!((answer.status, answer.retry_after), (404, Some(Duration::from_secs(9))));
    assert_eq!(answer.body, "GET /v2/key/safes/0x1%2F..%2Fx/txs?a=1&limit=2&q=a%26b HTTP/1.1 true");
    let durations = peer.counters().durations.counts();
    assert_eq!(durations.buckets.iter().sum::<u64>(), 1);
}
