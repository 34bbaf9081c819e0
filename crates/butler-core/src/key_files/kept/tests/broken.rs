//! Files and entries that cannot be read any more.

use super::*;
use crate::key_files::kept::files::MOST_KEPT;

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
fn an_entry_that_was_never_legible_stays_unknown_and_is_not_called_kept() {
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", &keystore(&[1]).replace("[{", r#"[{"attester": "0x12"}, {"#));
    let first = bench.told();
    assert_eq!((first.0.len(), first.1.len(), first.2), (2, 0, 1));
    assert_eq!(bench.told(), first, "nothing has changed");
}

#[test]
fn the_path_of_a_file_is_searched_for_secrets_once_however_often_it_is_read_kept_and_told() {
    let searches = || crate::key_files::shown::tests::SEARCHES.get();
    for files in [20, 40] {
        let mut bench = Bench::new();
        (0..files).for_each(|at| bench.write(&format!("keys/a/s{at}.json"), &keystore(&[at + 10])));
        let before = searches();
        bench.load();
        // Each file, and its name without its ending, which is its server's.
        assert!(searches() - before <= usize::try_from(files * 2 + 10).unwrap(), "{}", searches() - before);
        let before = searches();
        let (record, report) = (bench.kept.record(), bench.load());
        bench.remove("keys/a");
        let told = (report.findings(), bench.kept.record(), bench.load().findings());
        assert!(told.0.len() < told.2.len() && record == told.1);
        assert!(searches() - before <= 4, "{}", searches() - before);
    }
}
