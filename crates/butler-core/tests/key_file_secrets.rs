//! A secret of any form, in any place of a file of public keys, refuses the file and appears in no output.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bip39::{Language, Mnemonic};
use butler_core::fuzzing;
use butler_core::key_files::{FaultKind, KeySources, PrivateKeys, load_key_files};
use butler_core::store::file::save_atomic;
use ethers_core::types::U256;
use ethers_core::utils::hex;
use proptest::prelude::*;
use serde_json::{Value, json};

const A: &str = "0x1111111111111111111111111111111111111111";
const RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";

/// A secret as a JSON value, with the fragments of it that no output may have.
#[derive(Debug, Clone)]
struct Planted {
    value: Value,
    fragments: Vec<String>,
}

fn of_text(text: impl Into<String>) -> Planted {
    let text = text.into();
    let middle: String = text.chars().skip(4).take(12).collect();
    Planted { value: json!(text), fragments: vec![middle] }
}

/// Notations of a private key: as text, among other words, as bytes, as words, as limbs, as an unnamed number.
fn scalar(key: [u8; 32], form: usize) -> Planted {
    let digits = hex::encode(key);
    let number = U256::from_big_endian(&key);
    let list = |items: Vec<Value>| Planted { value: Value::Array(items), fragments: vec![digits[4..16].to_owned()] };
    match form {
        0 => of_text(digits),
        1 => of_text(format!("0x{digits}")),
        2 => of_text(format!("0X{}", digits.to_uppercase())),
        3 => of_text(number.to_string()),
        4 => of_text(STANDARD.encode(key)),
        5 => of_text(STANDARD_NO_PAD.encode(key)),
        6 => of_text(URL_SAFE_NO_PAD.encode(key)),
        7 => of_text(format!("backup of the key: {digits}, do not lose it")),
        8 => of_text(format!("https://signer.example/{digits}?x=1")),
        9 => {
            of_text(digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect::<Vec<_>>().join(":"))
        }
        10 => list(key.iter().map(|byte| json!(byte)).collect()),
        11 => list(digits.as_bytes().chunks(2).map(|pair| json!(str::from_utf8(pair).unwrap())).collect()),
        12 => list(number.0.iter().map(|limb| json!(limb)).collect()),
        13 => list(vec![json!(digits[..32]), json!(digits[32..])]),
        14 => {
            let bytes: serde_json::Map<String, Value> =
                key.iter().enumerate().map(|(at, byte)| (at.to_string(), json!(byte))).collect();
            Planted { value: Value::Object(bytes), fragments: vec![digits[4..16].to_owned()] }
        }
        _ => of_text(format!("-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----", STANDARD.encode(key))),
    }
}

fn mnemonic(entropy: [u8; 32], language: usize, form: usize) -> Planted {
    let language = Language::ALL[language % Language::ALL.len()];
    let length = [16, 20, 24, 28, 32][form % 5];
    let phrase = Mnemonic::from_entropy_in(language, &entropy[..length]).unwrap().to_string();
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let fragments = vec![words[2..5].join(" ")];
    let value = match form % 3 {
        0 => json!(phrase),
        1 => json!(format!("seed:\n{}", words.join(", ").to_uppercase())),
        _ => json!(words),
    };
    Planted { value, fragments }
}

fn planted() -> impl Strategy<Value = Planted> {
    let key = any::<[u8; 32]>().prop_filter("a scalar of few bytes is nobody's key", |key| {
        key[0] > 15 && key.iter().filter(|byte| **byte > 15).count() > 24
    });
    prop_oneof![
        (key, 0_usize..16).prop_map(|(key, form)| scalar(key, form)),
        (any::<[u8; 32]>(), 0_usize..10, 0_usize..15)
            .prop_map(|(entropy, language, form)| mnemonic(entropy, language, form)),
    ]
}

