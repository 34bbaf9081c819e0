//! Who may open it, and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use butler_core::store::file::save_atomic;

use super::*;

#[test]
fn a_second_opener_is_refused_and_the_first_goes_on() {
    let (folder, hand, keeper) = fresh();
    let second = open(&folder.path().join("journal"), &hand).unwrap_err();
    assert!(matches!(second, JournalError::InUse { .. }), "{second}");
    keeper.commit(&range(None, 1, &[1])).unwrap();
}

#[test]
fn what_was_acknowledged_is_there_after_it_was_opened_again() {
    let (folder, hand, keeper) = fresh();
    keeper.commit(&range(None, 1, &[1, 2])).unwrap();
    let leased = claim_one(&keeper);
    settle(&keeper, &leased, Outcome::Proven { proof: None });
    let before = exported(&keeper);
    drop(keeper);
    for _ in 0..3 {
        let keeper = open(&folder.path().join("journal"), &hand).unwrap();
        assert_eq!(exported(&keeper), before);
        assert_sound(&keeper);
    }
}

#[test]
fn a_copied_or_restored_folder_is_refused_until_told() {
    let (folder, hand, keeper) = fresh();
    keeper.commit(&range(None, 1, &[1])).unwrap();
    let before = keeper.status().unwrap();
    drop(keeper);
    let (path, copy) = (folder.path().join("journal"), folder.path().join("copy"));
    assert!(Command::new("cp").arg("-a").args([&path, &copy]).status().unwrap().success());
    let refused = open(&copy, &hand).unwrap_err();
    assert!(matches!(refused, JournalError::Copied { .. }), "{refused}");
    let mut told = settings(&hand);
    told.adopt = true;
    let keeper = Keeper::open(&copy, told).unwrap();
    // What was shown of the other one is nothing that is decided on here.
    let after = keeper.status().unwrap();
    assert!(after.id == before.id && after.place != before.place, "{after:?}");
    assert_eq!(keeper.history(0, 100).unwrap().pop().map(|line| line.sequence), Some(2));
    drop(keeper);
    open(&copy, &hand).unwrap();
    // Moved is not copied.
    fs::rename(&path, folder.path().join("moved")).unwrap();
    open(&folder.path().join("moved"), &hand).unwrap();
}

/// Copies what is in a folder over what is in another one, which stays what it is.
fn put_back(from: &Path, to: &Path) {
    let what = from.join(".");
    assert!(Command::new("cp").arg("-a").args([&what, to]).status().unwrap().success());
}

/// A journal, a backup of its files, and what happened since.
fn gone_on() -> (tempfile::TempDir, Hand) {
    let (folder, hand, keeper) = fresh();
    keeper.commit(&range(None, 1, &[1])).unwrap();
    drop(keeper);
    let (path, backup) = (folder.path().join("journal"), folder.path().join("backup"));
    assert!(Command::new("cp").arg("-a").args([&path, &backup]).status().unwrap().success());
    let anchor = folder.path().join("backup-of-anchor");
    assert!(Command::new("cp").arg("-a").arg(anchor_folder(&path)).arg(anchor).status().unwrap().success());
    let keeper = open(&path, &hand).unwrap();
    keeper.commit(&range(Some(1), 2, &[2])).unwrap();
    (folder, hand)
}

#[test]
fn older_files_in_the_same_folder_are_a_restored_journal_also_with_the_anchor_of_that_time() {
    for with_anchor in [false, true] {
        let (folder, hand) = gone_on();
        let path = folder.path().join("journal");
        let before = open(&path, &hand).unwrap().status().unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        put_back(&folder.path().join("backup"), &path);
        if with_anchor {
            put_back(&folder.path().join("backup-of-anchor"), &anchor_folder(&path));
        }
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
        for _ in 0..2 {
            let refused = open(&path, &hand).unwrap_err();
            assert!(matches!(refused, JournalError::Copied { .. }), "{refused}");
        }
        let told = Settings { adopt: true, ..settings(&hand) };
        let keeper = Keeper::open(&path, told).unwrap();
        let after = keeper.status().unwrap();
        // What was shown before it was taken over is nothing that is decided on now.
        assert!(after.id == before.id && after.place != before.place, "{after:?}");
        keeper.commit(&range(Some(1), 3, &[3])).unwrap();
        drop(keeper);
        assert_sound(&open(&path, &hand).unwrap());
    }
}

