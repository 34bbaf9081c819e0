//! The time of day: the one place where it is read.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day in unix seconds; 0 for a clock that stands before 1970.
#[must_use]
pub fn unix_now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the one place: everybody else is given the time")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}
