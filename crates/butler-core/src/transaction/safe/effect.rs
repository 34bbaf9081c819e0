//! Whether what is planned waits for signatures already: proposed from here, in another batch, or by a person.

use super::contents::Contents;
use super::origin::is_of_effect;
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
/// A call is the same with anything behind its arguments, which contracts ignore. Ether for an account is the same effect in any amount.
#[must_use]
pub fn repeated(key: &EffectKey, planned: &[Call], contents: &Contents, origin: Option<&str>) -> Option<Repeated> {
    if origin.is_some_and(|origin| is_of_effect(origin, key)) {
        return Some(Repeated::Wholly);
    }
    let is_done = |call: &&Call| contents.calls.iter().any(|other| is_same(call, other));
    match planned.iter().filter(is_done).count() {
        0 => None,
        done if done == planned.len() => Some(Repeated::Wholly),
        _ => Some(Repeated::Partly),
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
    use ethers_core::types::Address;

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
    fn what_says_to_be_for_it_is_for_it() {
        let key: EffectKey = "k".parse().unwrap();
        let origin = origin_of_effect(&key);
        let judge = |origin: Option<&str>| repeated(&key, &[call(1, 0, &[1])], &contents(&[]), origin);
        assert_eq!(judge(Some(&origin)), Some(Repeated::Wholly));
        assert_eq!(judge(Some(&origin_of_effect(&"l".parse().unwrap()))), None);
        assert_eq!(judge(Some("butler")), None);
    }
}
