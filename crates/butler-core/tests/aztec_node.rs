//! The client of an Aztec node against recorded exchanges with real nodes.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, L2Tips};
use butler_core::client::error::{ErrorKind, RpcFailure};
use butler_core::client::http::HttpSettings;
use butler_testkit::aztec_node::FakeAztecNode;
use serde_json::json;

fn client(url: &str) -> AztecNode {
    let settings = HttpSettings {
        url: url.parse().unwrap(),
        authorization: None,
        timeout: Duration::from_secs(5),
        max_response_bytes: 1 << 20,
        ca_file: None,
    };
    AztecNode::new("recorded", &settings).unwrap()
}

#[tokio::test]
async fn a_recorded_node_tells_what_it_follows() {
    for name in
        ["validator-node-4.1.2", "validator-node-4.1.2-proven", "validator-node-4.1.2-slashed", "prover-node-4.1.2"]
    {
        let node = FakeAztecNode::replay(name).await.unwrap();
        let client = client(&node.url());
        let info = client.node_info().await.unwrap();
        assert_eq!((info.node_version.as_str(), info.l1_chain_id), ("4.1.2", 31337), "{name}");
        let rollup = "0x322813fd9a801c5507c9de605d63cea4f2ce6c44".parse().unwrap();
        assert_eq!(info.l1_contract_addresses.rollup_address, rollup, "{name}");
        assert!(client.is_ready().await.unwrap(), "{name}");
        let tips = client.l2_tips().await.unwrap();
        assert!(tips.finalized <= tips.proven && tips.proven <= tips.proposed && tips.proposed > 0, "{name}: {tips:?}");
    }
}

#[tokio::test]
async fn tips_of_the_recorded_validator_are_read_as_they_are() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    assert_eq!(client(&node.url()).l2_tips().await.unwrap(), L2Tips { proposed: 2, proven: 0, finalized: 0 });
}

#[tokio::test]
async fn a_node_in_standby_is_an_http_error_and_not_ready() {
    let node = FakeAztecNode::replay("standby-4.1.2").await.unwrap();
    let failure = client(&node.url()).is_ready().await.unwrap_err();
    assert!(matches!(&failure, RpcFailure::Http { status: 404, text } if text == "Not Found"), "{failure:?}");
}

#[tokio::test]
async fn an_error_in_http_400_is_read_and_its_urls_are_cut() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    node.set_error("node_isReady", -32702, "HTTP request failed. URL: http://user:pw@10.0.0.1:8545/SECRET-KEY");
    let failure = client(&node.url()).is_ready().await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Rpc);
    let text = failure.to_string();
    assert!(text.contains("HTTP request failed") && !text.contains("SECRET") && !text.contains("pw@"), "{text}");
}

#[tokio::test]
async fn a_node_with_the_newer_names_is_found_out_once() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    node.set_error("node_isReady", -32601, "Method not found: node_isReady");
    node.set_result("aztec_isReady", json!(true));
    let client = client(&node.url());
    assert!(client.is_ready().await.unwrap());
    assert!(client.is_ready().await.unwrap());
    let asked = node.asked();
    assert_eq!((asked["node_isReady"], asked["aztec_isReady"]), (1, 2), "{asked:?}");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_malformed_and_no_default_stands_in() {
    let node = FakeAztecNode::replay("validator-node-4.1.2").await.unwrap();
    let client = client(&node.url());
    for answer in [json!(null), json!({}), json!({ "proposed": { "number": 1 } }), json!("ready")] {
        node.set_result("node_getL2Tips", answer.clone());
        node.set_result("node_isReady", answer.clone());
        node.set_result("node_getNodeInfo", answer.clone());
        assert_eq!(client.l2_tips().await.unwrap_err().kind(), ErrorKind::Malformed, "{answer}");
        assert_eq!(client.is_ready().await.unwrap_err().kind(), ErrorKind::Malformed, "{answer}");
        assert_eq!(client.node_info().await.unwrap_err().kind(), ErrorKind::Malformed, "{answer}");
    }
}
