//! Requests are encoded, and answers taken apart, in whatever shape they come.

use serde_json::json;

use super::*;

fn requests(n: usize) -> Vec<Request> {
    vec![Request::new("eth_call", &json!([])); n]
}

fn batch(first_id: u64, body: &str) -> Result<Vec<Answer>, RpcFailure> {
    decode_batch(&Secrets::none(), first_id, &requests(2), &Bytes::copy_from_slice(body.as_bytes()))
}

fn single(body: &str) -> Answer {
    let request = Request::new("eth_call", &json!([]));
    decode_single(&Secrets::none(), 1, &request, &Bytes::copy_from_slice(body.as_bytes()))
}

#[test]
fn answers_are_matched_by_id_not_by_order() {
    let body = r#"[{"id":8,"result":"b"},{"id":7,"result":null}]"#;
    let answers = batch(7, body).unwrap();
    assert_eq!(answers[0].as_ref().unwrap().get(), "null");
    assert_eq!(answers[1].as_ref().unwrap().get(), "\"b\"");
}

#[test]
fn a_batch_with_a_missing_doubled_or_foreign_answer_is_malformed() {
    for body in [
        r#"[{"id":7,"result":1}]"#,
        r#"[{"id":7,"result":1},{"id":7,"result":1}]"#,
        r#"[{"id":7,"result":1},{"id":9,"result":1}]"#,
        r#"[{"id":7,"result":1},{"id":"8","result":1}]"#,
        r#"[{"id":7,"result":1},{"id":-8,"result":1}]"#,
        "[",
        "<html>",
        "",
    ] {
        let failure = batch(7, body).unwrap_err();
        assert!(matches!(failure, RpcFailure::Malformed(_)), "{body}: {failure}");
    }
}

#[test]
fn one_error_for_a_whole_batch_is_a_refusal_of_batches() {
    let body = r#"{"id":null,"error":{"code":-32600,"message":"batching is not supported"}}"#;
    assert!(matches!(batch(1, body), Err(RpcFailure::BatchRefused)));
}

#[test]
fn one_error_that_does_not_speak_of_batches_is_no_refusal_of_them() {
    let failure = |body: &str| batch(1, body).unwrap_err();
    let passing =
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error: no healthy upstream"}}"#;
    assert!(matches!(failure(passing), RpcFailure::Rpc { code: -32603, .. }));
    let in_a_list = r#"[{"id":null,"error":{"code":-32600,"message":"batch is too large"}}]"#;
    assert!(matches!(failure(in_a_list), RpcFailure::BatchRefused));
    assert!(matches!(failure(r#"{"error":"rate limit"}"#), RpcFailure::RateLimited { .. }));
    assert!(matches!(failure(r#"{"id":1,"result":"0x"}"#), RpcFailure::Malformed(_)));
}

#[test]
fn one_error_for_a_batch_with_a_log_query_may_be_about_its_range() {
    let body = br#"{"id":null,"error":{"code":-32005,"message":"query returned more than 10000 results"}}"#;
    let with_logs = [Request::new("eth_getLogs", &json!([])), Request::new("eth_getBlockByNumber", &json!([]))];
    let failure = decode_batch(&Secrets::none(), 1, &with_logs, &Bytes::from_static(body)).unwrap_err();
    assert!(matches!(failure, RpcFailure::RangeRefused { .. }), "{failure}");
}

#[test]
fn an_error_under_another_id_is_the_answer_to_the_only_question_and_a_result_is_not() {
    let request = Request::new("eth_call", &json!([]));
    let failure = |body: &str| {
        decode_single(&Secrets::none(), 7, &request, &Bytes::copy_from_slice(body.as_bytes())).unwrap_err()
    };
    assert!(matches!(failure(r#"{"id":1,"error":"out of luck"}"#), RpcFailure::Rpc { .. }));
    assert!(matches!(failure(r#"{"id":1,"result":"0x"}"#), RpcFailure::Malformed(_)));
}

#[test]
fn an_error_may_be_a_string_have_no_code_or_one_in_quotes() {
    let failure = |error: &str| {
        let body = format!(r#"{{"id":1,"error":{error}}}"#);
        single(&body).unwrap_err().to_string()
    };
    assert_eq!(failure(r#""it is \u0062roken""#), "error 0: it is broken");
    assert_eq!(failure(r#"{"message":"broken"}"#), "error 0: broken");
    assert_eq!(failure(r#"{"message":"broken","code":"-32603"}"#), "error -32603: broken");
    assert_eq!(failure(r#"{"code":-32601}"#), "method not found");
    assert_eq!(failure(r#"{"message":["x"],"code":1.5}"#), "error 0: [\"x\"]");
    assert_eq!(failure("[1]"), "error 0: [1]");
}

#[test]
fn a_batch_of_answers_that_nobody_asked_for_costs_nothing_and_deep_nesting_does_not_break_anything() {
    let many = format!("[{}1]", r#"{"id":7,"result":1},"#.repeat(100_000));
    let failure = batch(7, &many).unwrap_err();
    assert!(matches!(&failure, RpcFailure::Malformed(text) if text.contains("same id")), "{failure}");
    let deep = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    for body in [
        format!(r#"{{"id":{deep},"result":1}}"#),
        format!(r#"{{"id":1,"error":{deep}}}"#),
        format!(r#"{{"id":1,"error":{{"code":{deep},"message":{deep},"data":{deep}}}}}"#),
        format!(r#"{{"id":1,"more":{deep}}}"#),
        deep.clone(),
    ] {
        assert!(single(&body).is_err());
        assert!(batch(1, &body).is_err());
    }
    let result = format!(r#"{{"id":1,"result":{deep}}}"#);
    assert!(single(&result).is_ok());
}

#[test]
fn a_missing_result_is_malformed_and_a_null_result_is_not() {
    assert!(matches!(single(r#"{"id":1}"#), Err(RpcFailure::Malformed(_))));
    assert_eq!(single(r#"{"id":1,"result":null}"#).unwrap().get(), "null");
    assert!(matches!(single(r#"{"id":2,"result":1}"#), Err(RpcFailure::Malformed(_))));
}
