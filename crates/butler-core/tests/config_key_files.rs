//! Key files: every format, every fault with its whole message, and no private key in any of them.

use std::path::{Path, PathBuf};

use butler_core::key_files::{KeyFileFault, KeyFilesReport, KeySources, PrivateKeys, load_key_files};
use butler_core::store::file::save_atomic;
use proptest::prelude::*;

const A: &str = "0x1111111111111111111111111111111111111111";
const B: &str = "0x2222222222222222222222222222222222222222";
const KEY: &str = "0xe6fe1c71a70faea4c4bdf41a00221faea55315ffbfaecb8e6ab50deec8efd8a1";

/// The registration of a key of the contracts' own tests. Decimal numbers are as good as hexadecimal ones.
const REGISTRATION: &str = r#""publicKeyG1": {
    "x": "14040631920337037677709966437409651072288616613076825157749168159693185460400",
    "y": "0xde5106f65eec84d4f0b670f4240d3b6b904d09619ac58c96f6d8f33920908fc"}, "publicKeyG2": {
    "x0": "0x27a4a07c97eda53675c53c1b0fd45cf0099140a7f2ae1b8171558032353b79fe",
    "x1": "0x1a87dd8fd27982cc598b4b0e5de701ea0ed10941f1d9a88fee96f27d0248b23d",
    "y0": "0x153ff1b9e19335f59e2f4498a661b9ab2b0e907e9445fa1d2e174040251f8ace",
    "y1": "0x08816e3eef0a875ea78cacfd2aea639c7b1ca2990586989543a5b75cc96b16f1"},
    "proofOfPossession": {
    "x": "0x12ca1fbecaed7615573bb3ed71a75946a485992a3c500c8d3a7aed11bbb9444a",
    "y": "0xdb15b21e57cf7d610aa2c659f65f45c0bdeaaba0590743a98c9e1aa15d3d9de"}"#;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        save_atomic(&path, content, 0o600).unwrap();
    }
    folder
}

fn load(files: &[(&str, &[u8])], patterns: &[&str], publishers: &[&str]) -> (KeyFilesReport, String) {
    let folder = folder(files);
    let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    let publishers: Vec<PathBuf> = publishers.iter().map(PathBuf::from).collect();
    let report = load_key_files(&sources(&patterns, &publishers, folder.path()));
    let faults: Vec<_> = report.faults.iter().map(ToString::to_string).collect();
    let faults = faults.join("\n").replace(&format!("{}/", folder.path().display()), "");
    (report, faults)
}

fn sources<'a>(key_files: &'a [String], publisher_files: &'a [PathBuf], base: &'a Path) -> KeySources<'a> {
    KeySources { key_files, node_keystores: &[], publisher_files, base, private_keys: PrivateKeys::Refuse }
}

/// The faults of one file.
fn faults(content: impl AsRef<[u8]>) -> String {
    let (report, faults) = load(&[("f.json", content.as_ref())], &["*.json"], &[]);
    let is_refused = report.faults.iter().any(KeyFileFault::refuses_file);
    assert!(report.files.is_empty() == is_refused, "refused, or taken");
    assert!(report.book.entries.is_empty() || !is_refused, "a refused file was taken");
    faults
}

fn validator(members: &str) -> String {
    format!("{{\"validators\": [{{{members}}}]}}")
}

