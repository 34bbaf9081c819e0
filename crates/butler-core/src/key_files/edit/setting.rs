//! What stands under `coinbase` of a validator, and a change of it.
//!
//! What is illegible is never repeated: somebody may have put a key there.

use std::fmt;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::ids::Coinbase;
use crate::key_files::content::WrittenCoinbase;
use crate::key_files::json::Json;
use crate::text::address::checksummed;

/// What stands under `coinbase`. As text it is `absent`, `null`, `zero`, `illegible`, or the address with its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Setting {
    /// There is no such member.
    Absent,
    /// `null`, which a node takes for absent.
    Null,
    /// The zero address, with which a node's proposals fail.
    Zero,
    /// Something that is no address: a node refuses the file.
    Illegible,
    /// An address.
    Address(Address),
}

/// A text that is no setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `absent`, `null`, `zero`, `illegible` or an address other than zero")]
pub struct NoSetting;

impl Setting {
    /// What a validator says, of whom the reader said `written`.
    pub(super) fn of(validator: &Json, written: WrittenCoinbase) -> Self {
        match written {
            WrittenCoinbase::Absent if validator.is_null("coinbase") => Self::Null,
            WrittenCoinbase::Absent => Self::Absent,
            WrittenCoinbase::Zero => Self::Zero,
            WrittenCoinbase::Illegible => Self::Illegible,
            WrittenCoinbase::Address(address) => Self::Address(address),
        }
    }

    /// Whether a node takes that coinbase from it.
    #[must_use]
    pub fn is(self, coinbase: Coinbase) -> bool {
        self == Self::Address(coinbase.address())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Null => f.write_str("null"),
            Self::Zero => f.write_str("zero"),
            Self::Illegible => f.write_str("illegible"),
            Self::Address(address) => f.write_str(&checksummed(address)),
        }
    }
}

impl From<Setting> for String {
    fn from(setting: Setting) -> Self {
        setting.to_string()
    }
}

impl TryFrom<String> for Setting {
    type Error = NoSetting;

    fn try_from(text: String) -> Result<Self, NoSetting> {
        match text.as_str() {
            "absent" => Ok(Self::Absent),
            "null" => Ok(Self::Null),
            "zero" => Ok(Self::Zero),
            "illegible" => Ok(Self::Illegible),
            text => match text.parse::<Address>() {
                Ok(address) if text.starts_with("0x") && !address.is_zero() => Ok(Self::Address(address)),
                Ok(_) | Err(_) => Err(NoSetting),
            },
        }
    }
}

/// One coinbase that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Whose coinbase it is.
    #[serde(serialize_with = "with_checksum")]
    pub attester: Address,
    /// Position of its validator in the file's `validators`, from 0.
    pub index: usize,
    /// What stands there.
    pub before: Setting,
    /// What is to stand there.
    #[serde(serialize_with = "with_checksum")]
    pub after: Coinbase,
}

/// Writes an address as people compare it.
pub(super) fn with_checksum<A: Copy + Into<Address>, S: Serializer>(address: &A, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&checksummed(&(*address).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_it_was_written_and_nothing_else_is_one() {
        let address: Address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".parse().unwrap();
        for (setting, text) in [
            (Setting::Absent, "\"absent\""),
            (Setting::Null, "\"null\""),
            (Setting::Zero, "\"zero\""),
            (Setting::Illegible, "\"illegible\""),
            (Setting::Address(address), "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""),
        ] {
            assert_eq!(serde_json::to_string(&setting).unwrap(), text);
            assert_eq!(serde_json::from_str::<Setting>(text).unwrap(), setting);
        }
        for text in ["\"\"", "null", "\"0x0000000000000000000000000000000000000000\"", "\"0x12\"", "\"Absent\""] {
            assert!(serde_json::from_str::<Setting>(text).is_err(), "{text}");
        }
    }
}