#[test]
fn what_is_no_anchor_beside_one_is_nobodys_affair() {
    let (folder, hand, keeper) = fresh();
    drop(keeper);
    let path = folder.path().join("journal");
    for name in [".DS_Store", "begun", "notes-of-a-person"] {
        save_atomic(&anchor_folder(&path).join(name), b"x", 0o600).unwrap();
    }
    assert_sound(&open(&path, &hand).unwrap());
}

#[test]
fn an_anchor_that_was_put_in_the_place_of_the_newer_one_is_a_copy() {
    let (folder, hand) = gone_on();
    let path = folder.path().join("journal");
    put_back(&folder.path().join("backup"), &path);
    let anchor = anchor_folder(&path);
    for entry in fs::read_dir(&anchor).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    put_back(&folder.path().join("backup-of-anchor"), &anchor);
    assert!(matches!(open(&path, &hand), Err(JournalError::Copied { .. })));
}

#[test]
fn a_journal_that_went_on_elsewhere_and_came_back_into_its_folder_is_a_copy() {
    let (folder, hand) = gone_on();
    let (path, elsewhere) = (folder.path().join("journal"), folder.path().join("backup"));
    let keeper = Keeper::open(&elsewhere, Settings { adopt: true, ..settings(&hand) }).unwrap();
    for block in 5..9 {
        keeper.commit(&range(Some(if block == 5 { 1 } else { block - 1 }), block, &[block])).unwrap();
    }
    drop(keeper);
    let identity = fs::read(path.join("journal.json")).unwrap();
    put_back(&elsewhere, &path);
    // Even if it says that it is at home.
    butler_core::store::private::save_private(&path.join("journal.json"), &identity).unwrap();
    assert!(matches!(open(&path, &hand), Err(JournalError::Copied { .. })));
}

#[test]
fn a_kill_before_the_anchor_and_a_lost_anchor_keep_no_honest_journal_from_opening() {
    let (folder, hand) = gone_on();
    let path = folder.path().join("journal");
    let anchor = anchor_folder(&path);
    let name = || fs::read_dir(&anchor).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let before = name();
    let keeper = open(&path, &hand).unwrap();
    keeper.commit(&range(Some(2), 3, &[3])).unwrap();
    keeper.commit(&range(Some(3), 4, &[4])).unwrap();
    drop(keeper);
    // The names that were not synced are gone.
    fs::rename(&name()[0], &before[0]).unwrap();
    assert_sound(&open(&path, &hand).unwrap());
    fs::remove_dir_all(&anchor).unwrap();
    assert_sound(&open(&path, &hand).unwrap());
    assert_eq!(name().len(), 1);
    // What was begun of another one is no anchor.
    butler_core::store::private::save_private(&anchor.join("begun"), b"{").unwrap();
    assert_sound(&open(&path, &hand).unwrap());
    // A journal that is made anew in its folder begins anew.
    for entry in fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap().path();
        if entry.is_dir() { fs::remove_dir_all(entry).unwrap() } else { fs::remove_file(entry).unwrap() }
    }
    drop(open(&path, &hand).unwrap());
    assert_sound(&open(&path, &hand).unwrap());
}

#[test]
fn a_newer_journal_is_refused_by_an_older_program() {
    let (folder, hand, keeper) = fresh();
    drop(keeper);
    let file = folder.path().join("journal/journal.json");
    let text = fs::read_to_string(&file).unwrap().replace("\"schema\":1", "\"schema\":2,\"more\":true");
    butler_core::store::private::save_private(&file, text.as_bytes()).unwrap();
    let refused = open(&folder.path().join("journal"), &hand).unwrap_err();
    assert_eq!(refused.to_string().split_once("` ").map(|(_, what)| what), Some("has schema 2, this program knows 1"));
}

#[test]
fn a_folder_that_others_can_enter_is_refused() {
    let (folder, hand, keeper) = fresh();
    drop(keeper);
    let path = folder.path().join("journal");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(open(&path, &hand), Err(JournalError::Exposed { .. })));
}

#[test]
fn a_clock_that_was_stepped_back_neither_revives_a_lease_nor_keeps_one() {
    let (folder, hand, keeper) = fresh();
    keeper.commit(&plans([action(1)])).unwrap();
    let leased = claim_one(&keeper);
    drop(keeper);
    hand.step_wall(1000);
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    assert!(keeper.status().unwrap().now >= BEGIN);
    assert!(keeper.claim(&ask(1)).unwrap().is_empty());
    hand.pass(60_000);
    assert_eq!(claim_one(&keeper).lease.generation, leased.lease.generation + 1);
    drop(keeper);
    hand.step_wall(BEGIN * 2);
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    assert_eq!(claim_one(&keeper).lease.generation, leased.lease.generation + 2);
    assert_sound(&keeper);
}
