//! A split as it was made, with its shares.

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

/// All shares of a split together, in basis points.
pub const WHOLE_BPS: u16 = 10_000;

/// A split as the StakingRegistry makes it. It has no owner, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SplitRecord {
    /// Who receives the provider's part. The registry names it first.
    pub provider_recipient: Address,
    /// Who receives the rest, as the delegator wished.
    pub delegator_recipient: Address,
    /// The provider's part in basis points, at most [`WHOLE_BPS`].
    pub provider_bps: u16,
}

impl SplitRecord {
    /// The parameters of a split; `None` for those that the registry never gives.
    #[must_use]
    pub fn new(recipients: &[Address], allocations: &[U256], total: U256, incentive: u16) -> Option<Self> {
        let ([provider_recipient, delegator_recipient], [provider, delegator]) = (recipients, allocations) else {
            return None;
        };
        let provider_bps = u16::try_from(*provider).ok().filter(|part| *part <= WHOLE_BPS)?;
        let is_whole = *delegator == U256::from(WHOLE_BPS - provider_bps) && total == U256::from(WHOLE_BPS);
        (is_whole && incentive == 0).then_some(Self {
            provider_recipient: *provider_recipient,
            delegator_recipient: *delegator_recipient,
            provider_bps,
        })
    }

    /// The provider's part of an amount, rounded down as the split does. `None` when it does not fit.
    #[must_use]
    pub fn provider_part(&self, amount: U256) -> Option<U256> {
        amount.checked_mul(self.provider_bps.into())?.checked_div(WHOLE_BPS.into())
    }
}
