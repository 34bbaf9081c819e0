//! Answers that cost more than they say: each ends in an error, soon, and in little memory.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, OffenceRange};
use butler_core::client::endpoint::{Endpoint, EndpointSettings};
use butler_core::client::error::{ErrorKind, RpcFailure};
use butler_core::client::http::{ANSWER_LIMIT, HttpPeer, HttpSettings, LOOK_LIMIT};
use butler_core::client::wire::Request;
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::runtime::clock::unix_now;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tokio::sync::Mutex;

use crate::wire::raw::{RawRequest, RawServer, Reply};

/// What the bombs fill: less than is granted, for they are many.
const SIZE: usize = 1 << 20;

fn settings(server: &RawServer) -> HttpSettings {
    HttpSettings {
        url: format!("http://{}/", server.address).parse().unwrap(),
        authorization: None,
        api_key: None,
        timeout: Duration::from_secs(30),
        // More than is ever granted.
        max_response_bytes: 1 << 30,
        ca_file: None,
        clock: unix_now,
    }
}

fn endpoint(server: &RawServer) -> Endpoint {
    let settings = EndpointSettings {
        name: "bomb".to_owned(),
        http: settings(server),
        max_concurrency: 16,
        max_batch: 2,
        log_range_blocks: 100,
        multicall3: MULTICALL3,
        credits: butler_core::domain::credits::CreditPlan::default(),
    };
    Endpoint::new(0, &settings).unwrap()
}

fn gzip(parts: &[(&str, usize)]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for (piece, times) in parts {
        // Many pieces at once, for speed, and never the whole, for its size.
        let block = 1000.min(*times).max(1);
        let many = piece.repeat(block);
        for _ in 0..times / block {
            encoder.write_all(many.as_bytes()).unwrap();
        }
    }
    encoder.finish().unwrap()
}

/// A body of about the size that is granted: `piece` again and again between the others.
fn filled(first: &str, piece: &str, last: &str) -> Vec<u8> {
    let times = (SIZE - first.len() - last.len()) / piece.len();
    gzip(&[(first, 1), (piece, times), (last, 1)])
}

fn nested(size: usize, first: &str, last: &str) -> Vec<u8> {
    let times = (size - 100) / 2;
    gzip(&[(first, 1), ("[", times), ("]", times), (last, 1)])
}

