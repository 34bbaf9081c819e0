//! Every shape of Aztec's keystore is read as a node reads it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use butler_core::key_files::{FaultKind, KeyFileNotice, KeySources, PrivateKeys, load_key_files};
use butler_core::store::file::save_atomic;

use crate::key_files::*;

#[test]
fn an_attester_is_an_address_an_account_or_a_list_of_them() {
    let bare = ONE.trim_start_matches("0x");
    for attester in [
        format!("\"{ONE}\""),
        format!("\"{}\"", ONE.to_lowercase()),
        format!("\"{bare}\""),
        format!("\"{}\"", bare.to_uppercase()),
        format!(
            "{{\"address\": \"{ONE}\", \"remoteSignerUrl\": \"https://signer:9000\", \"certPath\": \"c\", \"certPass\": null}}"
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
    let file = |attester: &str| {
        format!(
            r#"{{"schemaVersion": 1, "validators": [{{"attester": "{attester}", "feeRecipient": "{RECIPIENT}"}}]}}"#
        )
    };
    let (one, two) = (file(ONE), file(TWO));
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
fn who_pays_is_not_known_where_a_file_of_publishers_names_a_server_that_has_no_key_file() {
    let keystore = format!(r#"{{"validators": [{{"attester": "{A}"}}]}}"#);
    let bench = |name: &str| {
        let publishers = format!(r#"{{"server-1": ["{B}"]}}"#);
        let bench = Bench::new(&[(&format!("keys/{name}.json"), &keystore), ("publishers.json", &publishers)]);
        let key_files = ["keys/*.json".to_owned()];
        let publisher_files = ["publishers.json".into()];
        let base = bench.0.path();
        let private_keys = PrivateKeys::Refuse;
        let sources = KeySources {
            key_files: &key_files,
            node_keystores: &[],
            publisher_files: &publisher_files,
            base,
            private_keys,
        };
        let report = load_key_files(&sources);
        let codes: Vec<_> = report.findings().iter().map(|finding| finding.kind.code()).collect();
        (report.book.entries[0].pays_itself, codes)
    };
    assert_eq!(bench("server-1"), (false, vec![]));
    // After it was renamed.
    assert_eq!(bench("server-9"), (false, vec!["server_without_keys"]));
}
