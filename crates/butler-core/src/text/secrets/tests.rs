use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use bip39::Language;
use ethers_core::types::U256;
use proptest::prelude::*;

use super::found::Secret;
use super::*;

/// What is found in texts of one list.
fn in_row(texts: &[&str]) -> Option<Secret> {
    let mut search = Search::default();
    let site = |at| Site { at, around: &[0], kind: 0 };
    let found = texts.iter().enumerate().find_map(|(at, text)| search.next(Leaf::Text(text), site(at)));
    found.or_else(|| search.finish()).map(|found| found.secret)
}

/// Whether numbers of one list are a secret.
fn are_secret(values: Vec<u128>) -> bool {
    let mut search = Search::default();
    let mut next = |at: usize, value: u128| {
        let leaf = Leaf::Number { value: Some(value), bits: u128::BITS - value.leading_zeros(), is_round: false };
        search.next(leaf, Site { at, around: &[0], kind: 0 })
    };
    let is_found = values.into_iter().enumerate().any(|(at, value)| next(at, value).is_some());
    is_found || search.finish().is_some()
}

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

/// Both halves have the marks of a UUID, as one key of sixty has by chance.
fn is_pair_of_uuids(two: &str) -> bool {
    two.split_whitespace().all(super::plain::is_plain)
}

/// Keys as random as real ones are: hashes of numbers.
fn keys(count: u64) -> impl Iterator<Item = [u8; 32]> {
    (0..count).map(|number| ethers_core::utils::keccak256(number.to_be_bytes()))
}

#[test]
fn a_scalar_is_found_in_every_notation_and_among_noise() {
    let mut missed = std::collections::BTreeMap::<String, u32>::new();
    for key in keys(300) {
        let texts = notations(key);
        let noisy = texts.iter().map(|text| format!("a note. the key is: {text} ;; of server-1"));
        for (index, text) in texts.iter().cloned().chain(noisy).enumerate() {
            if in_text(&text) != Some(Secret::Scalar) {
                *missed.entry(format!("text {index}")).or_default() += 1;
            }
        }
        let number = U256::from_big_endian(&key);
        for bits in [8, 16, 26, 32, 52, 64, 128] {
            let limb = |at: usize| ((number >> (at * bits)) & ((U256::one() << bits) - 1)).low_u128();
            if !are_secret((0..256_usize.div_ceil(bits)).map(limb).collect()) {
                *missed.entry(format!("{bits} bits")).or_default() += 1;
            }
        }
    }
    // Whether something is random is a question of chance.
    assert!(missed.values().all(|count| *count <= 3), "{missed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

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
            let words: Vec<&str> = phrase.split_whitespace().collect();
            prop_assert_eq!(in_row(&words), Some(Secret::Mnemonic));
        }
    }

    #[test]
    fn addresses_are_no_secrets(addresses: Vec<[u8; 20]>) {
        let texts: Vec<String> = addresses.iter().map(|bytes| format!("0x{}", ethers_core::utils::hex::encode(bytes))).collect();
        let values: Vec<&str> = texts.iter().map(String::as_str).collect();
        prop_assert_eq!(in_row(&values), None);
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
    for (name, shown) in [
        ("keystore-eth-attester_1_ab12cd34_old.json", "keystore-eth-attester_1_<hidden>_old.json"),
        ("keystore-eth-attester_1_ab12cd34_1.json", "keystore-eth-attester_1_<hidden>_1.json"),
        ("keystore-eth-attester_1_ab12cd34 (1).json", "keystore-eth-attester_1_<hidden> (1).json"),
        ("keystore-eth-attester_1_AB12CD34-v2.json", "keystore-eth-attester_1_<hidden>-v2.json"),
        ("bak_keystore-eth-attester_1_12345678.json.json", "bak_keystore-eth-attester_1_<hidden>.json.json"),
        ("keystore-eth-attester_1_ab12cd34old.json", "keystore-eth-attester_1_<hidden>.json"),
    ] {
        assert_eq!(without_secrets(name), shown);
    }
    assert_eq!(without_secrets("keystore-eth-attester_1.json"), "keystore-eth-attester_1.json");
    let [one, other] = ["1f", "2e"].map(|byte| without_secrets(&format!("keys/{}.json", byte.repeat(32))));
    assert!(one.starts_with("keys/<hidden:") && one.len() == "keys/<hidden:12345678>".len(), "{one}");
    assert_ne!(one, other, "two files are not shown as one");
    let volume = format!("/var/lib/docker/volumes/{}/_data/key1.json", "1f".repeat(32));
    assert_eq!(without_secrets(&volume), volume, "a digest by which Docker names a volume");
    for no_volume in [volume.replace("_data", "data"), volume.replace("/1f", "/0x1f"), volume.replace("/1f", "/1F")] {
        assert!(without_secrets(&no_volume).contains("<hidden:"), "{no_volume}");
    }
    assert_eq!(without_secrets("keys/server-1.json"), "keys/server-1.json");
    for (name, shown) in [
        ("keystore_eth_attester_1_c0ffee25.json", "keystore_eth_attester_1_<hidden>.json"),
        ("eth-attester_1_12345678.json", "eth-attester_1_<hidden>.json"),
        ("attester_1_c0ffee25.json", "attester_1_<hidden>.json"),
        ("keystore%2Deth%2Dattester_1_c0ffee25.json", "keystore%2Deth%2Dattester_1_<hidden>.json"),
        ("publisher-20261127.json", "publisher-20261127.json"),
        ("server-c0ffee25.json", "server-c0ffee25.json"),
    ] {
        assert_eq!(without_secrets(name), shown);
    }
    assert!(without_secrets(&format!("keys/{}.json", "1f".repeat(16))).starts_with("keys/<hidden:"));
    let folder = format!("{}/server.json", "1f".repeat(16));
    assert_eq!(without_secrets(&folder), folder, "folders have such names");
}

