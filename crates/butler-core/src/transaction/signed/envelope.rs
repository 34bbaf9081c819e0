//! One transaction: from a call to the bytes that are sent, and strictly back.

use ethers_core::types::transaction::eip1559::Eip1559TransactionRequest;
use ethers_core::types::transaction::eip2718::TypedTransaction;
use ethers_core::types::{Address, Bytes, H256, Signature, U256};
use ethers_core::utils::{keccak256, rlp::Rlp};
use thiserror::Error;

use super::fees::Fees;
use crate::transaction::call::Call;

/// The longest transaction that nodes pass on, in bytes.
pub const RAW_LIMIT: usize = 128 << 10;
/// Half of the order of secp256k1: a signature has its `s` in the lower half (EIP-2).
const HALF_ORDER: U256 =
    U256([0xdfe9_2f46_681b_20a0, 0x5d57_6e73_57a4_501d, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The L1's chain id.
    pub chain_id: u64,
    /// Whose transaction it is.
    pub from: Address,
    /// Its place among that account's transactions.
    pub nonce: u64,
    /// What it calls.
    pub call: Call,
    /// The most gas that it may use.
    pub gas: u64,
    /// What that may cost.
    pub fees: Fees,
}

/// Bytes that are no transaction of the kind that is signed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotSigned {
    /// They are something else.
    #[error("these are not the bytes of a signed transaction (EIP-1559) that calls an account")]
    Malformed,
    /// Another chain's.
    #[error("a transaction of chain {found}, and this is about chain {expected}")]
    OtherChain {
        /// Which is meant.
        expected: u64,
        /// Whose it is.
        found: u64,
    },
    /// Somebody else signed it.
    #[error("a transaction that {found:?} signed, and not {expected:?}")]
    OtherSigner {
        /// Who was to.
        expected: Address,
        /// Who did.
        found: Address,
    },
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    draft: Draft,
    raw: Bytes,
    hash: H256,
}

impl Draft {
    /// The same nonce, to oneself and for nothing: what takes its place does nothing.
    #[must_use]
    pub fn cancelled(self, fees: Fees) -> Self {
        /// What a transfer takes.
        const TRANSFER: u64 = 21_000;
        let call = Call { to: self.from, value: U256::zero(), data: Bytes::new() };
        Self { call, gas: TRANSFER, fees, ..self }
    }

    /// What it costs at most beside the ether that it carries, in wei.
    #[must_use]
    pub fn worst_cost(&self) -> U256 {
        self.fees.max_fee.saturating_mul(self.gas.into())
    }

    /// Whether it only uses its nonce up.
    #[must_use]
    pub fn is_cancellation(&self) -> bool {
        self.call.to == self.from && self.call.value.is_zero() && self.call.data.is_empty()
    }

    /// The hash that is signed.
    #[must_use]
    pub fn hash(&self) -> H256 {
        TypedTransaction::Eip1559(self.request()).sighash()
    }

    /// The transaction with its signature: r, s and v (27 or 28).
    ///
    /// # Errors
    /// `OtherSigner`, and `Malformed` for what is no signature.
    pub fn signed(self, signature: &[u8; 65]) -> Result<SignedTransaction, NotSigned> {
        let (r, rest) = signature.split_first_chunk::<32>().ok_or(NotSigned::Malformed)?;
        let (s, v) = rest.split_first_chunk::<32>().ok_or(NotSigned::Malformed)?;
        let [v @ (27 | 28)] = v else { return Err(NotSigned::Malformed) };
        let signature =
            Signature { r: U256::from_big_endian(r), s: U256::from_big_endian(s), v: u64::from(v.saturating_sub(27)) };
        let raw = TypedTransaction::Eip1559(self.request()).rlp_signed(&signature);
        // Read again: what is sent is what was meant, by whom it was meant.
        let signed = SignedTransaction::read(&raw, self.chain_id)?;
        if signed.draft.from != self.from {
            return Err(NotSigned::OtherSigner { expected: self.from, found: signed.draft.from });
        }
        if signed.draft == self { Ok(signed) } else { Err(NotSigned::Malformed) }
    }

    fn request(&self) -> Eip1559TransactionRequest {
        Eip1559TransactionRequest::new()
            .from(self.from)
            .to(self.call.to)
            .gas(self.gas)
            .max_fee_per_gas(self.fees.max_fee)
            .max_priority_fee_per_gas(self.fees.tip)
            .value(self.call.value)
            .data(self.call.data.clone())
            .nonce(self.nonce)
            .chain_id(self.chain_id)
    }
}

