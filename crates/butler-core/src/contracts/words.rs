//! Values of ABI-encoded bytes, read where they lie.
//!
//! Places and lengths are somebody else's word: they are followed only within the bytes that are there, and nothing is
//! allocated by them. As Solidity's decoder does, values may lie in any order, share bytes and have anything behind them.

use ethers_core::types::Address;

/// Bytes of a word.
pub(super) const WORD: usize = 32;

/// The word at `at`.
pub(super) fn word(data: &[u8], at: usize) -> Option<&[u8; WORD]> {
    data.get(at..)?.first_chunk()
}

/// The number in a word; `None` beyond 64 bits.
pub(super) fn small(word: &[u8; WORD]) -> Option<u64> {
    let (high, low) = word.split_last_chunk::<8>()?;
    high.iter().all(|byte| *byte == 0).then(|| u64::from_be_bytes(*low))
}

/// The number in the word at `at`; `None` beyond the end and beyond what memory can hold.
pub(super) fn number(data: &[u8], at: usize) -> Option<usize> {
    usize::try_from(small(word(data, at)?)?).ok()
}

/// The address in a word; `None` where it has more than an address, which Solidity refuses.
pub(super) fn address(word: &[u8; WORD]) -> Option<Address> {
    let (high, low) = word.split_last_chunk::<20>()?;
    high.iter().all(|byte| *byte == 0).then_some(Address::from(*low))
}

/// The `bytes` whose place, counted from `base`, stands in the word at `at`.
pub(super) fn bytes(data: &[u8], base: usize, at: usize) -> Option<&[u8]> {
    sized(data, base, at, 1)
}

/// The elements of `size` bytes each of the array whose place, counted from `base`, stands in the word at `at`.
pub(super) fn sized(data: &[u8], base: usize, at: usize, size: usize) -> Option<&[u8]> {
    let place = base.checked_add(number(data, at)?)?;
    let from = place.checked_add(WORD)?;
    let to = from.checked_add(number(data, place)?.checked_mul(size)?)?;
    data.get(from..to)
}

/// A number as a word.
pub(super) fn encoded(number: usize) -> [u8; WORD] {
    let mut word = [0; WORD];
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    if let Some(tail) = word.last_chunk_mut() {
        *tail = number.to_be_bytes();
    }
    word
}
