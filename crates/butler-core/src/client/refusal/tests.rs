//! Refusals in the words of many providers.

use serde_json::{Value, json};

use super::*;
use crate::client::error::ErrorKind;

fn classified(method: &str, code: i64, message: &str, data: &Value) -> RpcFailure {
    let error = json!({ "code": code, "message": message, "data": data }).to_string();
    let error: &RawValue = serde_json::from_str(&error).unwrap();
    classify(&Secrets::none(), method, &ErrorText::read(error))
}

fn kind(method: &str, code: i64, message: &str) -> ErrorKind {
    classified(method, code, message, &Value::Null).kind()
}

#[test]
fn range_refusals_of_known_providers_are_understood() {
    let blocks = |n| RangeHint { max_blocks: Some(n), range: None };
    let range = |a, b| RangeHint { max_blocks: None, range: Some((a, b)) };
    let both = |n, a, b| RangeHint { max_blocks: Some(n), range: Some((a, b)) };
    let table = [
        (
            -32602,
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x0, 0x1f3]",
            both(2000, 0, 0x1f3),
        ),
        (
            -32600,
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x10, 0x19]. Upgrade to PAYG for expanded block range.",
            both(10, 0x10, 0x19),
        ),
        (-32005, "query returned more than 10000 results. Try with this block range [0x10, 0x20].", range(0x10, 0x20)),
        (-32614, "eth_getLogs is limited to a 10,000 range", blocks(10_000)),
        (-32000, "exceed maximum block range: 50000", blocks(50_000)),
        (-32602, "range 84 exceeds limit of 7", blocks(7)),
        (-32602, "maximum [from, to] blocks distance: 1000", blocks(1000)),
        (-32602, "block range greater than 7 max", blocks(7)),
        (-32000, "query block range exceeds server limit, narrow your filter: 7", blocks(7)),
        (-32000, "query returns too many logs, narrow your filter: 3", RangeHint::default()),
        (-32600, "Block range limit exceeded. See more details at https://docs.example/", RangeHint::default()),
        (-32047, "Max range: 800, block range is too wide", blocks(800)),
        (-32602, "query exceeds max results 20000, retry with the range 100-200", range(100, 200)),
        (-32062, "requested too many blocks from 5 to 9000, maximum is set to 2048", blocks(2048)),
        (35, "ranges over 10000 blocks are not supported on freetier", blocks(10_000)),
        (-32701, "block range is too large, max is 1k blocks", blocks(1000)),
        // Reth, Besu, Erigon, Nethermind.
        (-32602, "query exceeds max block range 100000", blocks(100_000)),
        (-32005, "Requested range exceeds maximum RPC range limit", RangeHint::default()),
        (-32000, "query exceeds max results limit: 20000", RangeHint::default()),
        (-32602, "block range too large: 30001 > 10000", RangeHint::default()),
        (-32005, "Too many logs requested. Max logs per response is 20000.", RangeHint::default()),
        // Gateways.
        (-32000, "eth_getLogs is limited to 0 - 10000 blocks range", blocks(10_000)),
        (-32602, "eth_getLogs is limited to 1024 block range. Please check the parameter requirements", blocks(1024)),
        (-32602, "The range of blocks should be less than 5000", blocks(4_999)),
        (-32000, "block range too large, range: 15000, max: 10000", blocks(10_000)),
        (-32000, "Block range too large: maximum allowed is 2000 blocks", blocks(2000)),
        (-32602, "Maximum allowed number of requested blocks is 3500", blocks(3500)),
        (-32000, "maximum block range is 50000", blocks(50_000)),
        (-32600, "block range must not exceed 2,000", blocks(2000)),
        (-32000, "block range cannot exceed 10K blocks", blocks(10_000)),
        (-32602, "The block range may be at most 500 blocks", blocks(500)),
        (-32602, "no more than 128 blocks can be queried, block range is too wide", blocks(128)),
        (-32000, "requested range of 9001 blocks exceeds the limit of 1000 blocks", blocks(1000)),
        (-32000, "Block range limit exceeded: limit is 3000", blocks(3000)),
        (-32001, "Exceeded max range limit for eth_getLogs: 10000", blocks(10_000)),
    ];
    for (code, message, expected) in table {
        let failure = classified("eth_getLogs", code, message, &Value::Null);
        let RpcFailure::RangeRefused { hint, .. } = failure else { panic!("{message}: {failure:?}") };
        assert_eq!(hint, expected, "{message}");
    }
}

