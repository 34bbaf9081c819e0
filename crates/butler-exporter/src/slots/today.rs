//! What went to an endpoint since midnight (UTC), as far as this process saw it.

use std::collections::BTreeMap;

/// The seconds of a day.
const DAY: u64 = 86_400;

/// What was counted before today, by endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Today {
    day: u64,
    before: BTreeMap<String, Used>,
    now: BTreeMap<String, Used>,
}

/// What an endpoint was used for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) requests: u64,
    pub(super) bytes: u64,
    pub(super) credits: u64,
}

impl Today {
    /// So much was counted since the start, by endpoint, at `now` in unix seconds. What was counted last before midnight was spent before it.
    pub(super) fn note(&mut self, counted: impl IntoIterator<Item = (String, Used)>, now: u64) {
        let day = now / DAY;
        if day != self.day {
            self.day = day;
            self.before.clone_from(&self.now);
        }
        self.now = counted.into_iter().collect();
    }

    /// What an endpoint was used for today.
    pub(super) fn of(&self, endpoint: &str) -> Used {
        let before = self.before.get(endpoint).copied().unwrap_or_default();
        let now = self.now.get(endpoint).copied().unwrap_or_default();
        Used {
            requests: now.requests.saturating_sub(before.requests),
            bytes: now.bytes.saturating_sub(before.bytes),
            credits: now.credits.saturating_sub(before.credits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_begins_anew_and_a_restart_of_counting_is_no_debt() {
        let counted = |count| ("a".to_owned(), Used { requests: count, bytes: count * 2, credits: count * 10 });
        let mut today = Today::default();
        let mut used = |count, now| {
            today.note([counted(count)], now);
            let used = today.of("a");
            (used.requests, used.bytes, used.credits)
        };
        assert_eq!(used(3, 20 * DAY + 1), (3, 6, 30), "from the start of the process");
        assert_eq!(used(5, 21 * DAY - 1), (5, 10, 50));
        assert_eq!(used(9, 21 * DAY), (4, 8, 40));
        assert_eq!(used(10, 22 * DAY - 1), (5, 10, 50));
        assert_eq!(used(1, 22 * DAY), (0, 0, 0));
        assert_eq!(today.of("b"), Used::default());
    }
}
