//! Other writers in the worst moments.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, symlink};

use super::super::draft::Draft;
use super::super::error::Fault;
use super::super::landing::{Old, Way, land, look_again};
use super::super::mark::Marking;
use super::super::replace::{prepare, read_old};
use super::super::{Refusal, ReplaceError, Swept, Whereabouts};
use super::{NEW, OLD, Room, refusal, sum};

const FOREIGN: &[u8] = b"what another program wrote, with a new validator's key";

/// A replacement that has come to its last moment.
fn ready(room: &Room) -> (Old, Draft<'_>, Marking) {
    let old = read_old(&room.held, "keys.json", sum(OLD)).unwrap();
    let (draft, marking) = prepare(&room.held, "keys.json", &old, NEW).unwrap();
    look_again(&draft, "keys.json", &old).unwrap();
    (old, draft, marking)
}

/// Another program replaces the file without our lock.
fn foreign(room: &Room, content: &[u8]) {
    room.put("foreign", content, 0o640);
    std::fs::rename(room.path("foreign"), room.path("keys.json")).unwrap();
}

#[test]
fn what_was_changed_before_the_last_look_is_a_conflict_and_what_was_touched_is_busy() {
    type Change = fn(&Room);
    let changes: [(Change, bool); 7] = [
        (|room| foreign(room, FOREIGN), true),
        (|room| foreign(room, OLD), true),
        (|room| room.put("keys.json", FOREIGN, 0o600), true),
        (|room| std::fs::remove_file(room.path("keys.json")).unwrap(), true),
        (|room| super::super::super::file::save_atomic(&room.path("keys.json"), OLD, 0o600).unwrap(), true),
        (|room| room.put("keys.json", OLD, 0o644), false),
        (|room| std::fs::hard_link(room.path("keys.json"), room.path("second")).unwrap(), false),
    ];
    for (change, is_conflict) in changes {
        let room = Room::new();
        let (old, draft, _) = ready(&room);
        change(&room);
        let fault = look_again(&draft, "keys.json", &old).unwrap_err();
        let fault = draft.discard(fault);
        assert_eq!(matches!(fault, Fault::Conflict), is_conflict, "{fault:?}");
        assert_eq!(matches!(fault, Fault::Busy), !is_conflict, "{fault:?}");
        assert!(!room.path("keys.json.tmp").exists());
    }
}

#[test]
fn what_another_program_put_there_after_the_last_look_is_put_back() {
    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    foreign(&room, FOREIGN);
    let fault = land(draft, "keys.json", &old, marking).unwrap_err();
    assert!(matches!(fault, Fault::Conflict), "{fault:?}");
    assert_eq!((room.content("keys.json"), room.names()), (FOREIGN.to_vec(), vec!["keys.json".to_owned()]));
    assert_eq!(super::mode(&room.path("keys.json")), 0o640);
}

#[test]
fn what_another_program_wrote_into_the_old_file_after_the_last_look_is_put_back() {
    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    File::options().write(true).open(room.path("keys.json")).unwrap().write_all_at(b"THE", 0).unwrap();
    let fault = land(draft, "keys.json", &old, marking).unwrap_err();
    assert!(matches!(fault, Fault::Conflict), "{fault:?}");
    assert_eq!((room.content("keys.json"), room.names().len()), (b"THE old content".to_vec(), 1));
}

#[test]
fn what_another_program_put_in_the_drafts_own_place_is_not_taken_for_ours() {
    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    room.put("foreign", FOREIGN, 0o640);
    std::fs::rename(room.path("foreign"), room.path("keys.json.tmp")).unwrap();
    let fault = land(draft, "keys.json", &old, marking).unwrap_err();
    assert!(matches!(fault, Fault::Conflict), "{fault:?}");
    assert_eq!((room.content("keys.json"), room.names().len()), (FOREIGN.to_vec(), 1));
}

#[test]
fn where_nothing_can_be_exchanged_the_last_look_is_all_there_is_and_the_mode_is_kept() {
    let room = Room::new();
    room.put("keys.json", OLD, 0o640);
    let (old, draft, _) = ready(&room);
    assert_eq!(land(draft, "keys.json", &old, Marking::Unsupported).unwrap(), Way::Renamed);
    assert_eq!((room.content("keys.json"), super::mode(&room.path("keys.json"))), (NEW.to_vec(), 0o640));
    assert_eq!(room.names(), ["keys.json"]);
}

