use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::key_files::sources::PrivateKeys;

/// A network's folder with two servers, read again and again.
struct Bench {
    folder: tempfile::TempDir,
    kept: KeptFiles,
    patterns: Vec<String>,
    now: u64,
}

const HOUR: u64 = 3_600;

impl Bench {
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            kept: KeptFiles::default(),
            patterns: vec!["keys/*/*.json".to_owned()],
            now: 1_000_000,
        };
        bench.write("keys/a/k.json", &keystore(&[1, 2]));
        bench.write("keys/b/k.json", &keystore(&[3]));
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::store::file::save_atomic(&path, text.as_bytes(), 0o600).unwrap();
    }

    fn remove(&self, name: &str) {
        let path = self.folder.path().join(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    fn load(&mut self) -> KeyFilesReport {
        self.now += 60;
        let publisher_files = ["publishers.json".into()];
        let sources = KeySources {
            key_files: &self.patterns,
            node_keystores: &[],
            publisher_files: if self.folder.path().join("has-publishers").exists() { &publisher_files } else { &[] },
            base: self.folder.path(),
            private_keys: PrivateKeys::Refuse,
        };
        self.kept.load(&sources, self.now)
    }

    /// Servers and numbers of all attesters, the reasons of kept files, and how many gaps there are.
    fn told(&mut self) -> (Vec<(String, u64)>, Vec<KeptWhy>, usize) {
        let report = self.load();
        let entries = report.book.entries.iter();
        let entries = entries.map(|entry| (entry.server.clone(), entry.attester.to_low_u64_be())).collect();
        (entries, report.kept.iter().map(|kept| kept.why).collect(), report.book.gaps.len())
    }
}

fn keystore(attesters: &[u64]) -> String {
    let validators: Vec<String> = attesters.iter().map(|n| format!(r#"{{"attester": "0x{n:040x}"}}"#)).collect();
    format!(r#"{{"validators": [{}]}}"#, validators.join(","))
}

fn all() -> Vec<(String, u64)> {
    [("a", 1), ("a", 2), ("b", 3)].map(|(server, attester)| (server.to_owned(), attester)).to_vec()
}

#[test]
fn a_file_that_breaks_keeps_what_it_said_and_leaves_no_gap() {
    let mut bench = Bench::new();
    assert_eq!(bench.told(), (all(), vec![], 0));
    let whole = keystore(&[1, 2]);
    for (broken, why) in [
        (&whole[..whole.len() / 2], KeptWhy::Unreadable),
        ("", KeptWhy::Unreadable),
        ("{\"validators\": []}", KeptWhy::Emptied),
        (&whole.replace("validators", "server"), KeptWhy::Emptied),
        (&whole.replace("[{", "[7, {").replace("0000000000000001", "000000000000000g"), KeptWhy::Partly),
        (&whole.replace("\"attester\": \"0x", "\"attester\": \"0xffffffffffffffffffffffff"), KeptWhy::Unreadable),
    ] {
        bench.write("keys/a/k.json", broken);
        assert_eq!(bench.told(), (all(), vec![why], 0), "{broken}");
    }
    bench.write("keys/a/k.json", &keystore(&[1]));
    assert_eq!(bench.told(), (vec![("a".to_owned(), 1), ("b".to_owned(), 3)], vec![], 0));
}

#[test]
fn an_entry_that_breaks_keeps_what_it_said_and_the_others_are_read() {
    let mut bench = Bench::new();
    let file = |first: &str, second: u64| {
        let coinbase = |text: &str| format!(r#", "coinbase": "0x{text:0>40}""#);
        let keys = keystore(&[1, 2]);
        let keys = keys.replacen("0001\"", &format!("0001\"{}", coinbase(first)), 1);
        keys.replacen("0002\"", &format!("0002\"{}", coinbase(&second.to_string())), 1)
    };
    let mut coinbases = |text: &str| {
        bench.write("keys/a/k.json", text);
        let entries = bench.load().book.entries.into_iter().take(2);
        entries.map(|entry| entry.coinbase.map(|coinbase| coinbase.address().to_low_u64_be())).collect::<Vec<_>>()
    };
    assert_eq!(coinbases(&file("11", 22)), [Some(0x11), Some(0x22)]);
    assert_eq!(coinbases(&file("1g", 33)), [Some(0x11), Some(0x33)]);
    assert_eq!(coinbases(&file("44", 33)), [Some(0x44), Some(0x33)]);
}

#[test]
fn what_was_never_good_is_a_gap() {
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", "{");
    assert_eq!(bench.told(), (vec![("b".to_owned(), 3)], vec![], 1));
}

#[test]
fn a_folder_that_is_moved_away_takes_nobody_with_it() {
    let mut bench = Bench::new();
    bench.load();
    fs::rename(bench.folder.path().join("keys"), bench.folder.path().join("elsewhere")).unwrap();
    assert_eq!(bench.told(), (all(), vec![KeptWhy::Gone, KeptWhy::Gone], 0));
    let report = bench.load();
    assert!(report.are_all_gone());
    // Nobody is left, so nobody removed them on purpose: they count for a week, and are a gap then.
    bench.now += KEPT_FOR - HOUR;
    assert_eq!(bench.told().0, all());
    bench.now += HOUR;
    assert_eq!(bench.told(), (vec![], vec![], 1));
    fs::rename(bench.folder.path().join("elsewhere"), bench.folder.path().join("keys")).unwrap();
    assert_eq!(bench.told(), (all(), vec![], 0));
}

#[test]
fn a_file_that_is_removed_while_others_are_there_counts_for_a_day() {
    let mut bench = Bench::new();
    bench.load();
    bench.remove("keys/a");
    assert_eq!(bench.told(), (all(), vec![KeptWhy::Gone], 0));
    bench.now += GONE_FOR;
    assert_eq!(bench.told(), (vec![("b".to_owned(), 3)], vec![], 0));
}

#[test]
fn keys_that_move_to_another_file_are_not_kept_in_the_old_one() {
    let mut bench = Bench::new();
    bench.load();
    bench.remove("keys/a/k.json");
    bench.write("keys/c/k.json", &keystore(&[2]));
    let expected = [("a", 1), ("b", 3), ("c", 2)].map(|(server, attester)| (server.to_owned(), attester)).to_vec();
    assert_eq!(bench.told(), (expected, vec![KeptWhy::Gone], 0));
    bench.write("keys/c/k.json", &keystore(&[2, 1]));
    assert_eq!(bench.told().1, []);
}

#[test]
fn what_the_configuration_does_not_name_any_more_is_forgotten() {
    let mut bench = Bench::new();
    bench.load();
    bench.patterns = vec!["keys/b/*.json".to_owned()];
    let (entries, kept, gaps) = bench.told();
    assert_eq!((entries.iter().map(|(_, attester)| *attester).collect::<Vec<_>>(), kept, gaps), (vec![3], vec![], 0));
}

#[test]
fn a_newer_version_that_is_broken_leaves_the_older_content() {
    let mut bench = Bench::new();
    bench.remove("keys/a/k.json");
    bench.write("keys/a/k-v1.json", &keystore(&[1, 2]));
    bench.load();
    bench.write("keys/a/k-v2.json", "{");
    assert_eq!(bench.told(), (all(), vec![KeptWhy::Unreadable], 0));
    bench.write("keys/a/k-v2.json", &keystore(&[2]));
    assert_eq!(bench.told().0, [("a".to_owned(), 2), ("b".to_owned(), 3)]);
}

#[test]
fn publishers_are_kept_too() {
    let mut bench = Bench::new();
    bench.write("has-publishers", "");
    bench.write("publishers.json", &format!(r#"{{"a": ["0x{:040x}"]}}"#, 9));
    let publishers =
        |report: &KeyFilesReport| report.book.publishers_by_server["a"].contains(&Address::from_low_u64_be(9));
    assert!(publishers(&bench.load()));
    bench.write("publishers.json", "{\"a\": [");
    let report = bench.load();
    assert!(publishers(&report) && report.kept.len() == 1);
    bench.remove("publishers.json");
    let report = bench.load();
    assert!(publishers(&report) && report.kept.len() == 1 && !report.are_all_gone());
}

#[test]
fn a_folder_that_may_not_be_listed_is_not_empty() {
    let mut bench = Bench::new();
    bench.load();
    let folder = bench.folder.path().join("keys/a");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    // For root nothing is forbidden, and nothing is to be seen.
    let is_forbidden = fs::read_dir(&folder).is_err();
    let told = bench.told();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let expected = if is_forbidden { vec![KeptWhy::Unreadable] } else { vec![] };
    assert_eq!(told, (all(), expected, 0));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut bench = Bench::new();
    let many: Vec<u64> = (10..10 + 60_000).collect();
    for server in ["d", "e"] {
        bench.write(&format!("keys/{server}/k.json"), &keystore(&many));
    }
    bench.load();
    bench.remove("keys");
    let report = bench.load();
    assert!(report.kept.len() < 4, "one of the large ones is too much");
    assert!(report.kept.iter().map(|kept| kept.attesters).sum::<usize>() <= MOST_KEPT);
}
