//! Who may open it, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

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
