//! A proposal that is signed and ready to be sent, as it is kept before its first byte leaves and sent byte for byte ever after.

use ethers_core::types::{Address, H256, RecoveryMessage, Signature, U256};
use ethers_core::utils::hex;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::contracts::safe::{GasRefund, Operation, SafeAccount, SafeTransaction, SafeVersion};
use crate::text::address::checksummed;

/// The most characters of an origin that the service keeps.
pub const ORIGIN_LIMIT: usize = 200;
/// The largest body: a batch of some fifty keys has 100 kB.
const BODY_LIMIT: usize = 4 << 20;

/// A proposal, ready to be sent as often as it takes. Sent twice it is still one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreparedProposal {
    /// The chain.
    pub chain_id: u64,
    /// The Safe.
    pub safe: Address,
    /// The version of which the Safe was when it was made.
    pub version: String,
    /// The nonce that it takes.
    pub nonce: u64,
    /// The hash that is signed.
    pub hash: H256,
    /// The delegate who signed.
    pub sender: Address,
    /// What is posted.
    pub body: String,
}

/// Why something cannot be proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotPrepared {
    /// It is a delegate call, and not to the version's `MultiSendCallOnly`.
    #[error("a delegate call to {} is never proposed", checksummed(.0))]
    DelegateCall(Address),
    /// The Safe would pay for its gas.
    #[error("a transaction that pays for its gas is never proposed")]
    Refund,
    /// The signature is not the proposer's.
    #[error("the signature is not that of {}", checksummed(.0))]
    Signature(Address),
    /// Its origin is too long.
    #[error("an origin of more than {ORIGIN_LIMIT} characters")]
    Origin,
    /// It is larger than anything that is proposed.
    #[error("a proposal of more than {BODY_LIMIT} bytes")]
    TooLarge,
    /// What was kept is not what was signed.
    #[error("the kept proposal was changed: it is not what was signed")]
    Changed,
}

/// The body, its fields in the order in which they are always written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    safe: String,
    to: String,
    value: String,
    data: Option<String>,
    operation: u8,
    gas_token: String,
    safe_tx_gas: String,
    base_gas: String,
    gas_price: String,
    refund_receiver: String,
    nonce: u64,
    contract_transaction_hash: String,
    sender: String,
    signature: String,
    origin: String,
}

impl PreparedProposal {
    /// Makes a proposal of what `sender` signed: r, s and v.
    ///
    /// # Errors
    /// See [`NotPrepared`].
    pub fn new(
        safe: &SafeAccount,
        version: SafeVersion,
        transaction: &SafeTransaction,
        (sender, signature): (Address, &[u8; 65]),
        origin: &str,
    ) -> Result<Self, NotPrepared> {
        if transaction.refund != GasRefund::default() {
            return Err(NotPrepared::Refund);
        }
        let hash = transaction.hash(safe);
        let text = |address: Address| checksummed(&address).to_string();
        let zero = || U256::zero().to_string();
        let body = Body {
            safe: text(safe.address),
            to: text(transaction.to),
            value: transaction.value.to_string(),
            data: (!transaction.data.is_empty()).then(|| format!("0x{}", hex::encode(&transaction.data))),
            operation: transaction.operation.code(),
            gas_token: text(Address::zero()),
            safe_tx_gas: zero(),
            base_gas: zero(),
            gas_price: zero(),
            refund_receiver: text(Address::zero()),
            nonce: transaction.nonce,
            contract_transaction_hash: format!("{hash:?}"),
            sender: text(sender),
            signature: format!("0x{}", hex::encode(signature)),
            origin: origin.to_owned(),
        };
        let body = serde_json::to_string(&body).map_err(|_| NotPrepared::Changed)?;
        let (version, nonce) = (version.to_string(), transaction.nonce);
        let proposal = Self { chain_id: safe.chain_id, safe: safe.address, version, nonce, hash, sender, body };
        proposal.verify()?;
        Ok(proposal)
    }

    /// The Safe that it is for.
    #[must_use]
    pub fn account(&self) -> SafeAccount {
        SafeAccount { chain_id: self.chain_id, address: self.safe }
    }

    /// Takes the body apart again, and sees that it is what was signed and nothing that is never proposed.
    ///
    /// # Errors
    /// See [`NotPrepared`].
    pub fn verify(&self) -> Result<(), NotPrepared> {
        if self.body.len() > BODY_LIMIT {
            return Err(NotPrepared::TooLarge);
        }
        let body: Body = serde_json::from_str(&self.body).map_err(|_| NotPrepared::Changed)?;
        let (transaction, signature) = body.read().ok_or(NotPrepared::Changed)?;
        if body.origin.chars().count() > ORIGIN_LIMIT {
            return Err(NotPrepared::Origin);
        }
        if transaction.refund != GasRefund::default() {
            return Err(NotPrepared::Refund);
        }
        let version: SafeVersion = self.version.parse().map_err(|_| NotPrepared::Changed)?;
        if transaction.operation == Operation::DelegateCall && !version.call_only().contains(&transaction.to) {
            return Err(NotPrepared::DelegateCall(transaction.to));
        }
        let hash = transaction.hash(&self.account());
        let told = [&body.contract_transaction_hash, &body.safe, &body.sender];
        let expected =
            [format!("{hash:?}"), checksummed(&self.safe).to_string(), checksummed(&self.sender).to_string()];
        if hash != self.hash || transaction.nonce != self.nonce || told.into_iter().ne(&expected) {
            return Err(NotPrepared::Changed);
        }
        let signer = signature.recover(RecoveryMessage::Hash(hash)).ok();
        if signer == Some(self.sender) { Ok(()) } else { Err(NotPrepared::Signature(self.sender)) }
    }
}

impl Body {
    fn read(&self) -> Option<(SafeTransaction, Signature)> {
        let address = |text: &str| text.parse::<Address>().ok();
        let number = |text: &str| U256::from_dec_str(text).ok();
        let data = match &self.data {
            None => Vec::new(),
            Some(text) => hex::decode(text.strip_prefix("0x")?).ok()?,
        };
        let transaction = SafeTransaction {
            to: address(&self.to)?,
            value: number(&self.value)?,
            data: data.into(),
            operation: Operation::from_code(self.operation.into())?,
            refund: GasRefund {
                safe_tx_gas: number(&self.safe_tx_gas)?,
                base_gas: number(&self.base_gas)?,
                gas_price: number(&self.gas_price)?,
                gas_token: address(&self.gas_token)?,
                receiver: address(&self.refund_receiver)?,
            },
            nonce: self.nonce,
        };
        let signature = hex::decode(self.signature.strip_prefix("0x")?).ok()?;
        Some((transaction, Signature::try_from(signature.as_slice()).ok()?))
    }
}
