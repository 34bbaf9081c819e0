//! What an endpoint's error means. Providers say the same things in different words and codes.
//!
//! Codes decide where they are reliable; texts, in lower case, where they are not. What is not recognised stays an
//! unclassified error, which callers may answer by asking for less, and is never taken for a limit by itself.

mod hint;
mod words;

use std::time::Duration;

use ethers_core::types::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::hint::range_hint;
use self::words::*;
use super::error::{RpcFailure, Unauthorized};
use super::evm;
use super::http::{LONGEST_WAIT, wait_of};
use super::secrets::Secrets;

/// The code of a method that the peer does not have.
const METHOD_NOT_FOUND: i64 = -32601;
/// The most bytes of an error's message, and of its data, that are looked at.
const MESSAGE: usize = 8 * 1024;
const DATA: usize = 64 * 1024;

/// An error as it was said.
#[derive(Debug, Default)]
pub(super) struct ErrorText<'a> {
    pub(super) code: i64,
    pub(super) message: String,
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorFields<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// What some put into an error's data.
#[derive(Default, Deserialize)]
struct DataFields<'a> {
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    try_again_in: Option<&'a RawValue>,
    #[serde(borrow, default)]
    rate: Option<&'a RawValue>,
}

impl<'a> ErrorText<'a> {
    /// Reads an `error` of any shape.
    pub(super) fn read(error: &'a RawValue) -> Self {
        let fields =
            Some(error.get()).filter(|text| text.starts_with('{')).map(serde_json::from_str::<ErrorFields<'a>>);
        match fields {
            Some(Ok(fields)) => Self {
                code: fields.code.and_then(|code| code.get().trim_matches('"').parse().ok()).unwrap_or_default(),
                message: fields.message.map(|message| text_of(message, MESSAGE)).unwrap_or_default(),
                data: fields.data,
            },
            Some(Err(_)) | None => Self { code: 0, message: text_of(error, MESSAGE), data: None },
        }
    }

    fn fields(&self) -> DataFields<'a> {
        self.data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default()
    }

    /// What the data says in words.
    fn said(&self, fields: &DataFields<'_>) -> String {
        let words = fields.payload.or(fields.message).or(self.data.filter(|data| data.get().starts_with('"')));
        words.map(|words| text_of(words, MESSAGE)).unwrap_or_default()
    }
}

/// A string, or what stands there instead of one; no more than `limit` bytes of it.
fn text_of(raw: &RawValue, limit: usize) -> String {
    let raw = raw.get();
    let cut = |text: &str| text.get(..text.floor_char_boundary(limit)).unwrap_or_default().to_owned();
    match serde_json::from_str::<std::borrow::Cow<'_, str>>(raw) {
        Ok(text) => cut(&text),
        Err(_) => cut(raw),
    }
}

/// Tells apart what a JSON-RPC error of `method` means; `batch` is the method of an answer to a whole batch.
#[must_use]
pub(super) fn classify(secrets: &Secrets, method: &str, error: &ErrorText<'_>) -> RpcFailure {
    let (code, message, fields) = (error.code, error.message.as_str(), error.fields());
    // Some say what matters in the data only.
    let said = error.said(&fields);
    // Its own name says nothing about logs.
    let text = format!("{message} {said}").to_ascii_lowercase().replace("eth_getlogs", "the method");
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_logs = method == "eth_getLogs";
    let range_refused = || RpcFailure::RangeRefused { hint: range_hint(&text), text: secrets.foreign(message) };
    let is_call = matches!(method, "eth_call" | "eth_estimateGas");
    if is_call && evm::is_revert(code, &message.to_ascii_lowercase(), &said.to_ascii_lowercase()) {
        RpcFailure::Reverted { data: revert_data(error, &fields) }
    } else if text.contains("batch") && says(BATCH) && code != 429 && !text.contains("per second") {
        RpcFailure::BatchRefused
    } else if is_logs && says(AHEAD) {
        RpcFailure::BlockUnknown
    } else if is_logs && (code == 4444 || says(PRUNED) || (says(RECEIPTS) && says(GONE) && !says(RANGE))) {
        RpcFailure::LogsPruned
    } else if is_logs && (says(RANGE) || says(PLAN)) {
        range_refused()
    } else if code == METHOD_NOT_FOUND || says(&["method not found", "method does not exist"]) {
        RpcFailure::MethodNotFound
    } else if code == 429 || says(RATE) {
        RpcFailure::RateLimited { retry_after: wait_in(&fields) }
    } else if says(TIME) {
        RpcFailure::Rpc { code, message: secrets.foreign(message) }
    } else if says(GAS) {
        RpcFailure::OutOfGas
    } else if says(KEY) || (says(KEY_WORDS) && says(KEY_FAULTS)) {
        RpcFailure::Unauthorized { refusal: Unauthorized::Words(secrets.foreign(message)) }
    } else if says(BLOCK) {
        RpcFailure::BlockUnknown
    } else if says(STATE) {
        if is_logs { RpcFailure::LogsPruned } else { RpcFailure::StateUnavailable }
    } else if says(SIZE) {
        if is_logs { range_refused() } else { RpcFailure::AnswerRefused }
    } else if code == -32005 && is_logs {
        range_refused()
    } else if code == -32005 && says(WEIGHT) {
        RpcFailure::AnswerRefused
    } else if code == -32005 {
        RpcFailure::RateLimited { retry_after: wait_in(&fields) }
    } else {
        RpcFailure::Rpc { code, message: secrets.foreign(if message.is_empty() { &said } else { message }) }
    }
}

/// What an error means whose words are those of somebody whom the peer asked itself: only its code counts.
#[must_use]
pub(super) fn by_code(secrets: &Secrets, error: &ErrorText<'_>) -> RpcFailure {
    match error.code {
        METHOD_NOT_FOUND => RpcFailure::MethodNotFound,
        code => RpcFailure::Rpc { code, message: secrets.foreign(&error.message) },
    }
}

/// The bytes of a revert: the data itself, or a hex string somewhere in it.
fn revert_data(error: &ErrorText<'_>, fields: &DataFields<'_>) -> Bytes {
    let hex = |raw: &RawValue| {
        let text = Some(raw.get()).filter(|text| text.len() <= DATA)?;
        let digits = text.split_once("0x")?.1;
        let end = digits.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(digits.len());
        ethers_core::utils::hex::decode(digits.get(..end)?).ok()
    };
    let nested = fields.data.and_then(hex);
    nested.or_else(|| hex(error.data.filter(|data| data.get().starts_with('"'))?)).map(Bytes::from).unwrap_or_default()
}

/// Some providers put the time to wait into the error's data: a number of seconds, or text with a unit.
fn wait_in(fields: &DataFields<'_>) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Rate<'a> {
        #[serde(borrow)]
        backoff_seconds: &'a RawValue,
    }
    let backoff = fields.rate.and_then(|rate| serde_json::from_str::<Rate<'_>>(rate.get()).ok());
    let raw = backoff.map(|rate| rate.backoff_seconds).or(fields.try_again_in)?.get();
    let text = raw.trim_matches('"');
    match text.parse() {
        Ok(seconds) => wait_of(seconds),
        Err(_) => humantime::parse_duration(text).ok().map(|wait| wait.min(LONGEST_WAIT)),
    }
}

#[cfg(test)]
mod tests;
