//! The fixed list of what may be called where: nothing else is ever given to anybody to sign.
//!
//! A call is held against it when a plan is made. A plan never changes, and nothing else is written down, signed or proposed.

use std::collections::BTreeSet;

use ethers_core::abi::AbiDecode;
use ethers_core::types::{Address, U256};
use thiserror::Error;

use super::call::Call;
use crate::contracts::bindings::{erc20, rollup, staking_registry};

/// Where the contracts are that calls may go to, as configuration and chain have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The L1's chain id.
    pub chain_id: u64,
    /// The registry of staking providers.
    pub staking_registry: Address,
    /// The canonical rollup.
    pub rollup: Address,
    /// The token that the rollup stakes.
    pub staking_asset: Address,
    /// Who may be sent ether: publishers of key files, and nobody else.
    pub funded: BTreeSet<Address>,
}

/// What a call that is on the list does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// It registers a provider.
    RegisterProvider,
    /// It puts keys into a provider's queue.
    AddKeys,
    /// It takes keys out of a provider's queue.
    Drip,
    /// It names who may become admin.
    NameAdmin,
    /// The one who was named becomes admin.
    AcceptAdmin,
    /// It sets who receives a provider's share.
    SetRecipient,
    /// It sets a provider's share.
    SetTakeRate,
    /// It lets the rollup take a stake.
    Approve,
    /// It deposits a stake.
    Deposit,
    /// It sends ether to a publisher.
    Fund,
}

/// A call that is not on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotPermitted {
    /// No such function may be called there.
    #[error("a call of {to:?} that is not on the list of what may be called")]
    Unlisted {
        /// Where it goes.
        to: Address,
    },
    /// A call of a contract carries ether, or one of an account none.
    #[error("a call of {to:?} with the value {value}")]
    Value {
        /// Where it goes.
        to: Address,
        /// In wei.
        value: U256,
    },
    /// Its arguments are not those of the function, or more than those.
    #[error("a call of {to:?} whose arguments are not those of its function")]
    Arguments {
        /// Where it goes.
        to: Address,
    },
}

/// A selector and what its function does.
type Entry = (fn(&[u8]) -> Option<Vec<u8>>, Purpose);

/// Encodes again what was decoded as this function's call.
fn again<C: AbiDecode + ethers_core::abi::AbiEncode>(data: &[u8]) -> Option<Vec<u8>> {
    C::decode(data).ok().map(ethers_core::abi::AbiEncode::encode)
}

const REGISTRY: [([u8; 4], Entry); 7] = [
    ([0xea, 0x4a, 0x1e, 0x03], (again::<staking_registry::RegisterProviderCall>, Purpose::RegisterProvider)),
    ([0xe2, 0x53, 0x0f, 0xd1], (again::<staking_registry::AddKeysToProviderCall>, Purpose::AddKeys)),
    ([0x26, 0xf7, 0x42, 0x4f], (again::<staking_registry::DripProviderQueueCall>, Purpose::Drip)),
    ([0xae, 0x99, 0x6d, 0xc5], (again::<staking_registry::UpdateProviderAdminCall>, Purpose::NameAdmin)),
    ([0x22, 0xb2, 0xb6, 0x2d], (again::<staking_registry::AcceptProviderAdminCall>, Purpose::AcceptAdmin)),
    ([0x48, 0x92, 0x2b, 0x95], (again::<staking_registry::UpdateProviderRewardsRecipientCall>, Purpose::SetRecipient)),
    ([0xce, 0xa0, 0x0f, 0xa5], (again::<staking_registry::UpdateProviderTakeRateCall>, Purpose::SetTakeRate)),
];
const ROLLUP: [([u8; 4], Entry); 1] = [([0x69, 0x02, 0xc6, 0x7b], (again::<rollup::DepositCall>, Purpose::Deposit))];
const ASSET: [([u8; 4], Entry); 1] = [([0x09, 0x5e, 0xa7, 0xb3], (again::<erc20::ApproveCall>, Purpose::Approve))];

/// What a call does, when it is on the list.
///
/// # Errors
/// See [`NotPermitted`].
pub fn purpose_of(call: &Call, places: &Places) -> Result<Purpose, NotPermitted> {
    let to = call.to;
    let list: &[([u8; 4], Entry)] = if to == places.staking_registry {
        &REGISTRY
    } else if to == places.rollup {
        &ROLLUP
    } else if to == places.staking_asset {
        &ASSET
    } else {
        return funding(call, places);
    };
    let value = call.value;
    if !value.is_zero() {
        return Err(NotPermitted::Value { to, value });
    }
    let listed = call.data.first_chunk().and_then(|selector: &[u8; 4]| list.iter().find(|(one, _)| one == selector));
    let Some((_, (encoded_again, purpose))) = listed else { return Err(NotPermitted::Unlisted { to }) };
    if encoded_again(&call.data).is_none_or(|again| again != call.data.as_ref()) {
        return Err(NotPermitted::Arguments { to });
    }
    if *purpose == Purpose::Approve {
        // Whoever else may take the stake could do so.
        let spender = erc20::ApproveCall::decode(&call.data).map(|approve| approve.spender);
        if spender.ok() != Some(places.rollup) {
            return Err(NotPermitted::Unlisted { to });
        }
    }
    Ok(*purpose)
}

