//! Test keys by their number: whoever runs the tests has the same ones.

use ethers_core::{
    k256::ecdsa::SigningKey,
    types::Address,
    utils::{hex, keccak256, secret_key_to_address},
};

/// A phrase that the whole world knows.
pub const PHRASE: &str = "test test test test test test test test test test test junk";

/// A private key and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestKey {
    /// `0x` and 64 hexadecimal digits.
    pub secret: String,
    /// Its address.
    pub address: Address,
}

/// The test key of that number.
#[must_use]
pub fn key(number: u32) -> TestKey {
    let digest = keccak256(format!("butler test key {number}"));
    let address = SigningKey::from_slice(&digest).map(|key| secret_key_to_address(&key));
    // A hash that is no key of the curve would be news.
    TestKey { secret: format!("0x{}", hex::encode(digest)), address: address.unwrap_or_default() }
}

/// The address of a number, of which nobody has the key: for coinbases.
#[must_use]
pub fn address_of(number: u32) -> Address {
    let mut bytes = [0xc0; 20];
    for (place, byte) in bytes.iter_mut().rev().zip(number.to_be_bytes().into_iter().rev()) {
        *place = byte;
    }
    Address::from(bytes)
}

/// A private BLS key of that number, smaller than the group of BN254.
#[must_use]
pub fn bls_secret(number: u32) -> String {
    let mut digest = keccak256(format!("butler test BLS key {number}"));
    digest[0] &= 0x0f;
    format!("0x{}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_keys_are_keys_and_differ() {
        let keys: std::collections::BTreeSet<_> = (0..500).map(|number| key(number).address).collect();
        assert_eq!((keys.len(), keys.contains(&Address::zero())), (500, false));
        assert_eq!(format!("{:?}", address_of(0x0102)), format!("0x{}0102", "c0".repeat(16) + "0000"));
    }
}
