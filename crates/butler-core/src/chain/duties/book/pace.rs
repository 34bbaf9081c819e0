//! How often transactions are asked for: at once where that is seldom; where it would be with each look, they travel along with the next
//! question for the newest block, which costs no request.
//!
//! An operator of a few hundred attesters proposes now and then, and each of these is read with the look that sees it. Whoever runs most of a
//! network proposes in nearly every slot: what is seen then comes with the next look. What did not come by then is asked for, whatever that
//! costs: a wrong coinbase is to be told within two looks.

use std::collections::BTreeSet;

use ethers_core::types::H256;

/// Seconds in which one request may be made, where there is always something to ask for: 216 a day.
const EACH: u64 = 400;
/// Requests that may follow one another at once after a time without any.
const AT_ONCE: u64 = 8;

/// What was asked for of late, and what waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    /// When the requests that were made are paid for by the time that has passed, in unix seconds of the chain.
    paid: u64,
    /// What was seen at an earlier look and not read.
    waiting: BTreeSet<H256>,
}

impl Pace {
    /// Whether these transactions are asked for with this look; else they wait for the next one.
    pub(super) fn is_now(&mut self, now: u64, wanted: impl Iterator<Item = H256> + Clone) -> bool {
        if wanted.clone().next().is_none() {
            self.waiting.clear();
            return false;
        }
        let is_now = wanted.clone().any(|one| self.waiting.contains(&one))
            || self.paid_at(now) <= now.saturating_add(EACH * (AT_ONCE - 1));
        // Until it is noted that they were asked for they wait: that may fail.
        self.waiting = wanted.collect();
        is_now
    }

    /// Notes that something was asked for, and what was left.
    pub(super) fn note(&mut self, now: u64, left: Vec<H256>) {
        self.paid = self.paid_at(now).saturating_add(EACH);
        self.waiting = left.into_iter().collect();
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

    fn hashes(numbers: impl IntoIterator<Item = u64>) -> Vec<H256> {
        numbers.into_iter().map(H256::from_low_u64_be).collect()
    }

    fn is_now(pace: &mut Pace, now: u64, wanted: impl IntoIterator<Item = u64>) -> bool {
        pace.is_now(now, hashes(wanted).into_iter())
    }

    /// When requests are made by somebody who has something new at each of these looks, and where what waits comes along.
    fn made(pace: &mut Pace, looks: impl Iterator<Item = u64>) -> Vec<u64> {
        looks.filter(|now| is_now(pace, *now, [*now]).then(|| pace.note(*now, Vec::new())).is_some()).collect()
    }

    #[test]
    fn what_is_seldom_goes_at_once_and_what_is_at_each_look_comes_along_with_the_next_one() {
        let seldom: Vec<u64> = (0..86_400).step_by(400).collect();
        assert_eq!(made(&mut Pace::default(), seldom.iter().copied()), seldom);
        let mut pace = Pace::default();
        let all = made(&mut pace, (1_000..87_400).step_by(60));
        assert_eq!(all[..8], [0, 1, 2, 3, 4, 5, 6, 7].map(|look| 1_000 + 60 * look));
        assert!((216..=224).contains(&all.len()), "{}", all.len());
        // A day of too much is forgotten after a while without any.
        let later: Vec<u64> = (0..8).map(|look| 87_400 + 8 * EACH + 60 * look).collect();
        assert_eq!(made(&mut pace, later.iter().copied()), later);
    }

    #[test]
    fn what_did_not_come_along_and_what_could_not_be_asked_for_is_asked_for_with_the_next_look() {
        let mut pace = Pace::default();
        made(&mut pace, (1_000..1_540).step_by(60));
        assert!(!is_now(&mut pace, 1_540, [1, 2]), "too many went before");
        assert!(!is_now(&mut pace, 1_600, [3]), "both came, and another one was seen");
        for failed in [1_660, 1_720] {
            assert!(is_now(&mut pace, failed, [3, 4]), "it did not come");
        }
        pace.note(1_780, hashes([4]));
        assert!(is_now(&mut pace, 1_840, [4, 5]), "a part was left");
        pace.note(1_840, Vec::new());
        assert!(!is_now(&mut pace, 1_900, [6]));
        assert!(!is_now(&mut pace, 1_910, []) && !is_now(&mut pace, 1_920, [6]), "it was no longer wanted meanwhile");
    }

    proptest! {
        #[test]
        fn nothing_waits_for_longer_than_the_next_look(
            looks in prop::collection::vec((0_u64..500, any::<bool>(), any::<bool>(), any::<bool>()), 1..300),
        ) {
            let (mut pace, mut now, mut next) = (Pace::default(), 1_000_000_u64, 0);
            let mut waiting: Vec<u64> = Vec::new();
            for (seconds, is_new, is_set_back, comes) in looks {
                now = if is_set_back && seconds < 5 { now / 2 } else { now + seconds };
                if comes {
                    waiting.clear();
                }
                let waited = waiting.len();
                if is_new {
                    waiting.push(next);
                    next += 1;
                }
                let is_now = is_now(&mut pace, now, waiting.iter().copied());
                prop_assert!(is_now || waited == 0, "{} wait for a second look", waited);
                if is_now {
                    pace.note(now, Vec::new());
                    waiting.clear();
                }
            }
        }
    }
}
