//! Addresses, amounts, times and durations as people read them.

use butler_core::text::address::checksummed;
use ethers_core::types::{Address, U256};
use jiff::Timestamp;

/// An address with its checksum.
#[must_use]
pub(crate) fn address(address: &Address) -> String {
    checksummed(address).into()
}

/// The ends of an address, for narrow tables.
#[must_use]
pub(crate) fn short_address(address: &Address) -> String {
    let full = checksummed(address);
    format!("{}…{}", full.get(..6).unwrap_or_default(), full.get(38..).unwrap_or_default())
}

/// An amount of 18 decimals, cut (not rounded) after `digits` of them, thousands apart.
#[must_use]
pub(crate) fn amount(units: U256, digits: usize) -> String {
    let scale = U256::exp10(18);
    let whole = (units / scale).to_string();
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = format!("{:0>18}", (units % scale).to_string());
    let fraction = fraction.get(..digits.min(18)).unwrap_or_default().trim_end_matches('0');
    if fraction.is_empty() {
        let is_dust = !units.is_zero() && whole == "0";
        return if is_dust { format!("<0.{}1", "0".repeat(digits.saturating_sub(1))) } else { grouped };
    }
    format!("{grouped}.{fraction}")
}

/// Basis points as per cent.
#[must_use]
pub(crate) fn percent(basis_points: u16) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

/// A moment in UTC.
#[must_use]
pub(crate) fn moment(unix_seconds: u64) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("{unix_seconds} s"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// How far `then` is from `now`: `in 3h 12m`, `12m ago`, `now`.
#[must_use]
pub(crate) fn distance(now: u64, then: u64) -> String {
    match then.checked_sub(now) {
        Some(0) => "now".to_owned(),
        Some(ahead) => format!("in {}", duration(ahead)),
        None => format!("{} ago", duration(now - then)),
    }
}

/// A duration in its two largest units.
#[must_use]
pub(crate) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {minutes:02}m"),
        (days, hours, _) => format!("{days}d {hours:02}h"),
    }
}

/// `1 attester`, `2 attesters`.
#[must_use]
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_cut_and_grouped_and_dust_is_not_zero() {
        let units = |text: &str| U256::from_dec_str(text).unwrap();
        assert_eq!(amount(units("200000000000000000000000"), 4), "200,000");
        assert_eq!(amount(units("123500000000000000000"), 4), "123.5");
        assert_eq!(amount(units("999999999999999999"), 4), "0.9999");
        assert_eq!(amount(U256::one(), 4), "<0.0001");
        assert_eq!(amount(U256::zero(), 4), "0");
        assert!(amount(U256::MAX, 18).ends_with(".584007913129639935"));
    }

    #[test]
    fn distances_have_a_direction_and_two_units() {
        assert_eq!(distance(100, 100), "now");
        assert_eq!(distance(0, 3 * 3600 + 720), "in 3h 12m");
        assert_eq!(distance(90_000 * 2, 0), "2d 02h ago");
        assert_eq!(distance(0, 59), "in 59s");
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_still_printed() {
        assert_eq!(moment(1_767_579_072), "2026-01-05 02:11 UTC");
        assert_eq!(moment(u64::MAX), "18446744073709551615 s");
    }
}