fn funding(call: &Call, places: &Places) -> Result<Purpose, NotPermitted> {
    let (to, value) = (call.to, call.value);
    if !places.funded.contains(&to) || !call.data.is_empty() {
        return Err(NotPermitted::Unlisted { to });
    }
    if value.is_zero() { Err(NotPermitted::Value { to, value }) } else { Ok(Purpose::Fund) }
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::AbiEncode as _;

    use super::*;
    use crate::domain::samples::address;

    fn places() -> Places {
        Places {
            chain_id: 31_337,
            staking_registry: address(1),
            rollup: address(2),
            staking_asset: address(3),
            funded: BTreeSet::from([address(4)]),
        }
    }

    fn call(to: u64, value: u64, data: Vec<u8>) -> Call {
        Call { to: address(to), value: value.into(), data: data.into() }
    }

    fn take_rate() -> Vec<u8> {
        let (provider_identifier, new_take_rate) = (1.into(), 7);
        staking_registry::UpdateProviderTakeRateCall { provider_identifier, new_take_rate }.encode()
    }

    fn approve(spender: u64) -> Vec<u8> {
        erc20::ApproveCall { spender: address(spender), value: 9.into() }.encode()
    }

    #[test]
    fn what_is_listed_has_its_purpose() {
        let purpose = |call| purpose_of(&call, &places());
        assert_eq!(purpose(call(1, 0, take_rate())), Ok(Purpose::SetTakeRate));
        assert_eq!(purpose(call(3, 0, approve(2))), Ok(Purpose::Approve));
        assert_eq!(purpose(call(4, 5, Vec::new())), Ok(Purpose::Fund));
    }

    #[test]
    fn nothing_beside_the_list_may_be_called() {
        let stake = [vec![0x6f, 0xde, 0x93, 0x15], vec![0; 192]].concat();
        for refused in [
            call(1, 0, stake),
            call(1, 0, vec![0xce, 0xa0]),
            call(1, 0, Vec::new()),
            call(2, 0, take_rate()),
            call(3, 0, take_rate()),
            // Somebody else would be allowed to take the stake.
            call(3, 0, approve(9)),
            call(4, 5, vec![1]),
            call(5, 5, Vec::new()),
        ] {
            let to = refused.to;
            assert_eq!(purpose_of(&refused, &places()), Err(NotPermitted::Unlisted { to }), "{refused:?}");
        }
    }

    #[test]
    fn only_who_is_funded_gets_ether() {
        for (to, value, data) in [(1, 1, take_rate()), (3, 1, approve(2)), (4, 0, Vec::new())] {
            let refused = purpose_of(&call(to, value, data), &places());
            assert!(matches!(refused, Err(NotPermitted::Value { .. })), "{to}: {refused:?}");
        }
    }

    #[test]
    fn arguments_that_are_cut_or_followed_by_more_are_refused() {
        let whole = take_rate();
        let cut = whole[..whole.len() - 1].to_vec();
        let longer = [whole, vec![0]].concat();
        for data in [cut, longer] {
            let refused = purpose_of(&call(1, 0, data), &places());
            assert!(matches!(refused, Err(NotPermitted::Arguments { .. })), "{refused:?}");
        }
    }

    #[test]
    fn the_selectors_are_those_of_the_contracts() {
        let selector = |abi: &ethers_core::abi::Abi, name: &str| abi.function(name).unwrap().short_signature();
        let registry = &staking_registry::STAKINGREGISTRY_ABI;
        let names = [
            "registerProvider",
            "addKeysToProvider",
            "dripProviderQueue",
            "updateProviderAdmin",
            "acceptProviderAdmin",
            "updateProviderRewardsRecipient",
            "updateProviderTakeRate",
        ];
        assert_eq!(REGISTRY.map(|(listed, _)| listed), names.map(|name| selector(registry, name)));
        assert_eq!(ROLLUP[0].0, selector(&rollup::ROLLUP_ABI, "deposit"));
        assert_eq!(ASSET[0].0, selector(&erc20::ERC20_ABI, "approve"));
    }
}