/// Whole files that have a value somewhere, for each place where one could stand.
fn places(secret: &Value) -> Vec<Value> {
    let validator = |change: fn(&mut Value, Value)| {
        let mut file = json!({"schemaVersion": 2, "validators": [
            {"attester": {"eth": A}, "feeRecipient": RECIPIENT, "publisher": [A]}, {"attester": A, "feeRecipient": RECIPIENT}]});
        change(&mut file, secret.clone());
        file
    };
    let mut files = vec![
        validator(|file, secret| file["validators"][0]["attester"] = secret),
        validator(|file, secret| file["validators"][0]["attester"]["eth"] = secret),
        validator(|file, secret| file["validators"][0]["attester"]["note"] = secret),
        validator(|file, secret| file["validators"][0]["publisher"] = secret),
        validator(|file, secret| file["validators"][0]["publisher"][0] = secret),
        validator(|file, secret| file["validators"][0]["coinbase"] = secret),
        validator(|file, secret| file["validators"][1]["remoteSigner"] = secret),
        validator(|file, secret| file["publisher"] = secret),
        validator(|file, secret| file["coinbase"] = secret),
        validator(|file, secret| file["fundingAccount"] = secret),
        validator(|file, secret| file["prover"] = json!({"id": A, "publisher": [secret]})),
        validator(|file, secret| file["comment"] = json!([[{"deep": {"down": secret}}]])),
        json!({"attesters": [{"address": A, "coinbase": secret}], "version": "2.0"}),
        json!({"attesters": [A], "publishers": secret, "version": "1.1"}),
        json!({"server": [A, secret]}),
        json!([{"attester": A, "publicKeyG1": {"x": secret, "y": "0x2"}}]),
        json!([{"attester": A, "proofOfPossession": secret}]),
        secret.clone(),
        json!([secret]),
    ];
    if let Some(text) = secret.as_str() {
        files.push(json!({text: [A]}));
        files.push(json!({"validators": [{"attester": A, text: 1}]}));
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_planted_secret_refuses_the_file_and_is_nowhere_told(secret in planted()) {
        for file in places(&secret.value) {
            let report = fuzzing::key_file(file.to_string().as_bytes());
            prop_assert!(report.files.is_empty() && report.book.entries.is_empty(), "{}", file);
            prop_assert_eq!(report.faults.len(), 1, "{}", file);
            prop_assert_eq!(report.faults[0].kind, FaultKind::Secret, "{}", file);
            let findings: Vec<String> = report.findings().iter().map(|finding| format!("{finding:?} {}", finding.line())).collect();
            let told = [
                format!("{report:?}"),
                report.faults[0].to_string(),
                serde_json::to_string(&report.faults).unwrap(),
                serde_json::to_string(&report.book).unwrap(),
                findings.join("\n"),
            ];
            let told = told.join("\n").to_lowercase();
            for fragment in &secret.fragments {
                prop_assert!(!told.contains(&fragment.to_lowercase()), "{} in {}", fragment, told);
            }
        }
    }

    #[test]
    fn a_file_that_is_a_secret_by_itself_is_called_one(secret in planted(), name in "[a-z]{1,8}") {
        let Some(text) = secret.value.as_str() else { return Ok(()) };
        let folder = tempfile::tempdir().unwrap();
        save_atomic(&folder.path().join(format!("{name}.json")), text.as_bytes(), 0o600).unwrap();
        let key_files = ["*.json".to_owned()];
        let sources = KeySources { key_files: &key_files, node_keystores: &[], publisher_files: &[], base: folder.path(), private_keys: PrivateKeys::Refuse };
        let report = load_key_files(&sources);
        prop_assert_eq!(report.faults.len(), 1);
        prop_assert!(report.faults[0].refuses_file());
        let told = format!("{report:?}").to_lowercase();
        for fragment in &secret.fragments {
            prop_assert!(!told.contains(&fragment.to_lowercase()), "{} in {}", fragment, told);
        }
    }
}

#[test]
fn a_private_bls_key_is_never_printed_whether_it_could_be_a_point_or_not() {
    let keys = (1_u64..40).map(|number| U256::from(number) * (U256::from(u64::MAX) << 180));
    let mut taken = 0;
    for key in keys {
        let digits = format!("{key:064x}");
        let file = json!({"validators": [{"attester": {"eth": A, "bls": format!("0x{digits}")}}]});
        let report = fuzzing::key_file(file.to_string().as_bytes());
        let told = format!("{report:?} {}", serde_json::to_string(&report.book).unwrap());
        assert!(!told.contains(&digits[..16]), "{told}");
        taken += report.files.len();
    }
    assert!((1..39).contains(&taken), "about half of all numbers are points: {taken}");
}

#[test]
fn places_that_are_public_by_what_they_are_do_not_refuse_a_file() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/keys");
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let report = fuzzing::key_file(&std::fs::read(&path).unwrap());
            assert_eq!(report.faults, [], "{}", path.display());
        }
    }
}
