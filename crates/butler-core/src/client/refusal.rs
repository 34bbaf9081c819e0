//! What an endpoint's error means. Providers say the same things in different words and codes.
//!
//! Codes decide where they are reliable; texts, in lower case, where they are not. What is not recognised stays an
//! unclassified error and is never taken for a limit.

use std::time::Duration;

use ethers_core::types::Bytes;
use serde_json::Value;

use super::error::{RangeHint, RpcFailure};
use super::text::printable;

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
const GAS: &[&str] =
    &["out of gas", "outofgas", "gas required exceeds", "exceeds block gas limit", "gas limit", "intrinsic gas"];
const SIZE: &[&str] = &["response too large", "response size exceeded", "response is too big", "exceeded max limit"];
const BATCH: &[&str] = &["batch"];

/// Tells apart what a JSON-RPC error of `method` means.
#[must_use]
pub fn classify(method: &str, code: i64, message: &str, data: &Value) -> RpcFailure {
    // Some say what matters in the data only.
    let payload = data.pointer("/payload").or(Some(data)).and_then(Value::as_str).unwrap_or_default();
    let text = format!("{message} {payload}").to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if code == -32601 || text.contains("method not found") || text.contains("method does not exist") {
        RpcFailure::MethodNotFound
    } else if code == 3 || text.contains("execution reverted") || text.starts_with("revert") {
        RpcFailure::Reverted { data: revert_data(data) }
    } else if method == "eth_getLogs" && says(AHEAD) {
        RpcFailure::BlockUnknown
    } else if method == "eth_getLogs" && says(RANGE) {
        RpcFailure::RangeRefused { hint: range_hint(&text), text: printable(message) }
    } else if code == 429 || says(RATE) {
        RpcFailure::RateLimited { retry_after: wait_in(data) }
    } else if says(GAS) {
        RpcFailure::OutOfGas
    } else if says(BLOCK) {
        RpcFailure::BlockUnknown
    } else if says(STATE) {
        RpcFailure::StateUnavailable
    } else if says(SIZE) {
        if method == "eth_getLogs" {
            RpcFailure::RangeRefused { hint: RangeHint::default(), text: printable(message) }
        } else {
            RpcFailure::AnswerRefused
        }
    } else if says(BATCH) {
        RpcFailure::BatchRefused
    } else if code == -32005 && method == "eth_getLogs" {
        RpcFailure::RangeRefused { hint: range_hint(&text), text: printable(message) }
    } else if code == -32005 {
        RpcFailure::RateLimited { retry_after: wait_in(data) }
    } else {
        RpcFailure::Rpc { code, message: printable(message) }
    }
}

fn revert_data(data: &Value) -> Bytes {
    let text = data.as_str().or_else(|| data.get("data").and_then(Value::as_str)).unwrap_or_default();
    text.parse().unwrap_or_default()
}

/// Some providers put the time to wait into the error's data: a number of seconds, or text with a unit.
fn wait_in(data: &Value) -> Option<Duration> {
    let wait = data.pointer("/rate/backoff_seconds").or_else(|| data.get("try_again_in"))?;
    match wait.as_str() {
        Some(text) => humantime::parse_duration(text).ok(),
        None => Duration::try_from_secs_f64(wait.as_f64()?).ok(),
    }
}

/// Reads the numbers out of a refusal: `[0xa, 0xb]` or `retry with the range 10-20` as a range that works, else the
/// first number that stands beside a word for blocks as the widest span.
#[must_use]
pub fn range_hint(text: &str) -> RangeHint {
    let range = bracketed(text).or_else(|| dashed(text));
    RangeHint { max_blocks: if range.is_some() { None } else { span(text) }, range }
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
    use serde_json::json;

    use super::*;

    #[test]
    fn range_refusals_of_known_providers_are_understood() {
        let blocks = |n| RangeHint { max_blocks: Some(n), range: None };
        let range = |a, b| RangeHint { max_blocks: None, range: Some((a, b)) };
        let table = [
            (
                -32602,
                "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x0, 0x1f3]",
                range(0, 0x1f3),
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
            let failure = classify("eth_getLogs", code, message, &Value::Null);
            let RpcFailure::RangeRefused { hint, .. } = failure else { panic!("{message}: {failure:?}") };
            assert_eq!(hint, expected, "{message}");
        }
    }

    #[test]
    fn the_same_words_mean_nothing_of_the_kind_for_other_methods() {
        let failure = classify("eth_call", -32000, "exceed maximum block range: 50000", &Value::Null);
        assert!(matches!(failure, RpcFailure::Rpc { .. }), "{failure:?}");
    }

    #[test]
    fn rate_limits_old_blocks_and_unknown_blocks_are_told_apart() {
        let kind = |code, message| classify("eth_call", code, message, &Value::Null).kind();
        use crate::client::error::ErrorKind as K;
        assert_eq!(kind(429, "Your app has exceeded its compute units per second capacity"), K::RateLimited);
        assert_eq!(kind(-32005, "daily request count exceeded, request rate limited"), K::RateLimited);
        assert_eq!(kind(-32000, "missing trie node 1234 (path ) state 0x12 is not available"), K::StateUnavailable);
        let anvil = "BlockOutOfRangeError: block height is 83 but requested was 50";
        assert_eq!(kind(-32602, anvil), K::StateUnavailable);
        assert_eq!(kind(-32000, "header not found"), K::BlockUnknown);
        assert_eq!(kind(-32000, "out of gas: gas required exceeds: 50000000"), K::OutOfGas);
        assert_eq!(kind(3, "execution reverted"), K::Reverted);
        assert_eq!(kind(-32601, "the method eth_foo does not exist/is not available"), K::MethodNotFound);
        assert_eq!(kind(-32000, "something else"), K::Rpc);
    }

    #[test]
    fn the_time_to_wait_is_read_in_its_unit() {
        let wait = |data: Value| {
            let failure = classify("eth_call", 429, "rate limited", &data);
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
}
