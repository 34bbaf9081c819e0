use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use bip39::Language;
use ethers_core::types::U256;
use proptest::prelude::*;

use super::*;

/// Every notation of a scalar that is looked for.
fn notations(key: [u8; 32]) -> Vec<String> {
    let hex = ethers_core::utils::hex::encode(key);
    let groups = |size: usize, between: &str| {
        let groups: Vec<&str> = hex.as_bytes().chunks(size).map(|group| str::from_utf8(group).unwrap()).collect();
        groups.join(between)
    };
    vec![
        hex.clone(),
        format!("0x{hex}"),
        hex.to_uppercase(),
        format!("0X{}", hex.to_uppercase()),
        U256::from_big_endian(&key).to_string(),
        STANDARD.encode(key),
        STANDARD_NO_PAD.encode(key),
        URL_SAFE.encode(key),
        groups(2, ":"),
        groups(2, " "),
        groups(8, "-"),
        groups(16, "_"),
        groups(32, "\n"),
        format!("0x{}", groups(2, ", 0x")),
        format!("\\x{}", groups(2, "\\x")),
        format!("key={hex};"),
        format!("https://host/{hex}?x=1"),
    ]
}

proptest! {
    #[test]
    fn a_scalar_is_found_in_every_notation_and_among_noise(key: [u8; 32], before in "[ a-z.:]{0,20}", after in "[ .:;]{0,20}") {
        // Without chance: a scalar of few bytes is nobody's key.
        prop_assume!(key[0] > 15 && key.iter().filter(|byte| **byte > 15).count() > 24);
        for text in notations(key) {
            prop_assert_eq!(in_text(&text), Some(Secret::Scalar), "{}", text);
            let noisy = format!("{before} {text} {after}");
            prop_assert_eq!(in_text(&noisy), Some(Secret::Scalar), "{}", noisy);
        }
        let bytes: Vec<Json> = key.iter().map(|byte| Json::integer(u64::from(*byte))).collect();
        prop_assert_eq!(in_children(bytes.iter()), Some(Secret::Scalar));
        let limbs: Vec<Json> = U256::from_big_endian(&key).0.iter().map(|limb| Json::integer(*limb)).collect();
        prop_assert_eq!(in_children(limbs.iter()), Some(Secret::Scalar));
    }

    #[test]
    fn a_mnemonic_is_found_in_every_language(
        entropy: [u8; 32], length in prop::sample::select(vec![16_usize, 20, 24, 28, 32]), upper: bool,
    ) {
        for language in Language::ALL {
            let phrase = bip39::Mnemonic::from_entropy_in(*language, &entropy[..length]).unwrap().to_string();
            let phrase = if upper { phrase.to_uppercase() } else { phrase };
            prop_assert_eq!(in_text(&phrase), Some(Secret::Mnemonic), "{}", phrase);
            let listed: Vec<String> = (1..).zip(phrase.split_whitespace()).map(|(n, word)| format!("{n}. {word}")).collect();
            prop_assert_eq!(in_text(&listed.join("\n")), Some(Secret::Mnemonic));
            let words: Vec<Json> = phrase.split_whitespace().map(Json::text).collect();
            prop_assert_eq!(in_children(words.iter()), Some(Secret::Mnemonic));
        }
    }

    #[test]
    fn addresses_are_no_secrets(addresses: Vec<[u8; 20]>) {
        let texts: Vec<String> = addresses.iter().map(|bytes| format!("0x{}", ethers_core::utils::hex::encode(bytes))).collect();
        let values: Vec<Json> = texts.iter().map(|text| Json::text(text)).collect();
        prop_assert_eq!(in_children(values.iter()), None);
        prop_assert_eq!(in_text(&texts.join(", ")), None);
    }
}

#[test]
fn what_public_files_say_is_no_secret() {
    for text in [
        "",
        "https://web3signer.validators.eu-central-1.production.example.com:9000/upcheck?verbose=true",
        "http://internal-k8s-web3signe-1a2b3c4d5e-1234567890.eu-west-1.elb.amazonaws.com",
        "/var/lib/aztec/keystore/production/eu-central-1/validators.json",
        "2026-11-26T10:45:01.123Z and 2026-11-27T10:45:01.123Z",
        "d7b5a7a0-6c1c-4f5e-9c55-0a3f1a2b3c4d",
        "these are the keys of the second server in the rack behind the door of the office, moved in the spring",
        "0x0000000000000000000000000000000000000000000000000000000000000000",
    ] {
        assert_eq!(in_text(text), None, "{text}");
    }
    assert_eq!(in_text("-----BEGIN EC PRIVATE KEY-----"), Some(Secret::Pem));
}

#[test]
fn names_of_files_lose_what_they_tell_of_a_key() {
    assert_eq!(without_secrets("a/keystore-eth-attester_1_1a2b3c4d.json"), "a/keystore-eth-attester_1_<hidden>.json");
    assert_eq!(without_secrets("keystore-eth-publisher_1_2_1a2b3c4d"), "keystore-eth-publisher_1_2_<hidden>");
    assert_eq!(without_secrets("keystore-eth-attester_1.json"), "keystore-eth-attester_1.json");
    assert_eq!(without_secrets(&format!("keys/{}.json", "1f".repeat(32))), "keys/<hidden>");
    assert_eq!(without_secrets("keys/server-1.json"), "keys/server-1.json");
}
