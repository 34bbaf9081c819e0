//! JSON-RPC 2.0 as text: requests out, answers in, matched by id. No I/O.
//!
//! An answer is believed only when it carries exactly one of `result` and `error` and an id that was asked. `result`
//! may be `null`; a missing `result` is malformed, except where a caller knows that its peer leaves out `undefined`.

use ethers_core::types::{Address, H256};
use ethers_core::utils::hex;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::RpcFailure;
use super::refusal;

/// A method with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method's name.
    pub method: &'static str,
    /// Its parameters: a JSON array as text, so that megabytes of calldata are not copied from tree to tree.
    pub params: String,
}

impl Request {
    /// A request with an array of parameters.
    #[must_use]
    pub fn new(method: &'static str, params: &Value) -> Self {
        Self { method, params: params.to_string() }
    }

    /// An `eth_call` of `data` to `to`, at the block with hash `pin`.
    #[must_use]
    pub fn eth_call(to: Address, data: &[u8], pin: H256) -> Self {
        let data = hex::encode(data);
        let params = format!(r#"[{{"to":"{to:?}","data":"0x{data}"}},{{"blockHash":"{pin:?}"}}]"#);
        Self { method: "eth_call", params }
    }

    /// Bytes that the request takes in a body, with what stands around the parameters.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.params.len() + self.method.len() + 70
    }
}

/// One answer: the result's JSON, or what the endpoint refused it with.
pub type Answer = Result<Box<RawValue>, RpcFailure>;

#[derive(Deserialize)]
struct AnswerText<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<ErrorText>,
}

#[derive(Deserialize)]
struct ErrorText {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    data: Value,
}

/// `null` is a result; without this, serde would take it for a missing one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The body of a request with one call.
#[must_use]
pub fn encode_single(id: u64, request: &Request) -> Vec<u8> {
    let mut body = Vec::with_capacity(request.encoded_len());
    push_request(&mut body, id, request);
    body
}

/// The body of a batch; ids count up from `first_id`.
#[must_use]
pub fn encode_batch(first_id: u64, requests: &[Request]) -> Vec<u8> {
    let mut body = Vec::with_capacity(requests.iter().map(Request::encoded_len).sum::<usize>() + 2);
    for (id, request) in (first_id..).zip(requests) {
        body.push(if body.is_empty() { b'[' } else { b',' });
        push_request(&mut body, id, request);
    }
    body.push(b']');
    body
}

fn push_request(body: &mut Vec<u8>, id: u64, request: &Request) {
    let head = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{}","params":"#, request.method);
    body.extend(head.as_bytes());
    body.extend(request.params.as_bytes());
    body.push(b'}');
}

/// Reads the answer to one call.
///
/// # Errors
/// `Malformed` when the body is not that, or the failure that the endpoint's error means.
pub fn decode_single(id: u64, request: &Request, body: &[u8]) -> Answer {
    decode_in_place(id, request, body).map(ToOwned::to_owned)
}

/// As [`decode_single`], without a copy of the result, which may be long.
///
/// # Errors
/// As [`decode_single`].
pub fn decode_in_place<'a>(id: u64, request: &Request, body: &'a [u8]) -> Result<&'a RawValue, RpcFailure> {
    let answer: AnswerText<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    if answer.id != json!(id) && !(answer.id.is_null() && answer.error.is_some()) {
        return Err(RpcFailure::Malformed("the answer's id is not the request's".to_owned()));
    }
    one(request.method, answer)
}

/// Reads the answers to a batch, in the order of its requests.
///
/// # Errors
/// `BatchRefused` when the endpoint answered the whole batch with one error, `Malformed` when an answer is missing,
/// doubled or not asked for.
pub fn decode_batch(first_id: u64, requests: &[Request], body: &[u8]) -> Result<Vec<Answer>, RpcFailure> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let answer: AnswerText<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
        return match one("batch", answer) {
            Err(failure @ (RpcFailure::RateLimited { .. } | RpcFailure::Malformed(_))) => Err(failure),
            Err(_) => Err(RpcFailure::BatchRefused),
            Ok(_) => Err(RpcFailure::Malformed("one answer to a batch".to_owned())),
        };
    }
    let answers: Vec<AnswerText<'_>> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    let mut slots: Vec<Option<Answer>> = requests.iter().map(|_| None).collect();
    for answer in answers {
        let index = answer.id.as_u64().and_then(|id| id.checked_sub(first_id)).and_then(|i| usize::try_from(i).ok());
        let Some((slot, request)) = index.and_then(|i| slots.get_mut(i).zip(requests.get(i))) else {
            return Err(RpcFailure::Malformed("an answer's id was not asked for".to_owned()));
        };
        if slot.replace(one(request.method, answer).map(ToOwned::to_owned)).is_some() {
            return Err(RpcFailure::Malformed("two answers with the same id".to_owned()));
        }
    }
    // Some refuse a batch in the first answer only, some in every one.
    if slots.iter().flatten().any(|answer| matches!(answer, Err(RpcFailure::BatchRefused))) {
        return Err(RpcFailure::BatchRefused);
    }
    slots
        .into_iter()
        .map(|slot| slot.ok_or_else(|| RpcFailure::Malformed("an answer is missing from the batch".to_owned())))
        .collect()
}

fn one<'a>(method: &str, answer: AnswerText<'a>) -> Result<&'a RawValue, RpcFailure> {
    match (answer.result, answer.error) {
        (Some(result), None) => Ok(result),
        (_, Some(error)) => {
            let code = error.code.as_i64().unwrap_or_default();
            let message = error.message.as_str().unwrap_or_default();
            Err(refusal::classify(method, code, message, &error.data))
        }
        (None, None) => Err(RpcFailure::Malformed("neither result nor error".to_owned())),
    }
}

fn not_json(error: &serde_json::Error) -> RpcFailure {
    RpcFailure::Malformed(format!("not a JSON-RPC answer ({} at column {})", category(error), error.column()))
}

/// serde_json's messages may quote the input; the category never does.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "bad JSON",
        serde_json::error::Category::Data => "unexpected shape",
        serde_json::error::Category::Eof => "cut short",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(n: usize) -> Vec<Request> {
        vec![Request::new("eth_call", &json!([])); n]
    }

    #[test]
    fn answers_are_matched_by_id_not_by_order() {
        let body = br#"[{"id":8,"result":"b"},{"id":7,"result":null}]"#;
        let answers = decode_batch(7, &requests(2), body).unwrap();
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
            let failure = decode_batch(7, &requests(2), body.as_bytes()).unwrap_err();
            assert!(matches!(failure, RpcFailure::Malformed(_)), "{body}: {failure}");
        }
    }

    #[test]
    fn one_error_for_a_whole_batch_is_a_refusal_of_batches() {
        let body = br#"{"id":null,"error":{"code":-32600,"message":"batching is not supported"}}"#;
        assert!(matches!(decode_batch(1, &requests(2), body), Err(RpcFailure::BatchRefused)));
    }

    #[test]
    fn a_missing_result_is_malformed_and_a_null_result_is_not() {
        let request = Request::new("eth_call", &json!([]));
        assert!(matches!(decode_single(1, &request, br#"{"id":1}"#), Err(RpcFailure::Malformed(_))));
        assert_eq!(decode_single(1, &request, br#"{"id":1,"result":null}"#).unwrap().get(), "null");
        assert!(matches!(decode_single(1, &request, br#"{"id":2,"result":1}"#), Err(RpcFailure::Malformed(_))));
    }
}
