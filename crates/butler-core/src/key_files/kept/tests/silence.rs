//! Nobody stops being named in silence, and nobody begins to be in doubt, because of what happens to files alone.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use ethers_core::types::Address;

use super::*;
use crate::domain::operator::key_book::{CoinbaseFault, KeyBook};

/// What is said of the attesters from 1 to 9: those that are named, with server and coinbase, and those of whom nothing is known.
type Said = (HashSet<(u64, String, Option<u64>, Option<CoinbaseFault>)>, Vec<u64>);

fn said(book: &KeyBook) -> Said {
    let named = book.entries.iter().map(|entry| {
        let coinbase = entry.coinbase.map(|coinbase| coinbase.address().to_low_u64_be());
        (entry.attester.to_low_u64_be(), entry.server.clone(), coinbase, entry.coinbase_fault)
    });
    let known = book.attesters();
    let doubtful = |n: &u64| {
        let attester = Address::from_low_u64_be(*n);
        !known.contains(&attester) && book.may_have(attester)
    };
    (named.collect(), (1..10).filter(doubtful).collect())
}

/// The newest version of `a`, with a server of two files whose last one has the coinbase of both, and one more.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.remove("keys");
    bench.patterns = vec!["keys/*.json".to_owned(), "folders/*/*.json".to_owned()];
    bench.write("keys/a-v1.json", &with_coinbase(&[1, 8], 21));
    bench.write("keys/a-v2.json", &with_coinbase(&[1, 2], 22));
    bench.write("keys/b.json", &keystore(&[3]));
    bench.write("folders/s/a.json", &keystore(&[4]));
    bench.write("folders/s/b.json", &with_coinbase(&[5], 25));
    bench
}

