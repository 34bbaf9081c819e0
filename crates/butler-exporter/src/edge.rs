//! What the program asks its surroundings for: the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day in unix seconds; 0 for a clock that stands before 1970.
#[must_use]
pub(crate) fn unix_now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the program's edge: a metric says when a scrape succeeded")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}
