//! What a contract refuses with, in words.

use ethers_core::abi::{Abi, ErrorExt as _, Token, decode};
use ethers_core::types::{Address, U256};
use ethers_core::utils::hex;

use crate::contracts::bindings::{erc20, rollup, staking_registry};
use crate::text::address::checksummed;

/// What a revert says: `words` where the contract gave any, its own errors by name and meaning, else the selector alone.
#[must_use]
pub fn told(data: &[u8], words: Option<&str>) -> String {
    if let Some(words) = words {
        return format!("the contract says `{words}`");
    }
    let Some((selector, arguments)) = data.split_first_chunk::<4>() else {
        return "the contract does not say why".to_owned();
    };
    let abis: [&Abi; 3] = [&staking_registry::STAKINGREGISTRY_ABI, &rollup::ROLLUP_ABI, &erc20::ERC20_ABI];
    let known = abis.iter().flat_map(|abi| abi.errors()).find(|error| error.selector()[..] == selector[..]);
    let Some(error) = known else {
        return format!("the contract refuses with 0x{}, which is not known here", hex::encode(selector));
    };
    let types: Vec<_> = error.inputs.iter().map(|input| input.kind.clone()).collect();
    // All of them have static types, so what is decoded is no longer than what came.
    let values: Vec<String> = decode(&types, arguments).unwrap_or_default().iter().map(shown).collect();
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    format!("{}{values}", meaning(&error.name))
}

/// What each error of these contracts means.
fn meaning(name: &str) -> &str {
    match name {
        "StakingRegistry__ZeroAddress" => "an address is zero",
        "StakingRegistry__InvalidProviderIdentifier" => "there is no such provider",
        "StakingRegistry__NotProviderAdmin" => "the sender is not the provider's admin",
        "StakingRegistry__UpdatedProviderAdminToSameAddress" => "that is the admin already",
        "StakingRegistry__UpdatedProviderTakeRateToSameValue" => "that is the take rate already",
        "StakingRegistry__NotPendingProviderAdmin" => "the sender is not named as the next admin",
        "StakingRegistry__InvalidTakeRate" => "the take rate is more than all",
        "StakingRegistry__UnexpectedTakeRate" => "the take rate is not the one that was expected",
        "QueueIsEmpty" => "the queue has no such many keys",
        "QueueIndexOutOfBounds" => "the queue has no such place",
        "Staking__AlreadyQueued" => "the attester waits in the entry queue already",
        "Staking__AlreadyActive" => "the attester validates already",
        "Staking__AlreadyExiting" => "the attester is exiting",
        "Staking__AlreadyRegistered" => "the attester is registered already",
        "Staking__InvalidDeposit" => "the attester or the withdrawer is zero",
        "ERC20InsufficientBalance" => "there are not enough tokens",
        "ERC20InsufficientAllowance" => "the rollup is not allowed to take so many tokens",
        other => other,
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Address(address) => checksummed(&Address::from(address.0)).to_string(),
        Token::Uint(number) => U256(number.0).to_string(),
        Token::Int(_)
        | Token::Bool(_)
        | Token::FixedBytes(_)
        | Token::Bytes(_)
        | Token::String(_)
        | Token::FixedArray(_)
        | Token::Array(_)
        | Token::Tuple(_) => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::encode;
    use ethers_core::utils::id;

    use super::*;

    #[test]
    fn an_error_of_the_contracts_is_told_by_its_meaning_with_what_it_names() {
        let rate =
            [&id("StakingRegistry__InvalidTakeRate(uint256)")[..], &encode(&[Token::Uint(10_001.into())])].concat();
        assert_eq!(told(&rate, None), "the take rate is more than all (10001)");
        let admin = id("StakingRegistry__NotProviderAdmin()");
        assert_eq!(told(&admin, None), "the sender is not the provider's admin");
    }

    #[test]
    fn every_error_of_the_registry_has_a_meaning() {
        let abis = [&*staking_registry::STAKINGREGISTRY_ABI, &*erc20::ERC20_ABI];
        for error in abis.iter().flat_map(|abi| abi.errors()) {
            assert_ne!(meaning(&error.name), error.name);
        }
    }

    #[test]
    fn what_is_not_known_is_told_by_its_selector_and_nothing_more() {
        let long = [vec![0xde, 0xad, 0xbe, 0xef], vec![0x61; 64]].concat();
        assert_eq!(told(&long, None), "the contract refuses with 0xdeadbeef, which is not known here");
        assert_eq!(told(&[], None), "the contract does not say why");
        assert_eq!(told(&[], Some("not today")), "the contract says `not today`");
    }
}
