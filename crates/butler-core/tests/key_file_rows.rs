//! Keys in rows of numbers and mnemonics in names of fields, many of each: none may be missed now and then.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bip39::{Language, Mnemonic};
use butler_core::fuzzing;
use butler_core::key_files::FaultKind;
use ethers_core::utils::keccak256;

const A: &str = "0x1111111111111111111111111111111111111111";

fn keys() -> impl Iterator<Item = [u8; 32]> {
    (0_u32..60).map(|number| keccak256(number.to_be_bytes()))
}

fn is_refused(text: &str) -> bool {
    let report = fuzzing::key_file(text.as_bytes());
    report.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Secret | FaultKind::Syntax))
}

#[test]
fn a_mnemonic_in_names_of_fields_is_found_wherever_it_begins() {
    for bytes in [16, 20, 24, 28, 32] {
        for key in keys().take(20) {
            let phrase = Mnemonic::from_entropy_in(Language::English, &key[..bytes]).unwrap().to_string();
            let mut fields = String::new();
            phrase.split(' ').for_each(|word| write!(fields, "\"{word}\": 1, ").unwrap());
            for text in [
                format!(r#"{{"validators": [{{"attester": "{A}", {fields}"note": "x"}}]}}"#),
                format!(r#"{{"validators": [{{"attester": "{A}", "name": "a", {fields}"note": "x", "label": "y"}}]}}"#),
                format!(r#"{{{fields}"validators": [{{"attester": "{A}"}}]}}"#),
                format!(r#"{{"validators": [{{"attester": "{A}"}}], "extra": {{"name": "a", {fields}"index": 1}}}}"#),
            ] {
                assert!(is_refused(&text), "{bytes}: {text}");
            }
        }
    }
}

#[test]
fn limbs_with_signs_are_found_as_numbers_and_as_texts() {
    let mut missed = BTreeMap::<(usize, &str), u32>::new();
    for key in keys() {
        for width in [1, 2, 4, 8] {
            let signed = |limb: &[u8]| {
                let mut wide = [if limb[0] >= 128 { 0xff } else { 0 }; 8];
                wide[8 - width..].copy_from_slice(limb);
                i64::from_be_bytes(wide)
            };
            let limbs: Vec<i64> = key.chunks(width).map(signed).collect();
            let texts: Vec<String> = limbs.iter().map(i64::to_string).collect();
            for (name, value) in [
                ("numbers", format!("{limbs:?}")),
                ("texts", format!("{texts:?}")),
                ("one text", format!("\"{}\"", texts.join(", "))),
            ] {
                let is_found = is_refused(&format!(r#"{{"validators": [{{"attester": "{A}", "x": {value}}}]}}"#));
                *missed.entry((width, name)).or_default() += u32::from(!is_found);
            }
        }
    }
    assert!(missed.values().all(|missed| *missed <= 1), "{missed:?}");
}
