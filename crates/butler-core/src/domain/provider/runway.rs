//! How long keys and ether last at the pace that was observed.
//!
//! A pace is only told when enough was seen: too few delegations, or a publisher that was watched too briefly, give none.

use std::collections::VecDeque;

use ethers_core::types::U256;

/// Delegations older than this say nothing about the present pace.
pub const DELEGATION_WINDOW_SECONDS: u64 = 30 * 86_400;
/// Fewer delegations than this within the window are no pace.
pub const LEAST_DELEGATIONS: usize = 3;
/// A pace is never taken from a shorter time than this, or a burst would look like a rule.
const LEAST_SPAN_SECONDS: u64 = 86_400;

/// How many keys are used up, per so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegationPace {
    /// Delegations that were counted.
    pub delegations: u64,
    /// The time in which they happened, in seconds; never 0.
    pub seconds: u64,
}

impl DelegationPace {
    /// The pace at `now` of a provider whose newest delegations happened at `times` (unix seconds, oldest first).
    ///
    /// The time that is counted is the window, or since the first delegation of the list when that is shorter.
    #[must_use]
    pub fn observed(times: &[u64], now: u64) -> Option<Self> {
        let since = now.saturating_sub(DELEGATION_WINDOW_SECONDS);
        let recent = times.iter().filter(|time| (since..=now).contains(time)).count();
        if recent < LEAST_DELEGATIONS {
            return None;
        }
        let first = times.first().copied().unwrap_or(since).max(since);
        let seconds = now.saturating_sub(first).max(LEAST_SPAN_SECONDS);
        Some(Self { delegations: u64::try_from(recent).ok()?, seconds })
    }

    /// How long so many keys last, in seconds.
    #[must_use]
    pub fn runway_seconds(&self, keys: u64) -> Option<u64> {
        let seconds = u128::from(keys) * u128::from(self.seconds);
        u64::try_from(seconds.checked_div(u128::from(self.delegations))?).ok()
    }
}

/// What one publisher spent over the last day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpendHistory {
    balance: U256,
    /// Everything that was spent since the first sample.
    spent: U256,
    /// What was spent until then, oldest first, thinned out.
    samples: VecDeque<(u64, U256)>,
}

/// The oldest sample that counts, the shortest time between two that are kept, and the shortest history that says anything.
const HISTORY_SECONDS: u64 = 86_400;
const SAMPLE_SECONDS: u64 = 300;
const LEAST_HISTORY_SECONDS: u64 = 1_800;

