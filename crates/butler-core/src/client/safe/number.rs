//! Numbers as the service writes them: decimal digits in a text, or a number of JSON.

use std::fmt;

use ethers_core::types::U256;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// Digits of the largest number of 256 bits.
const DIGITS: usize = 78;

/// A whole number of up to 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(pub(super) U256);

impl Number {
    pub(super) fn small(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let is_plain = (1..=DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = is_plain.then(|| U256::from_dec_str(text).ok()).flatten();
                number.map(Number).ok_or_else(|| E::custom("no whole number of 256 bits"))
            }
        }

        deserializer.deserialize_any(Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_forms() {
        let read = |text: &str| serde_json::from_str::<Number>(text).map(|number| number.0);
        assert_eq!(read("7").unwrap(), U256::from(7));
        assert_eq!(read("\"7\"").unwrap(), U256::from(7));
        assert_eq!(read(&format!("\"{}\"", U256::MAX)).unwrap(), U256::MAX);
        let beyond =
            format!("\"{}6\"", "115792089237316195423570985008687907853269984665640564039457584007913129639936");
        for text in ["-1", "1.5", "\"\"", "\"+1\"", "\"0x1\"", "null", "[]", "1e3", "\" 1\"", beyond.as_str()] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
