//! The time of day: the one place where it is read.
//!
//! A machine without a battery may start with a clock that stands before 1970. Everything here goes on then, with the time 0.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// Tells the time of day in unix seconds. Whatever decides by it is handed one, and tests hand in their own.
pub type Clock = fn() -> u64;

/// The time of day in unix seconds; 0 for a clock that stands before 1970.
#[must_use]
pub fn unix_now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the one place: everybody else is given the time")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

/// The time of day for TLS, which panics with its own clock before 1970. With this one a certificate is then not valid yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct TlsClock;

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(unix_now())))
    }
}
