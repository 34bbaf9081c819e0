//! Pauses between tries, each twice as long as the one before, within bounds.

use std::time::Duration;

/// The pauses between tries of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    least: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses from `least` to `most`; at least one millisecond, so that doubling gets on.
    #[must_use]
    pub const fn new(least: Duration, most: Duration) -> Self {
        let floor = Duration::from_millis(1);
        let least = if least.as_millis() == 0 { floor } else { least };
        let most = if most.as_nanos() < least.as_nanos() { least } else { most };
        Self { least, most, next: least }
    }

    /// The longest pause.
    #[must_use]
    pub const fn most(&self) -> Duration {
        self.most
    }

    /// The pause before the next try; the one after it is longer.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.most);
        pause
    }

    /// A try was good: the next pause is a short one again.
    pub fn reset(&mut self) {
        self.next = self.least;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        let seconds: Vec<u64> = (0..5).map(|_| backoff.pause().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 5, 5]);
        backoff.reset();
        assert_eq!(backoff.pause(), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn no_pause_is_shorter_than_the_one_before_or_out_of_bounds(least in 0_u64..10_000, most in 0_u64..10_000) {
            let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
            let mut backoff = Backoff::new(least, most);
            let mut before = Duration::ZERO;
            for _ in 0..20 {
                let pause = backoff.pause();
                prop_assert!(pause >= before && !pause.is_zero() && pause <= backoff.most());
                before = pause;
            }
            prop_assert_eq!(before, backoff.most());
        }
    }
}