#[test]
fn the_same_words_mean_nothing_of_the_kind_for_other_methods() {
    let failure = classified("eth_call", -32000, "exceed maximum block range: 50000", &Value::Null);
    assert!(matches!(failure, RpcFailure::Rpc { .. }), "{failure:?}");
}

#[test]
fn rate_limits_old_blocks_and_unknown_blocks_are_told_apart() {
    let kind = |code, message| super::tests::kind("eth_call", code, message);
    assert_eq!(kind(429, "Your app has exceeded its compute units per second capacity"), ErrorKind::RateLimited);
    assert_eq!(kind(-32005, "daily request count exceeded, request rate limited"), ErrorKind::RateLimited);
    assert_eq!(kind(-32000, "missing trie node 1234 (path ) state 0x12 is not available"), ErrorKind::StateUnavailable);
    let anvil = "BlockOutOfRangeError: block height is 83 but requested was 50";
    assert_eq!(kind(-32602, anvil), ErrorKind::StateUnavailable);
    assert_eq!(kind(-32000, "header not found"), ErrorKind::BlockUnknown);
    assert_eq!(kind(-32000, "out of gas: gas required exceeds: 50000000"), ErrorKind::OutOfGas);
    assert_eq!(kind(3, "execution reverted"), ErrorKind::Reverted);
    assert_eq!(kind(-32601, "the method eth_foo does not exist/is not available"), ErrorKind::MethodNotFound);
    assert_eq!(kind(-32000, "something else"), ErrorKind::Rpc);
}

#[test]
fn the_time_to_wait_is_read_in_its_unit() {
    let wait = |data: Value| {
        let failure = classified("eth_call", 429, "rate limited", &data);
        let RpcFailure::RateLimited { retry_after } = failure else { panic!("{failure:?}") };
        retry_after
    };
    assert_eq!(wait(json!({ "rate": { "backoff_seconds": 30 } })), Some(Duration::from_secs(30)));
    assert_eq!(wait(json!({ "try_again_in": "250ms" })), Some(Duration::from_millis(250)));
    assert_eq!(wait(json!({ "try_again_in": "1m 5s" })), Some(Duration::from_secs(65)));
    for unreadable in [json!({ "try_again_in": "soon" }), json!({ "try_again_in": -1 }), json!({}), json!(null)] {
        assert_eq!(wait(unreadable), None);
    }
}

#[test]
fn a_wait_that_is_named_is_never_longer_than_ten_minutes() {
    for data in [
        json!({ "rate": { "backoff_seconds": 1e300 } }),
        json!({ "rate": { "backoff_seconds": 999_999_999_u64 } }),
        json!({ "try_again_in": "300 years" }),
        json!({ "try_again_in": "86400" }),
    ] {
        let failure = classified("eth_call", 429, "rate limited", &data);
        let RpcFailure::RateLimited { retry_after } = failure else { panic!("{failure:?}") };
        assert_eq!(retry_after, Some(LONGEST_WAIT), "{data}");
    }
}

#[test]
fn what_says_that_time_ran_out_is_not_a_limit_of_anything_else() {
    for (code, message) in [
        (-32000, "execution aborted (timeout = 5s)"),
        (-32603, "request timed out"),
        (-32000, "canceled due to enabled timeout"),
        (-32005, "query timed out"),
        (-32000, "context deadline exceeded"),
        (-32016, "Module is disabled; operation took too long"),
    ] {
        for method in ["eth_call", "eth_getLogs", "eth_getBlockByNumber"] {
            let kind = kind(method, code, message);
            assert!(kind.may_mean_too_much(), "{method} {message}: {kind:?}");
        }
    }
}

