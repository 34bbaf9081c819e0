//! Addresses as Aztec's keystore has them: 40 digits, `0x` before them or not, the checksum verified where there is one.

use ethers_core::types::Address;

use super::fault::FileFault;
use crate::config::AddressFault;
use crate::text::address::checksummed;

/// An address that is not zero.
pub(super) fn parse_address(text: &str) -> Result<Address, AddressFault> {
    let address = parse_address_or_zero(text)?;
    if address.is_zero() { Err(AddressFault::Zero) } else { Ok(address) }
}

/// As [`parse_address`], and zero is one.
pub(super) fn parse_address_or_zero(text: &str) -> Result<Address, AddressFault> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
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

/// What is wrong with an address, as a fault of its place.
pub(super) fn address_fault(place: &str, fault: AddressFault) -> FileFault {
    let told = FileFault::at(place, fault.to_string());
    match (fault, fault.hint()) {
        (AddressFault::Checksum, Some(hint)) => told.hint(&hint),
        (_, _) => told,
    }
}
