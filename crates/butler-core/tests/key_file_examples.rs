//! The examples that Aztec gives of its keystore, each read as the node reads it where it is named as a node's own, and
//! refused as a file of public keys where it holds a secret.

use std::collections::BTreeSet;

use butler_core::domain::operator::key_book::CoinbaseSetting;
use butler_core::key_files::{FaultKind, KeyFilesReport, KeySources, PrivateKeys, load_key_files};
use butler_core::store::file::save_atomic;
use serde_json::{Value, json};

const MNEMONIC: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";
const SIGNER: &str = "https://signer.example:9000";

fn key(scalar: u64) -> String {
    format!("0x{scalar:064x}")
}

fn address(number: u64) -> String {
    format!("0x{:040x}", 0xa000 + number)
}

/// Of a private key: the addresses of the scalars 1 to 4; of the mnemonic: by account and address.
fn of_key(scalar: usize) -> &'static str {
    ["7e5f45", "2b5ad5", "6813eb", "1eff47"][scalar - 1]
}

fn of_words(account: usize, at: usize) -> &'static str {
    [["9858ef", "6fac4d", "b67169", "f3f502"], ["78839f", "?", "?", "?"]][account][at]
}

/// A folder with one keystore and the encrypted keys that it may name.
fn read(file: &Value, is_node: bool) -> KeyFilesReport {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        save_atomic(&folder.path().join(name), text.as_bytes(), 0o600).unwrap();
    };
    write("node/keystore.json", file.to_string());
    for number in 50..53 {
        let v3 = json!({"version": 3, "address": &address(number)[2..], "crypto": {"ciphertext": "ab".repeat(32)}});
        write(&format!("node/encrypted/{number}.json"), v3.to_string());
    }
    let patterns = ["node/*.json".to_owned()];
    let (key_files, node_keystores): (&[String], &[String]) = if is_node { (&[], &patterns) } else { (&patterns, &[]) };
    let base = folder.path();
    let private_keys = PrivateKeys::Derive;
    load_key_files(&KeySources { key_files, node_keystores, publisher_files: &[], base, private_keys })
}

/// `attester coinbase publisher+publisher`, each by its first six digits.
fn told(report: &KeyFilesReport) -> Vec<String> {
    let short = |address: &dyn std::fmt::Debug| format!("{address:?}").to_lowercase()[2..].to_owned();
    let shown = |address: &ethers_core::types::Address| {
        let digits = short(address);
        if digits.starts_with("0000000000") {
            digits.trim_start_matches('0').to_owned()
        } else {
            digits[..6].to_owned()
        }
    };
    let entry = |entry: &butler_core::domain::operator::key_book::KeyEntry| {
        let coinbase = match entry.coinbase_setting() {
            CoinbaseSetting::Set(coinbase) => shown(&coinbase.address()),
            CoinbaseSetting::NotSet => "-".to_owned(),
            CoinbaseSetting::Zero | CoinbaseSetting::Unknown => "?".to_owned(),
        };
        let publishers: Vec<String> = entry.publishers.iter().map(shown).collect();
        format!("{} {coinbase} {}", shown(&entry.attester), publishers.join("+"))
    };
    report.book.entries.iter().map(entry).collect()
}

fn pool(report: &KeyFilesReport) -> usize {
    report.book.publishers_by_server.values().flatten().collect::<BTreeSet<_>>().len()
}

struct Example {
    name: &'static str,
    file: Value,
    entries: Vec<String>,
    /// Accounts that pay, all together.
    publishers: usize,
    has_secrets: bool,
}

