//! Budgets, pauses, and the store's clock.
//!
//! The clock goes on evenly while the program runs, whatever is done to the machine's, and is never behind what the store has
//! seen. So a step of the machine's clock neither revives a lease nor keeps one for ever.

use std::fmt;
use std::time::{Duration, Instant};

use butler_core::domain::action::ActionKind;
use butler_core::runtime::clock::unix_now;
use ring::rand::{SecureRandom as _, SystemRandom};

/// More than any flood that a chain can make in a block, and few enough for a receiver to live through a mistake.
const HOURLY: u32 = 10_000;

/// The same of what owners of a Safe are asked for: each asks a person for a signature.
const PROPOSALS_HOURLY: u32 = 30;

/// How often and how fast. Handed in when the journal is opened.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Tries before an action is parked.
    pub tries: u32,
    /// Looks after one try before an action is parked.
    pub looks: u32,
    /// The first pause between two tries or looks.
    pub least_pause: Duration,
    /// The longest pause.
    pub most_pause: Duration,
    /// How many actions of a kind may be begun in an hour; `None` is without a bound.
    pub hourly: fn(ActionKind) -> Option<u32>,
    /// A random number up to the given one, both ends included.
    pub jitter: fn(u64) -> u64,
}

impl Default for Rules {
    /// Eight tries, 300 looks, from 2 s to 5 min, of which up to a half is random; 10,000 of a kind an hour, 30 of a kind that is proposed.
    fn default() -> Self {
        Self {
            tries: 8,
            looks: 300,
            least_pause: Duration::from_secs(2),
            most_pause: Duration::from_secs(300),
            hourly: |kind| Some(if kind.is_proposed() { PROPOSALS_HOURLY } else { HOURLY }),
            jitter: random,
        }
    }
}

impl Rules {
    /// The pause after so many tries or looks, in milliseconds: it doubles up to the longest, and up to a half of it is random.
    pub(crate) fn pause(&self, count: u32) -> u64 {
        let least = millis(self.least_pause).max(1);
        let doubled = least.saturating_mul(1_u64.checked_shl(count.saturating_sub(1)).unwrap_or(u64::MAX));
        let whole = doubled.min(millis(self.most_pause).max(least));
        let random = (self.jitter)(whole / 2).min(whole / 2);
        whole - random
    }
}

/// A random number up to `bound`, for [`Rules::jitter`]; 0 when the system has none.
#[must_use]
pub fn random(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => u64::from_be_bytes(bytes) % bound.saturating_add(1).max(1),
        Err(_) => 0,
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Where the store's clock gets its readings.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day, in unix milliseconds. It may step.
    fn wall(&self) -> u64;
    /// Milliseconds since this clock was made. They never step.
    fn running(&self) -> u64;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> u64 {
        unix_now().saturating_mul(1000)
    }

    fn running(&self) -> u64 {
        millis(self.0.elapsed())
    }
}

/// The store's clock: from the later of the machine's time and what the store has seen, on by what has passed.
#[derive(Debug)]
pub(crate) struct StoreClock {
    base: u64,
    clock: Box<dyn Clock>,
    begun: u64,
}

impl StoreClock {
    pub(crate) fn new(clock: Box<dyn Clock>, seen: u64) -> Self {
        let (wall, begun) = (clock.wall(), clock.running());
        Self { base: wall.max(seen), clock, begun }
    }

    pub(crate) fn now(&self) -> u64 {
        self.base.saturating_add(self.clock.running().saturating_sub(self.begun))
    }

    /// How far the machine's clock is behind the store's, in milliseconds: it was stepped back.
    pub(crate) fn behind(&self) -> u64 {
        self.now().saturating_sub(self.clock.wall())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_chance_takes_at_most_half() {
        let rules = Rules {
            least_pause: Duration::from_secs(1),
            most_pause: Duration::from_secs(6),
            jitter: |_| 0,
            ..Rules::default()
        };
        assert_eq!([0, 1, 2, 3, 4, 99].map(|count| rules.pause(count)), [1000, 1000, 2000, 4000, 6000, 6000]);
        let rules = Rules { jitter: |bound| bound + 1, ..rules };
        assert_eq!([1, 4].map(|count| rules.pause(count)), [500, 3000]);
        assert!((0..100).all(|bound| random(bound) <= bound) && random(u64::MAX) != random(u64::MAX));
    }

    #[derive(Debug, Clone, Default)]
    struct Stepping(Arc<[AtomicU64; 2]>);

    impl Clock for Stepping {
        fn wall(&self) -> u64 {
            self.0[0].load(Ordering::Relaxed)
        }

        fn running(&self) -> u64 {
            self.0[1].load(Ordering::Relaxed)
        }
    }

    #[test]
    fn the_stores_clock_goes_on_evenly_whatever_the_machines_clock_does() {
        let stepping = Stepping::default();
        stepping.0[0].store(5_000, Ordering::Relaxed);
        let clock = StoreClock::new(Box::new(stepping.clone()), 9_000);
        assert_eq!((clock.now(), clock.behind()), (9_000, 4_000));
        stepping.0[0].store(0, Ordering::Relaxed);
        stepping.0[1].store(10, Ordering::Relaxed);
        assert_eq!((clock.now(), clock.behind()), (9_010, 9_010));
        stepping.0[0].store(50_000, Ordering::Relaxed);
        assert_eq!((clock.now(), clock.behind()), (9_010, 0));
        assert_eq!(StoreClock::new(Box::new(stepping), clock.now()).now(), 50_000);
    }
}
