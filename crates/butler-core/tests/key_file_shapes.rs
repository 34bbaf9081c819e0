//! Every shape of Aztec's keystore is read as a node reads it, and a node's own keystore only where it is named as one.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use butler_core::domain::key_book::CoinbaseSetting;
use butler_core::key_files::{FaultKind, KeyFileNotice, KeyFilesReport, KeySources, PrivateKeys, load_key_files};
use butler_core::store::file::save_atomic;

/// Addresses of the scalars 1 and 2, and the first ones of the mnemonic below.
const ONE: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
const TWO: &str = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF";
const FIRST: &str = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
const SECOND: &str = "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0";
const A: &str = "0x1111111111111111111111111111111111111111";
const B: &str = "0x2222222222222222222222222222222222222222";
const C: &str = "0x3333333333333333333333333333333333333333";
const RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";
const MNEMONIC: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

fn key(scalar: u64) -> String {
    format!("0x{scalar:064x}")
}

struct Bench(tempfile::TempDir);

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = bench.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            save_atomic(&path, content.as_bytes(), 0o600).unwrap();
        }
        bench
    }

    fn public(&self, pattern: &str) -> KeyFilesReport {
        self.load(&[pattern.to_owned()], &[], PrivateKeys::Derive)
    }

    fn node(&self, pattern: &str) -> KeyFilesReport {
        self.load(&[], &[pattern.to_owned()], PrivateKeys::Derive)
    }

    fn load(&self, key_files: &[String], node_keystores: &[String], private_keys: PrivateKeys) -> KeyFilesReport {
        let base = self.0.path();
        load_key_files(&KeySources { key_files, node_keystores, publisher_files: &[], base, private_keys })
    }
}

/// Attester, coinbase (`-` none, `0` zero, `?` unknown) and publishers of each entry, as text.
fn told(report: &KeyFilesReport) -> Vec<String> {
    let entry = |entry: &butler_core::domain::key_book::KeyEntry| {
        let coinbase = match entry.coinbase_setting() {
            CoinbaseSetting::Set(coinbase) => coinbase.to_string(),
            CoinbaseSetting::NotSet => "-".to_owned(),
            CoinbaseSetting::Zero => "0".to_owned(),
            CoinbaseSetting::Unknown => "?".to_owned(),
        };
        let short = |text: String| text.chars().take(6).collect::<String>();
        let publishers: Vec<String> =
            entry.publishers.iter().map(|publisher| short(format!("{publisher:?}"))).collect();
        format!("{} {} {}", short(format!("{:?}", entry.attester)), short(coinbase), publishers.join("+"))
            .to_lowercase()
    };
    report.book.entries.iter().map(entry).collect()
}

