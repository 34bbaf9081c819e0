//! Bytes of one length, as hex in JSON: read and written in one pass over their digits.
//!
//! Files and answers with thousands of addresses and hashes are read at every start. What is read and written is what the types
//! of ethers read and write, in a tenth of the time.

use std::fmt;

use ethers_core::types::{Address, H256};
use ethers_core::utils::hex;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Exactly so many bytes.
pub(crate) struct Fixed<const N: usize>(pub(crate) [u8; N]);

impl From<Address> for Fixed<20> {
    fn from(address: Address) -> Self {
        Self(address.0)
    }
}

impl From<Fixed<20>> for Address {
    fn from(bytes: Fixed<20>) -> Self {
        Self(bytes.0)
    }
}

impl From<H256> for Fixed<32> {
    fn from(word: H256) -> Self {
        Self(word.0)
    }
}

impl From<Fixed<32>> for H256 {
    fn from(bytes: Fixed<32>) -> Self {
        Self(bytes.0)
    }
}

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex::Buffer::<N, true>::new().format(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits<const N: usize>;

        impl<const N: usize> Visitor<'_> for Digits<N> {
            type Value = Fixed<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} bytes in hex")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let mut bytes = [0; N];
                let digits = digits(text).map_err(E::custom)?;
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| E::custom("not such bytes in hex"))?;
                Ok(Fixed(bytes))
            }
        }

        deserializer.deserialize_str(Digits)
    }
}

/// The digits behind `0x`, which must be there, once.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn digits(text: &str) -> Result<&str, &'static str> {
    text.strip_prefix("0x").filter(|digits| !digits.starts_with("0x")).ok_or("no 0x")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_read_and_written_as_ethers_does(bytes in any::<[u8; 32]>()) {
            let text = serde_json::to_string(&H256(bytes)).unwrap();
            prop_assert_eq!(serde_json::to_string(&Fixed(bytes)).unwrap(), text.clone());
            prop_assert_eq!(H256::from(serde_json::from_str::<Fixed<32>>(&text).unwrap()), H256(bytes));
            prop_assert!(serde_json::from_str::<Fixed<20>>(&text).is_err());
        }
    }

    #[test]
    fn only_so_many_digits_behind_one_prefix_are_read() {
        for wrong in ["", "0x", "0x0x01", "01", "0x1", "0xzz", "0x0102", "0X01"] {
            assert!(serde_json::from_value::<Fixed<1>>(wrong.into()).is_err(), "{wrong}");
        }
    }
}