#[test]
fn a_keystore_is_read() {
    let bls = "0x0f11111111111111111111111111111111111111111111111111111111111111";
    let content = format!(
        r#"{{"schemaVersion": 1, "remoteSigner": "https://signer", "validators": [
            {{"attester": {{"eth": "{A}", "bls": "{bls}"}}, "publisher": ["{A}", "{B}"], "coinbase": "{B}", "feeRecipient": "{bls}"}},
            {{"attester": "{B}", "publisher": "0x0000000000000000000000000000000000000000", "coinbase": null}},
            {{"attester": {{"eth": {{"address": "{B}", "remoteSignerUrl": "https://signer"}}}}, "feeRecipient": "{A}"}}]}}"#
    );
    let (report, faults) = load(&[("server-a/k.json", content.as_bytes())], &["*/*.json"], &[]);
    assert_eq!(faults, "");
    let [first, second, third] = report.book.entries.as_slice() else { panic!("three entries") };
    assert_eq!((first.server.as_str(), first.index, first.publishers.len()), ("server-a", 0, 2));
    assert_eq!(first.coinbase.unwrap().to_string(), B);
    assert_eq!(format!("{:?}", first.bls_public_key.unwrap().0), bls);
    assert_eq!((second.index, second.coinbase, second.publishers.len()), (1, None, 0));
    assert_eq!((third.attester, third.bls_public_key), (second.attester, None));
    assert_eq!(report.book.publishers_by_server["server-a"].len(), 2);
    assert!(first.file.ends_with("server-a/k.json"));
    assert_eq!((report.files[0].kind.to_string().as_str(), report.files[0].entries), ("keystore", 3));
}

