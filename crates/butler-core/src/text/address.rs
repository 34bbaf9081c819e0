//! Addresses with their EIP-55 checksum, as every output shows them.
//!
//! A status of a thousand attesters prints some thousands of addresses, most of them more than once, and an exporter does so
//! each minute. A text is therefore made in place with one hash, and each thread remembers those that it wrote last. The
//! letters are those of EIP-55; another chain's variant (EIP-1191) is never written.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;

use ethers_core::types::Address;
use ethers_core::utils::keccak256;

const PREFIX: usize = 2;
const DIGITS: usize = 40;

/// An address as text: `0x` and 40 digits, whose upper and lower case is the checksum. Used as a `str`, or printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AddressText([u8; PREFIX + DIGITS]);

/// Texts that a thread remembers: an address has one place, given by its last bits, and a newer one takes it.
const REMEMBERED: usize = 1 << 10;

thread_local! {
    static WRITTEN: RefCell<Vec<Option<(Address, AddressText)>>> = const { RefCell::new(Vec::new()) };
}

/// Writes an address.
#[must_use]
pub fn checksummed(address: &Address) -> AddressText {
    let remembered = WRITTEN.try_with(|written| {
        let mut written = written.try_borrow_mut().ok()?;
        if written.is_empty() {
            written.resize(REMEMBERED, None);
        }
        let place = usize::from(u16::from_be_bytes([address[18], address[19]])) % REMEMBERED;
        let slot = written.get_mut(place)?;
        match slot {
            Some((known, text)) if known == address => Some(*text),
            Some(_) | None => {
                let text = write(address);
                *slot = Some((*address, text));
                Some(text)
            }
        }
    });
    // A thread that ends remembers nothing any more.
    remembered.ok().flatten().unwrap_or_else(|| write(address))
}

fn write(address: &Address) -> AddressText {
    let mut text = [b'0'; PREFIX + DIGITS];
    text[1] = b'x';
    let digits = &mut text[PREFIX..];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(address.as_bytes()) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    let hash = keccak256(&digits);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
        for (digit, half) in pair.iter_mut().zip([byte >> 4, byte & 0xf]) {
            // Decimal digits have no case.
            if half >= 8 {
                digit.make_ascii_uppercase();
            }
        }
    }
    AddressText(text)
}

const fn digit(half: u8) -> u8 {
    if half < 10 { b'0' + half } else { b'a' + (half - 10) }
}

impl Deref for AddressText {
    type Target = str;

    fn deref(&self) -> &str {
        // Nothing but ASCII is ever put in, so this is always the text.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<AddressText> for String {
    fn from(text: AddressText) -> Self {
        (*text).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::utils::to_checksum;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_eip_55_are_written_as_they_stand_there() {
        for text in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert_eq!(&*checksummed(&text.parse().unwrap()), text);
        }
    }

    #[test]
    fn a_width_is_kept_as_for_any_text() {
        assert_eq!(format!("{:>44}", checksummed(&Address::zero())), format!("  0x{}", "0".repeat(40)));
    }

    proptest! {
        #[test]
        fn every_address_is_written_as_ethers_writes_it(bytes: [u8; 20]) {
            let address = Address::from(bytes);
            // Written, and remembered.
            for _ in 0..2 {
                prop_assert_eq!(checksummed(&address).to_string(), to_checksum(&address, None));
            }
        }

        #[test]
        fn addresses_that_share_a_place_are_not_mixed_up(heads: [[u8; 18]; 4], order in prop::collection::vec(0..4_usize, 0..20)) {
            for index in order {
                let address = Address::from_slice(&[heads[index].as_slice(), &[1, 2]].concat());
                prop_assert_eq!(checksummed(&address).to_string(), to_checksum(&address, None));
            }
        }
    }
}
