//! A node's own keystore is read only where it is named as one, and what the node would refuse in it is told.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use butler_core::key_files::{FaultKind, KeyFileNotice, PrivateKeys};

use crate::key_files::*;

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
        let is_other = |notice: &KeyFileNotice| matches!(notice, KeyFileNotice::NotAKeystore { file, .. } if file.ends_with("node/one.json"));
        assert_eq!(
            report.notices.iter().any(is_other),
            is_named,
            "a node refuses to start with it: {:?}",
            report.notices
        );
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
fn the_name_of_an_encrypted_key_does_not_give_its_digits_away() {
    let bench = Bench::new(&[("keystore-eth-attester_1_1a2b3c4d.json", "{")]);
    let report = bench.public("*.json");
    let shown = format!("{report:?} {}", faults(&report));
    assert!(shown.contains("keystore-eth-attester_1_<hidden>.json") && !shown.contains("1a2b3c4d"), "{shown}");
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

#[test]
fn a_field_that_the_schema_does_not_have_is_told_by_its_place_and_never_by_its_name() {
    let good = format!(
        r#"{{"schemaVersion": 2, "feeRecipient": "{RECIPIENT}", "remoteSigner": {{"remoteSignerUrl": "https://s"}},
            "fundingAccount": {{"path": "f.json", "password": "p"}}, "slasher": ["{A}"], "publisher": "{C}",
            "prover": {{"id": "{A}", "publisher": ["{B}"]}}, "coinbase": null,
            "validators": [{{"attester": {{"eth": {{"address": "{ONE}", "remoteSignerUrl": "https://s"}}, "bls": "{}"}},
                "coinbase": "{A}", "publisher": ["{B}"], "feeRecipient": "{RECIPIENT}", "remoteSigner": "https://s",
                "fundingAccount": "{A}"}}]}}"#,
        key(9)
    );
    assert_eq!(faults(&Bench::new(&[("node/key1.json", &good)]).node("node/*.json")), "");
    for (from, place) in [
        (r#""schemaVersion""#, "node/key1.json: 1 key"),
        (r#""attester": {"#, "validators[0]: 1 key"),
        (r#""eth": {"#, "validators[0].attester: 1 key"),
        (r#""address""#, "validators[0].attester.eth: 1 key"),
        (r#""path""#, "fundingAccount: 1 key"),
        (r#""id""#, "prover: 1 key"),
    ] {
        let bad = good.replacen(from, &format!(r#""abandon": 1, {from}"#), 1);
        let report = Bench::new(&[("node/key1.json", &bad)]).node("node/*.json");
        assert!(faults(&report).contains(place), "{place}: {}", faults(&report));
        assert!(!faults(&report).contains("abandon"), "{}", faults(&report));
        assert_eq!(report.book.entries.len(), 1, "the node goes on with what it read before");
        // A copy may have what other tools want.
        let copy = Bench::new(&[(
            "s/k.json",
            &bad.replace(r#""password": "p""#, r#""note": "p""#)
                .replace(&format!(r#""bls": "{}""#, key(9)), r#""bls": null"#),
        )]);
        assert!(!faults(&copy.public("s/*.json")).contains("schema of a node"), "{place}");
    }
}

#[test]
fn two_provers_in_one_folder_are_told_and_two_in_two_are_not() {
    let prover = |id: &str| format!(r#"{{"schemaVersion": 1, "prover": {{"id": "{id}", "publisher": "{}"}}}}"#, key(2));
    let (one, two) = (prover(A), prover(B));
    let report = Bench::new(&[("node/a.json", &one), ("node/b.json", &two)]).node("node/*.json");
    let [KeyFileNotice::SeveralProvers { files, .. }] = report.notices.as_slice() else {
        panic!("{:?}", report.notices)
    };
    assert_eq!(files.len(), 2);
    let told = report.findings();
    assert!(told.iter().any(|finding| finding.message(0).contains("several keystores of one folder have a `prover`")));
    let apart = Bench::new(&[("one/a.json", &one), ("two/b.json", &two)]).node("*/*.json");
    assert!(apart.notices.is_empty() && apart.faults.is_empty(), "{:?}", apart.faults);
}

#[test]
fn what_is_missing_in_a_node_s_own_keystore_is_told_by_its_place_and_the_rest_is_taken() {
    let good = format!(
        r#"{{"schemaVersion": 1, "remoteSigner": "https://s", "fundingAccount": "{A}", "slasher": {{"address": "{A}", "remoteSignerUrl": "https://s"}},
            "prover": {{"id": "{A}", "publisher": "{B}"}}, "validators": [{{"attester": {{"eth": "{ONE}", "bls": "{}"}},
            "publisher": {{"path": "/keys/e.key", "password": "p"}}, "feeRecipient": "{RECIPIENT}"}}]}}"#,
        key(9)
    );
    let v3 = format!(r#"{{"version": 3, "address": "{}", "crypto": {{}}}}"#, &B[2..]);
    let read = |file: &str| Bench::new(&[("node/key1.json", file), ("node/e.key", &v3)]).node("node/*.json");
    assert_eq!(faults(&read(&good)), "");
    let recipient = format!(r#", "feeRecipient": "{RECIPIENT}""#);
    for (from, to, place) in [
        (r#""schemaVersion": 1, "#, "", "schemaVersion: this key is required"),
        (recipient.as_str(), "", "validators[0].feeRecipient: schema 1 requires it"),
        (RECIPIENT, A, "validators[0].feeRecipient: an address of Aztec has 64 hex digits"),
        (r#""https://s", "fund"#, r#""signer", "fund"#, "remoteSigner: this is no URL"),
        (r#""https://s", "fund"#, r#"7, "fund"#, "remoteSigner: expected the URL of a signer"),
        (r#""https://s", "fund"#, r#"{"certPath": "c"}, "fund"#, "remoteSigner.remoteSignerUrl: this key is required"),
        (r#", "remoteSignerUrl": "https://s"}"#, "}", "slasher.remoteSignerUrl: this key is required"),
        (r#", "password": "p""#, "", "validators[0].publisher.password: a node has no other place"),
        (r#""password": "p""#, r#""password": """#, "validators[0].publisher.password: a node has no other place"),
        (r#""password": "p""#, r#""password": 7"#, "validators[0].publisher.password: expected text"),
        (&key(9), A, "validators[0].attester.bls: expected a private key"),
        (
            &format!(r#"{{"id": "{A}", "publisher": "{B}"}}"#),
            &format!(r#"{{"id": "{A}"}}"#),
            "prover.publisher: this key is required",
        ),
        (&format!(r#""id": "{A}""#), r#""id": "x""#, "prover.id: expected an address"),
        (&format!(r#""fundingAccount": "{A}""#), r#""fundingAccount": ["x"]"#, "fundingAccount: expected one account"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let report = read(&bad);
        let told = faults(&report);
        assert!(told.contains(place), "{place}: {told}");
        assert_eq!(report.book.entries.len(), 1, "{place}: the node goes on with what it read before");
        assert!(!told.contains("hunter2") && !told.contains(&key(9)), "{told}");
    }
}

#[test]
fn what_a_node_refuses_in_fields_that_say_nothing_to_anybody_else_is_told() {
    let told = |top: &str, validator: &str| {
        let attester =
            if validator.contains("attester") { String::new() } else { format!(r#""attester": "{}", "#, key(1)) };
        let file = format!(
            r#"{{"schemaVersion": 1, {top} "validators": [{{{attester} {validator} "feeRecipient": "{RECIPIENT}"}}]}}"#
        );
        let report = Bench::new(&[("node/a.json", &file)]).node("node/*.json");
        assert_eq!(report.book.entries.len(), 1, "it goes on with what is legible");
        !report.faults.is_empty()
    };
    let zero = "0x0000000000000000000000000000000000000000";
    let eth = key(1);
    for (top, validator, refused) in [
        (String::new(), String::new(), false),
        (format!(r#""slasher": ["{eth}"],"#), String::new(), false),
        (r#""slasher": "0x12","#.to_owned(), String::new(), true),
        (r#""slasher": 5,"#.to_owned(), String::new(), true),
        (r#""coinbase": null,"#.to_owned(), String::new(), true),
        (r#""remoteSigner": {"remoteSignerUrl": "https://s", "certPath": 5},"#.to_owned(), String::new(), true),
        (
            String::new(),
            format!(r#""publisher": [{{"address": "{zero}", "remoteSignerUrl": "https://s"}}, "{eth}"],"#),
            true,
        ),
        (String::new(), format!(r#""attester": {{"eth": "{eth}", "bls": {{}}}},"#), true),
        (
            String::new(),
            format!(
                r#""attester": {{"eth": "{eth}", "bls": {{"address": "{ONE}", "remoteSignerUrl": "https://s"}}}},"#
            ),
            true,
        ),
        (
            String::new(),
            format!(r#""attester": {{"eth": "{eth}", "bls": {{"path": "b.json", "password": "p"}}}},"#),
            false,
        ),
    ] {
        assert_eq!(told(&top, &validator), refused, "{top} {validator}");
    }
}

#[test]
fn of_a_mnemonic_and_other_publishers_at_the_tops_of_two_files_the_later_one_counts() {
    let file = |publisher: &str, attester: u64| {
        format!(
            r#"{{"schemaVersion": 2, "feeRecipient": "{RECIPIENT}", "publisher": {publisher}, "validators": [{{"attester": "{}"}}]}}"#,
            key(attester)
        )
    };
    let mnemonic = format!(r#"{{"mnemonic": "{MNEMONIC}"}}"#);
    let (one, two) = (format!("[\"{}\"]", key(3)), format!("[\"{}\"]", key(4)));
    for (first, last, count) in [(&one, &two, 2), (&one, &mnemonic, 1), (&mnemonic, &one, 1)] {
        let bench = Bench::new(&[("node/a.json", &file(first, 1)), ("node/b.json", &file(last, 2))]);
        let report = bench.node("node/*.json");
        assert_eq!(report.book.entries.iter().map(|entry| entry.publishers.len()).collect::<Vec<_>>(), [count; 2]);
        assert_eq!(report.book.publishers_by_server.values().map(|all| all.len()).collect::<Vec<_>>(), [count]);
        let alone = Bench::new(&[("node/b.json", &file(last, 2))]).node("node/*.json");
        let publishers = |report: &butler_core::key_files::KeyFilesReport| report.book.entries[0].publishers.clone();
        assert!(publishers(&report).ends_with(&publishers(&alone)));
    }
}

#[test]
fn attesters_that_nobody_can_sign_for_are_told_where_no_file_of_the_folder_names_a_signer() {
    let file = |top: &str, attester: &str| {
        format!(
            r#"{{"schemaVersion": 1, {top} "validators": [{{"attester": {attester}, "feeRecipient": "{RECIPIENT}"}}]}}"#
        )
    };
    let is_told = |files: &[(&str, &str)]| {
        let report = Bench::new(files).node("node/*.json");
        assert_eq!(faults(&report), "");
        let is_missing = |notice: &&KeyFileNotice| matches!(notice, KeyFileNotice::SignerMissing { accounts: 1, .. });
        let told = report.findings().iter().any(|finding| finding.message(0).contains("names a remote signer"));
        assert_eq!(told, report.notices.iter().any(|notice| is_missing(&notice)));
        told
    };
    let (bare, signed) = (format!("\"{ONE}\""), format!(r#"{{"address": "{TWO}", "remoteSignerUrl": "https://s"}}"#));
    assert!(is_told(&[("node/a.json", &file("", &bare))]));
    assert!(is_told(&[("node/a.json", &file("", &bare)), ("node/b.json", &file("", &signed))]));
    assert!(!is_told(&[("node/a.json", &file("", &signed))]));
    assert!(!is_told(&[("node/a.json", &file(r#""remoteSigner": "https://s","#, &bare))]));
    let other = file(r#""remoteSigner": "https://s","#, &signed);
    assert!(!is_told(&[("node/a.json", &file("", &bare)), ("node/b.json", &other)]));
    for account in
        [format!(r#""fundingAccount": "{TWO}","#), format!(r#""prover": {{"id": "{ONE}", "publisher": ["{TWO}"]}},"#)]
    {
        assert!(is_told(&[("node/a.json", &file(&account, &signed))]), "{account}");
    }
    let copy = Bench::new(&[("s/a.json", &file("", &bare))]).public("s/*.json");
    assert!(copy.notices.is_empty(), "a copy of public keys may leave it out");
}

#[test]
fn a_byte_order_mark_is_called_one_whatever_stands_behind_it() {
    let file = format!(
        r#"{{"schemaVersion": 1, "validators": [{{"attester": "{}", "feeRecipient": "{RECIPIENT}"}}]}}"#,
        key(1)
    );
    for text in [format!("\u{feff}{file}"), format!("\u{feff}{}", file.replace(&key(1), ONE))] {
        let bench = Bench::new(&[("node/key1.json", &text)]);
        for report in [bench.node("node/*.json"), bench.public("node/*.json")] {
            assert!(faults(&report).contains("begins with a byte order mark"), "{}", faults(&report));
            assert!(report.faults.len() == 1 && report.faults[0].refuses_file() && !faults(&report).contains(&key(1)));
        }
    }
}

#[test]
fn a_hidden_file_of_a_node_s_folder_is_read_as_the_node_does() {
    let file = |attester: &str| {
        format!(
            r#"{{"schemaVersion": 1, "validators": [{{"attester": "{attester}", "feeRecipient": "{RECIPIENT}"}}]}}"#
        )
    };
    let bench =
        Bench::new(&[("node/.key2.json", &file(TWO)), ("node/key1.json", &file(ONE)), ("node/.old/k.json", &file(A))]);
    assert_eq!(bench.node("node/*.json").book.entries.len(), 2);
    assert_eq!(bench.node("*/*.json").book.entries.len(), 2, "hidden folders are passed over");
    assert_eq!(bench.public("node/*.json").book.entries.len(), 1);
}
