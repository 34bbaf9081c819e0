//! JSON-RPC 2.0 as text: requests out, answers in, matched by id. No I/O.
//!
//! An answer is believed only when it carries exactly one of `result` and `error` and an id that was asked. `result`
//! may be `null`; a missing `result` is malformed, except where a caller knows that its peer leaves out `undefined`. Nothing
//! of an answer becomes a tree or a copy: what is not needed is skipped, and no more answers are kept than were asked for.

use std::fmt;

use bytes::Bytes;
use ethers_core::types::{Address, H256};
use ethers_core::utils::hex;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::RpcFailure;
use super::payload::{Payload, PayloadWriter};
use super::refusal::{self, ErrorText};
use super::secrets::Secrets;

/// A method with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method's name.
    pub method: &'static str,
    /// Its parameters: a JSON array as text, so that megabytes of calldata are not copied from tree to tree or to a body.
    pub params: Bytes,
}

impl Request {
    /// A request with an array of parameters.
    #[must_use]
    pub fn new(method: &'static str, params: &Value) -> Self {
        Self { method, params: params.to_string().into() }
    }

    /// An `eth_call` of `data` to `to`, at the block with hash `pin`.
    #[must_use]
    pub fn eth_call(to: Address, data: &[u8], pin: H256) -> Self {
        Self::call(to, data, pin, None)
    }

    /// The same with `code` at that address while the call lasts, whatever is there otherwise.
    #[must_use]
    pub fn eth_call_of_code(to: Address, code: &[u8], data: &[u8], pin: H256) -> Self {
        Self::call(to, data, pin, Some(code))
    }

    fn call(to: Address, data: &[u8], pin: H256, code: Option<&[u8]>) -> Self {
        const AROUND: usize = 300;
        let mut params = String::with_capacity(2 * (data.len() + code.map_or(0, <[u8]>::len)) + AROUND);
        params.push_str(&format!(r#"[{{"to":"{to:?}","data":"0x"#));
        // In portions, so that megabytes are not held twice.
        for portion in data.chunks(4096) {
            params.push_str(&hex::encode(portion));
        }
        params.push_str(&format!(r#""}},{{"blockHash":"{pin:?}"}}"#));
        if let Some(code) = code {
            params.push_str(&format!(r#",{{"{to:?}":{{"code":"0x{}"}}}}"#, hex::encode(code)));
        }
        params.push(']');
        Self { method: "eth_call", params: params.into() }
    }

    /// Bytes that the request takes in a body, with what stands around the parameters.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.params.len() + self.method.len() + 70
    }
}

/// The JSON of a result: a part of the body that it came in, which stays as long as any of its results does.
#[derive(Clone)]
pub struct Json(Bytes);

impl Json {
    fn within(body: &Bytes, result: &RawValue) -> Self {
        Self(body.slice_ref(result.get().as_bytes()))
    }

    /// The text.
    #[must_use]
    pub fn get(&self) -> &str {
        // It was a text when it was cut out.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json").field(&self.0.len()).finish()
    }
}

/// One answer: the result's JSON, or what the endpoint refused it with.
pub type Answer = Result<Json, RpcFailure>;

#[derive(Deserialize)]
struct AnswerText<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl AnswerText<'_> {
    fn id(&self) -> Option<u64> {
        self.id?.get().parse().ok()
    }
}

/// `null` is a result; without this, serde would take it for a missing one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The body of a request with one call.
#[must_use]
pub fn encode_single(id: u64, request: &Request) -> Payload {
    let mut body = PayloadWriter::default();
    push_request(&mut body, id, request);
    body.finish()
}

/// The body of a batch; ids count up from `first_id`.
#[must_use]
pub fn encode_batch(first_id: u64, requests: &[Request]) -> Payload {
    let mut body = PayloadWriter::default();
    for (index, (id, request)) in (first_id..).zip(requests).enumerate() {
        body.copy(if index == 0 { b"[" } else { b"," });
        push_request(&mut body, id, request);
    }
    body.copy(b"]");
    body.finish()
}

fn push_request(body: &mut PayloadWriter, id: u64, request: &Request) {
    let head = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{}","params":"#, request.method);
    body.copy(head.as_bytes());
    body.share(&request.params);
    body.copy(b"}");
}

/// Reads the answer to one call; `secrets` are those of the peer that gave it.
///
/// # Errors
/// `Malformed` when the body is not that, or the failure that the endpoint's error means.
pub fn decode_single(secrets: &Secrets, id: u64, request: &Request, body: &Bytes) -> Answer {
    decode_single_with(id, body, |error| refusal::classify(secrets, request.method, error))
}

/// The same, with `meaning` for what an error means.
pub(super) fn decode_single_with(id: u64, body: &Bytes, meaning: impl FnOnce(&ErrorText<'_>) -> RpcFailure) -> Answer {
    let result = result_or_error(id, body)?;
    result.map(|result| Json::within(body, result)).map_err(|error| meaning(&error))
}

/// Reads the answer to a request that asks for nothing but to be carried out: Aztec nodes leave the result out then.
///
/// # Errors
/// As [`decode_single_with`], but that there may be no result.
pub(super) fn decode_done(
    id: u64,
    body: &[u8],
    meaning: impl FnOnce(&ErrorText<'_>) -> RpcFailure,
) -> Result<(), RpcFailure> {
    let answer = answer_to(id, body)?;
    answer.error.map_or(Ok(()), |error| Err(meaning(&ErrorText::read(error))))
}

/// The result, or the error as it was said.
///
/// # Errors
/// `Malformed` when the body is neither.
fn result_or_error(id: u64, body: &[u8]) -> Result<Result<&RawValue, ErrorText<'_>>, RpcFailure> {
    one(&answer_to(id, body)?)
}

/// The answer to that question.
fn answer_to(id: u64, body: &[u8]) -> Result<AnswerText<'_>, RpcFailure> {
    let answer: AnswerText<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    // One answer to one question: whatever id an error has, it is about that question.
    if answer.id() != Some(id) && answer.error.is_none() {
        return Err(RpcFailure::Malformed("the answer's id is not the request's".to_owned()));
    }
    Ok(answer)
}

/// Reads the answers to a batch, in the order of its requests; `secrets` are those of the peer that gave them.
///
/// # Errors
/// What the endpoint answered the whole batch with, when that is one error: `BatchRefused` when it speaks of batches;
/// `Malformed` when an answer is missing, doubled or not asked for.
pub fn decode_batch(
    secrets: &Secrets,
    first_id: u64,
    requests: &[Request],
    body: &Bytes,
) -> Result<Vec<Answer>, RpcFailure> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let answer: AnswerText<'_> = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
        return Err(match one(&answer)? {
            Ok(_) => RpcFailure::Malformed("one answer to a batch".to_owned()),
            Err(error) => refusal::classify(secrets, method_of(requests), &error),
        });
    }
    let mut slots: Vec<Option<Answer>> = requests.iter().map(|_| None).collect();
    let mut failure = None;
    let batch = Batch { secrets, first_id, requests, body, slots: &mut slots, failure: &mut failure };
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = batch.deserialize(&mut json).and_then(|()| json.end());
    if let Some(failure) = failure {
        return Err(failure);
    }
    read.map_err(|error| not_json(&error))?;
    // Some refuse a batch in the first answer only, some in every one.
    if slots.iter().flatten().any(|answer| matches!(answer, Err(RpcFailure::BatchRefused))) {
        return Err(RpcFailure::BatchRefused);
    }
    slots
        .into_iter()
        .map(|slot| slot.ok_or_else(|| RpcFailure::Malformed("an answer is missing from the batch".to_owned())))
        .collect()
}

/// What one error for a whole batch is about: logs, where some were asked for, since nothing else is refused so often.
fn method_of(requests: &[Request]) -> &'static str {
    requests.iter().map(|request| request.method).find(|method| *method == "eth_getLogs").unwrap_or("batch")
}

/// Puts answers into their places while they are read; stops at the first that has none.
struct Batch<'s> {
    secrets: &'s Secrets,
    first_id: u64,
    requests: &'s [Request],
    body: &'s Bytes,
    slots: &'s mut [Option<Answer>],
    failure: &'s mut Option<RpcFailure>,
}