#[test]
fn pieces_of_any_length_in_one_text_or_list_are_a_scalar_together() {
    let mut missed = std::collections::BTreeMap::<&str, u32>::new();
    for key in keys(100) {
        let hex = ethers_core::utils::hex::encode(key);
        let cut = |lengths: &[usize]| {
            let mut rest = hex.as_str();
            let mut pieces = Vec::new();
            for length in lengths.iter().cycle() {
                let (piece, after) = rest.split_at((*length).min(rest.len()));
                pieces.push(piece);
                rest = after;
                if rest.is_empty() {
                    return pieces;
                }
            }
            pieces
        };
        let groups = cut(&[8, 4, 4, 4, 12]);
        let two = format!("{} {}", groups[..5].join("-"), groups[5..].join("-"));
        let decimal = U256::from_big_endian(&key).to_string();
        let foreign = |zero: u32| -> String {
            decimal.bytes().map(|digit| char::from_u32(zero + u32::from(digit - b'0')).unwrap()).collect()
        };
        for (name, is_found) in [
            ("two groups of five", in_text(&two).is_some() || is_pair_of_uuids(&two)),
            ("uneven pieces", in_text(&cut(&[7, 1, 3, 12, 5]).join(" ")).is_some()),
            ("listed groups", in_row(&groups).is_some()),
            ("one digit each", in_row(&cut(&[1])).is_some()),
            ("three digits each", in_row(&cut(&[3])).is_some()),
            ("arabic", in_text(&foreign(0x660)).is_some()),
            ("devanagari", in_text(&foreign(0x966)).is_some()),
        ] {
            *missed.entry(name).or_default() += u32::from(!is_found);
        }
    }
    assert!(missed.values().all(|count| *count <= 2), "{missed:?}");
}

#[test]
fn limbs_are_a_scalar_whether_they_are_texts_or_numbers() {
    let mut missed = 0;
    for key in keys(100) {
        let mut search = Search::default();
        let is_found = key.chunks(4).enumerate().any(|(at, limb)| {
            let value = u32::from_be_bytes(limb.try_into().unwrap());
            let text = format!("0x{value:08x}");
            let number = Leaf::Number { value: Some(value.into()), bits: 32 - value.leading_zeros(), is_round: false };
            let leaf = if at % 2 == 0 { Leaf::Text(&text) } else { number };
            search.next(leaf, Site { at, around: &[0], kind: 0 }).is_some()
        });
        missed += u32::from(!is_found && search.finish().is_none());
    }
    assert!(missed <= 2, "{missed}");
}

#[test]
fn addresses_of_peers_and_ids_are_no_secrets() {
    for text in [
        "/ip4/192.0.2.1/tcp/40400/p2p/16Uiu2HAmQ5mKjVxNfXXGsfG8RJ8h3rXJyTiJmL6gJ6nV3HwJ8y2p",
        "/dns4/boot-1.example.com/udp/40400/quic-v1/p2p/16Uiu2HAmQ5mKjVxNfXXGsfG8RJ8h3rXJyTiJmL6gJ6nV3HwJ8y2p",
        "0x1234…abcd and 0x5678…ef01",
    ] {
        assert_eq!(in_text(text), None, "{text}");
    }
    // Pieces of several fields, with names between them.
    let mut search = Search::default();
    let texts =
        ["ip-10-20-30-40.example", "i-0abcd1234ef567890", "ami-0abcdef1234567890", "d/abcDEF123?a=1", "C0123ABCDEF0"];
    for (at, text) in texts.iter().enumerate() {
        let site = Site { at: at * 2, around: &[0], kind: 0 };
        assert_eq!(search.next(Leaf::Text(text), site).map(|found| found.secret), None, "{text}");
    }
    assert_eq!(search.finish(), None);
    let secret = format!("/dns4/{}.example.com/tcp/1", "1f2e3d4c".repeat(8));
    assert_eq!(in_text(&secret), Some(Secret::Scalar));
    assert!(!are_secret((0..60).map(|n| 23_456_789 + n * n % 7_919).collect()));
}
