//! Which versions of Safes are known, and where each has the contract that makes several calls at once.

use std::fmt;
use std::str::FromStr;

use ethers_core::types::{Address, H160};
use thiserror::Error;

/// A version of the Safe whose hashes, logs and companions are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::VariantArray, strum::EnumCount)]
pub enum SafeVersion {
    /// 1.3.0, `GnosisSafe`.
    V1_3_0,
    /// 1.4.1.
    V1_4_1,
    /// 1.5.0.
    V1_5_0,
}

/// A version that is not known; it is never read as a known one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a Safe of version `{0}`, which is not known here\nhint: known are 1.3.0, 1.4.1 and 1.5.0")]
pub struct UnknownVersion(String);

/// The most characters of a version that are repeated.
const SHOWN: usize = 20;

/// Deployed by way of the factory that Ethereum has had from before EIP-155, and by way of Safe's own.
const CALL_ONLY_1_3_0: [Address; 2] = [
    H160([
        0x40, 0xa2, 0xac, 0xcb, 0xd9, 0x2b, 0xca, 0x93, 0x8b, 0x02, 0x01, 0x0e, 0x17, 0xa5, 0xb8, 0x92, 0x9b, 0x49,
        0x13, 0x0d,
    ]),
    H160([
        0xa1, 0xda, 0xbe, 0xf3, 0x3b, 0x3b, 0x82, 0xc7, 0x81, 0x4b, 0x6d, 0x82, 0xa7, 0x9e, 0x50, 0xf4, 0xac, 0x44,
        0x10, 0x2b,
    ]),
];
const CALL_ONLY_1_4_1: [Address; 1] = [H160([
    0x96, 0x41, 0xd7, 0x64, 0xfc, 0x13, 0xc8, 0xb6, 0x24, 0xc0, 0x44, 0x30, 0xc7, 0x35, 0x6c, 0x1c, 0x7c, 0x81, 0x02,
    0xe2,
])];
const CALL_ONLY_1_5_0: [Address; 1] = [H160([
    0xa8, 0x3c, 0x33, 0x6b, 0x20, 0x40, 0x1a, 0xf7, 0x73, 0xb6, 0x21, 0x9b, 0xa5, 0x02, 0x71, 0x74, 0x33, 0x8d, 0x18,
    0x36,
])];

impl SafeVersion {
    /// Where the version's `MultiSendCallOnly` can be: addresses that follow from its code, the usual one first.
    #[must_use]
    pub const fn call_only(self) -> &'static [Address] {
        match self {
            Self::V1_3_0 => &CALL_ONLY_1_3_0,
            Self::V1_4_1 => &CALL_ONLY_1_4_1,
            Self::V1_5_0 => &CALL_ONLY_1_5_0,
        }
    }

    /// The usual address of the version's `MultiSendCallOnly`, on Ethereum and its test networks.
    #[must_use]
    pub const fn usual_call_only(self) -> Address {
        match self {
            Self::V1_3_0 => CALL_ONLY_1_3_0[0],
            Self::V1_4_1 => CALL_ONLY_1_4_1[0],
            Self::V1_5_0 => CALL_ONLY_1_5_0[0],
        }
    }
}

impl fmt::Display for SafeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_3_0 => "1.3.0",
            Self::V1_4_1 => "1.4.1",
            Self::V1_5_0 => "1.5.0",
        })
    }
}

impl FromStr for SafeVersion {
    type Err = UnknownVersion;

    /// What `VERSION()` answers; tools write `+L2` behind that of a Safe that logs more.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        match text.strip_suffix("+L2").unwrap_or(text) {
            "1.3.0" => Ok(Self::V1_3_0),
            "1.4.1" => Ok(Self::V1_4_1),
            "1.5.0" => Ok(Self::V1_5_0),
            _ => Err(UnknownVersion(
                text.chars().take(SHOWN).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn each_version_is_read_as_it_is_written() {
        for version in SafeVersion::VARIANTS {
            assert_eq!(version.to_string().parse(), Ok(*version));
            assert_eq!(format!("{version}+L2").parse(), Ok(*version));
            assert_eq!(version.call_only().first(), Some(&version.usual_call_only()));
        }
    }

    #[test]
    fn a_version_that_is_not_known_is_none_of_them() {
        for text in ["", "1.1.1", "1.4.0", "1.3.0 ", "1.3", "2.0.0", "+L2", "1.3.0+L2+L2", "V1_3_0"] {
            assert!(text.parse::<SafeVersion>().is_err(), "{text}");
        }
        let error = "\u{1b}[2J1.9.9 and much more text".parse::<SafeVersion>().unwrap_err().to_string();
        assert!(error.starts_with("a Safe of version `?[2J1.9.9?and?much?m`"), "{error}");
    }
}
