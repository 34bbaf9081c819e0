//! An attester as people name it: its address, the first digits of it, or its ends as tables show them.

use std::fmt;

use butler_core::config::parse_address_or_zero;
use ethers_core::types::Address;

/// Digits of an address.
const DIGITS: usize = 40;

/// Which attester is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttesterName {
    /// This one.
    Whole(Address),
    /// The one whose address begins, and ends, with these digits, in small letters.
    Ends(String, String),
}

/// Why a name does not stand for one attester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOne {
    /// It stands for none of those that are known.
    Nobody,
    /// It stands for all of these.
    Several(Vec<Address>),
}

impl AttesterName {
    /// Reads an address, with its checksum verified where it has one, or the digits that it begins with.
    ///
    /// # Errors
    /// Why it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('…').or_else(|| text.split_once("...")).unwrap_or((text, ""));
        let is_whole = first.len() >= DIGITS.saturating_add("0x".len());
        if is_whole {
            return address(text).map(Self::Whole);
        }
        let digits = first.strip_prefix("0x").or_else(|| first.strip_prefix("0X")).filter(|digits| !digits.is_empty());
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() < DIGITS;
        match digits.filter(|digits| is_hex(digits) && is_hex(last)) {
            Some(digits) => Ok(Self::Ends(digits.to_lowercase(), last.to_lowercase())),
            None => Err("expected an address, or the first digits of one, such as 0x7d19".to_owned()),
        }
    }

    /// The one that is meant among those that are known.
    ///
    /// # Errors
    /// When it is none of them, or the digits are those of several.
    pub fn among(&self, known: impl IntoIterator<Item = Address>) -> Result<Address, NotOne> {
        let (first, last) = match self {
            Self::Whole(whole) => {
                return known.into_iter().find(|address| address == whole).ok_or(NotOne::Nobody);
            }
            Self::Ends(first, last) => (first, last),
        };
        let is_meant = |address: &Address| {
            let digits = format!("{address:x}");
            digits.starts_with(first) && digits.ends_with(last)
        };
        let mut found: Vec<Address> = known.into_iter().filter(is_meant).collect();
        found.sort();
        found.dedup();
        match found.as_slice() {
            [] => Err(NotOne::Nobody),
            [one] => Ok(*one),
            [..] => Err(NotOne::Several(found)),
        }
    }
}

impl fmt::Display for AttesterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(address) => write!(f, "{}", butler_core::text::address::checksummed(address)),
            Self::Ends(first, last) if last.is_empty() => write!(f, "0x{first}"),
            Self::Ends(first, last) => write!(f, "0x{first}…{last}"),
        }
    }
}

/// Reads an address, with its checksum verified where it has one.
///
/// # Errors
/// Why it is none, and the right one where only the checksum is wrong.
pub(super) fn address(text: &str) -> Result<Address, String> {
    parse_address_or_zero(text).map_err(|fault| match fault.hint() {
        Some(hint) => format!("{fault}: {hint}"),
        None => fault.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Address> {
        ["7d19", "7d20", "8c32"].map(|ends| format!("0x{ends}{}{ends}", "0".repeat(32)).parse().unwrap()).to_vec()
    }

    fn found(text: &str) -> Result<Address, NotOne> {
        AttesterName::parse(text).unwrap().among(known())
    }

    #[test]
    fn digits_stand_for_the_only_attester_that_begins_with_them() {
        assert_eq!(found("0x7D19"), Ok(known()[0]));
        assert_eq!(found("0X7d19"), Ok(known()[0]));
        assert_eq!(found("0x8"), Ok(known()[2]));
        assert_eq!(found("0x7d"), Err(NotOne::Several(known()[..2].to_vec())));
        assert_eq!(found("0x12"), Err(NotOne::Nobody));
    }

    #[test]
    fn what_a_table_shows_of_an_attester_names_it() {
        assert_eq!(found("0x7d…7D20"), Ok(known()[1]));
        assert_eq!(found("0x7d19...7d19"), Ok(known()[0]));
        assert_eq!(found("0x7d19…8c32"), Err(NotOne::Nobody));
    }

    #[test]
    fn a_whole_address_is_one_that_is_known_and_its_checksum_is_verified() {
        let stranger = "0xcA11bde05977b3631167028862bE2a173976CA11";
        assert_eq!(found(stranger), Err(NotOne::Nobody));
        for text in [format!("{:#x}", known()[1]), format!("{:#x}", known()[1]).replace("0x", "0X")] {
            assert_eq!(found(&text), Ok(known()[1]));
        }
        let told = AttesterName::parse("0xca11bde05977b3631167028862bE2a173976CA11").unwrap_err();
        assert!(told.contains("wrong checksum") && !told.contains(stranger), "{told}");
        for text in ["", "7d19", "0x", "0x…", "0xzz", "0x7d…zz", &format!("0x{}", "1".repeat(41)), &"1".repeat(64)]
        {
            AttesterName::parse(text).unwrap_err();
        }
    }
}
