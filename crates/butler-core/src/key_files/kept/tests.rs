use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::one::{GONE_FOR, KEPT_FOR};
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
        (&whole.replace("validators", "server"), KeptWhy::Unreadable),
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

#[test]
fn publishers_that_are_not_legible_keep_what_they_said() {
    let mut bench = Bench::new();
    let file = |top: &str, own: &str, prover: &str| {
        format!(
            r#"{{"schemaVersion": 2, "feeRecipient": "0x{:064x}", "publisher": {top}, "prover": {prover}, "validators": [
                {{"attester": "0x{:040x}"}}, {{"attester": "0x{:040x}", "publisher": {own}}}]}}"#,
            1, 1, 2
        )
    };
    let address = |number: u64| format!("\"0x{number:040x}\"");
    let publishers = |report: &KeyFilesReport| {
        let of = |entry: &crate::domain::key_book::KeyEntry| entry.publishers.clone();
        let low = |all: &mut dyn Iterator<Item = Address>| all.map(|one| one.to_low_u64_be()).collect::<Vec<_>>();
        let by_server = low(&mut report.book.publishers_by_server["a"].iter().copied());
        (low(&mut report.book.entries[0..2].iter().flat_map(of)), by_server)
    };
    bench.write("keys/a/k.json", &file(&address(11), &address(12), &address(13)));
    let good = publishers(&bench.load());
    assert_eq!(good, (vec![11, 12], vec![11, 12, 13]));
    let broken = "\"0x12\"";
    for bad in [
        file(broken, &address(12), &address(13)),
        file(&address(11), broken, &address(13)),
        file(&address(11), &format!("[{}, 7]", address(12)), &address(13)),
        file(&address(11), &address(12), broken),
        file("7", "{}", "[]"),
    ] {
        bench.write("keys/a/k.json", &bad);
        let report = bench.load();
        assert_eq!((publishers(&report), report.kept.len()), (good.clone(), 1), "{bad}");
        assert!(report.book.entries.iter().take(2).all(|entry| !entry.pays_itself));
    }
    // What was never good is not made up: nobody says that the attester's own account pays.
    let mut fresh = Bench::new();
    fresh.write("keys/a/k.json", &file(broken, broken, broken));
    assert!(fresh.load().book.entries.iter().take(2).all(|entry| entry.publishers.is_empty() && !entry.pays_itself));
}

