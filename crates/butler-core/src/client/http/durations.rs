//! How long exchanges took: counts by duration, as a histogram of metrics has them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper ends of all buckets but the last, which has none, in milliseconds. From a node beside us to one that is about to
/// run into the usual deadline.
pub const DURATION_BUCKETS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
/// All buckets.
const BUCKETS: usize = DURATION_BUCKETS.len() + 1;

/// Counts as they go on.
#[derive(Debug, Default)]
pub struct Durations {
    buckets: [AtomicU64; BUCKETS],
    microseconds: AtomicU64,
}

/// Counts as they were at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DurationCounts {
    /// Exchanges in each bucket, which does not hold those of the buckets before; the last is for all that took longer.
    pub buckets: [u64; BUCKETS],
    /// Microseconds of all together.
    pub microseconds: u64,
}

impl Durations {
    /// One exchange took so long, good or bad.
    pub(super) fn note(&self, took: Duration) {
        let milliseconds = took.as_millis();
        let at = DURATION_BUCKETS
            .iter()
            .position(|end| milliseconds < u128::from(*end) || took == Duration::from_millis(*end));
        if let Some(bucket) = self.buckets.get(at.unwrap_or(DURATION_BUCKETS.len())) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The counts now.
    #[must_use]
    pub fn counts(&self) -> DurationCounts {
        DurationCounts {
            buckets: std::array::from_fn(|at| self.buckets.get(at).map_or(0, |bucket| bucket.load(Ordering::Relaxed))),
            microseconds: self.microseconds.load(Ordering::Relaxed),
        }
    }
}

impl DurationCounts {
    /// These and others together.
    #[must_use]
    pub fn plus(mut self, others: &Self) -> Self {
        for (bucket, more) in self.buckets.iter_mut().zip(others.buckets) {
            *bucket = bucket.saturating_add(more);
        }
        self.microseconds = self.microseconds.saturating_add(others.microseconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exchange_is_in_the_bucket_whose_end_it_does_not_exceed() {
        let durations = Durations::default();
        for microseconds in [0, 4_999, 5_000, 5_001, 10_000_000, 10_000_001, 90_000_000] {
            durations.note(Duration::from_micros(microseconds));
        }
        let counts = durations.counts();
        assert_eq!(counts.buckets, [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(counts.microseconds, 110_015_001);
        assert_eq!(counts.plus(&counts).buckets[11], 4);
    }
}
