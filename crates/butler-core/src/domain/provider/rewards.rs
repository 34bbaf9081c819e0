//! Whose rewards they are: a delegation's split gives a part to the provider and the rest to the delegator.
//!
//! Only splits that the chain confirms are counted. A provider with any other has no sum: what is not known is not nothing.

use std::collections::BTreeMap;

use ethers_core::types::U256;

use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::split::SplitCheck;
use crate::domain::snapshot::NetworkSnapshot;

/// What waits for one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderRewards {
    /// Its part of the rewards that wait for the coinbases of its delegations, in base units; `None` while one of them has a
    /// split that the chain does not confirm.
    pub pending: Option<U256>,
    /// Coinbases that pay the provider's part to somebody who is not its rewards recipient now.
    pub former_recipients: u64,
    /// Coinbases whose split the chain does not confirm.
    pub unconfirmed: u64,
}

impl Default for ProviderRewards {
    fn default() -> Self {
        Self { pending: Some(U256::zero()), former_recipients: 0, unconfirmed: 0 }
    }
}

/// What waits for each of our providers. `None` when an amount was not read, or a sum does not fit.
#[must_use]
pub fn provider_rewards(snapshot: &NetworkSnapshot) -> Option<BTreeMap<ProviderId, ProviderRewards>> {
    // An attester can be delegated again, and a coinbase counts once.
    let coinbases: BTreeMap<Coinbase, ProviderId> =
        snapshot.delegations.iter().map(|delegation| (delegation.coinbase, delegation.provider_id)).collect();
    let mut rewards: BTreeMap<ProviderId, ProviderRewards> =
        snapshot.providers.keys().map(|id| (*id, ProviderRewards::default())).collect();
    for (coinbase, id) in coinbases {
        let (Some(of_provider), Some(provider)) = (rewards.get_mut(&id), snapshot.providers.get(&id)) else { continue };
        let Some(split) = snapshot.splits.get(&coinbase).and_then(SplitCheck::confirmed) else {
            of_provider.unconfirmed = of_provider.unconfirmed.saturating_add(1);
            of_provider.pending = None;
            continue;
        };
        let amount = *snapshot.pending_rewards.get(&coinbase)?;
        let part = split.provider_part(amount)?;
        of_provider.pending = match of_provider.pending {
            Some(sum) => Some(sum.checked_add(part)?),
            None => None,
        };
        if split.provider_recipient != provider.rewards_recipient {
            of_provider.former_recipients = of_provider.former_recipients.saturating_add(1);
        }
    }
    Some(rewards)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::split::{SplitRecord, Unconfirmed};
    use crate::domain::samples::{address, coinbase, delegation, network, provider, provider_id};

    fn split(recipient: u64, provider_bps: u16) -> SplitCheck {
        let (provider_recipient, delegator_recipient) = (address(recipient), address(1));
        SplitCheck::Confirmed(SplitRecord { provider_recipient, delegator_recipient, provider_bps })
    }

    #[test]
    fn parts_add_up_by_provider_and_a_former_recipient_is_told() {
        let mut snapshot = network();
        snapshot.providers.insert(provider_id(1), provider(&[]));
        snapshot.delegations = vec![delegation(1, 10, coinbase(110)), delegation(2, 11, coinbase(111))];
        snapshot.pending_rewards = [(coinbase(110), 1_000.into()), (coinbase(111), 100.into())].into();
        snapshot.splits = [(coinbase(110), split(8_001, 700)), (coinbase(111), split(8_002, 1_000))].into();
        let rewards = provider_rewards(&snapshot).unwrap();
        let expected = ProviderRewards { pending: Some(80.into()), former_recipients: 1, unconfirmed: 0 };
        assert_eq!(rewards, BTreeMap::from([(provider_id(1), expected)]));
        // Named twice, a coinbase is counted once.
        snapshot.delegations.push(delegation(3, 10, coinbase(110)));
        assert_eq!(provider_rewards(&snapshot).unwrap()[&provider_id(1)], expected);
        let amount = snapshot.pending_rewards.remove(&coinbase(111)).unwrap();
        assert_eq!(provider_rewards(&snapshot), None, "an amount that was not read is not zero");
        snapshot.pending_rewards.insert(coinbase(111), amount);
        snapshot.splits.insert(coinbase(111), SplitCheck::Unconfirmed(Unconfirmed::OtherHash));
        let unconfirmed = ProviderRewards { pending: None, former_recipients: 0, unconfirmed: 1 };
        assert_eq!(provider_rewards(&snapshot).unwrap()[&provider_id(1)], unconfirmed, "nor is what is not confirmed");
    }
}
