//! What a Safe is asked about itself, and its answers.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::transaction::SafeTransaction;
use super::version::{SafeVersion, UnknownVersion};
use crate::contracts::bindings::safe;
use crate::contracts::call::{Call, DecodeError, decode_return};
use crate::contracts::decode::small;

/// The most owners that a Safe is believed to have.
pub const MOST_OWNERS: usize = 1_000;

/// A Safe as the chain has it at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeState {
    /// Its version; an unknown one is told and not guessed.
    pub version: Result<SafeVersion, UnknownVersion>,
    /// Whose signatures count.
    pub owners: BTreeSet<Address>,
    /// How many of them a transaction needs.
    pub threshold: u64,
    /// The number of the next transaction: smaller ones are used.
    pub nonce: u64,
}

/// The calls whose answers [`state_of_answers`] reads, in its order.
#[must_use]
pub fn safe_questions(address: Address) -> [Call; 4] {
    [
        Call::new(address, safe::VersionCall {}),
        Call::new(address, safe::GetOwnersCall {}),
        Call::new(address, safe::GetThresholdCall {}),
        Call::new(address, safe::NonceCall {}),
    ]
}

/// What the Safe itself says to be the hash of a transaction.
#[must_use]
pub fn transaction_question(address: Address, transaction: &SafeTransaction) -> Call {
    let refund = &transaction.refund;
    Call::new(
        address,
        safe::GetTransactionHashCall {
            to: transaction.to,
            value: transaction.value,
            data: transaction.data.clone(),
            operation: transaction.operation.code(),
            safe_tx_gas: refund.safe_tx_gas,
            base_gas: refund.base_gas,
            gas_price: refund.gas_price,
            gas_token: refund.gas_token,
            refund_receiver: refund.receiver,
            nonce: transaction.nonce.into(),
        },
    )
}

/// Reads the answers to [`safe_questions`].
///
/// # Errors
/// `Empty` where no contract is, `Nonsense` for owners, a threshold or a nonce that no Safe has.
pub fn state_of_answers(answers: [&[u8]; 4]) -> Result<SafeState, DecodeError> {
    let [version, owners, threshold, nonce] = answers;
    let version: String = decode_return("VERSION", version)?;
    let listed: Vec<Address> = decode_return("getOwners", owners)?;
    let threshold = small("getThreshold", decode_return("getThreshold", threshold)?)?;
    let nonce = small("nonce", decode_return("nonce", nonce)?)?;
    let owners: BTreeSet<Address> = listed.iter().copied().collect();
    let count = u64::try_from(owners.len()).unwrap_or(u64::MAX);
    if owners.len() != listed.len() || owners.len() > MOST_OWNERS || owners.contains(&Address::zero()) {
        return Err(DecodeError::nonsense("getOwners", "owners that no Safe has"));
    }
    if threshold == 0 || threshold > count {
        return Err(DecodeError::nonsense("getThreshold", format!("{threshold} of {count} owners")));
    }
    Ok(SafeState { version: version.parse(), owners, threshold, nonce })
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::AbiEncode as _;
    use ethers_core::types::U256;

    use super::*;

    fn state(version: &str, owners: &[u8], threshold: u64, nonce: U256) -> Result<SafeState, DecodeError> {
        let owners: Vec<Address> = owners.iter().map(|byte| Address::repeat_byte(*byte)).collect();
        let (version, owners) = ((version.to_owned(),).encode(), (owners,).encode());
        state_of_answers([&version, &owners, &U256::from(threshold).encode(), &nonce.encode()])
    }

    #[test]
    fn a_safe_tells_of_itself() {
        let told = state("1.4.1", &[1, 2, 3], 2, 7.into()).unwrap();
        assert_eq!((told.version, told.threshold, told.nonce), (Ok(SafeVersion::V1_4_1), 2, 7));
        assert_eq!(told.owners.len(), 3);
        assert!(state("1.0.0", &[1], 1, 0.into()).unwrap().version.is_err(), "known, and not understood");
    }

    #[test]
    fn what_no_safe_says_is_refused() {
        for (owners, threshold, nonce) in [
            (&[][..], 0, U256::zero()),
            (&[1], 0, U256::zero()),
            (&[1, 2], 3, U256::zero()),
            (&[1, 1], 1, U256::zero()),
            (&[0, 1], 1, U256::zero()),
            (&[1], 1, U256::MAX),
        ] {
            assert!(state("1.3.0", owners, threshold, nonce).is_err(), "{owners:?} {threshold} {nonce}");
        }
        assert!(matches!(state_of_answers([&[], &[], &[], &[]]), Err(DecodeError::Empty { .. })));
    }
}
