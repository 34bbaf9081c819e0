//! Addresses, amounts, times and durations as people read them; most of it is core's one printer.

use butler_core::text::address::checksummed;
use ethers_core::types::Address;

pub(crate) use butler_core::text::amount::amount;
pub(crate) use butler_core::text::time::{count, distance, duration, moment};

/// An address with its checksum.
#[must_use]
pub(crate) fn address(address: &Address) -> String {
    checksummed(address).into()
}

/// The ends of an address, for narrow tables.
#[must_use]
pub(crate) fn short_address(address: &Address) -> String {
    let full = checksummed(address);
    format!("{}…{}", full.get(..6).unwrap_or_default(), full.get(38..).unwrap_or_default())
}

/// Basis points as per cent.
#[must_use]
pub(crate) fn percent(basis_points: u16) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}