#[test]
fn the_older_formats_are_read() {
    let cached = format!(
        r#"{{"attesters": [{{"address": "{A}", "coinbase": "{B}", "lastSeenState": "ACTIVE"}}], "version": "2.0"}}"#
    );
    let scrape = format!(r#"{{"attesters": [{{"address": "{A}"}}, "{B}"], "publishers": ["{B}"], "version": "1.1"}}"#);
    let staker = format!(r#"[{{"attester": "{A}", {REGISTRATION}}}]"#);
    let publishers = format!(r#"{{"one": ["{A}"], "two": ["{B}"]}}"#);
    let files: [(&str, &[u8]); 4] = [
        ("a.json", cached.as_bytes()),
        ("b.json", scrape.as_bytes()),
        ("c.json", staker.as_bytes()),
        ("p/d.json", publishers.as_bytes()),
    ];
    let (report, faults) = load(&files, &["*.json", "a.json"], &["p/d.json"]);
    assert_eq!(faults, "");
    let entries: Vec<_> = report.book.entries.iter().map(|entry| (entry.server.as_str(), entry.index)).collect();
    assert_eq!(entries, [("a", 0), ("b", 0), ("b", 1), ("c", 0)]);
    assert_eq!(report.book.publishers_by_server.keys().collect::<Vec<_>>(), ["b", "one", "two"]);
    assert_eq!(
        report.files.iter().map(|file| file.kind.to_string()).collect::<Vec<_>>(),
        ["cached attesters", "scrape configuration", "staker output", "publishers by server",]
    );
}

#[test]
fn the_example_files_are_read() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let report =
        load_key_files(&sources(&["keys/*/*.json".to_owned()], &[PathBuf::from("keys/publishers.json")], &examples));
    assert_eq!(report.faults, []);
    assert_eq!(report.book.entries.len(), 2);
    assert_eq!(report.book.publishers_by_server.keys().collect::<Vec<_>>(), ["server-a", "server-b"]);
}

#[test]
fn a_private_key_refuses_the_whole_file() {
    let bare = KEY.trim_start_matches("0x");
    let cases = [
        validator(&format!(r#""attester": {{"eth": "{KEY}", "bls": "{KEY}"}}, "publisher": "{KEY}""#)),
        validator(&format!(r#""attester": "{KEY}""#)),
        validator(&format!(r#""attester": {{"eth": "{bare}"}}"#)),
        validator(&format!(r#""attester": "{A}", "publisher": ["{A}", "{KEY}"]"#)),
        validator(&format!(r#""attester": "{A}", "coinbase": "{KEY}""#)),
        validator(&format!(r#""attester": {{"eth": "{A}", "privateKey": "{KEY}"}}"#)),
        validator(r#""attester": {"eth": {"path": "x", "password": "hunter2"}}"#),
        format!(r#"{{"version": 3, "address": "{A}", "crypto": {{"ciphertext": "{bare}"}}}}"#),
        format!(r#"{{"mnemonic": "test test junk", "validators": [], "x": "{KEY}"}}"#),
        format!(r#"{{"server": ["{KEY}"]}}"#),
        format!(r#"[{{"attester": "{KEY}"}}]"#),
        format!(r#"{{"attesters": [{{"address": "{KEY}"}}], "version": "2.0"}}"#),
    ];
    let told = cases.iter().map(faults).collect::<Vec<_>>().join("\n");
    assert!(!told.contains(&bare[..12]) && !told.contains("hunter2") && !told.contains("junk"));
    insta::assert_snapshot!(told, @"
    f.json: validators[0].attester.eth: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].attester: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].attester.eth: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].publisher[1]: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].coinbase: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].attester.<field 2>: holds a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].attester.eth.password: holds a password; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: crypto: holds an encrypted private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: mnemonic: holds a mnemonic; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: <field 1>[0]: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: [0].attester: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: attesters[0].address: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    ");
}

#[test]
fn wrong_content_is_named_by_its_place() {
    let cases = [
        validator(r#""publisher": []"#),
        validator(&format!(r#""attester": {{"eth": "{A}", "bls": "0x12"}}, "feeRecipient": "0x1""#)),
        validator(&format!(r#""attester": {{"bls": "{KEY}"}}"#)),
        validator(r#""attester": 7, "publisher": 8, "coinbase": 9"#),
        validator(&format!(r#""attester": "{A}", "coinbase": "0x0000000000000000000000000000000000000000""#)),
        validator(r#""attester": "0x042DF8f42790d6943F41C25C2132400fd727f452""#),
        validator(r#""attester": "0x0000000000000000000000000000000000000000""#),
        validator(r#""attester": "0x12""#),
        r#"{"validators": {}}"#.to_owned(),
        r#"{"validators": [null, 1]}"#.to_owned(),
        r#"{"attesters": []}"#.to_owned(),
        r#"{"mappings": [], "version": "1.0"}"#.to_owned(),
        r#"{"a": 1}"#.to_owned(),
        "{}".to_owned(),
        "3".to_owned(),
        "[1]".to_owned(),
        format!(r#"{{"a": ["{A}"], "b": ["{A}"], "c\n": []}}"#),
        format!(r#"{{"validators": [{}]}}"#, vec!["1"; 25].join(",")),
    ];
    insta::assert_snapshot!(cases.iter().map(faults).collect::<Vec<_>>().join("\n"), @r#"
    f.json: validators[0].attester: this key is required
    f.json: validators[0].publisher: an empty list, with which a node publishes nothing (hint: name a publisher, or remove the key)
    f.json: validators[0].attester.bls: expected a compressed public key of 0x and 64 hex digits
    f.json: validators[0].feeRecipient: expected an address of 0x and 64 or 40 hex digits
    f.json: validators[0].attester.bls: holds no public BLS key, so perhaps a private one; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    f.json: validators[0].attester: expected an address, found a number
    f.json: validators[0].publisher: expected an address, found a number
    f.json: validators[0].coinbase: expected an address, found a number
    f.json: validators[0].coinbase: coinbase is the zero address (hint: remove the key until it is known)
    f.json: validators[0].attester: the address has a wrong checksum, so at least one digit or letter case is wrong (hint: copy the address again from its source)
    f.json: validators[0].attester: the zero address is not allowed here
    f.json: validators[0].attester: expected an address of 0x and 40 hex digits
    f.json: validators: expected a list, found an object
    f.json: validators[0]: expected an object, found null
    f.json: validators[1]: expected an object, found a number
    f.json: version: expected "2.0" or "1.1" beside `attesters`
    f.json: cached coinbases: not a key file, ignored (hint: remove it from the patterns; coinbases are read from the key files and the chain)
    f.json: not a key file of a known kind (hint: expected `validators`, `attesters`, publishers by server, or a list of attesters)
    f.json: not a key file of a known kind (hint: expected `validators`, `attesters`, publishers by server, or a list of attesters)
    f.json: expected an object or a list, found a number
    f.json: [0]: expected an object with `attester`, found a number
    f.json: b: has a publisher that `a` has too (hint: two servers with one account get in each other's way)
    f.json: entry 3: expected the name of a server: letters, digits, `.`, `_`, `-`, `/` and spaces
    f.json: validators[0]: expected an object, found a number
    f.json: validators[1]: expected an object, found a number
    f.json: validators[2]: expected an object, found a number
    f.json: validators[3]: expected an object, found a number
    f.json: validators[4]: expected an object, found a number
    f.json: validators[5]: expected an object, found a number
    f.json: validators[6]: expected an object, found a number
    f.json: validators[7]: expected an object, found a number
    f.json: validators[8]: expected an object, found a number
    f.json: validators[9]: expected an object, found a number
    f.json: validators[10]: expected an object, found a number
    f.json: validators[11]: expected an object, found a number
    f.json: validators[12]: expected an object, found a number
    f.json: validators[13]: expected an object, found a number
    f.json: validators[14]: expected an object, found a number
    f.json: validators[15]: expected an object, found a number
    f.json: validators[16]: expected an object, found a number
    f.json: validators[17]: expected an object, found a number
    f.json: validators[18]: expected an object, found a number
    f.json: validators[19]: expected an object, found a number
    f.json: and 5 faults more
    "#);
}

#[test]
fn what_is_not_json_is_told_with_its_line() {
    let deep = "[".repeat(100_000);
    let cases: Vec<(&str, &[u8])> = vec![
        ("duplicate", b"{\"validators\": [{\n\"coinbase\": \"a\",\n\"coinbase\": \"b\"}]}"),
        ("bom", b"\xef\xbb\xbf{}"),
        ("utf-16", b"\xff\xfe{\0}\0"),
        ("nul", b"{}\n\0"),
        ("latin-1", b"{\n\"\xe9\": 1}"),
        ("empty", b" \n"),
        ("cut", b"{\"validators\": ["),
        ("trailing", b"{\"validators\": []} {}"),
        ("comment", b"{\n// x\n}"),
        ("deep", deep.as_bytes()),
    ];
    let told: Vec<_> = cases.iter().map(|(name, content)| format!("{name}: {}", faults(content))).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    duplicate: f.json:3: validators[0].coinbase: this key occurs twice (hint: keep one of them)
    bom: f.json: begins with a byte order mark (hint: save it as UTF-8 without one)
    utf-16: f.json: begins with a byte order mark (hint: save it as UTF-8 without one)
    nul: f.json:2: holds a NUL byte, so it is not a text file (hint: save it as UTF-8)
    latin-1: f.json:2: is not UTF-8 (hint: save it as UTF-8)
    empty: f.json: the file is empty (hint: write it again, or leave it out)
    cut: f.json:1: this is not JSON: EOF while parsing a list, column 16
    trailing: f.json:1: this is not JSON: trailing characters, column 20
    comment: f.json:2: this is not JSON: key must be a string, column 1
    deep: f.json:1: this is not JSON: recursion limit exceeded, column 128
    ");
    let twice = format!("{{\"{KEY}\": 1, \"{KEY}\": 2}}");
    insta::assert_snapshot!(faults(twice), @"f.json:1: <field 2>: this key occurs twice (hint: keep one of them)");
    let nested = KEY.as_bytes()[2..].chunks(16).rev().fold("{\"password\": \"x\"}".to_owned(), |inner, part| {
        format!("{{\"{}\": {inner}}}", str::from_utf8(part).unwrap())
    });
    let nested = faults(nested);
    assert!(nested.contains("<field 1>.<field 1>") && !nested.contains(&KEY[2..18]), "{nested}");
}

#[test]
fn no_refusal_repeats_the_name_of_a_field_that_no_format_has() {
    let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    for name in
        ["KEYSTORE_PASSWORD=hunter2horse", "mnemonic hunter2horse", "seed: hunter2horse", KEY, &KEY[2..34], phrase]
    {
        for file in [
            format!(r#"{{"{name}": ["{A}"], "password": "x"}}"#),
            format!(r#"{{"{name}": ["{KEY}"]}}"#),
            format!(r#"{{"s": ["{A}"], "{name}": 1, "{name}": 2}}"#),
            validator(&format!(r#""attester": "{A}", "{name}": "x", "password": "x""#)),
            validator(&format!(r#""attester": "{A}", "x": {{"{name}": {{"secret": "x"}}}}"#)),
            validator(&format!(r#""attester": "{A}", "x": [{{"{name}": 1, "{name}": 1}}]"#)),
            format!(r#"[{{"attester": "{A}", "{name}": "{KEY}"}}]"#),
        ] {
            let told = faults(&file);
            assert!(!told.is_empty(), "{file}");
            let is_told = |part: &str| name.contains(part) && told.contains(part);
            assert!(!["hunter2", "winner", &KEY[2..18]].iter().any(|part| is_told(part)), "{told}");
        }
    }
    let by_name = faults(format!(r#"{{"KEYSTORE_PASSWORD=hunter2horse": ["{A}"]}}"#));
    assert!(by_name.starts_with("f.json: <field 1>: holds a password"), "{by_name}");
}

#[test]
fn a_bad_file_does_not_stop_the_good_ones() {
    let good = validator(&format!(r#""attester": "{A}""#));
    let files: [(&str, &[u8]); 3] = [("a.json", b"{"), ("b.json", good.as_bytes()), ("sub/p.json", good.as_bytes())];
    let (report, told) = load(&files, &["*.json", "none/*.json", "a[", "sub"], &["sub/p.json", "gone.json"]);
    assert_eq!(report.book.entries.len(), 1);
    insta::assert_snapshot!(told, @"
    none/*.json: this pattern matches no file (hint: correct it, or remove it)
    a[: the pattern is wrong at character 2: invalid range pattern
    sub: this is a folder, where a pattern of files is expected (hint: for the files in it write `sub/*.json`)
    a.json:1: this is not JSON: EOF while parsing an object, column 1
    sub/p.json: expected publishers by server, found keystore (hint: name it under `key_files`)
    gone.json: there is no such file
    ");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let large = vec![b' '; (16 << 20) + 1];
    insta::assert_snapshot!(faults(large), @"f.json: 16777217 bytes long, more than the limit of 16777216");
}

#[test]
fn names_can_not_change_the_terminal() {
    let (_, told) = load(&[("a\u{1b}[31m\n.json", b"3")], &["*.json"], &[]);
    insta::assert_snapshot!(told, @r#"a\u{1b}[31m\u{a}.json: expected an object or a list, found a number"#);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        faults(bytes);
    }

    #[test]
    fn no_fault_repeats_a_key(parts in prop::collection::vec(0_usize..16, 0..30)) {
        let bare = &KEY[2..];
        let words = [
            "{", "}", "[", "]", ":", ",", "\"validators\"", "\"attester\"", "\"eth\"", "\"publisher\"", "\"coinbase\"",
            "\"version\"", &format!("\"{KEY}\""), &format!("\"{bare}\""), "{\"validators\":[{\"attester\":", bare,
        ];
        let text: String = parts.iter().map(|index| words[*index]).collect();
        let told = faults(&text);
        prop_assert!(!told.contains(&bare[..20]), "{told}");
    }

    #[test]
    fn no_fault_repeats_a_key_in_well_formed_files(
        places in prop::collection::vec(0_usize..6, 1..4),
        value in prop_oneof![Just(KEY.to_owned()), Just(KEY[2..].to_owned()), Just(format!("{KEY}ff")), Just(KEY.to_uppercase())],
    ) {
        let names = ["attester", "publisher", "coinbase", "feeRecipient", "address", value.as_str()];
        let members: Vec<_> = places.iter().map(|place| format!("\"{}\": \"{value}\"", names[*place])).collect();
        let members = members.join(", ");
        for file in [
            validator(&members), format!("{{{members}}}"), format!("[{{{members}}}]"),
            format!("{{\"version\": \"2.0\", \"attesters\": [{{{members}}}]}}"), format!("{{\"{value}\": [\"{value}\"]}}"),
        ] {
            let told = faults(&file);
            prop_assert!(!told.is_empty() && !told.to_lowercase().contains(&KEY[2..20]), "{told}");
        }
    }
}
