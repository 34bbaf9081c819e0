//! The fake Aztec node answers as the recorded ones did.

use std::time::Duration;

use butler_testkit::aztec_node::FakeAztecNode;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

async fn send(request: Request<Full<Bytes>>) -> (StatusCode, HeaderMap, String) {
    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn post(url: &str, body: &str, key: Option<&str>) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::post(url);
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    send(request.body(Full::from(body.to_owned())).unwrap()).await
}

fn call(method: &str, params: Value) -> String {
    let mut call = json!({ "jsonrpc": "2.0", "id": "mine", "method": method });
    call["params"] = params;
    call.to_string()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn every_recorded_node_can_be_replayed() {
    for name in FakeAztecNode::NAMES {
        let node = FakeAztecNode::replay(name).await.unwrap();
        let (status, _, body) = post(&node.url(), &call("node_isReady", json!([])), None).await;
        match name {
            "standby-4.1.2" => assert_eq!((status.as_u16(), body.as_str()), (404, "Not Found")),
            _ => assert_eq!(
                (status.as_u16(), parse(&body)),
                (200, json!({ "jsonrpc": "2.0", "id": "mine", "result": true }))
            ),
        }
    }
    assert!(FakeAztecNode::replay("no-such-node").await.is_err());
}

#[tokio::test]
async fn answers_keep_status_headers_and_parameters() {
    let node = FakeAztecNode::replay("validator-node-4.1.2-proven").await.unwrap();
    let (status, headers, body) = post(&node.url(), &call("node_getNodeInfo", json!([])), None).await;
    assert_eq!((status.as_u16(), &headers["x-aztec-packageversion"]), (200, &"4.1.2".parse().unwrap()));
    assert_eq!(parse(&body)["result"]["nodeVersion"], "4.1.2");

    let (status, _, body) = post(&node.url(), &call("node_doesMore", json!([])), None).await;
    assert_eq!((status.as_u16(), &parse(&body)["error"]["code"]), (400, &json!(-32601)));
    assert_eq!(parse(&body)["error"]["message"], "Method not found: node_doesMore");

    let stats = async |address: &str| post(&node.url(), &call("node_getValidatorStats", json!([address])), None).await;
    let (_, _, known) = stats("0xAF4311d557fBC876059e39306ec1f3343753df29").await;
    assert_eq!(parse(&known)["result"]["validator"]["address"], "0xaf4311d557fbc876059e39306ec1f3343753df29");
    let (_, _, unknown) = stats("0x0000000000000000000000000000000000000bad").await;
    assert!(parse(&unknown).get("result").is_none(), "the node leaves out `result`: {unknown}");

    let (status, _, _) = post(&node.url(), "{oops", None).await;
    assert_eq!(status, 400);
    assert_eq!(node.asked()["node_getValidatorStats"], 2);
}

#[tokio::test]
async fn batches_are_answered_in_order() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "node_isReady", "params": [] },
        { "jsonrpc": "2.0", "id": 2, "method": "node_nope", "params": [] },
    ]);
    let (status, _, body) = post(&node.url(), &batch.to_string(), None).await;
    let answers = parse(&body);
    assert_eq!((status.as_u16(), &answers[0]["result"], &answers[1]["id"]), (200, &json!(true), &json!(2)));
    assert_eq!(answers[1]["error"]["code"], -32601);
    let standby = FakeAztecNode::replay("standby-4.1.2").await.unwrap();
    assert_eq!(post(&standby.url(), &batch.to_string(), None).await.0, 404);
}

#[tokio::test]
async fn status_is_not_health() {
    for name in ["validator-node-4.1.2", "standby-4.1.2"] {
        let node = FakeAztecNode::replay(name).await.unwrap();
        let request = Request::get(format!("{}/status", node.url())).body(Full::default()).unwrap();
        let (status, _, body) = send(request).await;
        assert_eq!((status.as_u16(), body.as_str()), (200, "OK"));
    }
}

#[tokio::test]
async fn the_admin_port_wants_its_key() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let config = call("nodeAdmin_getConfig", json!([]));
    assert_eq!(post(&node.admin_url(), &config, None).await.0, 401);
    assert_eq!(post(&node.admin_url(), &config, Some("wrong")).await.0, 401);
    assert_eq!(post(&node.admin_url(), &config, Some(FakeAztecNode::ADMIN_KEY)).await.0, 200);
    assert_eq!(post(&node.url(), &config, None).await.0, 400, "the other port does not know it");
    let prover = FakeAztecNode::replay("prover-node-4.1.2").await.unwrap();
    assert_eq!(post(&prover.admin_url(), &config, None).await.0, 200);
}

#[tokio::test]
async fn a_node_without_its_l1_hangs_or_fails() {
    let fees = call("node_getCurrentMinFees", json!([]));
    let down = FakeAztecNode::replay("l1-down").await.unwrap();
    assert_eq!(post(&down.url(), &fees, None).await.0, 400);
    let paused = FakeAztecNode::replay("l1-paused").await.unwrap();
    let url = paused.url();
    assert!(tokio::time::timeout(Duration::from_millis(100), post(&url, &fees, None)).await.is_err());
}

#[tokio::test]
async fn a_test_may_replace_answers() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    node.set_result("node_getBlockNumber", json!(99));
    let (_, _, body) = post(&node.url(), &call("node_getBlockNumber", json!([])), None).await;
    assert_eq!(parse(&body)["result"], 99);
    node.set_error("node_isReady", -32702, "broken");
    let (status, _, body) = post(&node.url(), &call("node_isReady", json!([])), None).await;
    assert_eq!((status.as_u16(), &parse(&body)["error"]["message"]), (400, &json!("broken")));
}
