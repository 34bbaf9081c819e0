//! Whether what is planned waits for signatures already: proposed from here, in another batch, or by a person.

use std::collections::BTreeSet;

use ethers_core::abi::AbiDecode as _;
use ethers_core::types::Address;

use super::contents::Contents;
use super::origin::is_of_effect;
use crate::contracts::bindings::staking_registry;
use crate::domain::action::EffectKey;
use crate::transaction::Call;

/// How much of what is planned a transaction does, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repeated {
    /// Some of its calls: to propose the rest alone is for a person to decide.
    Partly,
    /// All of its calls, or it says to be for the same effect.
    Wholly,
}

/// Whether a transaction with these contents, and this origin where it has one, does what is planned under `key`; `None` where it does nothing of it.
///
/// A call is the same with anything behind its arguments, which contracts ignore. Ether for an account is the same effect in any amount. Calls that
/// add some of the same keys to a queue, or take any out of the same one, do a part of each other: done twice, they would burn stakes.
#[must_use]
pub fn repeated(key: &EffectKey, planned: &[Call], contents: &Contents, origin: Option<&str>) -> Option<Repeated> {
    if origin.is_some_and(|origin| is_of_effect(origin, key)) {
        return Some(Repeated::Wholly);
    }
    let is_done = |call: &&Call| contents.calls.iter().any(|other| is_same(call, other));
    let is_mixed = || planned.iter().any(|call| contents.calls.iter().any(|other| overlaps(call, other)));
    match planned.iter().filter(is_done).count() {
        0 if is_mixed() => Some(Repeated::Partly),
        0 => None,
        done if done == planned.len() => Some(Repeated::Wholly),
        _ => Some(Repeated::Partly),
    }
}

/// Whether two calls of one contract, neither the same, change the same place of a queue.
fn overlaps(planned: &Call, other: &Call) -> bool {
    use staking_registry::{AddKeysToProviderCall as Add, DripProviderQueueCall as Drip};
    if planned.to != other.to {
        return false;
    }
    if let (Ok(one), Ok(two)) = (Add::decode(&planned.data), Add::decode(&other.data)) {
        // Whichever queues they go to: a key that stands in two is let in once.
        let attesters: BTreeSet<Address> = one.key_stores.iter().map(|key| key.attester).collect();
        return two.key_stores.iter().any(|key| attesters.contains(&key.attester));
    }
    match (Drip::decode(&planned.data), Drip::decode(&other.data)) {
        (Ok(one), Ok(two)) => one.provider_identifier == two.provider_identifier,
        (_, _) => false,
    }
}

fn is_same(planned: &Call, other: &Call) -> bool {
    if planned.to != other.to {
        return false;
    }
    if planned.data.is_empty() {
        return other.data.is_empty() && !planned.value.is_zero() && !other.value.is_zero();
    }
    planned.value == other.value && other.data.starts_with(&planned.data)
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::AbiEncode as _;
    use staking_registry::{AddKeysToProviderCall, DripProviderQueueCall, KeyStore};

    use super::*;
    use crate::transaction::safe::origin_of_effect;

    fn call(to: u8, value: u64, data: &[u8]) -> Call {
        Call { to: Address::repeat_byte(to), value: value.into(), data: data.to_vec().into() }
    }

    fn contents(calls: &[Call]) -> Contents {
        Contents { calls: calls.to_vec(), danger: None }
    }

    #[test]
    fn the_same_effect_is_found_in_any_order_and_beside_others() {
        let key = "k".parse().unwrap();
        let (one, two, other) = (call(1, 0, &[1, 2, 3, 4]), call(2, 0, &[5, 6, 7, 8]), call(3, 0, &[9]));
        let planned = [one.clone(), two.clone()];
        let judge = |calls: &[Call]| repeated(&key, &planned, &contents(calls), None);
        assert_eq!(judge(&[two.clone(), other.clone(), one.clone()]), Some(Repeated::Wholly));
        assert_eq!(judge(&[other.clone(), two]), Some(Repeated::Partly));
        assert_eq!(judge(&[other]), None);
        assert_eq!(judge(&[]), None);
        assert_eq!(judge(&[call(1, 0, &[1, 2, 3, 4, 0, 0])]), Some(Repeated::Partly), "something behind it");
        assert_eq!(judge(&[call(1, 1, &[1, 2, 3, 4]), call(4, 0, &[1, 2, 3, 4])]), None, "with ether, to another");
    }

    #[test]
    fn ether_for_an_account_is_one_effect_in_any_amount() {
        let key = "k".parse().unwrap();
        let planned = [call(1, 5, &[])];
        let judge = |call| repeated(&key, &planned, &contents(&[call]), None);
        assert_eq!(judge(call(1, 7, &[])), Some(Repeated::Wholly));
        assert_eq!(judge(call(1, 0, &[])), None);
        assert_eq!(judge(call(2, 5, &[])), None);
    }

    #[test]
    fn keys_that_wait_to_be_added_are_not_added_beside_others() {
        let key = "k".parse().unwrap();
        let add = |provider: u64, attesters: &[u8]| {
            let of = |byte: &u8| KeyStore { attester: Address::repeat_byte(*byte), ..KeyStore::default() };
            let key_stores = attesters.iter().map(of).collect();
            call(1, 0, &AddKeysToProviderCall { provider_identifier: provider.into(), key_stores }.encode())
        };
        let drip = |provider: u64, keys: u64| {
            let (provider_identifier, number_of_keys_to_drip) = (provider.into(), keys.into());
            call(1, 0, &DripProviderQueueCall { provider_identifier, number_of_keys_to_drip }.encode())
        };
        let judge = |planned: Call, other: Call| repeated(&key, &[planned], &contents(&[other]), None);
        assert_eq!(judge(add(1, &[2, 3]), add(1, &[1, 2, 3])), Some(Repeated::Partly), "the first was added by hand");
        assert_eq!(judge(add(1, &[3, 4]), add(2, &[1, 2, 3])), Some(Repeated::Partly), "to another queue");
        assert_eq!(judge(add(1, &[4]), add(1, &[1, 2, 3])), None);
        assert_eq!(judge(add(1, &[1]), add(1, &[1])), Some(Repeated::Wholly));
        assert_eq!(judge(drip(1, 2), drip(1, 1)), Some(Repeated::Partly));
        assert_eq!(judge(drip(1, 2), drip(2, 1)), None);
        assert_eq!(judge(drip(1, 2), add(1, &[1])), None);
    }

    #[test]
    fn what_says_to_be_for_it_is_for_it() {
        let key: EffectKey = "k".parse().unwrap();
        let origin = origin_of_effect(&key);
        let judge = |origin: Option<&str>| repeated(&key, &[call(1, 0, &[1])], &contents(&[]), origin);
        assert_eq!(judge(Some(&origin)), Some(Repeated::Wholly));
        assert_eq!(judge(Some(&origin_of_effect(&"l".parse().unwrap()))), None);
        assert_eq!(judge(Some("butler")), None);
    }
}
