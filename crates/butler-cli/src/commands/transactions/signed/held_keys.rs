//! The keys of a signed file, held once more against the chain: an entry queue takes a second registration and gives it back much later, and the
//! registry refuses no key that is burnt.

use std::collections::BTreeMap;

use butler_core::contracts::bindings::staking_registry::{AddKeysToProviderCall, KeyStore};
use butler_core::domain::ids::ProviderId;
use butler_core::text::address::checksummed;
use butler_core::transaction::keys::{Judged, called_keys};
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::Checked;
use ethers_core::abi::AbiDecode as _;

use crate::commands::transactions::judged::judged;
use crate::error::{CliError, SignedFault};
use crate::gather::Gathered;

/// Holds the keys of these transactions against the chain as it is now, by the rule of `provider add-keys`.
///
/// # Errors
/// `Keys` where any cannot be used, `SoAlready` where any is registered.
pub(super) async fn check_keys<T>(gathered: &Gathered, checked: &[Checked<T>]) -> Result<(), CliError> {
    let mut by_queue = BTreeMap::<Option<ProviderId>, Vec<KeyStore>>::new();
    for one in checked {
        let call = &one.draft.call;
        let keys = called_keys(call, one.purpose);
        if !keys.is_empty() {
            let queue = AddKeysToProviderCall::decode(&call.data).ok();
            let provider = queue.and_then(|call| call.provider_identifier.try_into().ok());
            by_queue.entry(provider).or_default().extend(keys);
        }
    }
    for (provider, keys) in by_queue {
        all_good(&judged(gathered, provider, &keys).await?)?;
    }
    Ok(())
}

/// What is signed cannot leave one out: all of them must be good.
fn all_good(judged: &Judged) -> Result<(), CliError> {
    if !judged.bad.is_empty() {
        return Err(Refusal::Keys(judged.bad.iter().map(ToString::to_string).collect()).into());
    }
    let there = judged.queued.iter().map(|(_, attester)| attester).chain(&judged.delegated).next();
    match there {
        Some(attester) => {
            Err(SignedFault::SoAlready(format!("{} is registered already", checksummed(attester))).into())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use butler_core::transaction::keys::{BadKey, Fault};
    use ethers_core::types::Address;

    use super::*;

    #[test]
    fn one_key_that_is_not_good_any_more_stops_all_of_what_was_signed() {
        let attester = Address::repeat_byte(7);
        let good = Judged { good: vec![KeyStore { attester, ..KeyStore::default() }], ..Judged::default() };
        assert!(all_good(&good).is_ok());
        let bad = BadKey { place: 1, attester, faults: vec![Fault::ProofWrong] };
        let bad = all_good(&Judged { bad: vec![bad], ..good.clone() });
        assert!(matches!(bad, Err(CliError::Refused(Refusal::Keys(keys))) if keys.len() == 1));
        for there in
            [Judged { queued: vec![(3, attester)], ..good.clone() }, Judged { delegated: vec![attester], ..good }]
        {
            assert!(matches!(all_good(&there), Err(CliError::Signed(SignedFault::SoAlready(_)))));
        }
    }
}
