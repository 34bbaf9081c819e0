//! Moments, distances and durations as people read them.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// A moment in UTC.
#[must_use]
pub fn moment(unix_seconds: u64) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("{unix_seconds} s"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A moment in UTC as machines write it: `2027-01-31T22:00:00Z`.
#[must_use]
pub fn rfc3339(unix_seconds: u64) -> String {
    let time = i64::try_from(unix_seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("{unix_seconds} s"), |time| time.to_string())
}

/// A moment since 1970 as [`rfc3339`] writes it, or with another offset, in unix seconds.
#[must_use]
pub fn parse_moment(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_second()).ok()
}

/// How far `then` is from `now`: `in 3h 12m`, `12m ago`, `now`.
#[must_use]
pub fn distance(now: u64, then: u64) -> String {
    match then.checked_sub(now) {
        Some(0) => "now".to_owned(),
        Some(ahead) => format!("in {}", duration(ahead)),
        None => format!("{} ago", duration(now.saturating_sub(then))),
    }
}

/// A duration in its two largest units.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {minutes:02}m"),
        (days, hours, _) => format!("{days}d {hours:02}h"),
    }
}

/// A duration in its largest whole unit up to hours, as people write it: `24h`, not `1day`.
#[must_use]
pub fn whole_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_nanos() > 0 {
        humantime::format_duration(duration).to_string()
    } else if seconds > 0 && seconds.is_multiple_of(3600) {
        format!("{}h", seconds / 3600)
    } else if seconds > 0 && seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}

/// `1 attester`, `2 attesters`.
#[must_use]
pub fn count<N: Copy + fmt::Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    if number == N::from(1) { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_a_direction_and_two_units() {
        assert_eq!(distance(100, 100), "now");
        assert_eq!(distance(0, 3 * 3600 + 720), "in 3h 12m");
        assert_eq!(distance(90_000 * 2, 0), "2d 02h ago");
        assert_eq!(distance(0, 59), "in 59s");
    }

    #[test]
    fn a_whole_duration_has_its_largest_whole_unit_and_nothing_is_lost() {
        for (milliseconds, expected) in
            [(0, "0s"), (59_000, "59s"), (90_000, "90s"), (120_000, "2m"), (86_400_000, "24h"), (1_500, "1s 500ms")]
        {
            assert_eq!(whole_duration(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn one_thing_is_not_told_as_several() {
        assert_eq!([count(1_usize, "key"), count(2_u64, "key"), count(0_u64, "key")], ["1 key", "2 keys", "0 keys"]);
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_still_printed() {
        assert_eq!(moment(1_767_579_072), "2026-01-05 02:11 UTC");
        assert_eq!(moment(u64::MAX), "18446744073709551615 s");
    }
}