fn with_coinbase(attesters: &[u64], coinbase: u64) -> String {
    keystore(attesters).replacen('{', &format!(r#"{{"coinbase": "0x{coinbase:040x}","#), 1)
}

const USELESS: [&str; 8] = [
    "",
    r#"{"valid"#,
    r#"{"name": "x"}"#,
    "[1]",
    r#"{"validators": []}"#,
    r#"{"schemaVersion": 3, "validators": []}"#,
    r#"{"validators": [{"attester": "0x12"}]}"#,
    "correct horse battery staple",
];

#[test]
fn a_new_file_that_cannot_be_used_changes_nothing_but_is_told() {
    for name in ["keys/new.json", "keys/c-v1.json", "folders/s/c.json", "folders/s/0.json", "folders/t/a.json"] {
        for content in USELESS {
            let mut bench = bench();
            let before = said(&bench.load().book);
            bench.write(name, content);
            for _ in 0..2 {
                let report = bench.load();
                assert_eq!((said(&report.book), report.kept.len()), (before.clone(), 0), "{name} {content}");
                assert!(report.faults.iter().any(|fault| fault.file.ends_with(name)), "{name} {content}");
            }
            // Nor after a restart.
            let record = serde_json::from_value(serde_json::to_value(bench.kept.record()).unwrap()).unwrap();
            bench.kept = KeptFiles::default();
            bench.kept.restore(record);
            assert_eq!(said(&bench.load().book), before, "{name} {content}");
            bench.remove(name);
            assert_eq!(said(&bench.load().book), before, "{name} {content}");
        }
    }
}

#[test]
fn a_new_folder_link_or_pattern_that_leads_nowhere_changes_nothing_but_is_told() {
    let events: [fn(&mut Bench); 4] = [
        |bench| fs::create_dir(bench.folder.path().join("keys/backup.json")).unwrap(),
        |bench| std::os::unix::fs::symlink("/nonexistent", bench.folder.path().join("keys/l.json")).unwrap(),
        |bench| bench.patterns.push("nothing/*.json".to_owned()),
        |bench| bench.write("has-publishers", ""),
    ];
    for (at, event) in events.into_iter().enumerate() {
        let mut bench = bench();
        let before = said(&bench.load().book);
        event(&mut bench);
        let report = bench.load();
        assert_eq!((said(&report.book), report.faults.len()), (before, 1), "{at}");
    }
}

#[test]
fn what_cannot_be_read_from_the_start_leaves_everybody_in_doubt_until_it_can() {
    let mut bench = bench();
    bench.write("keys/new.json", "{");
    let everybody: Vec<u64> = (6..10).collect();
    assert_eq!(said(&bench.load().book).1, everybody);
    bench.write("keys/newer.json", "{");
    assert_eq!(said(&bench.load().book).1, everybody);
    bench.write("keys/new.json", &keystore(&[6]));
    bench.remove("keys/newer.json");
    assert_eq!(said(&bench.load().book).1, Vec::<u64>::new());
    // A folder that is not there yet, and then is with a broken file.
    let mut bench = Bench::new();
    fs::rename(bench.folder.path().join("keys"), bench.folder.path().join("away")).unwrap();
    assert_eq!(said(&bench.load().book).1.len(), 9);
    bench.write("away/c/k.json", "{");
    fs::rename(bench.folder.path().join("away"), bench.folder.path().join("keys")).unwrap();
    assert_eq!(said(&bench.load().book).1, (4..10).collect::<Vec<u64>>());
}

#[test]
fn whoever_counts_no_longer_is_in_doubt_while_a_file_is_broken_and_nobody_else() {
    let mut bench = bench();
    bench.load();
    bench.write("keys/a-v2.json", "{");
    bench.load();
    bench.now += KEPT_FOR;
    for _ in 0..3 {
        assert_eq!(said(&bench.load().book).1, [1, 2]);
    }
    // A configuration that names another place, in which nothing can be read.
    let mut bench = self::bench();
    bench.load();
    bench.patterns = vec!["elsewhere/*.json".to_owned(), "keys/b.json".to_owned()];
    assert_eq!(said(&bench.load().book).1, [1, 2, 4, 5]);
    bench.write("elsewhere/a.json", "{");
    assert_eq!(said(&bench.load().book).1, [1, 2, 4, 5]);
    bench.write("elsewhere/a.json", &keystore(&[1]));
    assert_eq!(said(&bench.load().book).1, Vec::<u64>::new());
}

#[test]
fn whatever_is_removed_counts_for_a_day_and_is_told_by_name() {
    for name in
        ["keys/a-v2.json", "keys/b.json", "folders/s/a.json", "folders/s/b.json", "folders/s", "folders", "keys"]
    {
        for to in ["gone", "bak"] {
            let mut bench = bench();
            let before = said(&bench.load().book);
            let path = bench.folder.path().join(name);
            let away = if path.is_dir() { bench.folder.path().join(to) } else { path.with_extension(to) };
            fs::rename(&path, &away).unwrap();
            for _ in 0..2 {
                let report = bench.load();
                assert_eq!(said(&report.book), before, "{name}");
                assert!(report.kept.iter().all(|kept| kept.why == KeptWhy::Gone && kept.file.contains(name)), "{name}");
                assert!(!report.kept.is_empty() && !report.are_all_gone(), "{name}");
            }
            bench.now += GONE_FOR;
            assert_ne!(said(&bench.load().book), before, "{name}");
            fs::rename(away, &path).unwrap();
            assert_eq!(said(&bench.load().book), before, "{name}");
        }
    }
}

#[test]
fn an_older_version_counts_when_the_newest_is_gone_for_a_day_or_was_given_its_number() {
    let mut bench = bench();
    let newest = said(&bench.load().book);
    let v2 = with_coinbase(&[1, 2], 22);
    bench.write("keys/a-v3.json", "{");
    assert_eq!(said(&bench.load().book), newest);
    bench.remove("keys/a-v3.json");
    let report = bench.load();
    assert_eq!((said(&report.book), report.kept.len()), (newest.clone(), 0), "a broken version that is removed again");
    bench.remove("keys/a-v2.json");
    bench.load();
    bench.now += GONE_FOR;
    for _ in 0..2 {
        let report = bench.load();
        let named = report.book.attesters();
        assert!(named.contains(&Address::from_low_u64_be(8)) && !named.contains(&Address::from_low_u64_be(2)));
        assert!(report.kept.is_empty());
    }
    // The same content under an older number is the same file.
    let mut bench = self::bench();
    bench.load();
    bench.remove("keys/a-v2.json");
    bench.write("keys/a-v1.json", &v2);
    let report = bench.load();
    assert_eq!((said(&report.book), report.kept.len()), (newest, 0));
    // And a configuration that names an older one means it.
    let mut bench = self::bench();
    bench.load();
    bench.patterns = vec!["keys/a-v1.json".to_owned()];
    assert!(bench.load().book.attesters().contains(&Address::from_low_u64_be(8)));
}

#[test]
fn the_top_of_a_broken_file_counts_even_when_its_keys_stand_elsewhere() {
    for elsewhere in ["folders/s/c.json", "folders/t/a.json"] {
        let mut bench = bench();
        let of_4 = |report: &KeyFilesReport| {
            let entry = report.book.entries.iter().find(|entry| entry.attester.to_low_u64_be() == 4).unwrap();
            (entry.coinbase.map(|coinbase| coinbase.address().to_low_u64_be()), entry.coinbase_fault)
        };
        assert_eq!(of_4(&bench.load()), (Some(25), None));
        bench.write("folders/s/b.json", "{");
        bench.write(elsewhere, &keystore(&[5]));
        for _ in 0..3 {
            let report = bench.load();
            assert_eq!((of_4(&report), report.kept.len()), ((Some(25), None), 1), "{elsewhere}");
        }
        // Where its top stands there as well, it was renamed; not so on another server, while its own one has other files.
        bench.remove("folders/s/b.json");
        bench.write(elsewhere, &with_coinbase(&[5], 25));
        let is_renamed = elsewhere.starts_with("folders/s/");
        for _ in 0..2 {
            let report = bench.load();
            assert_eq!((of_4(&report), report.kept.is_empty()), ((Some(25), None), is_renamed), "{elsewhere}");
        }
        // With its last file the server was renamed.
        let path = |name: &str| bench.folder.path().join(name);
        fs::create_dir_all(path("folders/t")).unwrap();
        fs::rename(path("folders/s/a.json"), path("folders/t/0.json")).unwrap();
        if is_renamed {
            fs::rename(path(elsewhere), path("folders/t/a.json")).unwrap();
        }
        let report = bench.load();
        assert_eq!((of_4(&report), report.kept.len()), ((Some(25), None), 0), "{elsewhere}");
    }
}

/// A keystore of attesters and publishers in folders of encrypted keys, read as a node's own.
struct Node {
    folder: tempfile::TempDir,
    kept: KeptFiles,
    now: u64,
}

impl Node {
    fn new() -> Self {
        let node = Self { folder: tempfile::tempdir().unwrap(), kept: KeptFiles::default(), now: 1_000_000 };
        for (name, address) in [("dir/1", 1), ("dir/2", 2), ("pub/1", 11), ("pub/2", 12), ("top/1", 13), ("pro/1", 14)]
        {
            node.write(&format!("{name}.json"), &format!(r#"{{"address": "{address:040x}"}}"#));
        }
        let path = |folder: &str| format!(r#"{{"path": "{folder}", "password": "x"}}"#);
        let other = format!(r#"{{"attester": "0x{:040x}"}}"#, 3);
        let validators = format!(r#"{{"attester": {}, "publisher": {}}}, {other}"#, path("dir"), path("pub"));
        let prover = format!(r#"{{"id": "0x{:040x}", "publisher": {}}}"#, 15, path("pro"));
        let text = format!(r#"{{"publisher": {}, "prover": {prover}, "validators": [{validators}]}}"#, path("top"));
        node.write("node.json", &text);
        node.write("other.json", &keystore(&[4]));
        node
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::store::file::save_atomic(&path, text.as_bytes(), 0o600).unwrap();
    }

    fn sources<T>(&mut self, read: impl FnOnce(&mut KeptFiles, &KeySources<'_>, u64) -> T) -> T {
        self.now += 60;
        let node_keystores = ["node.json".to_owned(), "other.json".to_owned()];
        let sources = KeySources {
            key_files: &[],
            node_keystores: &node_keystores,
            publisher_files: &[],
            base: self.folder.path(),
            private_keys: PrivateKeys::Refuse,
        };
        read(&mut self.kept, &sources, self.now)
    }

    fn load(&mut self) -> KeyFilesReport {
        self.sources(KeptFiles::load)
    }
}

type Paid = BTreeSet<(u64, BTreeSet<u64>)>;

fn paid(report: &KeyFilesReport) -> (Paid, BTreeSet<u64>) {
    let low = |addresses: &[Address]| addresses.iter().map(Address::to_low_u64_be).collect();
    let entries = report.book.entries.iter().map(|entry| (entry.attester.to_low_u64_be(), low(&entry.publishers)));
    let by_server = report.book.publishers_by_server.values().flatten().map(Address::to_low_u64_be);
    (entries.collect(), by_server.collect())
}

#[test]
fn encrypted_keys_that_vanish_from_a_folder_count_on_and_are_told() {
    for vanished in ["dir/1", "dir/2", "pub/1", "pub/2", "top/1", "pro/1"] {
        for whole in [false, true] {
            let mut node = Node::new();
            let before = paid(&node.load());
            assert_eq!((before.0.len(), before.1.len()), (4, 5));
            let folder = node.folder.path().join(Path::new(vanished).parent().unwrap());
            if whole {
                // An empty folder, as a mount point without its file system is.
                fs::remove_dir_all(&folder).unwrap();
                fs::create_dir(&folder).unwrap();
            } else {
                let file = node.folder.path().join(format!("{vanished}.json"));
                fs::rename(&file, file.with_extension("bak")).unwrap();
            }
            for _ in 0..2 {
                let report = node.load();
                assert_eq!((paid(&report), report.book.gaps.len()), (before.clone(), 0), "{vanished} {whole}");
                assert_eq!(report.kept.len(), 1, "{vanished} {whole}");
                assert!(report.kept[0].file.ends_with("node.json") && !report.faults.is_empty());
            }
            // One key may have been removed on purpose; a folder without any is a fault.
            let is_empty = whole || !vanished.starts_with("dir") && !vanished.starts_with("pub");
            node.now += GONE_FOR;
            assert_eq!(paid(&node.load()) == before, is_empty, "{vanished} {whole}");
        }
    }
}

#[test]
fn of_encrypted_keys_that_vanished_a_command_knows_nothing() {
    let mut node = Node::new();
    node.sources(KeptFiles::load_once);
    fs::remove_file(node.folder.path().join("dir/2.json")).unwrap();
    let report = node.sources(KeptFiles::load_once);
    assert_eq!(said(&report.book).1, [2]);
    let told = report.book.coinbase_doubt(Address::from_low_u64_be(2), &[]).unwrap();
    assert!(told.ends_with("node.json: encrypted keys that it leads to are gone"), "{told}");
    // One that stands in another file now did not vanish.
    node.write("other.json", &keystore(&[4, 2]));
    let report = node.sources(KeptFiles::load_once);
    let told: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    assert_eq!(said(&report.book).1, Vec::<u64>::new());
    assert!(told.iter().all(|told| told.contains("schemaVersion")), "{told:?}");
}

#[test]
fn an_edit_of_a_file_that_stays_good_acts_at_once() {
    let mut node = Node::new();
    node.load();
    node.write("node.json", &keystore(&[1]));
    let report = node.load();
    assert_eq!((report.book.attesters().len(), report.kept.len()), (2, 0), "it leads to no folder any more");
    let mut bench = bench();
    bench.load();
    bench.write("keys/a-v2.json", &with_coinbase(&[1], 23));
    bench.write("keys/b.json", &keystore(&[6]));
    let report = bench.load();
    let expected = [1, 4, 5, 6].map(Address::from_low_u64_be);
    assert_eq!((report.book.attesters(), report.kept.len()), (expected.into(), 0));
    assert_eq!(said(&report.book).1, Vec::<u64>::new());
}
