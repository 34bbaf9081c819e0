//! Servers whose folders have the same name.

use super::*;
use crate::domain::operator::key_book::CoinbaseSetting;

/// Two nodes with a folder `keys` each; only the second one's file has a coinbase at its top.
fn two_nodes() -> Bench {
    let mut bench = Bench::new();
    bench.remove("keys");
    bench.patterns = vec!["srv/*/keys/*.json".to_owned()];
    bench.write("srv/a/keys/k.json", &keystore(&[1]));
    bench.write("srv/b/keys/k.json", &with_coinbase(&[2]));
    bench
}

fn with_coinbase(attesters: &[u64]) -> String {
    keystore(attesters).replacen('{', &format!(r#"{{"coinbase": "0x{:040x}", "#, 9), 1)
}

fn settings(report: &KeyFilesReport) -> Vec<(&str, bool, bool)> {
    let entries = report.book.entries.iter();
    let told = entries.map(|entry| {
        let setting = entry.coinbase_setting();
        (entry.server.as_str(), setting == CoinbaseSetting::NotSet, setting == CoinbaseSetting::Unknown)
    });
    told.collect()
}

#[test]
fn what_stands_at_the_top_of_a_file_holds_for_its_own_folder_only_whatever_others_are_called() {
    let mut bench = two_nodes();
    let report = bench.load();
    assert_eq!(settings(&report), [("a/keys", true, false), ("b/keys", false, false)]);
    assert_eq!(report.notices, []);
}

#[test]
fn a_file_that_is_cut_makes_nothing_of_another_folder_of_that_name_unknown() {
    let mut bench = two_nodes();
    bench.write("srv/b/keys/k.json", "{");
    assert_eq!(settings(&bench.load()), [("a/keys", true, false)]);
    let mut bench = two_nodes();
    bench.load();
    bench.write("srv/b/keys/k.json", "{");
    let report = bench.load();
    assert_eq!(settings(&report), [("a/keys", true, false), ("b/keys", false, false)]);
    assert_eq!(report.kept[0].server, "b/keys");
    bench.remove("srv/b");
    let report = bench.load();
    assert_eq!(
        settings(&report),
        [("a/keys", true, false), ("b/keys", false, false)],
        "no name changes for a file that is lost"
    );
}

#[test]
fn what_no_node_runs_is_no_server_beside_keystores() {
    let list = r#"{"attesters": [{"address": "0x0000000000000000000000000000000000000001"}, {"address": "0x0000000000000000000000000000000000000007"}], "version": "2.0"}"#;
    let is_run = |bench: &mut Bench| {
        let report = bench.load();
        report.book.entries.iter().map(|entry| (entry.attester.to_low_u64_be(), entry.is_run)).collect::<Vec<_>>()
    };
    let mut bench = Bench::new();
    bench.write("keys/c/list.json", list);
    assert_eq!(is_run(&mut bench), [(1, true), (2, true), (3, true), (1, false), (7, false)]);
    let mut bench = Bench::new();
    bench.remove("keys");
    bench.write("keys/c/list.json", list);
    assert_eq!(is_run(&mut bench), [(1, true), (7, true)], "the operator says nothing else");
    let mut bench = Bench::new();
    bench.remove("keys");
    bench.write("keys/c/list.json", list);
    bench.write("keys/a/k.json", "{");
    assert_eq!(is_run(&mut bench), [(1, false), (7, false)], "a keystore was lost");
}
