//! How far an attester is from being ejected.

use ethers_core::types::U256;

use crate::domain::capability::Capability;
use crate::domain::rollup::RollupFacts;

/// The distance from one attester's balance to the threshold under which it is ejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EjectionMargin {
    /// What it can lose and stay, in base units.
    pub amount: U256,
}

impl EjectionMargin {
    /// Of an attester with this balance. `None` for one that is below the threshold already, and where the rollup does not tell
    /// its own threshold although it has one: a margin that is too wide is worse than none.
    ///
    /// The rollup ejects below its own threshold and the GSE below another; the higher one decides (`StakingLib.slash`).
    #[must_use]
    pub fn of(rollup: &RollupFacts, balance: U256) -> Option<Self> {
        if rollup.missing.contains(&Capability::LocalEjection) {
            return None;
        }
        let local = rollup.local_ejection_threshold.unwrap_or_default();
        let amount = balance.checked_sub(rollup.ejection_threshold.max(local))?;
        Some(Self { amount })
    }

    /// How many slashes of this amount eject: 1 means that the next one does. `None` for an amount of zero.
    #[must_use]
    pub fn slashes(&self, amount: U256) -> Option<u64> {
        let survived = u64::try_from(self.amount.checked_div(amount)?).unwrap_or(u64::MAX);
        Some(survived.saturating_add(1))
    }
}