impl SpendHistory {
    /// Adds the balance that was read at `time` (unix seconds). A time before the last one means that the chain went back:
    /// the past is forgotten.
    pub fn note(&mut self, time: u64, balance: U256) {
        if self.samples.back().is_some_and(|(last, _)| *last > time) {
            *self = Self::default();
        }
        if !self.samples.is_empty() {
            // What comes in is not counted against what is spent.
            self.spent = self.spent.saturating_add(self.balance.saturating_sub(balance));
        }
        self.balance = balance;
        // The newest sample moves on until the one before it is far enough away.
        let before = self.samples.len().checked_sub(2).and_then(|index| self.samples.get(index));
        if before.is_some_and(|(before, _)| time.saturating_sub(*before) < SAMPLE_SECONDS) {
            self.samples.pop_back();
        }
        self.samples.push_back((time, self.spent));
        let oldest = time.saturating_sub(HISTORY_SECONDS);
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(time, _)| *time < oldest) {
            self.samples.pop_front();
        }
    }

    /// How long the last balance lasts at the pace of this history, in seconds. `None` while the history is too short and
    /// where nothing was spent.
    #[must_use]
    pub fn runway_seconds(&self) -> Option<u64> {
        let (first, before) = self.samples.front()?;
        let (last, after) = self.samples.back()?;
        let seconds = last.checked_sub(*first).filter(|seconds| *seconds >= LEAST_HISTORY_SECONDS)?;
        let spent = after.checked_sub(*before)?;
        let runway = self.balance.checked_mul(seconds.into())?.checked_div(spent)?;
        Some(u64::try_from(runway).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;
    const NOW: u64 = 100 * DAY;

    fn pace(delegations: u64, seconds: u64) -> Option<DelegationPace> {
        Some(DelegationPace { delegations, seconds })
    }

    #[test]
    fn a_pace_is_what_the_window_holds_over_the_time_that_is_known() {
        let ago = |days: &[u64]| days.iter().map(|days| NOW - days * DAY).collect::<Vec<_>>();
        let table = [
            (ago(&[]), None),
            (ago(&[2, 1]), None),
            (ago(&[40, 2, 1]), None),
            (ago(&[40, 3, 2, 1]), pace(3, 30 * DAY)),
            (ago(&[30, 2, 1]), pace(3, 30 * DAY)),
            (ago(&[5, 2, 1]), pace(3, 5 * DAY)),
            // A burst of today counts over a whole day.
            (vec![NOW - 60, NOW - 30, NOW], pace(3, DAY)),
            // What the chain has not reached yet does not count.
            (vec![NOW - DAY, NOW, NOW + 1], None),
        ];
        for (times, expected) in table {
            assert_eq!(DelegationPace::observed(&times, NOW), expected, "{times:?}");
        }
        let pace = DelegationPace { delegations: 3, seconds: 30 * DAY };
        assert_eq!((pace.runway_seconds(0), pace.runway_seconds(6)), (Some(0), Some(60 * DAY)));
        assert_eq!(pace.runway_seconds(u64::MAX), None);
    }

    fn history(samples: &[(u64, u64)]) -> SpendHistory {
        let mut history = SpendHistory::default();
        for (time, balance) in samples {
            history.note(*time, (*balance).into());
        }
        history
    }

    #[test]
    fn a_balance_lasts_as_long_as_at_the_pace_of_its_history() {
        type Samples = &'static [(u64, u64)];
        let table: [(Samples, Option<u64>); 7] = [
            (&[], None),
            (&[(0, 100), (1_799, 90)], None),
            (&[(0, 100), (1_800, 90)], Some(16_200)),
            (&[(0, 100), (1_800, 100)], None),
            // A top-up of 50 in between: 10 and 20 were spent.
            (&[(0, 100), (600, 90), (1_200, 140), (1_800, 120)], Some(7_200)),
            (&[(0, 100), (1_800, 0)], Some(0)),
            // Another chain begins anew.
            (&[(10_000, 100), (0, 90), (1_000, 80)], None),
        ];
        for (samples, expected) in table {
            assert_eq!(history(samples).runway_seconds(), expected, "{samples:?}");
        }
    }

    #[test]
    fn a_day_of_scrapes_is_few_samples_and_yesterday_is_forgotten() {
        let minutes: Vec<_> = (0..3 * 1_440).map(|minute| (minute * 60, 10_000_000 - minute * 60)).collect();
        let history = history(&minutes);
        assert!(history.samples.len() <= 400, "{}", history.samples.len());
        let runway = history.runway_seconds().unwrap();
        let balance = minutes[minutes.len() - 1].1;
        assert!(runway.abs_diff(balance) < balance / 100, "{runway} for {balance} at one a second");
    }

    proptest! {
        #[test]
        fn spending_is_never_lost_between_samples(
            steps in prop::collection::vec((1_u64..400, 0_u64..50, 0_u64..80), 2..200),
        ) {
            let (mut time, mut balance, mut spent) = (0, 10_000_000_u64, 0);
            let mut history = SpendHistory::default();
            history.note(time, balance.into());
            for (seconds, spend, top_up) in steps {
                time += seconds;
                if spend > 25 {
                    balance -= spend;
                    spent += spend;
                } else {
                    balance += top_up;
                }
                history.note(time, balance.into());
            }
            if let Some(runway) = history.runway_seconds().filter(|_| time < HISTORY_SECONDS) {
                prop_assert_eq!(runway, u64::try_from(u128::from(balance) * u128::from(time) / u128::from(spent)).unwrap());
            }
        }
    }
}
