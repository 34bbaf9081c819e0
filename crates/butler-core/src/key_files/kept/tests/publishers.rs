//! Accounts that pay, in whichever place they stand.

use ethers_core::types::Address;

use super::*;

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
        let of = |entry: &crate::domain::operator::key_book::KeyEntry| entry.publishers.clone();
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
fn publishers_that_are_taken_away_are_those_that_were_and_the_entry_is_named() {
    let with = |publisher: &str| {
        format!(
            r#"{{"publisher": {publisher}, "validators": [{{"attester": "0x{:040x}", "publisher": {publisher}}}]}}"#,
            1
        )
    };
    let good = format!(r#""0x{:040x}""#, 9);
    let zero = format!(r#""0x{:040x}""#, 0);
    for taken in ["null", &zero, &format!("[{zero}]"), &format!("[{zero}, {zero}]"), "[]", "[null]"] {
        let mut bench = Bench::new();
        bench.write("keys/a/k.json", &with(taken));
        let publishers = |report: &KeyFilesReport| {
            let entry = report.book.entries.iter().find(|entry| entry.server == "a").unwrap();
            (entry.publishers.iter().map(Address::to_low_u64_be).collect::<Vec<_>>(), entry.pays_itself)
        };
        let first = bench.load();
        assert_eq!(publishers(&first), if taken == "null" { (vec![1], true) } else { (vec![], false) }, "{taken}");
        assert!(first.kept.is_empty());

        bench.write("keys/a/k.json", &with(&good));
        assert_eq!(publishers(&bench.load()), (vec![9], false));
        bench.write("keys/a/k.json", &with(taken));
        for _ in 0..2 {
            let report = bench.load();
            assert_eq!(publishers(&report), (vec![9], false), "{taken}");
            let kept: Vec<_> = report.kept.iter().map(|kept| (kept.why, kept.attesters)).collect();
            assert_eq!(kept, [(KeptWhy::Partly, 1)], "{taken}");
            for place in ["publisher", "validators[0].publisher"] {
                let is_there = report.faults.iter().any(|fault| fault.place.starts_with(place));
                assert!(is_there, "{taken}: {place} of {:?}", report.faults);
            }
        }
        bench.write("keys/a/k.json", &keystore(&[1]));
        assert_eq!(publishers(&bench.load()), (vec![1], true), "a key that is not there says so");
    }
}

#[test]
fn a_server_whose_list_is_empty_now_has_the_publishers_that_it_had() {
    let mut bench = Bench::new();
    let file = |publishers: &str| format!(r#"{{"a": [{publishers}], "b": ["0x{:040x}"]}}"#, 8);
    let held = |report: &KeyFilesReport| report.book.publishers_by_server["a"].len();
    bench.write("keys/x/publishers.json", &file(""));
    let before = held(&bench.load());
    bench.write("keys/x/publishers.json", &file(&format!(r#""0x{:040x}""#, 9)));
    assert_eq!(held(&bench.load()), before + 1);
    for taken in ["", &format!(r#""0x{:040x}""#, 0)] {
        bench.write("keys/x/publishers.json", &file(taken));
        let report = bench.load();
        assert_eq!((held(&report), report.kept.len()), (before + 1, 1), "{taken}");
    }
}
