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
    "range limit",
    "distance:",
    "max range:",
    "maximum block range:",
    "max block range",
    "limited to a",
    "limited to",
    "up to a",
    "greater than",
    "max is",
    "over",
];

fn span(text: &str) -> Option<u64> {
    let counts_results = ["results", "logs matched", "too many logs"].iter().any(|word| text.contains(word));
    if counts_results {
        return None;
    }
    let tail = LIMIT_WORDS.iter().find_map(|word| text.split_once(word).map(|(_, tail)| tail))?;
    let mut words = tail.split(|c: char| !c.is_ascii_alphanumeric() && c != ',');
    words.find_map(number).filter(|blocks| *blocks > 0)
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
mod tests {
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
            (
                -32005,
                "query returned more than 10000 results. Try with this block range [0x10, 0x20].",
                range(0x10, 0x20),
            ),
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
        assert_eq!(
            kind(-32000, "missing trie node 1234 (path ) state 0x12 is not available"),
            ErrorKind::StateUnavailable
        );
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
            (
                31,
                "Batch of more than 3 requests are not allowed on free tier, to use this feature register paid account",
            ),
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
}