#[test]
fn a_link_or_folder_put_there_after_the_last_look_is_put_back_and_a_removal_stays_one() {
    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    std::fs::remove_file(room.path("keys.json")).unwrap();
    symlink("/etc/passwd", room.path("keys.json")).unwrap();
    assert!(matches!(land(draft, "keys.json", &old, marking), Err(Fault::Conflict)));
    assert_eq!(std::fs::read_link(room.path("keys.json")).unwrap().to_str(), Some("/etc/passwd"));
    assert_eq!(room.names(), ["keys.json"]);

    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    std::fs::remove_file(room.path("keys.json")).unwrap();
    std::fs::create_dir(room.path("keys.json")).unwrap();
    assert!(matches!(land(draft, "keys.json", &old, marking), Err(Fault::Conflict)));
    assert!(room.path("keys.json").is_dir() && room.names().len() == 1);

    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    std::fs::remove_file(room.path("keys.json")).unwrap();
    assert!(matches!(land(draft, "keys.json", &old, marking), Err(Fault::Conflict)));
    assert!(room.names().is_empty());
}

#[test]
fn a_folder_that_is_swapped_during_the_write_gets_nothing_and_that_is_told() {
    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    let away = room.folder.path().with_extension("away");
    std::fs::rename(room.folder.path(), &away).unwrap();
    std::fs::create_dir(room.folder.path()).unwrap();
    room.put("keys.json", FOREIGN, 0o600);
    assert_eq!(land(draft, "keys.json", &old, marking).unwrap(), Way::Exchanged);
    assert_eq!(room.held.whereabouts(), Whereabouts::Moved);
    assert_eq!(
        (std::fs::read(away.join("keys.json")).unwrap(), room.content("keys.json")),
        (NEW.to_vec(), FOREIGN.to_vec())
    );
    std::fs::remove_dir_all(away).unwrap();
}

#[test]
fn of_two_writers_one_is_told_that_the_other_is_at_it_and_removes_nothing_of_it() {
    let room = Room::new();
    let (old, draft, marking) = ready(&room);
    assert!(matches!(room.replace(), Err(ReplaceError::Busy { .. })));
    assert!(matches!(room.held.sweep("keys.json"), Err(ReplaceError::Busy { .. })));
    assert!(matches!(room.held.write_new("keys.json", NEW), Err(ReplaceError::Busy { .. })));
    assert!(draft.is_there().unwrap());
    land(draft, "keys.json", &old, marking).unwrap();
    assert!(matches!(room.replace(), Err(ReplaceError::Conflict { .. })));
    assert_eq!((room.content("keys.json"), room.names().len()), (NEW.to_vec(), 1));
}

#[test]
fn a_writer_between_its_exchange_and_its_end_is_still_at_it() {
    let room = Room::new();
    let (_old, draft, _) = ready(&room);
    let folder = room.held.held();
    let (from, to) = ("keys.json.tmp", "keys.json");
    rustix::fs::renameat_with(folder, from, folder, to, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    assert!(matches!(room.held.sweep("keys.json"), Err(ReplaceError::Busy { .. })));
    assert!(matches!(room.held.replace("keys.json", sum(NEW), OLD), Err(ReplaceError::Busy { .. })));
    assert_eq!(room.content("keys.json.tmp"), OLD);
    std::fs::remove_file(room.path("keys.json.tmp")).unwrap();
    // It has yet to take its mark off.
    assert!(matches!(room.held.sweep("keys.json"), Err(ReplaceError::Busy { .. })));
    drop(draft);
    assert_eq!(room.held.sweep("keys.json").unwrap(), Swept::Nothing);
    room.held.replace("keys.json", sum(NEW), OLD).unwrap();
}

#[test]
fn nothing_is_written_through_what_stands_at_the_drafts_name_and_it_stays() {
    let room = Room::new();
    room.put("victim", FOREIGN, 0o600);
    let planted: [fn(&Room); 6] = [
        |room| symlink("victim", room.path("keys.json.tmp")).unwrap(),
        |room| symlink("nowhere", room.path("keys.json.tmp")).unwrap(),
        |room| std::fs::hard_link(room.path("victim"), room.path("keys.json.tmp")).unwrap(),
        |room| std::fs::create_dir(room.path("keys.json.tmp")).unwrap(),
        |room| room.put("keys.json.tmp", FOREIGN, 0o600),
        |room| room.put("keys.json.tmp", b"", 0o600),
    ];
    for plant in planted {
        plant(&room);
        let before = room.held.entries().unwrap();
        assert_eq!(refusal(room.replace()), Some(Refusal::Leftover));
        assert_eq!(refusal(room.held.sweep("keys.json")), Some(Refusal::Leftover));
        assert_eq!((room.held.entries().unwrap(), room.content("victim")), (before, FOREIGN.to_vec()));
        let path = room.path("keys.json.tmp");
        if path.is_dir() { std::fs::remove_dir(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }
    assert!(!room.path("nowhere").exists());
    room.replace().unwrap();
}
