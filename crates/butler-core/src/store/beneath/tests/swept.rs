//! What killed writers leave, and what only looks like it.

use rustix::fs::RenameFlags;

use super::super::draft::Draft;
use super::super::replace::{prepare, read_old};
use super::super::{Refusal, Swept};
use super::{NEW, OLD, Room, refusal, sum};

const FOREIGN: &[u8] = b"what another program wrote";

/// Exchanges the two names, as a writer that is killed right after it.
fn exchange(room: &Room) {
    let folder = room.held.held();
    rustix::fs::renameat_with(folder, "keys.json.tmp", folder, "keys.json", RenameFlags::EXCHANGE).unwrap();
}

/// A writer that is killed when its draft is finished.
fn killed(room: &Room) {
    let old = read_old(&room.held, "keys.json", sum(OLD)).unwrap();
    drop(prepare(&room.held, "keys.json", &old, NEW).unwrap());
}

#[test]
fn a_draft_that_was_just_made_is_swept() {
    let room = Room::new();
    drop(Draft::create(&room.held, "keys.json").unwrap());
    assert_eq!(super::mode(&room.path("keys.json.tmp")), 0o1600);
    assert_eq!(room.held.sweep("keys.json").unwrap(), Swept::Removed);
    assert_eq!(room.held.sweep("keys.json").unwrap(), Swept::Nothing);
    assert!(room.is_untouched());
}

#[test]
fn a_finished_draft_is_swept_and_a_replacement_sweeps_it_by_itself() {
    let room = Room::new();
    killed(&room);
    assert_eq!(super::mode(&room.path("keys.json.tmp")), 0o600);
    assert_eq!(room.held.sweep("keys.json").unwrap(), Swept::Removed);
    assert!(room.is_untouched());
    killed(&room);
    room.replace().unwrap();
    assert_eq!((room.content("keys.json"), room.names().len()), (NEW.to_vec(), 1));
}

#[test]
fn the_old_file_that_was_swapped_out_is_swept() {
    let room = Room::new();
    killed(&room);
    exchange(&room);
    assert_eq!(room.content("keys.json.tmp"), OLD);
    assert_eq!(room.held.sweep("keys.json").unwrap(), Swept::Removed);
    assert_eq!((room.content("keys.json"), room.names().len()), (NEW.to_vec(), 1));
    // The mark is gone as well: what now comes to stand there is nobody's.
    room.put("keys.json.tmp", OLD, 0o600);
    assert_eq!(refusal(room.held.sweep("keys.json")), Some(Refusal::Leftover));
}

#[test]
fn what_another_program_wrote_and_a_killed_writer_swapped_out_stays() {
    let room = Room::new();
    killed(&room);
    room.put("keys.json", FOREIGN, 0o600);
    exchange(&room);
    for _ in 0..2 {
        assert_eq!(refusal(room.held.sweep("keys.json")), Some(Refusal::Leftover));
        assert_eq!(refusal(room.held.replace("keys.json", sum(NEW), OLD)), Some(Refusal::Leftover));
        assert_eq!((room.content("keys.json"), room.content("keys.json.tmp")), (NEW.to_vec(), FOREIGN.to_vec()));
    }
}

#[test]
fn a_mark_that_was_left_harms_nobody_and_goes() {
    let room = Room::new();
    killed(&room);
    exchange(&room);
    std::fs::remove_file(room.path("keys.json.tmp")).unwrap();
    // Another program at work beside it.
    room.put("keys.json.tmp", FOREIGN, 0o600);
    assert_eq!(refusal(room.held.sweep("keys.json")), Some(Refusal::Leftover));
    std::fs::remove_file(room.path("keys.json.tmp")).unwrap();
    room.held.replace("keys.json", sum(NEW), OLD).unwrap();
    let mark = rustix::fs::getxattr(room.path("keys.json"), "user.butler.replaces", &mut [0; 64][..]);
    assert_eq!((mark, room.is_untouched()), (Err(rustix::io::Errno::NODATA), true));
}

#[test]
fn a_sweep_is_of_one_name_only() {
    let room = Room::new();
    killed(&room);
    assert_eq!(room.held.sweep("other.json").unwrap(), Swept::Nothing);
    assert_eq!(room.names(), ["keys.json", "keys.json.tmp"]);
    assert_eq!(room.content("keys.json"), OLD);
}
