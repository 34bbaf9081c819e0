//! What is never done, whatever is wished.

use std::collections::BTreeMap;
use std::path::Path;

use super::samples::{PHRASE, RECIPIENT, address, key, split};
use super::{PATH, coinbase, edit};
use crate::domain::ids::Coinbase;
use crate::key_files::edit::{EditError, Setting};
use crate::text::address::checksummed;

fn file(validators: &str) -> String {
    format!(r#"{{"schemaVersion": 2, "feeRecipient": "{RECIPIENT}", "validators": [{validators}]}}"#)
}

fn refused(file: &str, attester: usize, coinbase: Coinbase) -> EditError {
    let error = edit(file.as_bytes(), Path::new(PATH), &BTreeMap::from([(address(attester), coinbase)])).unwrap_err();
    let told = format!("{error} {error:?} {}", serde_json::to_string(&error).unwrap());
    for number in 0..4 {
        assert!(!told.contains(&key(number)[2..]), "{told}");
    }
    assert!(!told.contains("abandon"), "{told}");
    error
}

#[test]
fn a_validator_of_several_attesters_is_never_given_the_coinbase_of_one() {
    let (one, two) = (key(0), key(1));
    for attester in [
        format!(r#"["{one}", "{two}"]"#),
        format!(r#"["{two}", {{"eth": "{one}"}}]"#),
        // One of them is not legible.
        format!(r#"["{one}", "0x12"]"#),
        format!(r#"["{one}", {{"path": "nowhere.json", "password": "p"}}]"#),
    ] {
        let file = file(&format!(r#"{{"attester": {attester}, "coinbase": null}}"#));
        assert_eq!(refused(&file, 0, coinbase(1)), EditError::Shared { attester: address(0), index: 0 });
    }
}

#[test]
fn a_mnemonic_of_one_address_is_one_attester_and_of_two_is_shared() {
    let first = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94".parse().unwrap();
    for (count, is_single) in
        [(r#""addressCount": 1"#, true), (r#""addressCount": 2"#, false), (r#""accountCount": 2"#, false)]
    {
        let file = file(&format!(r#"{{"attester": {{"mnemonic": "{PHRASE}", {count}}}}}"#));
        let edited = edit(file.as_bytes(), Path::new(PATH), &BTreeMap::from([(first, coinbase(1))]));
        match edited {
            Ok(edited) => assert!(is_single && edited.changes.len() == 1, "{count}"),
            Err(error) => assert_eq!((error, is_single), (EditError::Shared { attester: first, index: 0 }, false)),
        }
    }
}

#[test]
fn a_folder_of_encrypted_keys_is_shared_though_one_key_lies_there_today() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::create_dir(folder.path().join("attesters")).unwrap();
    let encrypted = format!(r#"{{"version": 3, "address": "{:x}", "crypto": {{}}}}"#, address(0));
    for place in ["one.key", "attesters/one.json"] {
        crate::store::private::save_private(&folder.path().join(place), encrypted.as_bytes()).unwrap();
    }
    let wanted = BTreeMap::from([(address(0), coinbase(1))]);
    let with = |path: &str| file(&format!(r#"{{"attester": {{"path": "{path}", "password": "p"}}}}"#));
    assert_eq!(edit(with("one.key").as_bytes(), &path, &wanted).unwrap().changes.len(), 1);
    let error = edit(with("attesters").as_bytes(), &path, &wanted).unwrap_err();
    assert_eq!(error, EditError::Shared { attester: address(0), index: 0 });
}

#[test]
fn an_attester_that_is_not_there_or_there_twice_is_said() {
    let (one, two) = (key(0), key(1));
    let absent = file(&format!(r#"{{"attester": "{two}"}}"#));
    assert_eq!(refused(&absent, 0, coinbase(1)), EditError::NotThere { attester: address(0) });
    let spelled = checksummed(&address(0)).to_string();
    for second in [format!("\"{one}\""), format!("\"{spelled}\""), format!("[\"{two}\", \"{one}\"]")] {
        let twice = file(&format!(r#"{{"attester": "{one}"}}, {{"attester": {second}}}"#));
        assert_eq!(refused(&twice, 0, coinbase(1)), EditError::Twice { attester: address(0) });
    }
}

#[test]
fn rewards_never_go_to_a_hot_key() {
    let (one, two, three) = (key(0), key(1), key(2));
    let top = format!(r#""publisher": "{}", "validators""#, key(3));
    let file = file(&format!(r#"{{"attester": "{one}", "publisher": ["{three}"]}}, {{"attester": "{two}"}}"#))
        .replace(r#""validators""#, &top);
    let own = Coinbase::try_from(address(0)).unwrap();
    assert_eq!(refused(&file, 0, own), EditError::OwnAddress { attester: address(0) });
    for other in [1, 2, 3] {
        let coinbase = Coinbase::try_from(address(other)).unwrap();
        assert_eq!(refused(&file, 0, coinbase), EditError::OfAKey { attester: address(0) });
    }
}

#[test]
fn all_wishes_are_carried_out_or_none_is() {
    let file = file(&format!(r#"{{"attester": "{}"}}"#, key(0)));
    let wanted = BTreeMap::from([(address(0), coinbase(1)), (address(1), coinbase(2))]);
    let error = edit(file.as_bytes(), Path::new(PATH), &wanted).unwrap_err();
    assert_eq!(error, EditError::NotThere { attester: address(1) });
}

#[test]
fn what_no_node_reads_is_no_keystore() {
    let one = key(0);
    let good = file(&format!(r#"{{"attester": "{one}", "coinbase": null}}"#));
    assert!(edit(good.as_bytes(), Path::new(PATH), &BTreeMap::from([(address(0), coinbase(1))])).is_ok());
    for bad in [
        String::new(),
        "\n".to_owned(),
        format!("\u{feff}{good}"),
        good.replace('}', ""),
        format!("{good}{good}"),
        good.replace(r#""coinbase": null"#, r#""coinbase": null, "coinbase": null"#),
        good.replace(r#""coinbase": null"#, r#""coinbase": null, "coin\u0062ase": null"#),
        good.replace(r#""schemaVersion": 2, "#, ""),
        good.replace(r#""schemaVersion": 2"#, r#""schemaVersion": 3"#),
        good.replace(r#""schemaVersion": 2"#, r#""schemaVersion": "2""#),
        format!(r#"{{"version": 3, "address": "{:x}", "crypto": {{}}}}"#, address(0)),
        format!(r#"{{"attesters": ["{:?}"], "version": "2.0"}}"#, address(0)),
        format!("[{good}]"),
    ] {
        assert!(matches!(refused(&bad, 0, coinbase(1)), EditError::NotAKeystore { .. }), "{bad}");
    }
    let cut = "{\"schemaVersion\": 1,\n\"validators\": [\n{";
    assert_eq!(refused(cut, 0, coinbase(1)), EditError::NotAKeystore { line: Some(3) });
}

#[test]
fn what_was_there_is_replaced_whatever_it_was_and_said_without_its_text() {
    for (written, before) in [
        ("null".to_owned(), Setting::Null),
        (format!("\"{:?}\"", ethers_core::types::Address::zero()), Setting::Zero),
        (format!("\"{}\"", key(7)), Setting::Illegible),
        ("[{}]".to_owned(), Setting::Illegible),
        (format!("\"{:?}\"", split(3)), Setting::Address(split(3))),
    ] {
        let file = file(&format!(r#"{{"coin\u0062ase": {written}, "attester": "{}"}}"#, key(0)));
        let edited = edit(file.as_bytes(), Path::new(PATH), &BTreeMap::from([(address(0), coinbase(1))])).unwrap();
        assert_eq!(edited.changes[0].before, before);
        let value = format!("\"{}\"", checksummed(&split(1)));
        assert_eq!(str::from_utf8(&edited.content).unwrap(), file.replace(&written, &value));
        let told = format!("{edited:?} {}", serde_json::to_string(&edited.changes).unwrap());
        assert!(!told.contains(&key(7)[2..]) && !told.contains(&key(0)[2..]), "{told}");
    }
}
