//! What an endpoint's error means. Providers say the same things in different words and codes.
//!
//! Codes decide where they are reliable; texts, in lower case, where they are not. What is not recognised stays an
//! unclassified error, which callers may answer by asking for less, and is never taken for a limit by itself.

use std::time::Duration;

use ethers_core::types::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{RangeHint, RpcFailure, Unauthorized};
use super::evm;
use super::http::{LONGEST_WAIT, wait_of};
use super::secrets::Secrets;

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

const RATE: &[&str] = &[
    "rate limit",
    "ratelimit",
    "too many requests",
    "request limit",
    "requests per second",
    "compute units",
    "throughput",
    "capacity exceeded",
    "quota",
    "daily request count",
];
/// Of `eth_getLogs` only: whatever names a range, or too many results, refuses the width of the query.
const RANGE: &[&str] = &[
    "range",
    "blocks distance",
    "block interval",
    "block span",
    "too many blocks",
    "requested blocks",
    "number of blocks",
    "query returned more than",
    "max results",
    "too many results",
    "too many logs",
    "logs matched by query",
    "log response size",
    "limit the query to",
    "query timeout exceeded",
    "response size should not",
];
/// What a plan does not grant, of `eth_getLogs`, is wide ranges, or so it has to be tried.
const PLAN: &[&str] =
    &[" plan", "plan limit", " tier", "upgrade", "subscription", "max blocks", "blocks max", "maximum blocks"];
/// What a range is refused with that begins after the endpoint's newest block.
const AHEAD: &[&str] = &["invalid block range", "after last accepted block", "beyond current head"];
const STATE: &[&str] = &[
    "missing trie node",
    "historical state",
    "state is not available",
    "state not available",
    "pruned",
    "archive",
    "state histories",
    "no state available",
    "old data not available",
    "state already discarded",
    "required historical state unavailable",
    "block is too old",
    "distance to target block exceeds",
    // Anvil with a dump that has no history.
    "blockoutofrange",
];
const BLOCK: &[&str] = &[
    "header not found",
    "unknown block",
    "block not found",
    "header for hash not found",
    "could not find block",
    "no block with",
    "resource not found",
    "block with such an id is pruned",
    "hash is not currently canonical",
];
const GAS: &[&str] = &[
    "out of gas",
    "outofgas",
    "gas required exceeds",
    "exceeds block gas limit",
    "gas limit",
    "intrinsic gas",
    "insufficient_gas",
];
const SIZE: &[&str] = &["response too large", "response size exceeded", "response is too big", "exceeded max limit"];
/// What says, beside a code that means any limit, that one question was too much.
const WEIGHT: &[&str] =
    &["too large", "too big", "too long", "too heavy", "too complex", "size", "weight", "complexity", "too many calls"];
