//! What the chain says of a file, and what is stored of it between two runs.

use ethers_core::types::Address;

use super::*;
use crate::contracts::bn254;
use crate::domain::findings::Finding;
use crate::key_files::{FaultKind, RegisteredKeys};

/// A file whose one attester has a BLS key, one of a few points of the curve.
fn with_bls(attester: u64, number: usize) -> (String, crate::domain::attester::bls_key::BlsKey) {
    let point = |low: &u64| bn254::could_be_public(ethers_core::types::H256::from_low_u64_be(*low));
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
    let digits = file.split('"').nth(11).unwrap().trim_start_matches("0x");
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

#[test]
fn a_key_that_differs_is_told_on_while_its_file_is_lost() {
    let (good, key) = with_bls(1, 0);
    let (bad, _) = with_bls(1, 1);
    let registered: RegisteredKeys = [(Address::from_low_u64_be(1), [key].into())].into();
    let told = |bench: &mut Bench| {
        let report = bench.load();
        report.findings().iter().filter(|finding| finding.kind.code() == "bls_differs").count()
    };
    let restart = |bench: &mut Bench| {
        let record = serde_json::from_value(serde_json::to_value(bench.kept.record()).unwrap()).unwrap();
        bench.kept = KeptFiles::default();
        bench.kept.restore(record);
    };
    let cut = bad[..bad.len() / 2].to_owned();
    for was_good in [true, false] {
        for lost in [None, Some(cut.as_str()), Some(""), Some(r#"{"validators": []}"#), Some("[7]")] {
            let mut bench = Bench::new();
            if was_good {
                bench.write("keys/a/k.json", &good);
                bench.load();
            }
            bench.kept.learn(&registered);
            bench.write("keys/a/k.json", &bad);
            assert_eq!(told(&mut bench), 1);
            match lost {
                Some(text) => bench.write("keys/a/k.json", text),
                None => bench.remove("keys/a/k.json"),
            }
            // Nothing was known of a file that was never good before it came, so nothing is left when it is taken away.
            let expected = usize::from(was_good || lost.is_some());
            for _ in 0..2 {
                assert_eq!((told(&mut bench), told(&mut bench)), (expected, expected), "{was_good} {lost:?}");
                restart(&mut bench);
            }
            // It comes back as it was, and the chain was not asked yet.
            bench.write("keys/a/k.json", &bad);
            bench.load();
            bench.kept.learn(&registered);
            assert_eq!(told(&mut bench), 1, "{was_good} {lost:?}");
            bench.write("keys/a/k.json", &good);
            assert_eq!(told(&mut bench), 0, "{was_good} {lost:?}");
            bench.write("keys/a/k.json", &bad);
            assert_eq!(told(&mut bench), 1);
            bench.remove("keys/a/k.json");
            assert_eq!(told(&mut bench), 1);
            if was_good {
                bench.write("keys/c/k.json", &good);
                assert_eq!(told(&mut bench), 0, "corrected under another name");
            } else {
                bench.now += KEPT_FOR;
                assert_eq!(told(&mut bench), 0, "not for ever");
            }
        }
    }
    // That files are gone is told as well.
    let mut bench = Bench::new();
    bench.kept.learn(&registered);
    bench.write("keys/a/k.json", &bad);
    bench.load();
    bench.remove("keys");
    let report = bench.load();
    assert!(report.are_all_gone() && report.remembered.len() == 1);
}

#[test]
fn a_file_with_a_wrong_key_that_was_dropped_in_and_taken_out_again_leaves_nothing_behind() {
    let (good, key) = with_bls(1, 0);
    let (bad, _) = with_bls(1, 1);
    let registered: RegisteredKeys = [(Address::from_low_u64_be(1), [key].into())].into();
    let told = |report: &KeyFilesReport| {
        let found = report.findings();
        let of_bls = found.iter().filter(|finding| finding.kind.code() == "bls_differs");
        of_bls.map(Finding::line).collect::<Vec<_>>()
    };
    // The key's own file is there all along, or nobody else names the attester.
    for own in [Some(good.as_str()), None] {
        let mut bench = Bench::new();
        bench.remove("keys/a/k.json");
        own.into_iter().for_each(|own| bench.write("keys/a/k.json", own));
        bench.load();
        bench.kept.learn(&registered);
        let before = bench.load();
        bench.write("keys/c/k.json", &bad);
        bench.load();
        assert_eq!(told(&bench.load()).len(), 1);
        bench.remove("keys/c/k.json");
        assert_eq!(bench.load(), before, "{own:?}");
        // A command says the same, one after the other.
        let mut stored = None;
        let mut command = |bench: &Bench| {
            let mut kept = KeptFiles::default();
            stored.take().into_iter().for_each(|record| kept.restore(record));
            let mut report = bench.load_once(&mut kept);
            report.hold_against_chain(&registered);
            kept.learn(&registered);
            stored = serde_json::from_value(serde_json::to_value(kept.record()).unwrap()).unwrap();
            report
        };
        let before = command(&bench);
        bench.write("keys/c/k.json", &bad);
        assert_eq!(told(&command(&bench)).len(), 1);
        bench.remove("keys/c/k.json");
        for _ in 0..2 {
            assert_eq!(command(&bench), before, "{own:?}");
        }
        // What is there and cannot be read is told on by both, with what became of it.
        bench.write("keys/c/k.json", &bad);
        command(&bench);
        bench.load();
        bench.write("keys/c/k.json", &bad[..20]);
        let (of_command, of_exporter) = (told(&command(&bench)), told(&bench.load()));
        assert_eq!(of_command, of_exporter);
        assert!(matches!(of_command.as_slice(), [line] if line.contains("now it cannot be read")), "{of_command:?}");
        bench.remove("keys/c/k.json");
        assert_eq!((told(&command(&bench)), told(&bench.load())), (vec![], vec![]));
    }
    // One that was good counts on when it is gone, and so does what was wrong with it, until somebody else names its keys.
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", &good);
    bench.load();
    bench.kept.learn(&registered);
    bench.write("keys/a/k.json", &bad);
    bench.load();
    bench.remove("keys/a/k.json");
    let lines = told(&bench.load());
    assert!(matches!(lines.as_slice(), [line] if line.contains("now it is gone")), "{lines:?}");
    bench.write("keys/b/second.json", &good);
    assert_eq!(told(&bench.load()), Vec::<String>::new());
}

#[test]
fn a_key_that_is_unproven_is_told_on_while_its_file_is_lost() {
    let (file, key) = with_bls(1, 0);
    let mut bench = Bench::new();
    bench.write("keys/a/k.json", &file);
    bench.load();
    bench.kept.learn(&RegisteredKeys::new());
    bench.remove("keys/a/k.json");
    for _ in 0..3 {
        let mut report = bench.load();
        report.hold_against_chain(&RegisteredKeys::new());
        let told = report.findings().iter().filter(|finding| finding.kind.code() == "bls_unproven").count();
        assert_eq!(told, 1);
        report.hold_against_chain(&[(Address::from_low_u64_be(1), [key].into())].into());
        assert!(report.findings().iter().all(|finding| finding.kind.code() != "bls_unproven"), "registered since");
        let record = serde_json::from_value(serde_json::to_value(bench.kept.record()).unwrap()).unwrap();
        bench.kept = KeptFiles::default();
        bench.kept.restore(record);
    }
}