/// Every bomb for a request with the id 1, packed, and whether it is a result that only its reader can refuse.
fn bombs() -> Vec<(Vec<u8>, bool)> {
    let refused = [
        nested(ANSWER_LIMIT, r#"{"result":1,"id":"#, "}"),
        nested(SIZE, r#"{"id":1,"error":{"code":1,"message":"x","data":"#, "}}"),
        nested(SIZE, r#"{"id":1,"error":{"code":"#, "}}"),
        nested(SIZE, r#"{"id":1,"error":"#, "}"),
        filled(r#"{"id":1,"error":{"code":1,"message":["#, "[],", "[]]}}"),
        filled(r#"{"id":1,"error":{"code":1,"message":""#, r"\u0041", r#""}}"#),
        filled(r#"{"id":1,"error":{"code":1,"data":{"#, r#""a":{},"#, r#""b":{}}}}"#),
        filled("[", "{},", "{}]"),
        filled("[", r#"{"result":1,"id":1},"#, "{}]"),
        filled("<html><title>", "x", "</title>"),
        gzip(&[(" ", ANSWER_LIMIT + 1)]),
    ];
    let results = [
        filled(r#"{"id":1,"result":["#, "[[]],", "[]]}"),
        filled(r#"{"id":1,"result":{"stats":{},"latest":["#, "[1],", "[]]}}"),
        filled(r#"{"id":1,"result":{"proposed":{"number":["#, "[1],", "[]]}}}"),
        filled(r#"{"id":1,"result":{"nodeVersion":""#, "v", r#""}}"#),
        filled(r#"{"id":1,"result":""#, "ab", r#""}"#),
    ];
    refused.into_iter().map(|bomb| (bomb, false)).chain(results.into_iter().map(|bomb| (bomb, true))).collect()
}

/// The memory is the whole process's: what takes much of it is done one after the other.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The most memory that this process ever had, in megabytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bomb_ends_in_an_error_and_costs_a_few_times_its_size() {
    let _alone = ALONE.lock().await;
    for (at, (packed, is_result)) in bombs().into_iter().enumerate() {
        let server =
            RawServer::start(move |_: &RawRequest| Reply::of("200 OK", "content-encoding: gzip\r\n", &packed)).await;
        let request = Request::new("eth_call", &json!([]));
        let single = endpoint(&server).exchange(std::slice::from_ref(&request)).await;
        assert_eq!(single.is_ok_and(|answers| answers[0].is_ok()), is_result, "{at}");
        let two = endpoint(&server).exchange(&vec![request; 2]).await;
        assert!(two.is_err(), "{at}");
        let node = AztecNode::new("bomb", &settings(&server)).unwrap();
        let failed = match at % 4 {
            0 => node.l2_tips().await.is_err(),
            1 => node.node_info().await.is_err(),
            2 => node.slash_offences(OffenceRange::All).await.is_err(),
            _ => node.validators_stats(&BTreeSet::new()).await.is_err(),
        };
        assert!(failed, "{at}");
    }
    assert!(peak() < 200, "{} MB", peak());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_answers_at_once_cost_the_memory_of_few() {
    let _alone = ALONE.lock().await;
    let server = RawServer::start(|seen: &RawRequest| {
        let id = seen.ids().first().copied().unwrap_or_default();
        let begin = format!("{{\"id\":{id},\"result\":\"0x");
        let length = begin.len() + (250 << 16) + 2;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{begin}");
        Reply { first: head.into_bytes(), piece: vec![b'0'; 1 << 16], times: 250, last: b"\"}".to_vec() }
    })
    .await;
    let settings = EndpointSettings {
        name: "flood".to_owned(),
        http: settings(&server),
        max_concurrency: 64,
        max_batch: 1,
        log_range_blocks: 100,
        multicall3: MULTICALL3,
        credits: butler_core::domain::credits::CreditPlan::default(),
    };
    let endpoint = Endpoint::new(0, &settings).unwrap();
    let failure = endpoint.exchange(&vec![Request::new("eth_call", &json!([])); 64]).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::TooLarge);
    assert!(peak() < 200, "{} MB", peak());
}

#[tokio::test]
async fn one_byte_at_a_time_costs_no_more_than_the_bytes() {
    let _alone = ALONE.lock().await;
    let server = RawServer::start(|_: &RawRequest| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
        let begin = r#"{"id":1,"result":""#;
        let first = format!("{head}{:x}\r\n{begin}\r\n", begin.len());
        Reply {
            first: first.into_bytes(),
            piece: b"1\r\n0\r\n".repeat(1000),
            times: 300,
            last: b"2\r\n\"}\r\n0\r\n\r\n".to_vec(),
        }
    })
    .await;
    let peer = HttpPeer::new(&settings(&server)).unwrap();
    let before = peak();
    let answer = peer.post(b"{}".to_vec()).await.unwrap();
    assert_eq!(answer.body.len(), 300_020);
    assert!(peak() - before < 30, "{} MB", peak() - before);
}

#[tokio::test]
async fn gzip_is_asked_for_and_both_sizes_are_counted() {
    let _alone = ALONE.lock().await;
    let body = format!(r#"{{"id":1,"result":"{}"}}"#, "ab".repeat(100_000));
    let (packed, length) = (gzip(&[(body.as_str(), 1)]), body.len());
    let travelled = u64::try_from(packed.len()).unwrap();
    let server = RawServer::start(move |seen: &RawRequest| {
        assert!(seen.head.to_ascii_lowercase().contains("accept-encoding: gzip"), "{}", seen.head);
        Reply::of("200 OK", "Content-Encoding: GZip\r\n", &packed)
    })
    .await;
    let peer = HttpPeer::new(&settings(&server)).unwrap();
    let answer = peer.post(b"{}".to_vec()).await.unwrap();
    assert!(answer.body == body.as_bytes());
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(count(&peer.counters().bytes_received), travelled);
    assert_eq!(count(&peer.counters().bytes_decoded), u64::try_from(length).unwrap());
}

#[tokio::test]
async fn a_look_at_the_chain_has_an_end_and_the_next_one_begins_anew() {
    let _alone = ALONE.lock().await;
    let packed = gzip(&[(" ", ANSWER_LIMIT)]);
    let server =
        RawServer::start(move |_: &RawRequest| Reply::of("200 OK", "content-encoding: gzip\r\n", &packed)).await;
    let peer = HttpPeer::new(&settings(&server)).unwrap();
    let rounds = usize::try_from(LOOK_LIMIT).unwrap() / ANSWER_LIMIT;
    peer.begin_look();
    for _ in 0..rounds {
        assert!(peer.post(b"{}".to_vec()).await.is_ok());
    }
    let failure = peer.post(b"{}".to_vec()).await.unwrap_err();
    assert!(matches!(failure, RpcFailure::TooLarge { .. }), "{failure:?}");
    peer.begin_look();
    assert!(peer.post(b"{}".to_vec()).await.is_ok());
}
