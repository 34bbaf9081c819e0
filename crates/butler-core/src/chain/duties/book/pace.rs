//! How often transactions are asked for: at once where that is seldom, and together where it would be all the time.
//!
//! An operator of a few hundred attesters proposes now and then, and each of these is read with the next look. Whoever runs most of a
//! network proposes in every slot: a request for each would be a thousand a day, so what comes soon after waits for what comes next.

/// Seconds in which one request may be made, where there is always something to ask for: 240 a day.
const EACH: u64 = 360;
/// Requests that may follow one another at once after a time without any.
const AT_ONCE: u64 = 8;

/// When the requests that were made are paid for by the time that has passed since.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// In unix seconds of the chain.
    paid: u64,
}

impl Pace {
    /// Whether one more may be made at that time.
    pub(super) fn is_open(&self, now: u64) -> bool {
        self.paid_at(now) <= now.saturating_add(EACH * (AT_ONCE - 1))
    }

    /// Notes that one was made.
    pub(super) fn note(&mut self, now: u64) {
        self.paid = self.paid_at(now).saturating_add(EACH);
    }

    fn paid_at(&self, now: u64) -> u64 {
        // More can only stand here after the chain's time was set back.
        let is_possible = self.paid <= now.saturating_add(EACH * AT_ONCE);
        if is_possible { self.paid.max(now) } else { now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When requests are made by somebody who would make one at each look.
    fn made(pace: &mut Pace, looks: impl Iterator<Item = u64>) -> Vec<u64> {
        looks.filter(|now| pace.is_open(*now).then(|| pace.note(*now)).is_some()).collect()
    }

    #[test]
    fn what_is_seldom_goes_at_once_and_a_day_of_too_much_stays_within_its_share() {
        let seldom: Vec<u64> = (0..86_400).step_by(400).collect();
        assert_eq!(made(&mut Pace::default(), seldom.iter().copied()), seldom);
        let mut pace = Pace::default();
        let all = made(&mut pace, (1_000..87_400).step_by(60));
        assert!((240..=248).contains(&all.len()), "{}", all.len());
        assert_eq!(all[..8], [0, 1, 2, 3, 4, 5, 6, 7].map(|look| 1_000 + 60 * look));
        assert!(all.windows(2).all(|two| two[1] - two[0] <= EACH), "nothing waits longer");
    }

    #[test]
    fn time_that_was_set_back_holds_nothing_up() {
        let mut pace = Pace::default();
        made(&mut pace, (1_000_000..1_001_000).step_by(10));
        assert!(pace.is_open(5_000));
    }
}