fn examples() -> Vec<Example> {
    let remote = |number: u64| json!({"address": address(number), "remoteSignerUrl": SIGNER});
    let words = |count: u64| json!({"mnemonic": MNEMONIC, "addressCount": count});
    let own = |scalar: usize| format!("{0} - {0}", of_key(scalar));
    let example = |name, file, entries: &[String], publishers, has_secrets| Example {
        name,
        file,
        entries: entries.to_vec(),
        publishers,
        has_secrets,
    };
    let four = [of_words(0, 0), of_words(0, 1), of_words(0, 2), of_words(0, 3)].join("+");
    vec![
        example(
            "simple-validator",
            json!({"schemaVersion": 1, "validators": [{"attester": key(1), "feeRecipient": ZERO}]}),
            &[own(1)],
            1,
            true,
        ),
        example(
            "validator-null",
            json!({"schemaVersion": 1, "remoteSigner": null, "slasher": null, "validators": [
                {"attester": key(1), "feeRecipient": ZERO, "remoteSigner": null, "coinbase": null, "publisher": null, "fundingAccount": null}]}),
            &[own(1)],
            1,
            true,
        ),
        example(
            "multiple-validators-remote",
            json!({"schemaVersion": 1, "remoteSigner": SIGNER, "slasher": address(9), "validators": [
                {"attester": address(1), "publisher": [address(2), remote(3), key(2)], "feeRecipient": ZERO},
                {"attester": address(4), "feeRecipient": ZERO},
                {"attester": address(5), "publisher": words(4), "feeRecipient": ZERO},
                {"attester": remote(6), "feeRecipient": ZERO},
                {"attester": {"eth": key(1), "bls": key(99)}, "feeRecipient": ZERO}]}),
            &[
                format!("a001 - a002+a003+{}", of_key(2)),
                "a004 - a004".to_owned(),
                format!("a005 - {four}"),
                "a006 - a006".to_owned(),
                own(1),
            ],
            10,
            true,
        ),
        example(
            "everything",
            json!({"schemaVersion": 1, "remoteSigner": {"remoteSignerUrl": SIGNER, "certPath": "/c", "certPass": "x"},
                "slasher": [key(3), remote(8), {"path": "encrypted/50.json", "password": "p"}, words(1)],
                "fundingAccount": key(4), "prover": {"id": address(7), "publisher": [key(3), remote(8), address(9), {"path": "encrypted/50.json", "password": "p"}]},
                "validators": [
                {"attester": {"mnemonic": MNEMONIC, "accountIndex": 0, "addressIndex": 0, "addressCount": 2}, "coinbase": address(30),
                    "publisher": [key(2), address(31), remote(32), {"path": "encrypted", "password": "p"}],
                    "remoteSigner": {"remoteSignerUrl": SIGNER}, "feeRecipient": ZERO},
                {"attester": [address(40), remote(41), key(4)], "publisher": {"mnemonic": MNEMONIC, "accountCount": 2},
                    "fundingAccount": address(42), "feeRecipient": ZERO},
                {"attester": {"eth": key(1), "bls": {"path": "bls.json", "password": "p"}}, "feeRecipient": ZERO}]}),
            &[
                format!("{} a01e {}+a01f+a020+a032+a033+a034", of_words(0, 0), of_key(2)),
                format!("{} a01e {}+a01f+a020+a032+a033+a034", of_words(0, 1), of_key(2)),
                format!("a028 - {}+{}", of_words(0, 0), of_words(1, 0)),
                format!("a029 - {}+{}", of_words(0, 0), of_words(1, 0)),
                format!("{} - {}+{}", of_key(4), of_words(0, 0), of_words(1, 0)),
                own(1),
            ],
            12,
            true,
        ),
        example("simple-prover", json!({"schemaVersion": 1, "prover": key(1)}), &[], 1, true),
        example(
            "prover-with-single-publisher",
            json!({"schemaVersion": 1, "prover": {"id": address(1), "publisher": key(1)}}),
            &[],
            1,
            true,
        ),
        example(
            "prover-with-mnemonic-publisher",
            json!({"schemaVersion": 1, "prover": {"id": address(1), "publisher": words(3)}}),
            &[],
            3,
            true,
        ),
        example(
            "prover-with-publishers-and-funding-account",
            json!({"schemaVersion": 1, "fundingAccount": key(3), "prover": {"id": address(1), "publisher": [key(1), key(2)]}}),
            &[],
            2,
            true,
        ),
        example(
            "validator-with-top-level-defaults",
            json!({"schemaVersion": 2, "publisher": address(1), "coinbase": address(2), "feeRecipient": ZERO, "validators": [
                {"attester": address(3)}, {"attester": address(4), "publisher": [address(5)]},
                {"attester": address(6), "coinbase": address(7), "feeRecipient": ZERO}]}),
            &["a003 a002 a001".to_owned(), "a004 a002 a005".to_owned(), "a006 a007 a001".to_owned()],
            2,
            false,
        ),
        example(
            "the same with keys, and the version as another number",
            json!({"schemaVersion": 2.0, "publisher": key(2), "coinbase": address(2), "feeRecipient": ZERO, "validators": [{"attester": key(1)}]}),
            &[format!("{} a002 {}", of_key(1), of_key(2))],
            1,
            true,
        ),
    ]
}

#[test]
fn every_example_is_read_as_the_node_reads_it() {
    for Example { name, file, entries, publishers, .. } in examples() {
        let report = read(&file, true);
        assert_eq!(report.faults, [], "{name}");
        assert_eq!((told(&report), pool(&report)), (entries, publishers), "{name}");
        let shown = format!("{report:?}");
        assert!(!shown.contains("abandon") && !shown.contains(&key(1)[30..]), "{name}");
    }
}

#[test]
fn an_example_with_a_secret_is_refused_where_public_keys_are_expected() {
    for Example { name, file, entries, has_secrets, .. } in examples() {
        let report = read(&file, false);
        let is_refused = report.faults.iter().any(|fault| fault.kind == FaultKind::Secret);
        assert_eq!(
            (is_refused, report.book.entries.len()),
            (has_secrets, if has_secrets { 0 } else { entries.len() }),
            "{name}"
        );
    }
}

#[test]
fn a_mnemonic_in_a_list_is_what_the_node_refuses_too() {
    let file =
        json!({"schemaVersion": 1, "validators": [{"attester": [{"mnemonic": MNEMONIC}], "feeRecipient": ZERO}]});
    let report = read(&file, true);
    assert!(report.faults[0].what.contains("can not stand in a list") && report.book.gaps.len() == 1);
}
