//! The one place where a private key is looked at: to learn the address that it belongs to.
//!
//! It is called for node keystores only, and only where that is allowed. A key lives here as long as it takes to compute
//! an address, in memory that is wiped; nothing of it is returned, kept, logged or put into an error.

use bip32::{ChildNumber, DerivationPath, XPrv};
use ethers_core::k256::ecdsa::SigningKey;
use ethers_core::types::Address;
use ethers_core::utils::{hex, secret_key_to_address};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha512;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// How many words a mnemonic may have.
const MNEMONIC_WORDS: [usize; 5] = [12, 15, 18, 21, 24];

/// Which addresses of a mnemonic are meant: paths `m/44'/60'/account'/0/address`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Derivation {
    pub(super) account_index: u32,
    pub(super) accounts: u32,
    pub(super) address_index: u32,
    pub(super) addresses: u32,
}

/// The address of a private key of 64 hexadecimal digits.
pub(super) fn address_of_key(text: &str) -> Option<Address> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(digits, bytes.as_mut_slice()).ok()?;
    let key = SigningKey::from_slice(bytes.as_slice()).ok()?;
    Some(secret_key_to_address(&key))
}

/// The addresses of a mnemonic, accounts first.
pub(super) fn addresses_of_mnemonic(phrase: &str, derivation: Derivation) -> Option<Vec<Address>> {
    let seed = seed(phrase)?;
    let mut found = Vec::new();
    for account in numbers(derivation.account_index, derivation.accounts)? {
        let path: DerivationPath = format!("m/44'/60'/{account}'/0").parse().ok()?;
        let parent = XPrv::derive_from_path(seed.as_slice(), &path).ok()?;
        for address in numbers(derivation.address_index, derivation.addresses)? {
            let child = parent.derive_child(ChildNumber::new(address, false).ok()?).ok()?;
            found.push(secret_key_to_address(child.private_key()));
        }
    }
    Some(found)
}

/// The seed of a mnemonic without a passphrase. A node counts the words, and asks neither for their list nor for their checksum
/// (`mnemonicToSeedSync` of scure-bip39, which viem calls).
fn seed(phrase: &str) -> Option<Zeroizing<[u8; 64]>> {
    let phrase = Zeroizing::new(phrase.trim().nfkd().collect::<String>());
    if !MNEMONIC_WORDS.contains(&phrase.split(' ').count()) {
        return None;
    }
    let mut seed = Zeroizing::new([0; 64]);
    pbkdf2_hmac::<Sha512>(phrase.as_bytes(), b"mnemonic", 2_048, seed.as_mut_slice());
    Some(seed)
}

fn numbers(first: u32, count: u32) -> Option<std::ops::Range<u32>> {
    Some(first..first.checked_add(count)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: &str =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn a_mnemonic_gives_the_addresses_of_an_ordinary_wallet() {
        let derive = |account_index, accounts, address_index, addresses| {
            let derivation = Derivation { account_index, accounts, address_index, addresses };
            addresses_of_mnemonic(PHRASE, derivation).unwrap()
        };
        let address = |text: &str| text.parse::<Address>().unwrap();
        let first = address("0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
        let second = address("0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0");
        let other = address("0x78839F6054d7ed13918bAe0473BA31b1Ca9D7265");
        assert_eq!(derive(0, 1, 0, 2), [first, second]);
        assert_eq!(derive(0, 2, 0, 1), [first, other]);
        assert_eq!(derive(0, 1, 712, 1), [address("0xbabfF5E8f72bb35c77f8D50964F9EB8899d66155")]);
        assert_eq!(derive(1, 1, 0, 1), [other]);
    }

    #[test]
    fn the_seed_is_that_of_the_library_in_every_language_and_a_wrong_checksum_gives_one_too() {
        for language in bip39::Language::ALL {
            let mnemonic = bip39::Mnemonic::from_entropy_in(*language, &[7; 16]).unwrap();
            assert_eq!(*seed(&mnemonic.to_string()).unwrap(), mnemonic.to_seed(""));
        }
        assert!(seed(&PHRASE.replace("about", "abandon")).is_some(), "a node takes it");
        assert!(seed("abandon about").is_none());
    }

    #[test]
    fn a_private_key_gives_its_address_and_no_other_text_does() {
        let one = format!("0x{:064x}", 1);
        let expected: Address = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf".parse().unwrap();
        assert_eq!(address_of_key(&one), Some(expected));
        assert_eq!(address_of_key(&one[2..]), Some(expected));
        assert_eq!(address_of_key(&format!("0x{:064x}", 0)), None);
        assert_eq!(address_of_key("0x12"), None);
    }
}
