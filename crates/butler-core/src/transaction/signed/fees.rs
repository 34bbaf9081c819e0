//! What a transaction offers for its gas, and what it must not cost.

use ethers_core::types::U256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::amount::amount;
use crate::transaction::refusal::MOST_GAS;

/// What is offered for each unit of gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fees {
    /// The most that is paid.
    pub max_fee: U256,
    /// What of it goes to whoever builds the block.
    pub tip: U256,
}

/// What gas costs at the moment, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// The block's base fee.
    pub base_fee: U256,
    /// The tip that is offered.
    pub tip: U256,
}

/// What the operator grants, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeLimits {
    /// The most for a unit of gas.
    pub max_fee: U256,
    /// The most for all gas of one transaction.
    pub max_cost: U256,
}

/// More than is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeeRefusal {
    /// A unit of gas is too dear.
    #[error("gas costs {} gwei at least, over the limit of {}", gwei(*.needed), gwei(*.limit))]
    Gas {
        /// What has to be offered, in wei.
        needed: U256,
        /// What may be, in wei.
        limit: U256,
    },
    /// All of it is.
    #[error("it may cost {} ETH, over the limit of {}", amount(*.cost, 6), amount(*.limit, 6))]
    Cost {
        /// What it may cost, in wei.
        cost: U256,
        /// What it may cost at most, in wei.
        limit: U256,
    },
}

/// An amount of wei in gwei: an amount of ether has nine decimals more.
fn gwei(wei: U256) -> String {
    amount(wei.saturating_mul(U256::exp10(9)), 3)
}

/// The gas that a call may use that took so much when it was tried: a quarter more, as the state may change, and never more than a transaction may.
#[must_use]
pub fn gas_limit(tried: u64) -> u64 {
    tried.saturating_add(tried / 4).min(MOST_GAS).max(tried)
}

/// What all calls cost at most as they are signed at these prices, their gas alone, in wei; `None` where one could not be tried.
#[must_use]
pub fn worst_cost(tried: &[Option<u64>], market: Market, limits: &FeeLimits) -> Option<U256> {
    let max_fee = market.base_fee.saturating_mul(2.into()).saturating_add(market.tip).min(limits.max_fee);
    tried.iter().try_fold(U256::zero(), |sum, gas| {
        let gas = gas_limit((*gas)?);
        Some(sum.saturating_add(max_fee.saturating_mul(gas.into())))
    })
}

impl Fees {
    /// What is offered first: twice the base fee and the tip, which lasts for six full blocks in a row; less where that is over the limit, as long as it
    /// suffices for the next block.
    ///
    /// # Errors
    /// See [`FeeRefusal`].
    pub fn first(market: Market, limits: &FeeLimits, gas: u64) -> Result<Self, FeeRefusal> {
        let Market { base_fee, tip } = market;
        let needed = base_fee.saturating_add(base_fee / 8).saturating_add(tip);
        if needed > limits.max_fee {
            return Err(FeeRefusal::Gas { needed, limit: limits.max_fee });
        }
        let max_fee = base_fee.saturating_mul(2.into()).saturating_add(tip).min(limits.max_fee);
        Self { max_fee, tip }.within(limits, gas)
    }

    /// What takes the place of a transaction that offers this: an eighth more of both, which every mempool asks for at most, and no less than is offered first.
    ///
    /// # Errors
    /// See [`FeeRefusal`].
    pub fn raised(self, market: Market, limits: &FeeLimits, gas: u64) -> Result<Self, FeeRefusal> {
        let [max_fee, tip] = [self.max_fee, self.tip].map(|wei| {
            let eighth = wei.saturating_add(7.into()) / 8;
            wei.saturating_add(eighth.max(U256::one()))
        });
        let max_fee = max_fee.max(market.base_fee.saturating_mul(2.into()).saturating_add(tip).min(limits.max_fee));
        let tip = tip.max(market.tip);
        if max_fee > limits.max_fee || tip > limits.max_fee {
            return Err(FeeRefusal::Gas { needed: max_fee.max(tip), limit: limits.max_fee });
        }
        Self { max_fee: max_fee.max(tip), tip }.within(limits, gas)
    }

