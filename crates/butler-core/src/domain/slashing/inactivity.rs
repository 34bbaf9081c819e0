//! When nodes take an attester for inactive: the rule is theirs, and they tell it.

/// A node's rule: whoever missed this share of its duties in so many epochs in a row is inactive, and voted to be slashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InactivityRule {
    /// The share of duties missed, in thousandths: 1 to 1000.
    pub missed_permille: u64,
    /// How many epochs in a row; at least 1. Epochs without a duty do not count.
    pub epochs: u64,
}

impl InactivityRule {
    /// From how many attestations missed in a row an attester is about to be slashed: half of what makes it inactive, so that
    /// there is time to do something. `epoch_slots` is the rollup's; an attester on duty attests in each slot of an epoch.
    #[must_use]
    pub fn critical_streak(self, epoch_slots: u64) -> u64 {
        let of_epoch = epoch_slots.saturating_mul(self.missed_permille).div_ceil(1_000);
        of_epoch.saturating_mul(self.epochs).div_ceil(2).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_makes_inactive_is_critical() {
        let streak = |missed_permille, epochs| InactivityRule { missed_permille, epochs }.critical_streak(32);
        assert_eq!((streak(900, 1), streak(500, 1), streak(800, 2)), (15, 8, 26));
        assert_eq!((streak(1_000, 1), streak(1, 1)), (16, 1));
        assert_eq!(InactivityRule { missed_permille: 900, epochs: u64::MAX }.critical_streak(0), 1);
    }
}
