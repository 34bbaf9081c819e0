//! A folder looks as it looks to its node, and what the node would refuse is said before it is asked.

use std::fs;
use std::os::unix::fs::symlink;

use super::bench::{Bench, digest, keystore};
use super::samples::{RECIPIENT, address, key, split};
use crate::key_files::edit::ObstacleKind::{self, *};
use crate::key_files::edit::Setting;

fn kinds(bench: &Bench) -> Vec<ObstacleKind> {
    bench.look().0.obstacles.iter().map(|obstacle| obstacle.kind).collect()
}

#[test]
fn every_validator_is_shown_with_its_coinbase_and_who_pays() {
    let file = format!(
        r#"{{"schemaVersion": 2, "feeRecipient": "{RECIPIENT}", "coinbase": "{:?}", "publisher": "{}", "validators": [
            {{"attester": "{}"}}, {{"attester": ["{}", "{}"], "publisher": "{}", "coinbase": null}}]}}"#,
        split(9),
        key(8),
        key(0),
        key(1),
        key(2),
        key(3)
    );
    let other = keystore(&[]).replace('1', "2").replace("{\"", &format!("{{\"feeRecipient\": \"{RECIPIENT}\", \""));
    let bench = Bench::new(&[("b.json", &file), (".a.json", &other)]);
    bench.put("ignored.json.tmp.old", "{");
    fs::create_dir(bench.keys().join("old")).unwrap();
    bench.put("old/c.json", "{");
    let (view, _) = bench.look();
    assert_eq!((view.files.len(), view.hidden, &view.obstacles), (2, 1, &vec![]));
    let shown = &view.files[1];
    assert_eq!((shown.name.as_str(), shown.digest, shown.mode), ("b.json", digest(&file), 0o600));
    assert_eq!(shown.coinbase, Setting::Address(split(9)));
    let [first, second] = shown.validators.as_slice() else { panic!("{shown:?}") };
    assert_eq!((first.coinbase, first.is_single, &first.publishers), (Setting::Absent, true, &vec![address(8)]));
    assert_eq!((second.coinbase, second.is_single, &second.publishers), (Setting::Null, false, &vec![address(3)]));
    assert_eq!((first.attesters.len(), second.attesters.clone()), (1, vec![address(1), address(2)]));
}

#[test]
fn each_way_in_which_a_node_refuses_a_folder_is_said() {
    let good = keystore(&[(0, "")]);
    let second = |top: &str| keystore(&[(1, "")]).replace("\"validators\"", &format!("{top}\"validators\""));
    let v2 = second(&format!("\"feeRecipient\": \"{RECIPIENT}\", ")).replace("Version\": 1", "Version\": 2");
    let prover = format!(r#""prover": "{}", "#, key(5));
    let remote = keystore(&[(1, "")]).replace(&key(1), &format!("{:?}", address(1)));
    let encrypted = keystore(&[(1, "")])
        .replace(&format!("\"{}\"", key(1)), r#"{"path": "/elsewhere/key.json", "password": "hunter2"}"#);
    let zero = keystore(&[(1, &format!(r#""coinbase": "{:?}", "#, ethers_core::types::Address::zero()))]);
    for (content, expected) in [
        (second(""), vec![]),
        (String::new(), vec![Broken]),
        (good.replace("[\n", "["), vec![DuplicateAttester]),
        (format!("\u{feff}{}", second("")), vec![Broken]),
        (second("\"note\": 1, "), vec![Schema]),
        (second("\"schemaVersion\": 1, "), vec![Broken]),
        (keystore(&[(1, r#""coinbase": "0x12", "#)]), vec![Schema]),
        (keystore(&[(1, r#""coinbase": "0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAaa", "#)]), vec![Schema]),
        (zero, vec![ZeroCoinbase]),
        (v2, vec![SchemasMixed]),
        (remote, vec![SignerMissing]),
        (encrypted, vec![EncryptedKey]),
        (keystore(&[]), vec![]),
        (second(&prover), vec![]),
        (format!(r#"{{"version": 3, "address": "{:x}", "crypto": {{}}}}"#, address(4)), vec![NotAKeystore]),
        ("7".to_owned(), vec![Schema]),
    ] {
        let bench = Bench::new(&[("a.json", &good), ("b.json", &content)]);
        assert_eq!(kinds(&bench), expected, "{content}");
    }
    let bench = Bench::new(&[("a.json", &good.replace("\"validators\"", &format!("{prover}\"validators\"")))]);
    bench.put("b.json", &second(&prover));
    assert_eq!(kinds(&bench), [SeveralProvers]);
}

#[test]
fn a_folder_without_a_keystore_or_without_a_validator_and_entries_that_are_no_files_are_said() {
    let bench = Bench::new(&[("keys.txt", "")]);
    assert_eq!(kinds(&bench), [Empty]);
    bench.put("keys.json", &keystore(&[]));
    assert_eq!(kinds(&bench), [NoValidators]);
    bench.put("keys.json", &keystore(&[(0, "")]));
    fs::create_dir(bench.keys().join("x.json")).unwrap();
    assert_eq!(kinds(&bench), [NotAFile]);
    fs::remove_dir(bench.keys().join("x.json")).unwrap();
    symlink("keys.json", bench.keys().join("x.json")).unwrap();
    assert_eq!(kinds(&bench), [Link]);
    fs::remove_file(bench.keys().join("x.json")).unwrap();
    fs::hard_link(bench.keys().join("keys.json"), bench.keys().join("x.json")).unwrap();
    assert_eq!(kinds(&bench), [Unreadable, Unreadable]);
    fs::remove_file(bench.keys().join("x.json")).unwrap();
    bench.put("x.json", &" ".repeat((16 << 20) + 1));
    assert_eq!(kinds(&bench), [Broken]);
    fs::remove_file(bench.keys().join("x.json")).unwrap();
    let name = "keystore-eth-attester_1_1a2b3c4d.json";
    bench.put(name, &keystore(&[(1, "")]));
    assert_eq!(kinds(&bench), [Name]);
    assert!(!format!("{:?}", bench.look()).contains("1a2b3c4d"));
}