impl SignedTransaction {
    /// Reads the bytes of a transaction; its signature says whose it is.
    ///
    /// # Errors
    /// `Malformed` and `OtherChain`.
    pub fn read(raw: &Bytes, chain_id: u64) -> Result<Self, NotSigned> {
        if raw.len() > RAW_LIMIT || raw.first() != Some(&2) {
            return Err(NotSigned::Malformed);
        }
        let (transaction, signature) =
            TypedTransaction::decode_signed(&Rlp::new(raw)).map_err(|_| NotSigned::Malformed)?;
        // Several bytes may decode to the same: only one of them is what was signed.
        if transaction.rlp_signed(&signature) != *raw || signature.s > HALF_ORDER {
            return Err(NotSigned::Malformed);
        }
        let TypedTransaction::Eip1559(request) = transaction else { return Err(NotSigned::Malformed) };
        let draft = draft_of(&request).ok_or(NotSigned::Malformed)?;
        if draft.chain_id != chain_id {
            return Err(NotSigned::OtherChain { expected: chain_id, found: draft.chain_id });
        }
        Ok(Self { draft, raw: raw.clone(), hash: H256(keccak256(raw)) })
    }

    /// What was signed.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// What is sent.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The transaction's hash.
    #[must_use]
    pub fn hash(&self) -> H256 {
        self.hash
    }
}

fn draft_of(request: &Eip1559TransactionRequest) -> Option<Draft> {
    if !request.access_list.0.is_empty() {
        return None;
    }
    let call = Call {
        to: *request.to.as_ref()?.as_address()?,
        value: request.value.unwrap_or_default(),
        data: request.data.clone().unwrap_or_default(),
    };
    let number = |value: Option<U256>| u64::try_from(value.unwrap_or_default()).ok();
    let fees = Fees {
        max_fee: request.max_fee_per_gas.unwrap_or_default(),
        tip: request.max_priority_fee_per_gas.unwrap_or_default(),
    };
    Some(Draft {
        chain_id: request.chain_id?.as_u64(),
        from: request.from?,
        nonce: number(request.nonce)?,
        call,
        gas: number(request.gas)?,
        fees,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::LocalKey;

    const KEY: &[u8] = include_bytes!("../../../tests/signing/pbkdf2.json");

    fn key() -> LocalKey {
        LocalKey::open(KEY, b"testpassword").unwrap()
    }

    fn draft() -> Draft {
        let call = Call { to: Address::repeat_byte(3), value: U256::zero(), data: vec![1, 2, 3, 4].into() };
        let fees = Fees { max_fee: 9.into(), tip: 2.into() };
        Draft { chain_id: 31_337, from: key().address(), nonce: 0, call, gas: 100_000, fees }
    }

    #[test]
    fn what_is_signed_is_read_back_from_its_bytes() {
        let draft = draft();
        let signed = draft.clone().signed(&key().sign(draft.hash()).unwrap()).unwrap();
        assert_eq!(signed.draft(), &draft);
        assert_eq!(SignedTransaction::read(signed.raw(), 31_337).unwrap(), signed);
        let other = SignedTransaction::read(signed.raw(), 1);
        assert_eq!(other, Err(NotSigned::OtherChain { expected: 1, found: 31_337 }));
    }

    #[test]
    fn a_signature_of_somebody_else_or_of_something_else_is_refused() {
        let stranger = Draft { from: Address::repeat_byte(9), ..draft() };
        let signature = key().sign(stranger.hash()).unwrap();
        let refused = NotSigned::OtherSigner { expected: stranger.from, found: key().address() };
        assert_eq!(stranger.signed(&signature), Err(refused));
        assert!(matches!(draft().signed(&key().sign(H256::zero()).unwrap()), Err(NotSigned::OtherSigner { .. })));
        assert_eq!(draft().signed(&[0; 65]), Err(NotSigned::Malformed));
    }

    #[test]
    fn bytes_that_are_not_exactly_a_transaction_are_refused() {
        let draft = draft();
        let raw = draft.clone().signed(&key().sign(draft.hash()).unwrap()).unwrap().raw().to_vec();
        let changed = |change: fn(&mut Vec<u8>)| {
            let mut raw = raw.clone();
            change(&mut raw);
            Bytes::from(raw)
        };
        for bytes in [
            Bytes::new(),
            changed(|raw| raw.push(0)),
            changed(|raw| {
                raw.pop();
            }),
            changed(|raw| raw[0] = 1),
            changed(|raw| raw.resize(RAW_LIMIT + 1, 0)),
        ] {
            assert_eq!(SignedTransaction::read(&bytes, 31_337), Err(NotSigned::Malformed));
        }
    }

    #[test]
    fn a_cancellation_has_the_same_nonce_and_does_nothing() {
        let fees = Fees { max_fee: 20.into(), tip: 4.into() };
        let cancelled = Draft { nonce: 7, ..draft() }.cancelled(fees);
        assert!(cancelled.is_cancellation() && !draft().is_cancellation());
        assert_eq!((cancelled.nonce, cancelled.worst_cost()), (7, U256::from(21_000 * 20)));
    }
}
