//! Exports, imports, compaction, rebuilding, and history that is let go.

use std::fs;

use super::*;

/// Everything but the title and the sum: two journals that have the same are the same to their users.
fn content(keeper: &Keeper) -> Vec<String> {
    let text = exported(keeper);
    let lines = text.lines().filter(|line| !line.starts_with("{\"journal\"") && !line.starts_with("{\"end\""));
    lines.map(str::to_owned).collect()
}

/// A journal in which something of everything is.
fn full(keeper: &Keeper, hand: &Hand) {
    let waits = Plan { action: action(5), policy: Policy::Approve };
    let mut batch = range(None, 7, &[1, 2, 3, 4]);
    batch.plans.push(waits);
    keeper.commit(&batch).unwrap();
    let leased = keeper.claim(&ask(3)).unwrap();
    settle(keeper, &leased[0], Outcome::Proven { proof: Some("log 3 of block 9".to_owned()) });
    settle(keeper, &leased[1], Outcome::Refused { reason: "no such validator".to_owned() });
    let renewal = Renewal {
        lease: Duration::from_secs(60),
        intent: Some(serde_json::json!({ "argv": ["ssh", "node-1"] })),
        ..Renewal::default()
    };
    keeper.renew(&leased[2].lease, &renewal).unwrap();
    let back = Retraction { key: action(4).key, reason: "taken back by a reorg".to_owned() };
    let note = Note { from: "follower".to_owned(), what: "a reorg of 2 blocks".into() };
    keeper.commit(&Batch { retractions: vec![back], notes: vec![note], ..Batch::default() }).unwrap();
    hand.pass(1);
}

fn budgeted(hand: &Hand) -> Settings {
    Settings { rules: Rules { hourly: |_| Some(100), ..rules() }, ..settings(hand) }
}

#[test]
fn the_export_is_as_it_ever_was() {
    let folder = tempfile::tempdir().unwrap();
    let hand = Hand::default();
    let keeper = Keeper::open(&folder.path().join("j"), budgeted(&hand)).unwrap();
    full(&keeper, &hand);
    let text = exported(&keeper).replace(&keeper.status().unwrap().id, "ID");
    let (lines, end) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(end.starts_with("{\"end\":{\"lines\":8,\"sha256\":\"0x"), "{end}");
    insta::assert_snapshot!(lines);
}

#[test]
fn the_exports_of_earlier_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let golden = include_bytes!("golden/export-1.jsonl");
    Keeper::import(&path, &mut golden.as_slice()).unwrap();
    let keeper = open(&path, &Hand::default()).unwrap();
    assert_sound(&keeper);
    let text = exported(&keeper);
    let before = std::str::from_utf8(golden).unwrap();
    let after_title = |text: &str| text.lines().skip(1).take(7).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(after_title(&text), after_title(before));
}

#[test]
fn an_export_makes_the_same_journal_in_another_folder_and_goes_on_there() {
    let (folder, hand, keeper) = fresh();
    full(&keeper, &hand);
    let export = exported(&keeper);
    let other = folder.path().join("other");
    let mark = Keeper::import(&other, &mut export.as_bytes()).unwrap();
    let imported = open(&other, &hand).unwrap();
    assert_eq!((mark.sequence, content(&imported)), (keeper.status().unwrap().sequence, content(&keeper)));
    imported.commit(&range(Some(7), 8, &[6])).unwrap();
    assert_sound(&imported);
    drop(imported);
    // It can be made again from its base as well.
    Keeper::rebuild(&other, false).unwrap();
    let rebuilt = open(&other, &hand).unwrap();
    assert_eq!(rebuilt.cursor("l1").unwrap(), Some(at(8)));
    assert_sound(&rebuilt);
    drop(rebuilt);
    let twice = Keeper::import(&other, &mut export.as_bytes()).unwrap_err();
    assert!(matches!(twice, JournalError::Occupied { .. }), "{twice}");
}

