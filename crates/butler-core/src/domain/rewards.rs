//! Whose rewards they are: a delegation's split gives a part to the provider and the rest to the delegator.

use std::collections::BTreeMap;

use ethers_core::types::{Address, U256};

use super::ids::{Coinbase, ProviderId};
use super::snapshot::NetworkSnapshot;

/// The parameters of one split, which never change: the StakingRegistry gives it no owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Who received the provider's part when the split was made. The registry names it first.
    pub provider_recipient: Address,
    /// The provider's part of `total`.
    pub provider_allocation: U256,
    /// All allocations together; never 0.
    pub total: U256,
}

impl Split {
    /// A split with these recipients and allocations; `None` for one that the registry does not make.
    #[must_use]
    pub fn new(recipients: &[Address], allocations: &[U256], total: U256) -> Option<Self> {
        let sum = allocations.iter().try_fold(U256::zero(), |sum, allocation| sum.checked_add(*allocation))?;
        if recipients.len() != allocations.len() || sum != total || total.is_zero() {
            return None;
        }
        let (provider_recipient, provider_allocation) = (*recipients.first()?, *allocations.first()?);
        Some(Self { provider_recipient, provider_allocation, total })
    }

    /// The provider's part of an amount, rounded down as the split does. `None` when it does not fit.
    #[must_use]
    pub fn provider_part(&self, amount: U256) -> Option<U256> {
        amount.checked_mul(self.provider_allocation)?.checked_div(self.total)
    }
}

/// What waits for one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProviderRewards {
    /// Its part of the rewards that wait for the coinbases of its delegations, in base units.
    pub pending: U256,
    /// Coinbases that pay the provider's part to somebody who is not its rewards recipient now.
    pub former_recipients: u64,
}

/// What waits for each of our providers. `None` when a split or an amount is missing, or a sum does not fit.
#[must_use]
pub fn provider_rewards(
    snapshot: &NetworkSnapshot,
    splits: &BTreeMap<Coinbase, Split>,
) -> Option<BTreeMap<ProviderId, ProviderRewards>> {
    // An attester can be delegated again, and a coinbase counts once.
    let coinbases: BTreeMap<Coinbase, ProviderId> =
        snapshot.delegations.iter().map(|delegation| (delegation.coinbase, delegation.provider_id)).collect();
    let mut rewards: BTreeMap<ProviderId, ProviderRewards> =
        snapshot.providers.keys().map(|id| (*id, ProviderRewards::default())).collect();
    for (coinbase, id) in coinbases {
        let (Some(of_provider), Some(provider)) = (rewards.get_mut(&id), snapshot.providers.get(&id)) else { continue };
        let split = splits.get(&coinbase)?;
        let amount = *snapshot.pending_rewards.get(&coinbase)?;
        of_provider.pending = of_provider.pending.checked_add(split.provider_part(amount)?)?;
        if split.provider_recipient != provider.rewards_recipient {
            of_provider.former_recipients = of_provider.former_recipients.saturating_add(1);
        }
    }
    Some(rewards)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{address, coinbase, delegation, network, provider, provider_id};

    fn split(recipient: u64, part: u64) -> Split {
        let allocations = [part.into(), (10_000 - part).into()];
        Split::new(&[address(recipient), address(1)], &allocations, 10_000.into()).unwrap()
    }

    #[test]
    fn the_first_recipient_is_the_providers_and_its_part_is_rounded_down() {
        let split = split(8_001, 700);
        assert_eq!(split.provider_recipient, address(8_001));
        assert_eq!(split.provider_part(199.into()), Some(13.into()));
        assert_eq!(split.provider_part(U256::MAX), None);
        let split = |allocations: &[u64], total: u64| {
            let allocations: Vec<U256> = allocations.iter().map(|allocation| (*allocation).into()).collect();
            Split::new(&[address(1), address(2)], &allocations, total.into())
        };
        assert!(split(&[700, 9_300], 10_000).is_some());
        for (allocations, total) in [(&[700, 9_300][..], 9_999), (&[10_000], 10_000), (&[0, 0], 0), (&[], 0)] {
            assert_eq!(split(allocations, total), None, "{allocations:?} {total}");
        }
    }

    #[test]
    fn parts_add_up_by_provider_and_a_former_recipient_is_told() {
        let mut snapshot = network();
        snapshot.providers.insert(provider_id(1), provider(&[]));
        snapshot.delegations = vec![delegation(1, 10, coinbase(110)), delegation(2, 11, coinbase(111))];
        snapshot.pending_rewards = [(coinbase(110), 1_000.into()), (coinbase(111), 100.into())].into();
        let mut splits = BTreeMap::from([(coinbase(110), split(8_001, 700)), (coinbase(111), split(8_002, 1_000))]);
        let rewards = provider_rewards(&snapshot, &splits).unwrap();
        let expected = ProviderRewards { pending: 80.into(), former_recipients: 1 };
        assert_eq!(rewards, BTreeMap::from([(provider_id(1), expected)]));
        // Named twice, a coinbase is counted once.
        snapshot.delegations.push(delegation(3, 10, coinbase(110)));
        assert_eq!(provider_rewards(&snapshot, &splits).unwrap()[&provider_id(1)], expected);
        let amount = snapshot.pending_rewards.remove(&coinbase(111)).unwrap();
        assert_eq!(provider_rewards(&snapshot, &splits), None, "an amount that was not read is not zero");
        snapshot.pending_rewards.insert(coinbase(111), amount);
        splits.remove(&coinbase(111));
        assert_eq!(provider_rewards(&snapshot, &splits), None, "what is not known is not counted as nothing");
    }
}
