//! How often transactions are asked for: at once where that is seldom, and every other look where it would be with each one.
//!
//! An operator of a few hundred attesters proposes now and then, and each of these is read with the look that sees it. Whoever runs most of a
//! network proposes in nearly every slot: what is seen then waits for the next look, and is asked for with what that one sees. Nothing waits
//! for longer, whatever that costs: a wrong coinbase is to be told within two looks.

/// Seconds in which one request may be made, where there is always something to ask for: 240 a day.
const EACH: u64 = 360;
/// Requests that may follow one another at once after a time without any.
const AT_ONCE: u64 = 8;

/// What was asked for of late, and whether something waits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// When the requests that were made are paid for by the time that has passed, in unix seconds of the chain.
    paid: u64,
    /// Whether something was seen at an earlier look and not read.
    is_waiting: bool,
}

impl Pace {
    /// Whether what is wanted is asked for with this look; else it waits, and is asked for with the next one.
    pub(super) fn is_now(&mut self, now: u64) -> bool {
        let is_now = self.is_waiting || self.paid_at(now) <= now.saturating_add(EACH * (AT_ONCE - 1));
        self.is_waiting |= !is_now;
        is_now
    }

    /// Notes that something was asked for, and whether that was all that was wanted.
    pub(super) fn note(&mut self, now: u64, is_all: bool) {
        self.paid = self.paid_at(now).saturating_add(EACH);
        self.is_waiting = !is_all;
    }

    /// Never more than what may follow at once is owed: neither after a day of too much nor where the chain's time was set back.
    fn paid_at(&self, now: u64) -> u64 {
        self.paid.clamp(now, now.saturating_add(EACH * AT_ONCE))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// When requests are made by somebody who has something new at each of these looks.
    fn made(pace: &mut Pace, looks: impl Iterator<Item = u64>) -> Vec<u64> {
        looks.filter(|now| pace.is_now(*now).then(|| pace.note(*now, true)).is_some()).collect()
    }

    #[test]
    fn what_is_seldom_goes_at_once_and_what_is_at_each_look_goes_with_every_other_one() {
        let seldom: Vec<u64> = (0..86_400).step_by(360).collect();
        assert_eq!(made(&mut Pace::default(), seldom.iter().copied()), seldom);
        let mut pace = Pace::default();
        let all = made(&mut pace, (1_000..87_400).step_by(60));
        assert_eq!(all[..8], [0, 1, 2, 3, 4, 5, 6, 7].map(|look| 1_000 + 60 * look));
        assert!((720..=728).contains(&all.len()), "{}", all.len());
        // A day of too much is forgotten after a while without any.
        let later: Vec<u64> = (0..8).map(|look| 87_400 + 8 * EACH + 60 * look).collect();
        assert_eq!(made(&mut pace, later.iter().copied()), later);
    }

    #[test]
    fn what_could_not_be_asked_for_is_asked_for_with_the_next_look() {
        let mut pace = Pace::default();
        made(&mut pace, (1_000..1_540).step_by(60));
        assert!(!pace.is_now(1_540), "too many went before");
        for failed in [1_600, 1_660] {
            assert!(pace.is_now(failed));
        }
        pace.note(1_720, false);
        assert!(pace.is_now(1_780), "a part was left");
        pace.note(1_780, true);
        assert!(!pace.is_now(1_840));
    }

    proptest! {
        #[test]
        fn nothing_waits_for_longer_than_the_next_look(
            looks in prop::collection::vec((0_u64..500, any::<bool>(), any::<bool>()), 1..300),
        ) {
            let (mut pace, mut now, mut waiting) = (Pace::default(), 1_000_000_u64, 0);
            for (seconds, is_new, is_set_back) in looks {
                now = if is_set_back && seconds < 5 { now / 2 } else { now + seconds };
                if !is_new && waiting == 0 {
                    continue;
                }
                if pace.is_now(now) {
                    pace.note(now, true);
                    waiting = 0;
                } else {
                    waiting += 1;
                }
                prop_assert!(waiting <= 1);
            }
        }
    }
}