#[test]
fn an_endpoint_that_wants_a_key_is_told_with_its_words() {
    for (code, message) in [
        (-32000, "missing api key"),
        (-32000, "invalid project id"),
        (-32000, "unauthorized"),
        (-32600, "Must be authenticated!"),
        (-32000, "Unauthorized: You must authenticate your request with an API key."),
        (-32052, "API key is not allowed to access blockchain, invalid"),
        (-32001, "authentication failed"),
        (-32000, "project ID does not exist"),
        (-32002, "invalid JWT token"),
        (403, "Forbidden"),
    ] {
        for method in ["eth_call", "eth_getLogs", "eth_chainId", "batch"] {
            let failure = classified(method, code, message, &Value::Null);
            assert!(failure.kind() == ErrorKind::Unauthorized, "{method} {message}: {failure}");
            assert_eq!(failure.to_string(), format!("not authorized: {message}"));
        }
    }
}

#[test]
fn pruned_logs_are_told_from_pruned_state_and_from_wide_ranges() {
    for (code, message) in [
        (4444, "pruned history unavailable"),
        (-32000, "history has been pruned for this block"),
        (-32000, "receipts for block 5 are not available"),
        (-32000, "logs of old blocks are not available on this node"),
        (-32602, "Block range is pruned"),
        (-32000, "old data not available due to pruning"),
        (-32001, "missing receipts"),
    ] {
        assert_eq!(kind("eth_getLogs", code, message), ErrorKind::LogsPruned, "{message}");
    }
    assert_eq!(kind("eth_call", -32000, "old data not available due to pruning"), ErrorKind::StateUnavailable);
    assert_eq!(kind("eth_getLogs", -32000, "block range is too wide"), ErrorKind::RangeRefused);
}

#[test]
fn only_what_speaks_of_batches_refuses_them() {
    for (code, message) in [
        (-32600, "batch too large"),
        (31, "Batch of more than 3 requests are not allowed on free tier, to use this feature register paid account"),
        (-32602, "Invalid params: batch size exceeds the maximum"),
        (-32600, "batching is not supported"),
        (-32601, "Batch requests are disabled"),
        (-32005, "Too many requests in batch, max 20"),
    ] {
        for method in ["batch", "eth_call"] {
            assert_eq!(kind(method, code, message), ErrorKind::BatchRefused, "{message}");
        }
    }
    for (code, message) in [
        (-32603, "Internal error: no healthy upstream"),
        (-32603, "failed to process batch: connection refused"),
        (-32600, "Invalid Request"),
        (-32700, "parse error"),
        (-32000, "service temporarily unavailable"),
    ] {
        assert_eq!(kind("batch", code, message), ErrorKind::Rpc, "{message}");
    }
}

#[test]
fn a_limit_on_one_question_is_told_from_a_limit_on_many() {
    assert_eq!(kind("eth_call", -32005, "request size exceeds defined limit"), ErrorKind::TooLarge);
    assert_eq!(kind("eth_call", -32005, "limit exceeded"), ErrorKind::RateLimited);
    assert_eq!(kind("eth_getLogs", -32601, "this block range is not available here"), ErrorKind::RangeRefused);
    assert_eq!(kind("eth_getLogs", -32601, "the method eth_getLogs does not exist"), ErrorKind::MethodNotFound);
    assert_eq!(kind("eth_getLogs", -32601, "eth_getLogs is not available"), ErrorKind::MethodNotFound);
    for message in [
        "eth_getLogs over 20 blocks is not available on your plan",
        "archive requests need a paid plan: max 20 blocks",
        "access denied: range",
    ] {
        assert_eq!(kind("eth_getLogs", -32601, message), ErrorKind::RangeRefused, "{message}");
    }
}

#[test]
fn what_is_refused_for_a_wide_range_in_words_that_nobody_knows_is_asked_again_for_less() {
    for (code, message) in [
        (-32000, "execution timeout"),
        (-32000, "query exceeds the limits"),
        (-32012, "requested block interval too large"),
        (-32000, "please narrow it down"),
        (0, ""),
    ] {
        assert!(kind("eth_getLogs", code, message).may_mean_too_much(), "{message}");
    }
}
