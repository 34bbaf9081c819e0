//! The numbers in a refused log range: how wide a range may be, and which one would work.
//!
//! A hint only saves requests: what it gets wrong is refused again, and halved.

use crate::client::error::RangeHint;

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
