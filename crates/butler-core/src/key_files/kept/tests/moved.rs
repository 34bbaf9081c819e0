//! Files that are gone, and what of them stands in others now.

use super::*;

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
    assert_eq!((servers(&told), kept, gaps), (vec![("b", 3), ("c", 1), ("c", 2)], vec![], 0));
}

#[test]
fn what_is_not_legible_in_a_file_that_is_renamed_is_what_it_said_before() {
    let mut bench = Bench::new();
    bench.patterns = vec!["keys/*.json".to_owned()];
    let with_coinbase =
        |coinbase: &str| keystore(&[1, 2]).replacen("0002\"", &format!("0002\", \"coinbase\": \"{coinbase}\""), 1);
    for before in [None, Some(format!("0x{:040x}", 22))] {
        bench.write("keys/a.json", &before.as_deref().map_or_else(|| keystore(&[1, 2]), with_coinbase));
        let told = |report: &KeyFilesReport| {
            let entries = report.book.entries.iter().filter(|entry| entry.attester.to_low_u64_be() <= 2);
            entries.map(|entry| (entry.server.clone(), entry.coinbase, entry.coinbase_fault)).collect::<Vec<_>>()
        };
        let said: Vec<_> = told(&bench.load()).into_iter().map(|(_, coinbase, fault)| (coinbase, fault)).collect();
        bench.remove("keys/a.json");
        bench.write("keys/c.json", &with_coinbase("0xzz"));
        for _ in 0..2 {
            let report = bench.load();
            let expected: Vec<_> = said.iter().map(|(coinbase, fault)| ("c".to_owned(), *coinbase, *fault)).collect();
            assert_eq!(told(&report), expected, "{before:?}");
            assert_eq!(report.kept.iter().map(|kept| kept.why).collect::<Vec<_>>(), [KeptWhy::Partly]);
        }
        bench.write("keys/c.json", &with_coinbase(&format!("0x{:040x}", 33)));
        assert_eq!((bench.load().kept.len(), bench.load().book.gaps.len()), (0, 0));
        bench.remove("keys/c.json");
    }
}

#[test]
fn a_file_that_is_renamed_and_back_with_one_illegible_coinbase_between_is_kept_nowhere() {
    let mut bench = Bench::new();
    bench.patterns = vec!["keys/*.json".to_owned()];
    let with_coinbase =
        |coinbase: &str| keystore(&[1, 2]).replacen("0002\"", &format!("0002\", \"coinbase\": \"{coinbase}\""), 1);
    let good = with_coinbase(&format!("0x{:040x}", 22));
    bench.write("keys/a.json", &good);
    bench.load();
    bench.remove("keys/a.json");
    bench.write("keys/c.json", &with_coinbase("0xzz"));
    bench.load();
    bench.remove("keys/c.json");
    bench.write("keys/a.json", &good);
    for _ in 0..2 {
        let (told, kept, gaps) = bench.told();
        assert_eq!((servers(&told), kept, gaps), (vec![("a", 1), ("a", 2)], vec![], 0));
    }
}

/// What stands in two files of one server, of which the second is renamed over the first after that came to an end.
fn renamed_over(end: impl Fn(&Bench), is_seen: bool, is_restarted: bool) -> (Bench, Told) {
    let mut bench = Bench::new();
    bench.write("keys/a/l.json", &keystore(&[4]));
    bench.load();
    end(&bench);
    if is_seen {
        bench.load();
    }
    if is_restarted {
        bench.restart();
    }
    let path = |name: &str| bench.folder.path().join("keys/a").join(name);
    fs::rename(path("l.json"), path("k.json")).unwrap();
    let mut told = bench.told();
    told.0.sort_unstable();
    (bench, told)
}

#[test]
fn what_a_file_said_is_kept_when_another_one_is_renamed_over_it() {
    let everybody = [("a", 1), ("a", 2), ("a", 4), ("b", 3)];
    let away = |bench: &Bench| bench.remove("keys/a/k.json");
    let cut = |bench: &Bench| bench.write("keys/a/k.json", "{");
    let nothing = |_: &Bench| {};
    let ends: [&dyn Fn(&Bench); 3] = [&away, &cut, &nothing];
    for (at, end) in ends.into_iter().enumerate() {
        for (is_seen, is_restarted) in [(false, false), (true, false), (false, true), (true, true)] {
            let (mut bench, (told, kept, gaps)) = renamed_over(end, is_seen, is_restarted);
            assert_eq!(
                (servers(&told), kept, gaps),
                (everybody.to_vec(), vec![KeptWhy::Gone], 0),
                "{at} {is_seen} {is_restarted}"
            );
            assert_eq!(bench.told().1, [KeptWhy::Gone]);
            // It counts for as long as any file that is gone, and no longer than until it is back.
            bench.write("keys/a/back.json", &keystore(&[1, 2]));
            let (mut told, kept, _) = bench.told();
            told.sort_unstable();
            assert_eq!((servers(&told), kept), (everybody.to_vec(), vec![]));
            bench.remove("keys/a/back.json");
            bench.load();
            bench.now += GONE_FOR;
            assert_eq!(servers(&bench.told().0), [("a", 4), ("b", 3)]);
        }
    }
}

#[test]
fn a_command_does_not_take_those_for_missing_over_whose_file_another_one_was_renamed() {
    let bench = Bench::new();
    bench.write("keys/a/l.json", &keystore(&[4]));
    let mut kept = KeptFiles::default();
    bench.load_once(&mut kept);
    bench.remove("keys/a/k.json");
    for _ in 0..2 {
        let path = |name: &str| bench.folder.path().join("keys/a").join(name);
        if path("l.json").exists() {
            fs::rename(path("l.json"), path("k.json")).unwrap();
        }
        let report = bench.load_once(&mut kept);
        let in_doubt: Vec<bool> =
            [1, 2, 3, 4, 9].map(|n| report.book.may_have(ethers_core::types::Address::from_low_u64_be(n))).to_vec();
        assert_eq!(in_doubt, [true, true, false, false, false], "{:?}", report.book.gaps);
    }
}

#[test]
fn files_that_move_up_one_after_the_other_leave_the_first_one_behind() {
    let mut bench = Bench::new();
    for (name, attester) in [("l", 4), ("m", 5)] {
        bench.write(&format!("keys/a/{name}.json"), &keystore(&[attester]));
    }
    bench.load();
    let folder = bench.folder.path().join("keys/a");
    let path = |name: &str| folder.join(name);
    for (from, to) in [("l.json", "k.json"), ("m.json", "l.json")] {
        fs::rename(path(from), path(to)).unwrap();
    }
    let (mut told, kept, gaps) = bench.told();
    told.sort_unstable();
    let everybody = [("a", 1), ("a", 2), ("a", 4), ("a", 5), ("b", 3)];
    assert_eq!((servers(&told), kept, gaps), (everybody.to_vec(), vec![KeptWhy::Gone], 0));
    // Back again, all of them.
    fs::rename(path("l.json"), path("m.json")).unwrap();
    fs::rename(path("k.json"), path("l.json")).unwrap();
    bench.write("keys/a/k.json", &keystore(&[1, 2]));
    let (mut told, kept, gaps) = bench.told();
    told.sort_unstable();
    assert_eq!((servers(&told), kept, gaps), (everybody.to_vec(), vec![], 0));
}
