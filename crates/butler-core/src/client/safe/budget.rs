//! How many requests a month's budget still has. The hosted service gives a free key 50,000: one each 45 seconds is more.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::client::http::Quota;

/// The requests of the month, counted here and, where it does so, by the service. Kept by whoever goes on counting after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestBudget {
    /// How many may be sent in a month (UTC).
    pub per_month: u64,
    /// Which month is counted: months since the year 0.
    month: u64,
    /// How many were sent in it.
    used: u64,
    /// What the service said last.
    told: Option<Told>,
}

/// What the service said of its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    remaining: u64,
    /// Until then, in unix seconds.
    until: u64,
}

/// There is nothing left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the month's {per_month} requests to the Safe service are used")]
pub struct BudgetSpent {
    /// The budget, or what the service's own is known to be.
    pub per_month: u64,
}

impl RequestBudget {
    /// A budget of which nothing is used.
    #[must_use]
    pub const fn new(per_month: u64) -> Self {
        Self { per_month, month: 0, used: 0, told: None }
    }

    /// The same count under another limit, after the configuration changed.
    #[must_use]
    pub const fn with_limit(self, per_month: u64) -> Self {
        Self { per_month, ..self }
    }

    /// How many were sent in the month of `now`, in unix seconds.
    #[must_use]
    pub fn used(&self, now: u64) -> u64 {
        if month_of(now) == self.month { self.used } else { 0 }
    }

    /// How many may still be sent in the month of `now`: by this count and by the service's, whichever is less.
    #[must_use]
    pub fn left(&self, now: u64) -> u64 {
        let left = self.per_month.saturating_sub(self.used(now));
        self.told.filter(|told| now < told.until).map_or(left, |told| left.min(told.remaining))
    }

    /// Takes one request.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn spend(&mut self, now: u64) -> Result<(), BudgetSpent> {
        if self.left(now) == 0 {
            return Err(BudgetSpent { per_month: self.per_month });
        }
        self.used = self.used(now).saturating_add(1);
        self.month = month_of(now);
        Ok(())
    }

    /// What an answer said of the service's own count. Without an end it is good for the rest of the month.
    pub fn note(&mut self, quota: &Quota, now: u64) {
        let Some(remaining) = quota.remaining else { return };
        let end = end_of_month(now);
        let until = quota.reset.map_or(end, |reset| now.saturating_add(reset.as_secs()).min(end));
        self.told = Some(Told { remaining, until });
    }
}

fn date_of(now: u64) -> Date {
    let moment = i64::try_from(now).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).date()
}

fn month_of(now: u64) -> u64 {
    let date = date_of(now);
    let number = i64::from(date.year()) * 12 + i64::from(date.month());
    u64::try_from(number).unwrap_or_default()
}

fn end_of_month(now: u64) -> u64 {
    let next = date_of(now).last_of_month().tomorrow().unwrap_or(Date::MAX);
    let end = next.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |midnight| midnight.timestamp());
    u64::try_from(end.as_second()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 2026-11-30 23:59:59.
    const LAST: u64 = 1_796_083_199;

    #[test]
    fn a_month_has_its_requests_and_the_next_one_again() {
        let mut budget = RequestBudget::new(2);
        budget.spend(LAST - 100).unwrap();
        budget.spend(LAST).unwrap();
        assert_eq!((budget.left(LAST), budget.used(LAST)), (0, 2));
        assert_eq!(budget.spend(LAST), Err(BudgetSpent { per_month: 2 }));
        assert_eq!((budget.left(LAST + 1), budget.used(LAST + 1)), (2, 0));
        budget.spend(LAST + 1).unwrap();
        assert_eq!(budget.with_limit(5).left(LAST + 1), 4);
    }

    #[test]
    fn the_services_own_count_counts_when_it_is_less() {
        let mut budget = RequestBudget::new(10);
        let quota = |remaining, reset| Quota { limit: None, remaining, reset };
        budget.note(&quota(Some(1), Some(Duration::from_secs(50))), LAST - 100);
        assert_eq!((budget.left(LAST - 100), budget.left(LAST - 50)), (1, 10));
        budget.note(&quota(None, None), LAST - 100);
        assert_eq!(budget.left(LAST - 100), 1, "an answer that says nothing");
        budget.note(&quota(Some(0), None), LAST);
        assert_eq!((budget.left(LAST), budget.left(LAST + 1)), (0, 10));
        budget.note(&quota(Some(0), Some(Duration::MAX)), LAST);
        assert_eq!(budget.left(LAST + 1), 10, "no longer than the month");
        budget.note(&quota(Some(u64::MAX), None), LAST);
        assert_eq!(budget.left(LAST), 10);
    }

    #[test]
    fn what_is_kept_goes_on() {
        let mut budget = RequestBudget::new(10);
        budget.spend(LAST).unwrap();
        let kept = serde_json::to_string(&budget).unwrap();
        assert_eq!(serde_json::from_str::<RequestBudget>(&kept).unwrap(), budget);
    }
}
