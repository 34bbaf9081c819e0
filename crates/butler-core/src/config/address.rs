//! Addresses as people write them: `0x` and 40 hex digits, with the EIP-55 checksum verified where there is one.

use ethers_core::types::Address;
use thiserror::Error;

use crate::text::address::checksummed;

/// Why a text is not an address. A text of another length is never repeated: it may be a private key in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// It is something else.
    #[error("expected an address of 0x and 40 hex digits")]
    Shape,
    /// It is as long as a private key.
    #[error("expected an address of 0x and 40 hex digits, found 32 bytes, the length of a private key")]
    PrivateKey,
    /// Its letters' case does not fit its digits (EIP-55).
    #[error("the address has a wrong checksum, so at least one digit or letter case is wrong")]
    Checksum,
    /// It is zero.
    #[error("the zero address is not allowed here")]
    Zero,
}

impl AddressFault {
    /// What to do about it, where there is more to say.
    #[must_use]
    pub fn hint(self) -> Option<String> {
        match self {
            // The checksum of these digits would make a mistyped address a valid one.
            Self::Checksum => Some("copy the address again from its source".to_owned()),
            Self::PrivateKey => Some("if it is a private key, take it out of here and replace it".to_owned()),
            Self::Zero => Some("remove the key if there is none".to_owned()),
            Self::Shape => None,
        }
    }
}

/// Reads an address, the zero address included.
///
/// # Errors
/// When it is not one, or its checksum is wrong.
pub fn parse_address_or_zero(text: &str) -> Result<Address, AddressFault> {
    if is_private_key(text) {
        return Err(AddressFault::PrivateKey);
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or(AddressFault::Shape)?;
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AddressFault::Shape);
    }
    let address: Address = digits.parse().map_err(|_| AddressFault::Shape)?;
    let lower = digits.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
    if lower && upper && checksummed(&address).strip_prefix("0x") != Some(digits) {
        return Err(AddressFault::Checksum);
    }
    Ok(address)
}

/// Reads an address that must not be zero.
pub(crate) fn parse_address(text: &str) -> Result<Address, AddressFault> {
    let address = parse_address_or_zero(text)?;
    if address.is_zero() { Err(AddressFault::Zero) } else { Ok(address) }
}

/// Whether a text has the form of a private key: 64 hex digits, with or without `0x`.
pub(crate) fn is_private_key(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_strict() {
        let mixed = "0xcA11bde05977b3631167028862bE2a173976CA11";
        assert!(parse_address(mixed).is_ok());
        for same in [mixed.to_lowercase(), mixed.to_uppercase(), mixed.replace("0x", "0X")] {
            assert_eq!(parse_address(&same), parse_address(mixed), "{same}");
        }
        assert_eq!(parse_address(&mixed.replace("0xcA", "0XCA")), Err(AddressFault::Checksum));
        let cases = [
            ("", AddressFault::Shape),
            ("cA11bde05977b3631167028862bE2a173976CA11", AddressFault::Shape),
            ("0xcA11bde05977b3631167028862bE2a173976CA1", AddressFault::Shape),
            (" 0xcA11bde05977b3631167028862bE2a173976CA11", AddressFault::Shape),
            ("0xzz11bde05977b3631167028862bE2a173976CA11", AddressFault::Shape),
            ("0xca11bde05977b3631167028862bE2a173976CA11", AddressFault::Checksum),
            ("0x0000000000000000000000000000000000000000", AddressFault::Zero),
        ];
        for (text, fault) in cases {
            assert_eq!(parse_address(text), Err(fault), "{text}");
        }
        assert_eq!(parse_address(&"1f".repeat(32)), Err(AddressFault::PrivateKey));
        assert_eq!(parse_address(&format!("0x{}", "1F".repeat(32))), Err(AddressFault::PrivateKey));
    }
}
