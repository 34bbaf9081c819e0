//! Text of the page: escaped, and figures as people read them.

use jiff::Timestamp;

/// Adds to the page.
pub(super) fn push(page: &mut String, text: &str) {
    page.push_str(text);
}

/// Text that may stand between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A figure that counts something; 0 for what is no count.
pub(super) fn whole(value: f64) -> u64 {
    format!("{value:.0}").parse().unwrap_or_default()
}

/// A figure with as many digits as it needs, four behind the point at most.
pub(super) fn figure(value: f64) -> String {
    let text = format!("{value:.4}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "0" if value > 0.0 => "<0.0001".to_owned(),
        text => text.to_owned(),
    }
}

/// A moment in UTC.
pub(super) fn moment(unix_seconds: u64) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("{unix_seconds} s"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// The two largest units of a time.
pub(super) fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) if minutes < 10 => format!("{minutes} min {} s", seconds % 60),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// How far a moment is from now.
pub(super) fn distance(now: u64, then: u64) -> String {
    match then.checked_sub(now) {
        Some(0) => "now".to_owned(),
        Some(left) => format!("in {}", duration(left)),
        None => format!("{} ago", duration(now.saturating_sub(then))),
    }
}

/// The ends of an address; anything else as it is. The whole of it belongs into a title.
pub(super) fn short(text: &str) -> String {
    let is_address = text.len() == 42 && text.starts_with("0x") && text.is_ascii();
    match (text.get(..6), text.get(38..)) {
        (Some(start), Some(end)) if is_address => format!("{start}…{end}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_figures_are_short() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (600, "10 min"),
            (3_599, "59 min"),
            (3_600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
        assert_eq!(distance(100, 100), "now");
        assert_eq!(distance(100, 160), "in 1 min 0 s");
        assert_eq!(distance(100, 40), "1 min 0 s ago");
        for (value, expected) in
            [(0.0, "0"), (10.0, "10"), (0.5, "0.5"), (1.23456, "1.2346"), (0.00001, "<0.0001"), (-2.0, "-2")]
        {
            assert_eq!(figure(value), expected);
        }
        assert_eq!((whole(3.0), whole(-1.0), whole(f64::NAN), whole(f64::INFINITY)), (3, 0, 0, 0));
        assert_eq!(moment(1_700_000_000), "2023-11-14 22:13 UTC");
        assert_eq!(short("0x7D19aB8400000000000000000000000000001234"), "0x7D19…1234");
        assert_eq!(short("server-1"), "server-1");
    }
}
