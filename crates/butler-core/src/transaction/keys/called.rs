//! The keys that a call registers, out of its bytes, and whether they prove themselves. Pure: a machine without network looks at them so, too.

use ethers_core::abi::AbiDecode as _;
use ethers_core::types::Address;

use super::judge::registration;
use crate::contracts::bindings::rollup;
use crate::contracts::bindings::staking_registry::{AddKeysToProviderCall, G1Point, G2Point, KeyStore};
use crate::contracts::bn254::{Registration, are_proven};
use crate::transaction::call::Call;
use crate::transaction::permitted::Purpose;

/// The keys that a call of this purpose registers, in its order; none for one of another purpose.
#[must_use]
pub fn called_keys(call: &Call, purpose: Purpose) -> Vec<KeyStore> {
    match purpose {
        Purpose::AddKeys => AddKeysToProviderCall::decode(&call.data).map(|call| call.key_stores).unwrap_or_default(),
        Purpose::Deposit => rollup::DepositCall::decode(&call.data).map(key_of).into_iter().collect(),
        Purpose::RegisterProvider
        | Purpose::Drip
        | Purpose::NameAdmin
        | Purpose::AcceptAdmin
        | Purpose::SetRecipient
        | Purpose::SetTakeRate
        | Purpose::Approve
        | Purpose::Fund => Vec::new(),
    }
}

/// Of which attesters the proof of possession is wrong. Uses every core.
#[must_use]
pub fn unproven(keys: &[KeyStore]) -> Vec<Address> {
    let registrations: Vec<Registration> = keys.iter().map(registration).collect();
    let judged = keys.iter().zip(are_proven(&registrations));
    judged.filter(|(_, is_proven)| !is_proven).map(|(key, _)| key.attester).collect()
}

fn key_of(call: rollup::DepositCall) -> KeyStore {
    let (key, twin, proof) = (call.public_key_in_g1, call.public_key_in_g2, call.proof_of_possession);
    KeyStore {
        attester: call.attester,
        public_key_g1: G1Point { x: key.x, y: key.y },
        public_key_g2: G2Point { x_0: twin.x_0, x_1: twin.x_1, y_0: twin.y_0, y_1: twin.y_1 },
        proof_of_possession: G1Point { x: proof.x, y: proof.y },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::samples::{address, provider_id};
    use crate::transaction::change::Change;
    use crate::transaction::permitted::{Places, purpose_of};

    fn key(attester: u64) -> KeyStore {
        let point = |number: u64| G1Point { x: number.into(), y: (number + 1).into() };
        let twin = G2Point { x_0: 5.into(), x_1: 6.into(), y_0: 7.into(), y_1: 8.into() };
        let (public_key_g1, proof_of_possession) = (point(attester), point(attester + 2));
        KeyStore { attester: address(attester), public_key_g1, public_key_g2: twin, proof_of_possession }
    }

    #[test]
    fn every_key_of_a_call_is_found_in_its_bytes() {
        let places = Places {
            chain_id: 1,
            staking_registry: address(1),
            rollup: address(2),
            staking_asset: address(3),
            funded: BTreeSet::new(),
        };
        let keys: Vec<KeyStore> = (10..13).map(key).collect();
        let (provider, withdrawer, stake) = (provider_id(1), address(9), 5.into());
        for change in [
            Change::AddKeys { provider, keys: keys.clone() },
            Change::Deposit { withdrawer, keys: keys.clone(), stake, approve: Some(stake), follows: true },
        ] {
            let calls = change.steps(&places).into_iter().map(|step| step.call);
            let found = calls.flat_map(|call| called_keys(&call, purpose_of(&call, &places).unwrap()));
            assert_eq!(found.collect::<Vec<_>>(), keys);
        }
    }

    #[test]
    fn a_key_that_proves_nothing_is_named() {
        assert_eq!(unproven(&[key(10), key(11)]), [address(10), address(11)]);
        assert_eq!(unproven(&[]), []);
    }
}
