//! The staking escrow's own verifier of proofs of possession: where it is, and how it is asked.
//!
//! The GSE makes the verifier in its constructor and tells nobody its address, which follows from its own (GSE of
//! aztec-l1, `BN254_LIB_WRAPPER`). A version without that verifier has no code there, and nothing is said of its proofs.

use ethers_core::types::{Address, Bytes, H256, U256};
use ethers_core::utils::{get_contract_address, keccak256};

use super::bindings::{rollup, staking_registry};

/// `proofOfPossession((uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))`.
const SELECTOR: [u8; 4] = [0x3f, 0x78, 0x27, 0x1d];
const WORD: usize = 32;

/// The gas that proofs get where the escrow's cap is not known: no escrow is known to grant less. A proof that is right within less is
/// right within more.
pub const PRESUMED_CAP: u64 = 250_000;

/// A key with its proof, as it was given to a contract: G1 key, G2 key, proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvenKey([U256; 8]);

impl From<&staking_registry::KeyStore> for ProvenKey {
    fn from(key: &staking_registry::KeyStore) -> Self {
        let (g1, g2, proof) = (&key.public_key_g1, &key.public_key_g2, &key.proof_of_possession);
        Self([g1.x, g1.y, g2.x_0, g2.x_1, g2.y_0, g2.y_1, proof.x, proof.y])
    }
}

impl From<&rollup::DepositArgs> for ProvenKey {
    fn from(deposit: &rollup::DepositArgs) -> Self {
        let (g1, g2, proof) = (&deposit.public_key_in_g1, &deposit.public_key_in_g2, &deposit.proof_of_possession);
        Self([g1.x, g1.y, g2.x_0, g2.x_1, g2.y_0, g2.y_1, proof.x, proof.y])
    }
}

impl ProvenKey {
    /// What the escrow keeps of a registered key: the hash of its point in G1.
    #[must_use]
    pub fn key_hash(&self) -> H256 {
        H256(keccak256(self.words().get(..2 * WORD).unwrap_or_default()))
    }

    /// Another hash for another key or proof.
    #[must_use]
    pub fn digest(&self) -> H256 {
        H256(keccak256(self.words()))
    }

    /// The call that asks the verifier.
    #[must_use]
    pub fn question(&self) -> Bytes {
        [&SELECTOR[..], &self.words()].concat().into()
    }

    fn words(&self) -> Vec<u8> {
        let mut words = vec![0; self.0.len() * WORD];
        for (word, number) in words.chunks_exact_mut(WORD).zip(&self.0) {
            number.to_big_endian(word);
        }
        words
    }
}

/// What the verifier answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifierAnswer {
    /// The proof is right.
    Right,
    /// It is wrong, or more gas is needed to say so.
    Refused,
    /// Nothing that a verifier says: there is none.
    NoVerifier,
}

/// Reads the verifier's answer: what it returned, or `None` when it reverted or ran out of gas.
#[must_use]
pub fn verifier_answer(returned: Option<&[u8]>) -> VerifierAnswer {
    match returned {
        None => VerifierAnswer::Refused,
        Some(data) if data.len() != WORD => VerifierAnswer::NoVerifier,
        Some(data) if U256::from_big_endian(data).is_zero() => VerifierAnswer::Refused,
        Some(_) => VerifierAnswer::Right,
    }
}

/// Where the verifier of a GSE is: the first contract that it made.
#[must_use]
pub fn verifier_of(gse: Address) -> Address {
    get_contract_address(gse, 1)
}

#[cfg(test)]
mod tests {
    use ethers_core::utils::id;

    use super::*;

    #[test]
    fn the_selector_is_that_of_the_signature() {
        let signature = "proofOfPossession((uint256,uint256),(uint256,uint256,uint256,uint256),(uint256,uint256))";
        assert_eq!(id(signature), SELECTOR);
    }

    #[test]
    fn an_answer_that_is_no_word_is_no_verifiers() {
        let answer = |bytes: Vec<u8>| verifier_answer(Some(&bytes));
        let word = |last: u8| [vec![0; WORD - 1], vec![last]].concat();
        assert_eq!(answer(word(1)), VerifierAnswer::Right);
        assert_eq!(answer(word(0)), VerifierAnswer::Refused);
        assert_eq!(answer(Vec::new()), VerifierAnswer::NoVerifier);
        assert_eq!(verifier_answer(None), VerifierAnswer::Refused);
    }
}
