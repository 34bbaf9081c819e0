//! A command that a person runs: nothing stands in, and a file that was there is not forgotten.

use ethers_core::types::Address;

use super::*;
use crate::domain::operator::key_book::CoinbaseFault;
use crate::key_files::FaultKind;

/// The report of a new command, which knows what the last one kept.
fn run(bench: &mut Bench) -> KeyFilesReport {
    bench.now += 60;
    let mut kept = KeptFiles::default();
    kept.restore(bench.kept.record());
    let key_files = bench.patterns.clone();
    let base = bench.folder.path().to_owned();
    let private_keys = PrivateKeys::Refuse;
    let sources =
        KeySources { key_files: &key_files, node_keystores: &[], publisher_files: &[], base: &base, private_keys };
    let report = kept.load_once(&sources, bench.now);
    bench.kept = kept;
    assert!(report.kept.is_empty());
    report
}

/// Numbers of the attesters in the book, and of those of whom it is not known whether they stand somewhere.
fn known(report: &KeyFilesReport) -> (Vec<u64>, Vec<u64>) {
    let book = &report.book;
    let doubtful = |n: &u64| {
        let attester = Address::from_low_u64_be(*n);
        !book.attesters().contains(&attester) && book.may_have(attester)
    };
    (book.attesters().iter().map(Address::to_low_u64_be).collect(), (1..6).filter(doubtful).collect())
}

#[test]
fn of_a_file_that_is_gone_only_those_who_stood_in_it_are_unknown_and_it_is_named() {
    let mut bench = Bench::new();
    assert_eq!(known(&run(&mut bench)), (vec![1, 2, 3], vec![]));
    for away in ["keys/a/k.json", "keys/a"] {
        bench.remove(away);
        let report = run(&mut bench);
        assert_eq!(known(&report), (vec![3], vec![1, 2]));
        let told = report.book.coinbase_doubt(Address::from_low_u64_be(1), &[]).unwrap();
        assert!(told.ends_with("keys/a/k.json: it is gone"), "{told}");
        let [fault] = report.faults.as_slice() else { panic!("{:?}", report.faults) };
        assert_eq!(
            (fault.kind, fault.what.as_str()),
            (FaultKind::Missing, "it was here and is gone, with 2 attesters")
        );
    }
    bench.write("keys/c/k.json", &keystore(&[1]));
    assert_eq!(known(&run(&mut bench)), (vec![1, 3], vec![2]), "it stands in another file now");
    bench.now += GONE_FOR;
    assert_eq!(known(&run(&mut bench)), (vec![1, 3], vec![]), "after a day it was meant");
    bench.write("keys/a/k.json", &keystore(&[1, 2]));
    assert_eq!(known(&run(&mut bench)), (vec![1, 2, 3], vec![]));
    bench.remove("keys");
    assert_eq!(
        known(&run(&mut bench)),
        (vec![], vec![1, 2, 3, 4, 5]),
        "the pattern names nothing, so anybody may be there"
    );
    bench.patterns = vec!["elsewhere/*.json".to_owned()];
    bench.write("elsewhere/k.json", &keystore(&[5]));
    assert_eq!(known(&run(&mut bench)), (vec![5], vec![]), "the configuration does not name them any more");
}

#[test]
fn a_file_that_names_nobody_is_no_proof_that_somebody_is_in_none_until_a_day_has_passed() {
    for nobody in [r#"{"validators": []}"#, r#"{"attesters": [], "version": "2.0"}"#, "[]"] {
        for was_good in [true, false] {
            let mut bench = Bench::new();
            if was_good {
                run(&mut bench);
            }
            bench.write("keys/a/k.json", nobody);
            let report = run(&mut bench);
            assert_eq!(known(&report), (vec![3], vec![1, 2, 4, 5]), "{nobody}");
            let told = report.book.coinbase_doubt(Address::from_low_u64_be(1), &[]).unwrap();
            assert!(told.ends_with("keys/a/k.json: it names nobody"), "{told}");
            let told = |report: &KeyFilesReport| report.faults.iter().any(|fault| fault.kind == FaultKind::NamesNobody);
            assert!(told(&report));
            bench.now += GONE_FOR;
            run(&mut bench);
            let report = run(&mut bench);
            assert_eq!(known(&report), (vec![3], vec![]), "{nobody}");
            assert!(told(&report), "it is told for as long as it is there");
        }
    }
}

#[test]
fn a_file_whose_attesters_stand_elsewhere_may_name_nobody() {
    let mut bench = Bench::new();
    run(&mut bench);
    bench.write("keys/a/k.json", r#"{"validators": []}"#);
    bench.write("keys/b/k.json", &keystore(&[1, 2, 3]));
    run(&mut bench);
    assert_eq!(known(&run(&mut bench)), (vec![1, 2, 3], vec![]));
}

#[test]
fn what_cannot_be_read_is_as_unknown_as_without_a_memory() {
    let mut bench = Bench::new();
    run(&mut bench);
    bench.write("keys/a/k.json", "{");
    assert_eq!(known(&run(&mut bench)), (vec![3], vec![1, 2, 4, 5]));
    let illegible = keystore(&[1, 2]).replacen("0x", "", 1).replacen("00", "", 1);
    bench.write("keys/a/k.json", &illegible);
    assert_eq!(known(&run(&mut bench)), (vec![2, 3], vec![1, 4, 5]));
}

#[test]
fn what_stood_at_the_top_of_a_file_that_is_gone_is_not_known_to_be_nothing() {
    let mut bench = Bench::new();
    let coinbase = format!(r#"{{"coinbase": "0x{:040x}", "validators""#, 9);
    bench.write("keys/a/z.json", &keystore(&[4]).replace(r#"{"validators""#, &coinbase));
    assert!(run(&mut bench).book.entries.iter().any(|entry| entry.coinbase.is_some()));
    bench.remove("keys/a/z.json");
    let report = run(&mut bench);
    let of_server = |server: &str| {
        let entries = report.book.entries.iter().filter(|entry| entry.server == server);
        entries.map(|entry| entry.coinbase_fault).collect::<Vec<_>>()
    };
    assert_eq!(of_server("a"), [Some(CoinbaseFault::Unread); 2]);
    assert_eq!(of_server("b"), [None]);
}

#[test]
fn an_older_memory_brings_back_no_file_whose_keys_stand_elsewhere_by_a_newer_one() {
    let mut bench = Bench::new();
    run(&mut bench);
    let of_commands = bench.kept.record();
    // The exporter sees that a file is renamed before the next command does.
    bench.kept = KeptFiles::default();
    bench.load();
    bench.remove("keys/a/k.json");
    bench.write("keys/c/k.json", &keystore(&[1, 2]));
    bench.load();
    let of_exporter = bench.kept.record();
    let mut kept = KeptFiles::default();
    kept.restore(of_exporter);
    kept.restore(of_commands);
    let report = bench.load_once(&mut kept);
    assert_eq!((known(&report), report.faults), ((vec![1, 2, 3], vec![]), vec![]));
}