fn faults(report: &KeyFilesReport) -> String {
    report.faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn one(content: &str) -> (Vec<String>, String) {
    let report = Bench::new(&[("s/k.json", content)]).public("*/*.json");
    (told(&report), faults(&report))
}

#[test]
fn an_attester_is_an_address_an_account_or_a_list_of_them() {
    let bare = ONE.trim_start_matches("0x");
    for attester in [
        format!("\"{ONE}\""),
        format!("\"{}\"", ONE.to_lowercase()),
        format!("\"{bare}\""),
        format!("\"{}\"", bare.to_uppercase()),
        format!(
            "{{\"address\": \"{ONE}\", \"remoteSignerUrl\": \"https://signer:9000\", \"certPath\": \"c\", \"certPass\": \"p\"}}"
        ),
        format!("{{\"eth\": \"{bare}\", \"bls\": null}}"),
        format!("{{\"eth\": {{\"address\": \"{ONE}\", \"remoteSignerUrl\": \"https://signer:9000\"}}}}"),
    ] {
        let file = |attester: &str| {
            format!(
                r#"{{"schemaVersion": 1, "validators": [{{"attester": {attester}, "feeRecipient": "{RECIPIENT}"}}]}}"#
            )
        };
        assert_eq!(one(&file(&attester)), (vec!["0x7e5f - 0x7e5f".to_owned()], String::new()), "{attester}");
        let list = file(&format!("[{attester}, \"{TWO}\"]"));
        let expected = ["0x7e5f - 0x7e5f", "0x2b5a - 0x2b5a"].map(str::to_owned).to_vec();
        assert_eq!(one(&list), (expected, String::new()), "{attester}");
    }
}

#[test]
fn what_the_top_says_holds_for_all_who_have_nothing_of_their_own() {
    let file = format!(
        r#"{{"schemaVersion": 2, "publisher": ["{A}", {{"address": "{B}", "remoteSignerUrl": "u"}}], "coinbase": "{C}", "feeRecipient": "{RECIPIENT}",
            "remoteSigner": {{"remoteSignerUrl": "https://signer"}}, "slasher": "{A}", "validators": [
            {{"attester": "{ONE}"}}, {{"attester": "{TWO}", "publisher": "{C}"}},
            {{"attester": "{FIRST}", "coinbase": "{B}", "feeRecipient": "{RECIPIENT}"}}, {{"attester": "{SECOND}", "coinbase": null, "publisher": null}},
            {{"attester": "{C}"}}]}}"#
    );
    let expected = [
        "0x7e5f 0x3333 0x1111+0x2222",
        "0x2b5a 0x3333 0x3333",
        "0x9858 0x2222 0x1111+0x2222",
        "0x6fac 0x3333 0x1111+0x2222",
        "0x3333 - 0x1111+0x2222",
    ];
    assert_eq!(one(&file), (expected.map(str::to_owned).to_vec(), String::new()));
}

