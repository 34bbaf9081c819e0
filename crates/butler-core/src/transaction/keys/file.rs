//! A registration file: the list that Aztec's `validator-keys` writes as `…_staker_output.json`.
//!
//! All of it is public. A file that is something else may hold secrets, so nothing of a file that cannot be read is ever shown.

use ethers_core::types::{Address, U256};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::contracts::bindings::staking_registry::{G1Point, G2Point, KeyStore};
use crate::text::fixed::Fixed;

/// The most bytes of a file.
pub const MOST_BYTES: u64 = 8 << 20;
/// The most keys of a file.
pub const MOST_KEYS: usize = 5_000;

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistrationError {
    /// It is no such list. Where that shows, from 1.
    #[error("it is no list of registrations: see line {line}, column {column}")]
    NoList {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It has no key.
    #[error("it has no key")]
    Empty,
    /// It has too many.
    #[error("it has more than {MOST_KEYS} keys")]
    TooMany,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Registration {
    attester: Fixed<20>,
    #[serde(rename = "publicKeyG1")]
    key: Point1,
    #[serde(rename = "publicKeyG2")]
    twin: Point2,
    proof_of_possession: Point1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point1 {
    x: Coordinate,
    y: Coordinate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point2 {
    x0: Coordinate,
    x1: Coordinate,
    y0: Coordinate,
    y1: Coordinate,
}

/// A number in hex, with or without leading zeros, or in decimal digits: Aztec's tool pads some and not others.
struct Coordinate(U256);

impl<'de> Deserialize<'de> for Coordinate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Coordinate;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number as text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Coordinate, E> {
                number(text).map(Coordinate).ok_or_else(|| E::custom("no number"))
            }
        }

        deserializer.deserialize_str(Digits).map_err(|_| D::Error::custom("no number"))
    }
}

fn number(text: &str) -> Option<U256> {
    match text.strip_prefix("0x") {
        Some(digits) => {
            let is_hex = (1..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hex.then(|| U256::from_str_radix(digits, 16).ok())?
        }
        None => {
            let is_decimal = (1..=78).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            is_decimal.then(|| U256::from_dec_str(text).ok())?
        }
    }
}

/// Reads the keys of a file, in their order.
///
/// # Errors
/// See [`RegistrationError`]; nothing of the file stands in it.
pub fn read(content: &[u8]) -> Result<Vec<KeyStore>, RegistrationError> {
    let list: Vec<Registration> = serde_json::from_slice(content)
        .map_err(|error| RegistrationError::NoList { line: error.line(), column: error.column() })?;
    match list.len() {
        0 => Err(RegistrationError::Empty),
        1..=MOST_KEYS => Ok(list.into_iter().map(KeyStore::from).collect()),
        _ => Err(RegistrationError::TooMany),
    }
}

impl From<Registration> for KeyStore {
    fn from(registration: Registration) -> Self {
        let Registration { attester, key, twin, proof_of_possession } = registration;
        let point = |point: Point1| G1Point { x: point.x.0, y: point.y.0 };
        Self {
            attester: Address::from(attester.0),
            public_key_g1: point(key),
            public_key_g2: G2Point { x_0: twin.x0.0, x_1: twin.x1.0, y_0: twin.y0.0, y_1: twin.y1.0 },
            proof_of_possession: point(proof_of_possession),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn one() -> Value {
        json!({
            "attester": "0x00000000000000000000000000000000000000a1",
            "publicKeyG1": { "x": "0x01", "y": "2" },
            "publicKeyG2": { "x0": "0x3", "x1": "0x4", "y0": "0x5", "y1": "0x6" },
            "proofOfPossession": { "x": "0x7", "y": format!("0x{:064x}", 8) },
        })
    }

    #[test]
    fn hex_of_any_length_and_decimal_digits_are_read_in_the_order_of_the_file() {
        let mut other = one();
        other["attester"] = "0x00000000000000000000000000000000000000A2".into();
        let keys = read(json!([one(), other]).to_string().as_bytes()).unwrap();
        let [first, second] = keys.as_slice() else { panic!("{keys:?}") };
        assert_eq!((first.attester.0[19], second.attester.0[19]), (0xa1, 0xa2));
        let numbers =
            [first.public_key_g1.x, first.public_key_g1.y, first.public_key_g2.y_1, first.proof_of_possession.y];
        assert_eq!(numbers, [1, 2, 6, 8].map(U256::from));
    }

    #[test]
    fn what_is_no_registration_is_refused_and_never_shown() {
        let secret = "0xc0ffee254729296a45a3885639ac7e10f9d54979f2abf3d2f1a3b6c5d4e3f201";
        let keystore = json!({ "schemaVersion": 1, "validators": [{ "attester": { "eth": secret, "bls": secret } }] });
        let mut with_more = one();
        with_more["privateKey"] = secret.into();
        let mut with_less = one();
        with_less.as_object_mut().unwrap().remove("proofOfPossession");
        let mut with_number = one();
        with_number["publicKeyG1"]["x"] = 7.into();
        let mut with_words = one();
        with_words["publicKeyG1"]["x"] = secret.replace("0x", "0xz").into();
        for refused in [keystore, json!([with_more]), json!([with_less]), json!([with_number]), json!([with_words])] {
            let error = read(refused.to_string().as_bytes()).unwrap_err();
            assert!(matches!(error, RegistrationError::NoList { .. }), "{error}");
            assert!(!error.to_string().contains("c0ffee"), "{error}");
        }
        assert_eq!(read(b"[]"), Err(RegistrationError::Empty));
        let many = format!("[{}]", vec![one().to_string(); MOST_KEYS + 1].join(","));
        assert_eq!(read(many.as_bytes()), Err(RegistrationError::TooMany));
    }

    #[test]
    fn a_number_beyond_256_bits_is_none() {
        assert_eq!(number(&format!("0x{}", "f".repeat(64))), Some(U256::MAX));
        for text in ["", "0x", "-1", "0x-1", &format!("0x1{}", "0".repeat(64)), &"9".repeat(78), &"9".repeat(79)] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }
    }
}
