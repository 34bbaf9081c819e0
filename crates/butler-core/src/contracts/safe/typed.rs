//! Typed data (EIP-712) in two levels: a domain, and one structure of single words.

use ethers_core::types::{Address, H256, U256};
use ethers_core::utils::keccak256;

use crate::contracts::words::WORD;

/// One word of what is hashed.
pub(super) type Word = [u8; WORD];

/// An address as a word.
pub(super) fn address(address: Address) -> Word {
    let mut word = [0; WORD];
    if let Some(low) = word.last_chunk_mut() {
        *low = address.0;
    }
    word
}

/// A number as a word.
pub(super) fn number(number: U256) -> Word {
    let mut word = [0; WORD];
    number.to_big_endian(&mut word);
    word
}

/// The hash of a structure, or of a domain, whose first word is the hash of its type.
pub(super) fn structure(words: &[Word]) -> Word {
    keccak256(words.as_flattened())
}

/// What is signed: a structure of a domain.
pub(super) fn digest(domain: &Word, structure: &Word) -> H256 {
    H256(keccak256([[0x19, 0x01].as_slice(), domain, structure].concat()))
}
