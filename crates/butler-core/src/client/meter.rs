//! The meter of one L1 endpoint: what its calls are estimated to cost, and how long the next should wait so that a day's budget lasts.
//!
//! It refuses nothing: whoever asks again and again slows down by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::credits::{CreditPlan, Pace};

/// Counts what is spent.
#[derive(Debug)]
pub(super) struct Meter {
    plan: CreditPlan,
    began: Instant,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    credits: u64,
    pace: Pace,
}

impl Meter {
    pub(super) fn new(plan: CreditPlan) -> Self {
        Self { plan, began: Instant::now(), spent: Mutex::default() }
    }

    /// A call of that method is sent.
    pub(super) fn count(&self, method: &str) {
        let credits = self.plan.price(method);
        let mut spent = self.spent();
        spent.credits = spent.credits.saturating_add(credits);
        if let Some(per_day) = self.plan.per_day {
            spent.pace.spend(credits, per_day, self.began.elapsed());
        }
    }

    /// Credits since the start.
    pub(super) fn credits(&self) -> u64 {
        self.spent().credits
    }

    /// The credits of one day, where they are given.
    pub(super) fn per_day(&self) -> Option<u64> {
        self.plan.per_day
    }

    /// How long the next call should wait.
    pub(super) fn pause(&self) -> Duration {
        self.spent().pace.pause(self.began.elapsed())
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