#[test]
fn publishers_of_a_list_that_are_not_legible_are_kept_too() {
    let mut bench = Bench::new();
    bench.write("has-publishers", "");
    let publishers = |bench: &mut Bench, list: &str| {
        bench.write("publishers.json", &format!(r#"{{"a": {list}, "b": ["0x{:040x}"]}}"#, 7));
        bench.load().book.publishers_by_server["a"].len()
    };
    assert_eq!(publishers(&mut bench, &format!(r#"["0x{:040x}", "0x{:040x}"]"#, 8, 9)), 2);
    assert_eq!(publishers(&mut bench, &format!(r#"["0x{:040x}", "0x9"]"#, 8)), 2);
    assert_eq!(publishers(&mut bench, &format!(r#"["0x{:040x}"]"#, 8)), 1);
}

#[test]
fn a_file_that_is_renamed_leaves_nothing_behind() {
    let mut bench = Bench::new();
    let top = |attesters: &[u64]| keystore(attesters).replacen('{', &format!(r#"{{"publisher": "0x{:040x}","#, 11), 1);
    let prover = format!(r#"{{"schemaVersion": 1, "prover": "0x{:040x}"}}"#, 12);
    bench.patterns = vec!["keys/*.json".to_owned()];
    bench.write("keys/a.json", &top(&[1, 2]));
    bench.write("keys/p.json", &prover);
    bench.load();
    for (from, to) in [("a", "c"), ("p", "q")] {
        let path = |name: &str| bench.folder.path().join(format!("keys/{name}.json"));
        fs::rename(path(from), path(to)).unwrap();
    }
    let report = bench.load();
    let servers: Vec<&str> = report.book.publishers_by_server.keys().map(String::as_str).collect();
    assert_eq!((servers, report.kept.len()), (vec!["c", "q"], 0));
    // A file that is lost is not renamed because another one has the same publisher.
    bench.write("keys/r.json", &prover);
    bench.load();
    bench.remove("keys/q.json");
    let report = bench.load();
    assert!(report.book.publishers_by_server.contains_key("q") && report.kept.len() == 1);
}

#[test]
fn a_pattern_that_is_spelled_otherwise_names_the_same_files() {
    for spelled in ["./keys/*/*.json", "keys//*/*.json", "keys/./*/*.json", "other/../keys/*/*.json", "keys/*/k.json"] {
        let mut bench = Bench::new();
        bench.load();
        bench.write("keys/a/k.json", "{");
        assert_eq!(bench.told().1, [KeptWhy::Unreadable]);
        bench.patterns = vec![spelled.to_owned()];
        fs::create_dir_all(bench.folder.path().join("other")).unwrap();
        assert_eq!(bench.told(), (all(), vec![KeptWhy::Unreadable], 0), "{spelled}");
        bench.remove("keys/a");
        assert_eq!(bench.told(), (all(), vec![KeptWhy::Gone], 0), "{spelled}");
    }
}

/// A file whose one attester has a BLS key, one of a few points of the curve.
fn with_bls(attester: u64, number: usize) -> (String, crate::domain::bls_key::BlsKey) {
    let point = |low: &u64| super::super::bls::could_be_public(ethers_core::types::H256::from_low_u64_be(*low));
    let low = (1..).filter(point).nth(number).unwrap();
    let file = format!(r#"{{"validators": [{{"attester": {{"eth": "0x{attester:040x}", "bls": "0x{low:064x}"}}}}]}}"#);
    (file, ethers_core::types::H256::from_low_u64_be(low).into())
}

#[test]
fn a_file_with_another_bls_key_than_the_registered_one_does_not_count_and_its_last_good_content_does() {
    let mut bench = Bench::new();
    let (good, key) = with_bls(1, 0);
    let (bad, _) = with_bls(1, 1);
    let registered: RegisteredKeys = [(Address::from_low_u64_be(1), [key].into())].into();
    bench.write(
        "keys/a/k.json",
        &good.replace("}]", "}, {\"attester\": \"0x0000000000000000000000000000000000000002\"}]"),
    );
    assert_eq!(bench.told(), (all(), vec![], 0));
    assert!(!bench.kept.learn(&registered));
    bench.write("keys/a/k.json", &bad);
    let (entries, kept, gaps) = bench.told();
    assert_eq!((entries, kept, gaps), (all(), vec![KeptWhy::Unreadable], 0));
    let report = bench.load();
    assert!(report.faults.iter().any(|fault| fault.kind == FaultKind::BlsDiffers));
    assert!(report.findings().iter().any(|finding| finding.kind.code() == "bls_differs"));
    bench.write("keys/a/k.json", &good);
    assert_eq!(bench.told().1, []);
}

#[test]
fn the_chain_may_know_the_key_only_after_the_file_was_read() {
    let (good, key) = with_bls(1, 0);
    let (bad, other) = with_bls(1, 1);
    let registered: RegisteredKeys = [(Address::from_low_u64_be(1), [key].into())].into();
    // A file that was never good is refused.
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", &bad);
    bench.load();
    assert!(bench.kept.learn(&registered));
    assert_eq!(bench.told(), (vec![("b".to_owned(), 3)], vec![], 1));
    // One that was good before it was changed counts as it was.
    let mut bench = Bench::new();
    bench.load();
    bench.kept.learn(&RegisteredKeys::new());
    bench.write("keys/a/k.json", &bad);
    bench.load();
    assert!(bench.kept.learn(&registered));
    assert_eq!(bench.told(), (all(), vec![KeptWhy::Unreadable], 0));
    assert!(!bench.kept.learn(&registered), "nothing new");
    // One that was good until another key was registered counts without its own.
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", &good);
    bench.load();
    bench.kept.learn(&RegisteredKeys::new());
    assert!(bench.kept.learn(&[(Address::from_low_u64_be(1), [other].into())].into()));
    let report = bench.load();
    assert_eq!((report.book.entries.len(), report.kept.len()), (2, 1));
    assert!(report.book.entries.iter().all(|entry| entry.bls_public_key.is_none()));
}

#[test]
fn what_is_stored_stands_in_after_a_restart_and_holds_no_key() {
    let mut bench = Bench::new();
    let (file, _) = with_bls(1, 0);
    bench.write("keys/a/k.json", &file);
    bench.load();
    let generation = bench.kept.generation();
    bench.load();
    assert_eq!(bench.kept.generation(), generation, "nothing new to be stored");
    let stored = serde_json::to_string(&bench.kept.record()).unwrap();
    let digits = file.split('"').nth(9).unwrap().trim_start_matches("0x");
    assert!(!stored.contains(digits), "{stored}");

    bench.write("keys/a/k.json", "{");
    bench.kept = KeptFiles::default();
    bench.kept.restore(serde_json::from_str(&stored).unwrap());
    let expected = [("a", 1), ("b", 3)].map(|(server, attester)| (server.to_owned(), attester)).to_vec();
    assert_eq!(bench.told(), (expected, vec![KeptWhy::Unreadable], 0));
    let stored = serde_json::to_string(&bench.kept.record()).unwrap();
    // Since when it fails survives, too.
    bench.kept = KeptFiles::default();
    bench.kept.restore(serde_json::from_str(&stored).unwrap());
    bench.now += KEPT_FOR;
    assert_eq!(bench.told(), (vec![("b".to_owned(), 3)], vec![], 1));
    // What the configuration does not name any more is forgotten all the same.
    bench.kept = KeptFiles::default();
    bench.kept.restore(serde_json::from_str(&stored).unwrap());
    bench.patterns = vec!["keys/b/*.json".to_owned()];
    assert_eq!(bench.told().0.len(), 1);
}

fn servers(told: &[(String, u64)]) -> Vec<(&str, u64)> {
    told.iter().map(|(server, attester)| (server.as_str(), *attester)).collect()
}

#[test]
fn what_is_kept_survives_every_other_spelling_of_its_pattern() {
    for broken in [true, false] {
        for spelling in
            ["./keys/*/*.json", "keys//*/*.json", "keys/../keys/*/*.json", "link/*/*.json", "keys/[ab]/?.json"]
        {
            let mut bench = Bench::new();
            std::os::unix::fs::symlink("keys", bench.folder.path().join("link")).unwrap();
            bench.load();
            let whole = keystore(&[1, 2]);
            if broken {
                bench.write("keys/a/k.json", "{");
            } else {
                bench.remove("keys/a/k.json");
            }
            bench.load();
            bench.patterns = vec![spelling.to_owned()];
            let told = bench.told();
            assert_eq!((told.0, told.1.len(), told.2), (all(), 1, 0), "{spelling}");
            bench.write("keys/a/k.json", &whole);
            bench.patterns = vec!["keys/*/*.json".to_owned()];
            assert_eq!(bench.told(), (all(), vec![], 0), "{spelling}, and back");
        }
    }
}

#[test]
fn a_pattern_for_fewer_folders_names_no_file_of_a_folder_below() {
    let mut bench = Bench::new();
    bench.load();
    bench.write("keys/a.json", &keystore(&[1, 2]));
    bench.write("keys/b.json", &keystore(&[3]));
    bench.patterns = vec!["keys/*.json".to_owned()];
    assert_eq!(bench.told(), (all(), vec![], 0), "the old folders are named by nothing");
}

#[test]
fn what_another_file_has_now_of_a_broken_one_counts_there_only() {
    let mut bench = Bench::new();
    bench.write("keys/b/k.json", &keystore(&[3, 1]));
    bench.load();
    bench.write("keys/a/k.json", "{");
    bench.load();
    bench.write("keys/c/k.json", &keystore(&[2]));
    let (told, kept, gaps) = bench.told();
    assert_eq!(servers(&told), [("a", 1), ("b", 3), ("b", 1), ("c", 2)], "1 stood in both before");
    assert_eq!((kept, gaps), (vec![KeptWhy::Unreadable], 0));
    // With its last key nothing of it is kept.
    let mut bench = Bench::new();
    bench.load();
    bench.write("keys/a/k.json", "{");
    bench.write("keys/c/k.json", &keystore(&[1, 2]));
    let (told, kept, gaps) = bench.told();
    assert_eq!((servers(&told), kept, gaps), (vec![("b", 3), ("c", 1), ("c", 2)], vec![], 1));
}

#[test]
fn publishers_that_are_not_legible_any_more_are_those_that_were() {
    let file = |top: &str, own: &str| {
        let attester = format!("0x{:040x}", 1);
        format!(
            r#"{{"schemaVersion": 2, "feeRecipient": "0x{:064x}", {top} "validators": [{{"attester": "{attester}" {own}}}]}}"#,
            1
        )
    };
    let publisher = format!("\"0x{:040x}\"", 50);
    for bad in [r#"["0x12"]"#, "5", "[]", "[null]", r#"{"address": "x"}"#, "\"0x12\"", "{}"] {
        for is_top in [true, false] {
            let written = |value: &str| {
                if is_top {
                    file(&format!(r#""publisher": {value},"#), "")
                } else {
                    file("", &format!(r#", "publisher": {value}"#))
                }
            };
            let mut bench = Bench::new();
            bench.write("keys/a/k.json", &written(&publisher));
            bench.load();
            bench.write("keys/a/k.json", &written(bad));
            let report = bench.load();
            let entry = report.book.entries.iter().find(|entry| entry.server == "a").unwrap();
            assert_eq!(
                (entry.publishers.as_slice(), entry.pays_itself),
                ([Address::from_low_u64_be(50)].as_slice(), false),
                "{bad}"
            );
            assert_eq!(report.kept.iter().map(|kept| kept.why).collect::<Vec<_>>(), [KeptWhy::Partly], "{bad}");
        }
    }
}

#[test]
fn an_entry_that_was_never_legible_stays_unknown_and_is_not_called_kept() {
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", &keystore(&[1]).replace("[{", r#"[{"attester": "0x12"}, {"#));
    let first = bench.told();
    assert_eq!((first.0.len(), first.1.len(), first.2), (2, 0, 1));
    assert_eq!(bench.told(), first, "nothing has changed");
}