const TIME: &[&str] = &[
    "timeout",
    "timed out",
    "time out",
    "time-out",
    "deadline exceeded",
    "took too long",
    "canceled due to",
    "cancelled due to",
];
/// What says, beside the word, that batches are refused. A batch that merely failed is none of that.
const BATCH: &[&str] = &[
    "support",
    "allow",
    "disabled",
    "not enabled",
    "limit",
    "too large",
    "too big",
    "too long",
    "too many",
    "exceed",
    "max",
    "more than",
    "larger",
    "permitted",
    "forbidden",
    "not available",
    "unavailable on",
    "plan",
    "tier",
    "smaller",
    "reduce",
    "not accepted",
    "denied",
];
const KEY: &[&str] = &[
    "unauthorized",
    "unauthorised",
    "not authorized",
    "not authorised",
    "unauthenticated",
    "not authenticated",
    "authentication",
    "must be authenticated",
    "must authenticate",
    "access denied",
    "permission denied",
    "forbidden",
    "authorization",
];
const KEY_WORDS: &[&str] = &[
    "api key",
    "apikey",
    "api-key",
    "api_key",
    "project id",
    "projectid",
    "project_id",
    "access token",
    "auth token",
    "access key",
    "jwt",
    "credential",
    "x-api-key",
    "bearer",
];
const KEY_FAULTS: &[&str] = &[
    "missing",
    "invalid",
    "required",
    "require",
    "wrong",
    "unknown",
    "not found",
    "expired",
    "no ",
    "need",
    "must",
    "provide",
    "include",
    "without",
    "disabled",
    "not exist",
    "not valid",
    "incorrect",
    "revoked",
    "specify",
    "rejected",
    "inactive",
];
/// Of `eth_getLogs` only: what says that old logs were thrown away.
const PRUNED: &[&str] = &[
    "pruned",
    "pruning",
    "history unavailable",
    "history is not available",
    "history not available",
    "history expired",
    "expired history",
];
const RECEIPTS: &[&str] = &["receipt", "logs", "historical"];
const GONE: &[&str] = &[
    "not available",
    "unavailable",
    "no longer",
    "not stored",
    "discarded",
    "deleted",
    "missing",
    "not retained",
    "not kept",
];

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
    if method == "eth_call" && evm::is_revert(code, &message.to_ascii_lowercase(), &said.to_ascii_lowercase()) {
        RpcFailure::Reverted { data: revert_data(error, &fields) }
    } else if text.contains("batch") && says(BATCH) && code != 429 && !text.contains("per second") {
        RpcFailure::BatchRefused
    } else if is_logs && says(AHEAD) {
        RpcFailure::BlockUnknown
    } else if is_logs && (code == 4444 || says(PRUNED) || (says(RECEIPTS) && says(GONE) && !says(RANGE))) {
        RpcFailure::LogsPruned
    } else if is_logs && (says(RANGE) || says(PLAN)) {
        range_refused()
    } else if code == -32601 || says(&["method not found", "method does not exist"]) {
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

/// Reads the numbers out of a refusal: `[0xa, 0xb]` or `retry with the range 10-20` as a range that works, and the first
/// number that stands beside a word for blocks as the widest span.
#[must_use]
pub fn range_hint(text: &str) -> RangeHint {
    RangeHint { max_blocks: span(text), range: bracketed(text).or_else(|| dashed(text)) }
}

fn bracketed(text: &str) -> Option<(u64, u64)> {
    let (_, after) = text.split_once('[')?;
    let (inside, _) = after.split_once(']')?;
    let (from, to) = inside.split_once([',', '-'])?;
    ordered(number(from)?, number(to)?)
}

fn dashed(text: &str) -> Option<(u64, u64)> {
    let (_, after) = text.split_once("retry with the range ")?;
    let (from, to) = after.split_once('-')?;
    let to = to.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    ordered(number(from)?, number(to)?)
}

fn ordered(from: u64, to: u64) -> Option<(u64, u64)> {
    (from <= to).then_some((from, to))
}

/// Words that the widest span follows, the surest first.
const LIMIT_WORDS: &[&str] = &[
    "narrow your filter:",
    "maximum is set to",
    "limit of",
    "limit is",
    "range limit",
    "distance:",
    "max range:",
    "maximum block range:",
    "maximum block range is",
    "max block range",
    "maximum allowed",
    "limited to a",
    "limited to",
    "up to a",
    "greater than",
    "no more than",
    "at most",
    "not exceed",
    "cannot exceed",
    "max is",
    "max:",
    "maximum:",
    "maximum of",
    "over",
];
/// Words that the first span follows that is too wide.
const BELOW_WORDS: &[&str] = &["less than", "smaller than", "fewer than", "below"];
/// How many words further the number may stand.
const NEAR: usize = 6;

fn span(text: &str) -> Option<u64> {
    let counts_results = ["results", "logs matched", "too many logs"].iter().any(|word| text.contains(word));
    if counts_results {
        return None;
    }
    let named = LIMIT_WORDS.iter().find_map(|word| number_after(text, word));
    let too_wide = || BELOW_WORDS.iter().find_map(|word| number_after(text, word));
    named.or_else(|| too_wide().map(|blocks| blocks - 1)).filter(|blocks| *blocks > 0)
}

/// The first number but zero that stands soon after `word`.
fn number_after(text: &str, word: &str) -> Option<u64> {
    let (_, tail) = text.split_once(word)?;
    let words = tail.split(|c: char| !c.is_ascii_alphanumeric() && c != ',').filter(|word| !word.is_empty());
    words.take(NEAR).filter_map(number).find(|blocks| *blocks > 0)
}

/// `2048`, `10,000`, `2k` or `0x5dc`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(',');
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain = text.replace(',', "");
    match plain.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1000),
        None => plain.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
