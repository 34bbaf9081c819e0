//! Calls as one transaction of a Safe, and back: what a transaction would do, and what is dangerous about it.

use ethers_core::types::{Address, U256};
use thiserror::Error;

use super::multi_send::{NoBatch, decode_multi_send, encode_multi_send};
use crate::contracts::safe::{GasRefund, Operation, SafeTransaction, SafeVersion};
use crate::text::address::checksummed;
use crate::transaction::Call;

/// No call to make a transaction of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is nothing to do for the Safe")]
pub struct NothingToDo;

/// What a transaction of a Safe would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The calls that it would make, in their order; none where that cannot be told.
    pub calls: Vec<Call>,
    /// What must be told before anybody signs. Nothing that is proposed here has any.
    pub danger: Option<Danger>,
}

/// Why a transaction of a Safe is more than calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Danger {
    /// Another contract's code is run as the Safe's own, and that is not the version's `MultiSendCallOnly`.
    #[error("a delegate call to {}, which can do anything to the Safe", checksummed(.0))]
    DelegateCall(Address),
    /// It goes to `MultiSendCallOnly`, and what it carries is no batch of calls.
    #[error("{0}")]
    Batch(NoBatch),
    /// Whoever executes it is paid by the Safe.
    #[error("the Safe would pay whoever executes it")]
    Refund,
}

/// The transaction of these calls: one as it is, several by way of the version's `MultiSendCallOnly`. It pays nobody for its gas.
///
/// # Errors
/// Without a call.
pub fn calls_transaction(calls: &[Call], version: SafeVersion, nonce: u64) -> Result<SafeTransaction, NothingToDo> {
    let refund = GasRefund::default();
    match calls {
        [] => Err(NothingToDo),
        [Call { to, value, data }] => Ok(SafeTransaction {
            to: *to,
            value: *value,
            data: data.clone(),
            operation: Operation::Call,
            refund,
            nonce,
        }),
        _ => Ok(SafeTransaction {
            to: version.usual_call_only(),
            value: U256::zero(),
            data: encode_multi_send(calls),
            operation: Operation::DelegateCall,
            refund,
            nonce,
        }),
    }
}

/// What a transaction of a Safe of that version would do, whoever proposed it.
#[must_use]
pub fn contents_of(transaction: &SafeTransaction, version: SafeVersion) -> Contents {
    let refund = (!transaction.refund.gas_price.is_zero()).then_some(Danger::Refund);
    if transaction.operation == Operation::Call {
        let SafeTransaction { to, value, data, .. } = transaction;
        return Contents { calls: vec![Call { to: *to, value: *value, data: data.clone() }], danger: refund };
    }
    let is_call_only = version.call_only().contains(&transaction.to);
    // A batch by way of another contract is read as well: what it would do may be what is planned here.
    match decode_multi_send(&transaction.data) {
        Ok(calls) if is_call_only => Contents { calls, danger: refund },
        Ok(calls) => Contents { calls, danger: Some(Danger::DelegateCall(transaction.to)) },
        Err(problem) if is_call_only => Contents { calls: Vec::new(), danger: Some(Danger::Batch(problem)) },
        Err(_) => Contents { calls: Vec::new(), danger: Some(Danger::DelegateCall(transaction.to)) },
    }
}

/// Whether a transaction only uses up its nonce, which is how owners reject another one of that nonce: a call of nothing to the Safe itself.
#[must_use]
pub fn is_rejection(transaction: &SafeTransaction, safe: Address) -> bool {
    transaction.to == safe
        && transaction.value.is_zero()
        && transaction.data.is_empty()
        && transaction.operation == Operation::Call
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn call(byte: u8) -> Call {
        Call { to: Address::repeat_byte(byte), value: byte.into(), data: vec![byte; 36].into() }
    }

    #[test]
    fn calls_come_back_as_they_went_in() {
        for version in SafeVersion::VARIANTS {
            for calls in [vec![call(1)], vec![call(1), call(2)], vec![call(3); 50]] {
                let transaction = calls_transaction(&calls, *version, 7).unwrap();
                assert_eq!(transaction.refund, GasRefund::default());
                let is_batch = calls.len() > 1;
                assert_eq!(transaction.operation == Operation::DelegateCall, is_batch);
                assert_eq!(version.call_only().contains(&transaction.to), is_batch);
                assert_eq!(contents_of(&transaction, *version), Contents { calls, danger: None });
            }
            assert_eq!(calls_transaction(&[], *version, 7), Err(NothingToDo));
        }
    }

    #[test]
    fn the_batch_contract_of_another_version_is_a_stranger() {
        let calls = vec![call(1), call(2)];
        let mut transaction = calls_transaction(&calls, SafeVersion::V1_3_0, 7).unwrap();
        let danger = Some(Danger::DelegateCall(transaction.to));
        assert_eq!(contents_of(&transaction, SafeVersion::V1_5_0), Contents { calls, danger });
        transaction.data = vec![1, 2, 3].into();
        assert_eq!(contents_of(&transaction, SafeVersion::V1_5_0), Contents { calls: Vec::new(), danger });
        let danger = Some(Danger::Batch(NoBatch::Malformed));
        assert_eq!(contents_of(&transaction, SafeVersion::V1_3_0), Contents { calls: Vec::new(), danger });
    }

    #[test]
    fn whoever_is_paid_is_told() {
        let mut transaction = calls_transaction(&[call(1)], SafeVersion::V1_4_1, 7).unwrap();
        transaction.refund.gas_price = 1.into();
        assert_eq!(contents_of(&transaction, SafeVersion::V1_4_1).danger, Some(Danger::Refund));
    }

    #[test]
    fn a_rejection_is_a_call_of_nothing_to_oneself() {
        let safe = Address::repeat_byte(9);
        let nothing = Call { to: safe, value: U256::zero(), data: Default::default() };
        let rejection = calls_transaction(&[nothing], SafeVersion::V1_4_1, 7).unwrap();
        assert!(is_rejection(&rejection, safe));
        assert!(!is_rejection(&rejection, Address::repeat_byte(8)));
        assert!(!is_rejection(&SafeTransaction { value: 1.into(), ..rejection.clone() }, safe));
        assert!(!is_rejection(&SafeTransaction { operation: Operation::DelegateCall, ..rejection }, safe));
    }
}
