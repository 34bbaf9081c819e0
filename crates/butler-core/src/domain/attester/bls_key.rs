//! A BLS key as a file or a contract gives it: compressed, 32 bytes.
//!
//! Whether it is the public one or the private one cannot be seen: both are 32 bytes. So no output has it whole. What is
//! printed is a fingerprint, by which two places are seen to have the same key.

use std::fmt;

use ethers_core::types::H256;
use ethers_core::utils::{hex, keccak256};
use serde::{Serialize, Serializer};

/// A compressed BLS key, which prints as its fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlsKey(pub H256);

impl From<H256> for BlsKey {
    fn from(key: H256) -> Self {
        Self(key)
    }
}

impl fmt::Display for BlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = keccak256(self.0);
        let first = hash.get(..4).unwrap_or_default();
        f.pad(&format!("fingerprint {}", hex::encode(first)))
    }
}

impl fmt::Debug for BlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for BlsKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed_but_equal_keys_look_equal() {
        let key = BlsKey(H256::repeat_byte(0x1f));
        for text in [key.to_string(), format!("{key:?}"), serde_json::to_string(&key).unwrap()] {
            assert!(!text.contains("1f1f1f"), "{text}");
            assert!(text.contains(&key.to_string()) && text.len() <= 24, "{text}");
        }
        assert_ne!(key.to_string(), BlsKey(H256::repeat_byte(0x1e)).to_string());
    }
}
