//! What fails again and again is logged the first time, every tenth time, and when it is over.

/// Failures of one thing in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailureStreak(u64);

impl FailureStreak {
    /// It failed once more. The number of failures in a row, when this one is worth a line in the log.
    pub fn failed(&mut self) -> Option<u64> {
        self.0 = self.0.saturating_add(1);
        is_worth_a_line(self.0).then_some(self.0)
    }

    /// It is well. The number of failures before, when there were any.
    pub fn ended(&mut self) -> Option<u64> {
        let failures = std::mem::take(&mut self.0);
        (failures > 0).then_some(failures)
    }
}

/// Whether the nth failure in a row is logged: the first, and then every tenth.
#[must_use]
pub fn is_worth_a_line(failures: u64) -> bool {
    failures == 1 || failures.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_every_tenth_and_the_recovery_are_told() {
        let mut streak = FailureStreak::default();
        assert_eq!(streak.ended(), None);
        let told: Vec<u64> = (0..21).filter_map(|_| streak.failed()).collect();
        assert_eq!(told, [1, 10, 20]);
        assert_eq!((streak.ended(), streak.ended(), streak.failed()), (Some(21), None, Some(1)));
    }
}