impl Batch<'_> {
    fn take(&mut self, answer: &AnswerText<'_>) -> Result<(), RpcFailure> {
        if let (None, Err(error)) = (answer.id, one(answer)?) {
            return Err(refusal::classify(self.secrets, method_of(self.requests), &error));
        }
        let index = answer.id().and_then(|id| id.checked_sub(self.first_id)).and_then(|i| usize::try_from(i).ok());
        let Some((slot, request)) = index.and_then(|i| self.slots.get_mut(i).zip(self.requests.get(i))) else {
            return Err(RpcFailure::Malformed("an answer's id was not asked for".to_owned()));
        };
        let answer = one(answer)?.map_err(|error| refusal::classify(self.secrets, request.method, &error));
        if slot.replace(answer.map(|result| Json::within(self.body, result))).is_some() {
            return Err(RpcFailure::Malformed("two answers with the same id".to_owned()));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Batch<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Batch<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answers to a batch")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut answers: A) -> Result<(), A::Error> {
        while let Some(answer) = answers.next_element::<AnswerText<'de>>()? {
            if let Err(failure) = self.take(&answer) {
                *self.failure = Some(failure);
                return Err(serde::de::Error::custom("not the answers to this batch"));
            }
        }
        Ok(())
    }
}

fn one<'a>(answer: &AnswerText<'a>) -> Result<Result<&'a RawValue, ErrorText<'a>>, RpcFailure> {
    match (answer.result, answer.error) {
        (Some(result), None) => Ok(Ok(result)),
        (_, Some(error)) => Ok(Err(ErrorText::read(error))),
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
mod tests;
