//! How many messages there may be: some at once, and then one in each part of a minute.

use std::time::Duration;

use tokio::time::Instant;

/// Messages that may follow each other at once, where none were sent for a while.
const AT_ONCE: u32 = 3;

/// The pace of one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    interval: Duration,
    /// When all that was sent would have been sent at an even pace.
    even: Option<Instant>,
}

impl Pace {
    /// At most so many messages a minute.
    pub(super) fn new(per_minute: u64) -> Self {
        let interval = Duration::from_millis(60_000 / per_minute.clamp(1, 60_000));
        Self { interval, even: None }
    }

    /// Takes another pace; what was sent counts on.
    pub(super) fn change(&mut self, per_minute: u64) {
        self.interval = Self::new(per_minute).interval;
    }

    /// Whether another message may be sent.
    pub(super) fn allows(&self, now: Instant) -> bool {
        let ahead = self.interval.saturating_mul(AT_ONCE.saturating_sub(1));
        self.even.is_none_or(|even| even.saturating_duration_since(now) <= ahead)
    }

    /// One is sent.
    pub(super) fn spend(&mut self, now: Instant) {
        let from = self.even.map_or(now, |even| even.max(now));
        self.even = from.checked_add(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_at_once_and_then_one_in_each_part_of_a_minute() {
        let (begin, mut pace) = (Instant::now(), Pace::new(6));
        let sent: Vec<u64> = (0..60)
            .filter(|second| {
                let now = begin + Duration::from_secs(*second);
                let may = pace.allows(now);
                if may {
                    pace.spend(now);
                }
                may
            })
            .collect();
        assert_eq!(sent, [0, 1, 2, 10, 20, 30, 40, 50]);
    }
}