#[test]
fn an_export_that_was_changed_or_cut_is_refused() {
    let (folder, hand, keeper) = fresh();
    full(&keeper, &hand);
    let export = exported(&keeper);
    let cut = export.lines().take(4).collect::<Vec<_>>().join("\n");
    let changed = export.replacen("test 3", "test 4", 1);
    let without = export.lines().enumerate().filter(|(place, _)| *place != 3).map(|(_, line)| format!("{line}\n"));
    let newer = export.replacen("{\"version\":1", "{\"version\":2", 1);
    let more = format!("{export}{{}}\n");
    for (number, bad) in [cut, changed, without.collect(), newer, more, String::new()].iter().enumerate() {
        let path = folder.path().join(format!("bad-{number}"));
        let error = Keeper::import(&path, &mut bad.as_bytes()).unwrap_err();
        assert_eq!(matches!(error, JournalError::Newer { .. }), number == 3, "{number}: {error}");
        assert!(open(&path, &hand).is_err(), "a half import {number} is no journal");
    }
}

#[test]
fn a_store_that_was_compacted_has_the_same_content_and_takes_less_room() {
    let (folder, hand, keeper) = fresh();
    full(&keeper, &hand);
    for round in 0..30 {
        keeper.commit(&plans((100..200).map(action))).unwrap();
        let batch = (100..200).map(|number| Retraction { key: action(number).key, reason: format!("round {round}") });
        keeper.commit(&Batch { retractions: batch.collect(), ..Batch::default() }).unwrap();
    }
    let before = content(&keeper);
    let (large, small) = keeper.compact().unwrap();
    assert!(small < large / 2, "{small} of {large} bytes");
    assert_eq!(content(&keeper), before);
    assert_sound(&keeper);
    keeper.commit(&range(Some(7), 8, &[6])).unwrap();
    let before = content(&keeper);
    drop(keeper);
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    assert_eq!(content(&keeper), before);
    assert_sound(&keeper);
    assert_eq!(fs::read_dir(folder.path().join("journal")).unwrap().count(), 4);
}

#[test]
fn a_store_that_is_of_no_use_is_made_again_from_the_history() {
    let (folder, hand, keeper) = fresh();
    full(&keeper, &hand);
    let before = content(&keeper);
    drop(keeper);
    let path = folder.path().join("journal");
    let size = usize::try_from(path.join("store-0001/db").metadata().unwrap().len()).unwrap();
    butler_core::store::private::save_private(&path.join("store-0001/db"), &vec![0x5a; size]).unwrap();
    let keeper = open(&path, &hand).unwrap();
    assert_eq!(content(&keeper), before);
    assert_sound(&keeper);
    drop(keeper);
    Keeper::rebuild(&path, false).unwrap();
    let keeper = open(&path, &hand).unwrap();
    assert_eq!(content(&keeper), before);
    drop(keeper);
    // What is missing in the history cannot be made up.
    fs::remove_file(path.join("history/0000000000000001.log")).unwrap();
    assert!(Keeper::rebuild(&path, false).is_err());
}

#[test]
fn the_oldest_history_goes_and_what_it_told_is_kept_in_a_base() {
    let folder = tempfile::tempdir().unwrap();
    let (path, hand) = (folder.path().join("j"), Hand::default());
    let small = || Settings { file_limit: 4_000, history_limit: 12_000, ..settings(&hand) };
    let keeper = Keeper::open(&path, small()).unwrap();
    for block in 1..=80 {
        keeper.commit(&range((block > 1).then(|| block - 1), block, &[block])).unwrap();
        if let Some(leased) = keeper.claim(&ask(1)).unwrap().pop() {
            settle(&keeper, &leased, Outcome::Proven { proof: None });
        }
    }
    let bytes = keeper.status().unwrap().history_bytes;
    let first = keeper.history(0, 1).unwrap()[0].line;
    assert!(first > 1 && bytes < 200_000, "{bytes} bytes from line {first}");
    assert_sound(&keeper);
    let before = content(&keeper);
    drop(keeper);
    let keeper = Keeper::open(&path, small()).unwrap();
    assert_eq!(content(&keeper), before);
    assert_sound(&keeper);
    drop(keeper);
    Keeper::rebuild(&path, false).unwrap();
    let keeper = Keeper::open(&path, small()).unwrap();
    assert_eq!(content(&keeper), before);
    assert_sound(&keeper);
    // Whoever takes a file out of what is kept is found out.
    drop(keeper);
    let file = fs::read_dir(path.join("history")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = file.filter(|file| file.extension().is_some_and(|ext| ext == "log")).collect();
    files.sort();
    fs::remove_file(&files[0]).unwrap();
    let keeper = Keeper::open(&path, small()).unwrap();
    assert!(!keeper.verify().unwrap().faults.is_empty());
}