    fn within(self, limits: &FeeLimits, gas: u64) -> Result<Self, FeeRefusal> {
        let cost = self.max_fee.saturating_mul(gas.into());
        if cost > limits.max_cost { Err(FeeRefusal::Cost { cost, limit: limits.max_cost }) } else { Ok(self) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn market(base_fee: u64, tip: u64) -> Market {
        Market { base_fee: base_fee.into(), tip: tip.into() }
    }

    fn limits(max_fee: u64, max_cost: u64) -> FeeLimits {
        FeeLimits { max_fee: max_fee.into(), max_cost: max_cost.into() }
    }

    fn fees(max_fee: u64, tip: u64) -> Fees {
        Fees { max_fee: max_fee.into(), tip: tip.into() }
    }

    #[test]
    fn what_is_offered_lasts_for_some_blocks_and_is_never_over_the_limit() {
        let first = |max_fee, max_cost| Fees::first(market(80, 3), &limits(max_fee, max_cost), 10);
        assert_eq!(first(1_000, 10_000), Ok(fees(163, 3)));
        assert_eq!(first(100, 10_000), Ok(fees(100, 3)), "enough for the next block");
        assert_eq!(first(92, 10_000), Err(FeeRefusal::Gas { needed: 93.into(), limit: 92.into() }));
        assert_eq!(first(1_000, 1_629), Err(FeeRefusal::Cost { cost: 1_630.into(), limit: 1_629.into() }));
        assert_eq!(Fees::first(market(0, 0), &limits(0, 0), 1), Ok(fees(0, 0)));
    }

    #[test]
    fn what_is_shown_as_the_cost_is_what_is_signed() {
        let (market, limits) = (market(80, 3), limits(1_000, u64::MAX));
        let tried = [100_000, 40_000];
        let signed = tried.map(|gas| Fees::first(market, &limits, gas).unwrap().max_fee * gas_limit(gas));
        assert_eq!(worst_cost(&tried.map(Some), market, &limits), Some(signed[0] + signed[1]));
        assert_eq!(worst_cost(&[Some(1), None], market, &limits), None);
    }

    #[test]
    fn a_quarter_more_gas_than_was_tried_is_granted_and_no_more_than_a_transaction_may_use() {
        assert_eq!(gas_limit(100_000), 125_000);
        assert_eq!(gas_limit(MOST_GAS - 1), MOST_GAS);
        assert_eq!(gas_limit(MOST_GAS), MOST_GAS);
    }

    #[test]
    fn limits_are_told_in_gwei_and_ether() {
        let gas = FeeRefusal::Gas { needed: U256::exp10(9) * 93 / 2, limit: U256::exp10(9) * 30 };
        assert_eq!(gas.to_string(), "gas costs 46.5 gwei at least, over the limit of 30");
    }

    proptest! {
        #[test]
        fn what_takes_the_place_offers_an_eighth_more_of_both_or_is_refused(
            max_fee in 0_u64..1 << 40, tip in 0_u64..1 << 40, base in 0_u64..1 << 40, offered in 0_u64..1 << 40, limit in 0_u64..1 << 42,
        ) {
            let before = fees(max_fee.max(tip), tip);
            let limits = limits(limit, u64::MAX);
            if let Ok(raised) = before.raised(market(base, offered), &limits, 1) {
                for (old, new) in [(before.max_fee, raised.max_fee), (before.tip, raised.tip)] {
                    prop_assert!(new * 1_000 >= old * 1_125 && new > old);
                }
                prop_assert!(raised.max_fee <= limits.max_fee && raised.tip <= raised.max_fee);
            }
        }
    }
}
