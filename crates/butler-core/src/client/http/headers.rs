//! What stands in headers: credentials on the way there, times to wait on the way back.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{HeaderValue, RETRY_AFTER};
use url::Url;

/// The longest time that an endpoint may tell us to wait.
pub const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// `Retry-After`: seconds, or a date, at `now` in unix seconds.
pub(super) fn retry_after(headers: &HeaderMap, now: u64) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return wait_of(seconds);
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        return Some(LONGEST_WAIT);
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let until = u64::try_from(date.as_second()).unwrap_or_default().saturating_sub(now);
    Some(Duration::from_secs(until).min(LONGEST_WAIT))
}

/// A time to wait that the other side named, in seconds; `None` for one that cannot be.
#[must_use]
pub fn wait_of(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)))
}

/// What a service says of the requests that a client may still send, as gateways write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// `X-RateLimit-Limit`: how many in all.
    pub limit: Option<u64>,
    /// `X-RateLimit-Remaining`: how many are left.
    pub remaining: Option<u64>,
    /// `X-RateLimit-Reset`: in so many seconds there are as many again.
    pub reset: Option<Duration>,
}

/// A reset beyond this is no time to wait but a moment since 1970.
const MOMENT: u64 = 1_000_000_000;

/// The quota that an answer tells of, at `now` in unix seconds.
pub(super) fn quota(headers: &HeaderMap, now: u64) -> Quota {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let reset = number("x-ratelimit-reset").map(|told| if told > MOMENT { told.saturating_sub(now) } else { told });
    Quota {
        limit: number("x-ratelimit-limit"),
        remaining: number("x-ratelimit-remaining"),
        reset: reset.map(Duration::from_secs),
    }
}

pub(super) fn basic(url: &Url) -> HeaderValue {
    let decode = |text: &str| percent_decode(text);
    let pair = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
    #[expect(clippy::expect_used, reason = "base64 has only characters that headers allow")]
    let mut header = HeaderValue::from_str(&basic_authorization(&pair)).expect("base64 fits into a header");
    header.set_sensitive(true);
    header
}

/// The header's value for `user:password`.
#[must_use]
pub fn basic_authorization(pair: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_with_a_wait_or_a_moment() {
        let told = |reset: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-limit", HeaderValue::from_static("50000"));
            headers.insert("x-ratelimit-remaining", HeaderValue::from_static("many"));
            headers.insert("x-ratelimit-reset", HeaderValue::from_static(reset));
            quota(&headers, 1_780_000_000)
        };
        let quota = |reset| Quota { limit: Some(50_000), remaining: None, reset };
        assert_eq!(told("3600"), quota(Some(Duration::from_secs(3_600))));
        assert_eq!(told("1780000060"), quota(Some(Duration::from_secs(60))));
        assert_eq!(told("soon"), quota(None));
    }

    #[test]
    fn a_date_to_wait_for_counts_from_the_clock_that_was_handed_in() {
        let wait = |value: &'static str, now| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        // 1994-11-06 08:49:37.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(wait(date, 784_111_770), Some(7));
        assert_eq!(wait(date, 784_111_777), Some(0));
        assert_eq!(wait(date, 784_200_000), Some(0));
        assert_eq!(wait(date, 0), Some(LONGEST_WAIT.as_secs()));
        assert_eq!((wait("7", 0), wait("soon", 0), wait("-1", 0)), (Some(7), None, None));
    }
}
