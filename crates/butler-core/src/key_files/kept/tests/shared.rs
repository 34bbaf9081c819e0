//! Attesters that stand in several files, as those of a pair of servers do, while one of the files is lost.

use super::*;
use crate::contracts::bn254;
use crate::key_files::RegisteredKeys;

/// The first server's attesters stand in the second one's file, too.
fn pair() -> Bench {
    let mut bench = Bench::new();
    bench.write("keys/b/k.json", &keystore(&[1, 2, 3]));
    bench.load();
    bench
}

fn placed(bench: &mut Bench) -> (Vec<(String, u64)>, usize) {
    let (mut entries, kept, gaps) = bench.told();
    entries.sort();
    (entries, kept.len() + gaps)
}

fn of(servers: &[(&str, u64)]) -> Vec<(String, u64)> {
    servers.iter().map(|(server, attester)| ((*server).to_owned(), *attester)).collect()
}

/// What happens to the first server's file.
type Loss = fn(&Bench);

const BOTH: [(&str, u64); 5] = [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("b", 3)];

#[test]
fn whatever_is_lost_of_a_pair_counts_for_its_time() {
    let events: [(&str, Loss); 6] = [
        ("removed", |bench| bench.remove("keys/a/k.json")),
        ("its folder moved", |bench| {
            fs::rename(bench.folder.path().join("keys/a"), bench.folder.path().join("away")).unwrap();
        }),
        ("a link to nowhere", |bench| {
            bench.remove("keys/a/k.json");
            std::os::unix::fs::symlink("/nonexistent", bench.folder.path().join("keys/a/k.json")).unwrap();
        }),
        ("no validators", |bench| bench.write("keys/a/k.json", r#"{"validators": []}"#)),
        ("an empty list", |bench| bench.write("keys/a/k.json", "[]")),
        ("one illegible, then gone", |bench| {
            bench.write("keys/a/k.json", &keystore(&[1]).replace("[{", r#"[{"attester": 7}, {"#));
        }),
    ];
    for (event, lose) in events {
        let mut bench = pair();
        lose(&bench);
        for _ in 0..2 {
            assert_eq!(placed(&mut bench), (of(&BOTH), 1), "{event}");
        }
        if event.ends_with("then gone") {
            bench.remove("keys/a/k.json");
            assert_eq!(placed(&mut bench), (of(&BOTH), 1), "{event}");
        }
        let record = serde_json::from_value(serde_json::to_value(bench.kept.record()).unwrap()).unwrap();
        bench.kept = KeptFiles::default();
        bench.kept.restore(record);
        assert_eq!(placed(&mut bench), (of(&BOTH), 1), "{event}, after a restart");
        bench.now += KEPT_FOR;
        assert_eq!(placed(&mut bench).0, of(&BOTH[2..]), "{event}, in the end");
    }
}

#[test]
fn a_file_of_a_pair_that_is_renamed_leaves_nothing_behind() {
    let rename = |bench: &Bench, from: &str, to: &str| {
        fs::rename(bench.folder.path().join("keys").join(from), bench.folder.path().join("keys").join(to)).unwrap();
    };
    let mut bench = pair();
    rename(&bench, "a", "c");
    assert_eq!(placed(&mut bench), (of(&[("b", 1), ("b", 2), ("b", 3), ("c", 1), ("c", 2)]), 0));
    let mut bench = pair();
    rename(&bench, "a", "c");
    rename(&bench, "b", "d");
    assert_eq!(placed(&mut bench), (of(&[("c", 1), ("c", 2), ("d", 1), ("d", 2), ("d", 3)]), 0));
    // A broken one does not lose its attesters because the other one is renamed, nor to a place that only the other one left.
    for lost in [true, false] {
        let mut bench = pair();
        if lost {
            bench.remove("keys/a/k.json");
        } else {
            bench.write("keys/a/k.json", "{");
        }
        bench.load();
        rename(&bench, "b", "d");
        let expected = of(&[("a", 1), ("a", 2), ("d", 1), ("d", 2), ("d", 3)]);
        assert_eq!(placed(&mut bench), (expected.clone(), 1), "{lost}");
        assert_eq!(placed(&mut bench), (expected, 1), "{lost}");
    }
}

#[test]
fn what_a_file_whose_bls_key_differs_shares_with_others_is_kept() {
    let mut bench = Bench::new();
    let point = |low: &u64| bn254::could_be_public(ethers_core::types::H256::from_low_u64_be(*low));
    let points: Vec<u64> = (1..).filter(point).take(2).collect();
    let with_bls = |point: u64| {
        let key = format!(r#"{{"eth": "0x{:040x}", "bls": "0x{point:064x}"}}"#, 1);
        keystore(&[1, 2]).replacen(&format!(r#""0x{:040x}""#, 1), &key, 1)
    };
    bench.write("keys/a/k.json", &with_bls(points[0]));
    bench.write("keys/b/k.json", &keystore(&[1, 2, 3]));
    bench.load();
    let key = ethers_core::types::H256::from_low_u64_be(points[0]).into();
    let registered: RegisteredKeys = [(ethers_core::types::Address::from_low_u64_be(1), [key].into())].into();
    assert!(!bench.kept.learn(&registered));
    bench.write("keys/a/k.json", &with_bls(points[1]));
    for _ in 0..2 {
        assert_eq!(placed(&mut bench), (of(&BOTH), 1));
    }
}

#[test]
fn an_encrypted_key_that_vanishes_counts_where_another_file_names_it_as_it_always_did() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::store::file::save_atomic(&path, text.as_bytes(), 0o600).unwrap();
    };
    for address in [1, 2] {
        write(&format!("dir/{address}.json"), &format!(r#"{{"address": "{address:040x}"}}"#));
    }
    write("a.json", r#"{"schemaVersion": 2, "validators": [{"attester": {"path": "dir", "password": "x"}}]}"#);
    write("b.json", &keystore(&[1, 2]));
    let node_keystores = ["a.json".to_owned(), "b.json".to_owned()];
    let sources = KeySources {
        key_files: &[],
        node_keystores: &node_keystores,
        publisher_files: &[],
        base: folder.path(),
        private_keys: PrivateKeys::Refuse,
    };
    let mut kept = KeptFiles::default();
    assert_eq!(kept.load(&sources, 1_000_000).book.entries.len(), 4);
    fs::remove_file(folder.path().join("dir/2.json")).unwrap();
    for now in [1_000_060, 1_000_120] {
        let report = kept.load(&sources, now);
        assert_eq!((report.book.entries.len(), report.kept.len()), (4, 1), "{now}");
    }
    assert_eq!(kept.load(&sources, 1_000_060 + GONE_FOR).book.entries.len(), 3);
}
