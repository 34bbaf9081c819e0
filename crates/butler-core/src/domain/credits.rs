//! What an L1 provider is estimated to charge, and how fast a day's budget may be spent.
//!
//! Providers count in credits of their own, so many for each method of each call, and publish other figures each year: the defaults are an
//! estimate, of the size that the large ones had when this was written, and the configuration can say better.

use std::collections::BTreeMap;
use std::time::Duration;

/// Credits of a call, by method.
const USUAL: [(&str, u64); 9] = [
    ("eth_chainId", 1),
    ("eth_blockNumber", 10),
    ("eth_call", 26),
    ("eth_getBalance", 20),
    ("eth_getBlockByHash", 20),
    ("eth_getBlockByNumber", 20),
    ("eth_getCode", 20),
    ("eth_getLogs", 60),
    ("eth_getTransactionReceipt", 20),
];
/// Credits of a call of any other method.
const OTHERS: u64 = 20;
/// The name that stands for every method of which nothing is said.
pub const ANY_METHOD: &str = "any";

/// The time for which a budget is given.
const DAY: Duration = Duration::from_secs(86_400);
/// So much of a day may be spent at once, and is made up for later.
const AT_ONCE: Duration = Duration::from_secs(3_600);

/// What calls cost, and what may be spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreditPlan {
    /// Credits of a call by method, where they are not the usual ones; under `any`, of all others.
    pub prices: BTreeMap<String, u64>,
    /// The credits of one day; absent where nobody counts.
    pub per_day: Option<u64>,
}

impl CreditPlan {
    /// The credits of a call.
    #[must_use]
    pub fn price(&self, method: &str) -> u64 {
        let usual = || USUAL.iter().find(|(name, _)| *name == method).map_or(OTHERS, |(_, credits)| *credits);
        let given = self.prices.get(method).or_else(|| self.prices.get(ANY_METHOD));
        given.copied().unwrap_or_else(usual)
    }
}

/// How far what was spent reaches, in time since some beginning.
///
/// Each credit is worth its part of a day. Whoever spends more than time gives waits until time has caught up, so that a day's credits last
/// a day, but for what may be spent at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pace {
    paid_until: Duration,
}

impl Pace {
    /// So many credits, of so many a day, were spent at `now`.
    pub fn spend(&mut self, credits: u64, per_day: u64, now: Duration) {
        let nanoseconds = DAY.as_nanos().saturating_mul(u128::from(credits)).checked_div(u128::from(per_day));
        let worth = nanoseconds.and_then(|worth| u64::try_from(worth).ok()).map_or(Duration::MAX, Duration::from_nanos);
        self.paid_until = self.paid_until.max(now).saturating_add(worth);
    }

    /// How long nothing more should be spent at `now`.
    #[must_use]
    pub fn pause(&self, now: Duration) -> Duration {
        self.paid_until.saturating_sub(now.saturating_add(AT_ONCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_the_given_one_else_the_usual_one() {
        let mut plan = CreditPlan::default();
        assert_eq!((plan.price("eth_call"), plan.price("eth_getLogs"), plan.price("eth_feeHistory")), (26, 60, 20));
        plan.prices.insert("eth_call".to_owned(), 7);
        assert_eq!((plan.price("eth_call"), plan.price("eth_getLogs")), (7, 60));
        // Whoever pays by request says so once.
        plan.prices = BTreeMap::from([(ANY_METHOD.to_owned(), 1)]);
        assert_eq!((plan.price("eth_call"), plan.price("eth_getLogs"), plan.price("eth_feeHistory")), (1, 1, 1));
    }

    #[test]
    fn what_was_spent_beyond_an_hours_worth_is_waited_for() {
        let hour = Duration::from_secs(3_600);
        let mut pace = Pace::default();
        // Of 24,000 a day an hour has 1,000.
        pace.spend(1_000, 24_000, Duration::ZERO);
        assert_eq!(pace.pause(Duration::ZERO), Duration::ZERO);
        pace.spend(500, 24_000, Duration::ZERO);
        assert_eq!(pace.pause(Duration::ZERO), hour / 2);
        assert_eq!(pace.pause(hour / 4), hour / 4);
        assert_eq!(pace.pause(hour), Duration::ZERO);
        // What was not spent is not saved up.
        pace.spend(1_500, 24_000, hour * 100);
        assert_eq!(pace.pause(hour * 100), hour / 2);
        pace.spend(u64::MAX, 1, hour * 100);
        assert!(pace.pause(hour * 100) > hour * 1000);
    }

    #[test]
    fn a_days_credits_last_a_day_when_each_pause_is_kept() {
        let (per_day, each, mut pace, mut now, mut spent) = (100_000, 700, Pace::default(), Duration::ZERO, 0_u64);
        while now < DAY {
            pace.spend(each, per_day, now);
            spent += each;
            now += Duration::from_secs(60).max(pace.pause(now));
        }
        // An hour's worth may be ahead of time.
        assert!(spent <= per_day + per_day / 24 + each && spent > per_day / 2, "{spent}");
    }
}