#[test]
fn the_files_of_one_server_are_read_together() {
    let file = |attester: &str, top: &str| {
        format!(
            r#"{{"schemaVersion": 2, "feeRecipient": "{RECIPIENT}", {top} "validators": [{{"attester": "{attester}"}}]}}"#
        )
    };
    let first = file(ONE, &format!(r#""coinbase": "{A}", "publisher": "{A}", "fundingAccount": "{C}","#));
    let second = file(TWO, &format!(r#""coinbase": "{B}", "publisher": "{B}","#));
    let bench = Bench::new(&[("s/1.json", &first), ("s/2.json", &second), ("t/1.json", &file(FIRST, ""))]);
    let report = bench.public("*/*.json");
    assert_eq!(told(&report), ["0x7e5f 0x2222 0x1111+0x2222", "0x2b5a 0x2222 0x1111+0x2222", "0x9858 - 0x9858"]);
    let leaks = report.notices.iter().filter(|notice| matches!(notice, KeyFileNotice::DefaultsLeak { .. })).count();
    let dropped = report.notices.iter().any(|notice| matches!(notice, KeyFileNotice::FundingAccountDropped { .. }));
    assert_eq!((leaks, dropped), (2, true));
    // Each file is a server of its own.
    assert_eq!(told(&bench.public("s/*.json")), ["0x7e5f 0x1111 0x1111", "0x2b5a 0x2222 0x2222"]);
}

#[test]
fn schemas_are_told_apart_and_an_unknown_one_is_not_guessed() {
    let file = |version: &str, attester: &str| {
        format!(
            r#"{{"schemaVersion": {version}, "validators": [{{"attester": "{attester}", "feeRecipient": "{RECIPIENT}"}}]}}"#
        )
    };
    let mixed = Bench::new(&[("s/1.json", &file("1", ONE)), ("s/2.json", &file("2", TWO))]).public("*/*.json");
    assert!(matches!(mixed.notices.as_slice(), [KeyFileNotice::SchemasMixed { files, .. }] if files.len() == 2));
    for version in ["3", "0", "\"1\"", "1.5", "[2]", "-1"] {
        let report = Bench::new(&[("s/1.json", &file(version, ONE))]).public("*/*.json");
        assert_eq!((told(&report).len(), report.book.gaps.len()), (0, 1), "{version}");
        assert_eq!(report.faults[0].kind, FaultKind::Format);
    }
    for version in ["1.0", "1e0", "2.0", "2"] {
        let report = Bench::new(&[("s/1.json", &file(version, ONE))]).public("*/*.json");
        assert_eq!((told(&report).len(), faults(&report)), (1, String::new()), "{version}");
    }
    let top = format!(r#"{{"schemaVersion": 1, "coinbase": "{A}", "validators": [{{"attester": "{ONE}"}}]}}"#);
    let (entries, faults) = one(&top);
    assert_eq!(entries, ["0x7e5f - 0x7e5f"]);
    assert!(faults.contains("coinbase: schema 1 has no such key at the top"), "{faults}");
}

#[test]
fn a_bad_value_is_the_fault_of_its_entry_alone() {
    let file = format!(
        r#"{{"validators": [{{"attester": "{ONE}", "coinbase": "0x12"}}, {{"attester": "0x12", "coinbase": "{A}"}},
            {{"attester": "{TWO}", "publisher": ["{A}", 7], "coinbase": "{B}"}}, {{"attester": "{FIRST}", "coinbase": "0x{:040x}"}},
            {{"attester": "{SECOND}", "coinbase": "{SECOND}", "publisher": []}}]}}"#,
        0
    );
    let report = Bench::new(&[("s/k.json", &file)]).public("*/*.json");
    let expected = ["0x7e5f ? 0x7e5f", "0x2b5a 0x2222 0x1111", "0x9858 0 0x9858", "0x6fac - "];
    assert_eq!(told(&report), expected);
    assert_eq!(report.faults.len(), 5, "{}", faults(&report));
    assert!(report.faults.iter().all(|fault| !fault.refuses_file()));
    assert_eq!(report.faults.iter().filter(|fault| fault.kind == FaultKind::ZeroCoinbase).count(), 1);
    assert_eq!(report.book.gaps.len(), 1, "one attester is not known");
}

#[test]
fn provers_pay_too_and_a_file_may_have_nothing_else() {
    for (prover, publishers) in [
        (format!("\"{A}\""), 1),
        (format!(r#"{{"id": "{C}", "publisher": "{A}"}}"#), 1),
        (format!(r#"{{"id": "{C}", "publisher": ["{A}", "{B}"]}}"#), 2),
    ] {
        let file = format!(r#"{{"schemaVersion": 1, "prover": {prover}, "fundingAccount": "{C}"}}"#);
        let report = Bench::new(&[("s/k.json", &file)]).public("*/*.json");
        assert_eq!(faults(&report), "");
        assert_eq!(report.book.publishers_by_server["s"].len(), publishers);
    }
}

/// What a node's own keystores look like: keys, mnemonics, encrypted files.
fn node_files() -> Vec<(&'static str, String)> {
    let v3 = |address: &str| {
        format!(
            r#"{{"version": 3, "id": "x", "address": "{}", "crypto": {{"ciphertext": "{}"}}}}"#,
            &address[2..].to_lowercase(),
            "ab".repeat(32)
        )
    };
    vec![
        ("keys", format!(r#"{{"eth": "{}", "bls": "{}"}}"#, key(1), key(99))),
        ("list", format!(r#"["{}", {{"eth": "{TWO}", "bls": "{}"}}]"#, key(1), key(98))),
        ("mnemonic", format!(r#"{{"mnemonic": "{MNEMONIC}", "addressCount": 2}}"#)),
        ("encrypted", r#"{"path": "/var/lib/keys/enc/one.json", "password": "hunter2"}"#.to_owned()),
        (
            "folder",
            r#"{"eth": {"path": "enc", "password": "hunter2"}, "bls": {"path": "b.json", "password": "hunter2"}}"#
                .to_owned(),
        ),
        ("enc/one", v3(ONE)),
        ("enc/two", v3(TWO)),
    ]
}

#[test]
fn a_node_s_own_keystore_is_read_where_it_is_named_and_refused_elsewhere() {
    let expected = |shape: &str| match shape {
        "keys" | "encrypted" => vec!["0x7e5f 0x1111 0x2b5a"],
        "mnemonic" => vec!["0x9858 0x1111 0x2b5a", "0x6fac 0x1111 0x2b5a"],
        _ => vec!["0x7e5f 0x1111 0x2b5a", "0x2b5a 0x1111 0x2b5a"],
    };
    let files = node_files();
    for (shape, attester) in files.iter().filter(|(name, _)| !name.contains('/')) {
        let file = format!(
            r#"{{"schemaVersion": 1, "remoteSigner": "https://user:hunter2@signer", "validators": [{{"attester": {attester}, "coinbase": "{A}", "publisher": "{}", "feeRecipient": "{RECIPIENT}"}}]}}"#,
            key(2)
        );
        let find = |name: &str| files.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        let encrypted = [
            ("node/enc/one.json", find("enc/one")),
            ("node/enc/two.json", find("enc/two")),
            ("node/one.json.key", find("enc/one")),
        ];
        let mut all = vec![("node/key1.json", file.as_str())];
        all.extend(encrypted.iter().map(|(name, content)| (*name, content.as_str())));
        let bench = Bench::new(&all);
        let is_named = *shape == "encrypted";
        let beside = if is_named { "node/one.json" } else { "node/one.copy" };
        fs::copy(bench.0.path().join("node/enc/one.json"), bench.0.path().join(beside)).unwrap();
        let report = bench.node("node/*.json");
        assert_eq!(faults(&report), "", "{shape}");
        assert_eq!(told(&report), expected(shape), "{shape}");
        assert_eq!(report.book.entries[0].server, "node");
        assert!(report.book.entries.iter().all(|entry| entry.bls_public_key.is_none()));
        for shown in [format!("{report:?}"), serde_json::to_string(&report.book).unwrap()] {
            assert!(
                !shown.contains("hunter2") && !shown.contains("abandon") && !shown.contains(&key(1)[40..]),
                "{shape}"
            );
        }
        let refused = bench.public("node/key1.json");
        assert_eq!((told(&refused).len(), refused.faults.len(), refused.book.gaps.len()), (0, 1, 1), "{shape}");
        assert_eq!(refused.faults[0].kind, FaultKind::Secret, "{shape}: {}", faults(&refused));
        // The exporter reads no private key unless it is told to.
        let careful = bench.load(&[], &["node/key1.json".to_owned()], PrivateKeys::Refuse);
        let is_private = matches!(*shape, "keys" | "list" | "mnemonic");
        assert!(faults(&careful).contains("which this program does not read"), "{shape}");
        assert_eq!(!careful.book.gaps.is_empty(), is_private, "{shape}: whoever is not legible is not absent");
    }
}

#[test]
fn a_node_s_own_keystore_must_be_nobody_else_s_to_read() {
    let file =
        format!(r#"{{"schemaVersion": 1, "validators": [{{"attester": "{ONE}", "feeRecipient": "{RECIPIENT}"}}]}}"#);
    let bench = Bench::new(&[("node/key1.json", &file)]);
    for (mode, is_read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o660, false)] {
        fs::set_permissions(bench.0.path().join("node/key1.json"), Permissions::from_mode(mode)).unwrap();
        let report = bench.node("node/*.json");
        assert_eq!(report.book.entries.len(), usize::from(is_read), "{mode:o}");
        assert_eq!(report.faults.iter().any(|fault| fault.kind == FaultKind::NotOurs), !is_read, "{mode:o}");
    }
}

#[test]
fn a_name_that_is_no_text_is_a_fault_and_a_gap() {
    let file = format!(r#"{{"validators": [{{"attester": "{ONE}"}}]}}"#);
    let bench = Bench::new(&[("s/k.json", &file)]);
    let name = std::ffi::OsStr::from_bytes(b"\xff\xfe.json");
    save_atomic(&bench.0.path().join("s").join(name), file.as_bytes(), 0o600).unwrap();
    fs::create_dir(bench.0.path().join(std::ffi::OsStr::from_bytes(b"\xfd"))).unwrap();
    for pattern in ["*/*.json", "s/*.json", "**/*.json"] {
        let report = bench.public(pattern);
        assert_eq!(report.book.entries.len(), 1, "{pattern}");
        assert!(faults(&report).contains("the name is not UTF-8"), "{pattern}");
        assert!(!report.book.gaps.is_empty());
    }
}

#[test]
fn links_in_a_circle_are_a_fault_of_their_own() {
    let bench = Bench::new(&[]);
    std::os::unix::fs::symlink("b.json", bench.0.path().join("a.json")).unwrap();
    std::os::unix::fs::symlink("a.json", bench.0.path().join("b.json")).unwrap();
    let report = bench.public("*.json");
    let kinds: BTreeSet<FaultKind> = report.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, BTreeSet::from([FaultKind::LinkLoop]));
    assert_eq!(report.book.gaps.len(), 2);
}

#[test]
fn the_name_of_an_encrypted_key_does_not_give_its_digits_away() {
    let bench = Bench::new(&[("keystore-eth-attester_1_1a2b3c4d.json", "{")]);
    let report = bench.public("*.json");
    let shown = format!("{report:?} {}", faults(&report));
    assert!(shown.contains("keystore-eth-attester_1_<hidden>.json") && !shown.contains("1a2b3c4d"), "{shown}");
}

fn validators(attesters: &[&str]) -> String {
    let all: Vec<String> = attesters.iter().map(|attester| format!(r#"{{"attester": "{attester}"}}"#)).collect();
    format!(r#"{{"validators": [{}]}}"#, all.join(","))
}

#[test]
fn the_newest_version_counts_by_its_number_and_two_equal_ones_are_a_fault() {
    let (one, two) = (validators(&[ONE]), validators(&[TWO]));
    let report = Bench::new(&[("k-v2.json", &one), ("k-v010.json", &two)]).public("*.json");
    assert_eq!((told(&report), faults(&report)), (vec!["0x2b5a - 0x2b5a".to_owned()], String::new()));
    let report = Bench::new(&[("k-v1.json", &one), ("k-v01.json", &two), ("l.json", &two)]).public("*.json");
    assert_eq!((told(&report).len(), report.faults.len(), report.book.gaps.len()), (1, 2, 2));
    assert!(report.faults.iter().all(|fault| fault.what.contains("has the same version as")), "{}", faults(&report));
}

#[test]
fn a_newest_version_that_names_nobody_is_told_and_concludes_nothing() {
    let one = validators(&[ONE]);
    for empty in
        [r#"{"validators": []}"#, r#"{"mappings": {}, "version": "1.0"}"#, r#"{"attesters": [], "version": "2.0"}"#]
    {
        let report = Bench::new(&[("k-v1.json", &one), ("k-v2.json", empty)]).public("*.json");
        assert_eq!((told(&report).len(), report.book.gaps.len()), (0, 1), "{empty}");
        let told = faults(&report);
        assert!(
            told.contains("k-v2.json: names nobody, and counts instead of") && told.contains("k-v1.json"),
            "{told}"
        );
    }
}

#[test]
fn a_name_in_capitals_is_read_as_a_node_reads_it() {
    let (one, two) = (validators(&[ONE]), validators(&[TWO]));
    let bench =
        Bench::new(&[("n/KEY9.JSON", &one), ("n/key1.Json", &two), ("n/key.json.tmp", "{"), ("n/notes.txt", "x")]);
    for report in [bench.public("n/*.json"), bench.node("n/*.json"), bench.public("**/*.json")] {
        assert_eq!((told(&report).len(), faults(&report)), (2, String::new()));
    }
    assert_eq!(told(&bench.public("n/key*.json")).len(), 1, "only the ending is taken in either case");
}

#[test]
fn what_may_stand_at_the_top_of_a_file_that_can_not_be_read_is_unknown_and_not_missing() {
    let file = |top: &str, own: &str, attester: &str| {
        format!(
            r#"{{"schemaVersion": 2, "feeRecipient": "{RECIPIENT}", {top} "validators": [{{"attester": "{attester}" {own}}}]}}"#
        )
    };
    let top = |coinbase: &str| format!(r#""coinbase": "{coinbase}", "publisher": "{coinbase}","#);
    let broken = ["{", "", r#"{"schemaVersion": 3}"#];
    for broken in broken {
        // Nothing at the top of what was read: it may stand in the other file, before or after.
        for (bad, good) in [("s/a.json", "s/b.json"), ("s/b.json", "s/a.json")] {
            let bench = Bench::new(&[(bad, broken), (good, &file("", "", ONE)), ("t/k.json", &file("", "", TWO))]);
            let report = bench.public("*/*.json");
            assert_eq!(told(&report), ["0x7e5f ? ", "0x2b5a - 0x2b5a"], "{bad} {broken}");
            let doubt =
                report.book.coinbase_doubt(report.book.entries[0].attester, &[&report.book.entries[0]]).unwrap();
            assert!(doubt.contains(bad), "{doubt}");
        }
        // The last top counts; publishers are pooled.
        let bench = Bench::new(&[("s/a.json", broken), ("s/b.json", &file(&top(A), "", ONE))]);
        assert_eq!(told(&bench.public("*/*.json")), ["0x7e5f 0x1111 0x1111"]);
        let bench = Bench::new(&[("s/b.json", broken), ("s/a.json", &file(&top(A), "", ONE))]);
        assert_eq!(told(&bench.public("*/*.json")), ["0x7e5f ? 0x1111"]);
        // What an entry has of its own is known.
        let own = format!(r#", "coinbase": "{B}", "publisher": "{C}""#);
        let bench = Bench::new(&[("s/b.json", broken), ("s/a.json", &file("", &own, ONE))]);
        assert_eq!(told(&bench.public("*/*.json")), ["0x7e5f 0x2222 0x3333"]);
        // One file for each server: another one's is none of its own.
        let bench = Bench::new(&[("s/b.json", broken), ("s/a.json", &file("", "", ONE))]);
        assert_eq!(told(&bench.public("s/*.json")), ["0x7e5f - 0x7e5f"]);
    }
    let file = file("", "", ONE);
    // Neither a folder of that name nor a name that nobody can read is passed over.
    let bench = Bench::new(&[("s/a.json", &file), ("s/b.json/x", "")]);
    let report = bench.public("*/*.json");
    assert_eq!(told(&report), ["0x7e5f ? "]);
    assert!(faults(&report).contains("s/b.json: this is not a regular file"), "{}", faults(&report));
    let bench = Bench::new(&[("s/a.json", &file)]);
    save_atomic(&bench.0.path().join("s").join(std::ffi::OsStr::from_bytes(b"\xff.json")), b"{}", 0o600).unwrap();
    assert_eq!(told(&bench.public("*/*.json")), ["0x7e5f ? "]);
    // Without the file of publishers nobody is known to pay for himself.
    let bench = Bench::new(&[("s/a.json", &file), ("p.json", "{")]);
    let (base, publisher_files) = (bench.0.path(), ["p.json".into()]);
    let sources = KeySources {
        key_files: &["*/*.json".to_owned()],
        node_keystores: &[],
        publisher_files: &publisher_files,
        base,
        private_keys: PrivateKeys::Derive,
    };
    assert_eq!(told(&load_key_files(&sources)), ["0x7e5f - "]);
}

#[test]
fn what_a_node_refuses_in_its_own_keystore_is_no_attester() {
    let file = |attester: &str| {
        format!(r#"{{"schemaVersion": 1, "validators": [{{"attester": {attester}, "feeRecipient": "{RECIPIENT}"}}]}}"#)
    };
    let bare = key(1).replace("0x", "");
    for (attester, why) in [
        (format!("\"{bare}\""), "without `0x`"),
        (format!(r#"{{"eth": "{bare}"}}"#), "without `0x`"),
        (format!(r#"{{"mnemonic": "{MNEMONIC}", "passphrase": "x"}}"#), "has no such key"),
        (format!(r#"{{"mnemonic": "{MNEMONIC}", "addresscount": 2}}"#), "has no such key"),
    ] {
        let report = Bench::new(&[("node/key1.json", &file(&attester))]).node("node/*.json");
        assert_eq!((told(&report).len(), report.book.gaps.len()), (0, 1), "{why}");
        assert!(faults(&report).contains(why), "{}", faults(&report));
        assert!(!faults(&report).contains(&bare) && !faults(&report).contains("abandon"));
    }
    let null = format!(r#"{{"mnemonic": "{MNEMONIC}", "addressIndex": null}}"#);
    assert_eq!(Bench::new(&[("node/key1.json", &file(&null))]).node("node/*.json").book.entries.len(), 1);
}
