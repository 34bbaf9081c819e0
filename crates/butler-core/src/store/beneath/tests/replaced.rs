//! What a replacement keeps.

use std::os::unix::fs::MetadataExt as _;

use super::super::{Refusal, ReplaceError, Way, Whereabouts};
use super::{NEW, OLD, Room, mode, refusal, sum};

#[test]
fn a_replaced_file_has_the_new_content_and_the_old_mode_and_nothing_is_left() {
    for kept in [0o644, 0o600, 0o640, 0o400, 0o440, 0o666, 0o755] {
        let room = Room::new();
        room.put("keys.json", OLD, kept);
        let before = room.path("keys.json").metadata().unwrap();
        let replaced = room.replace().unwrap();
        assert_eq!((replaced.digest, replaced.whereabouts), (sum(NEW), Whereabouts::InPlace));
        assert_eq!(replaced.way, Way::Exchanged, "the disk of the tests exchanges");
        let after = room.path("keys.json").metadata().unwrap();
        assert_eq!((room.content("keys.json"), mode(&room.path("keys.json"))), (NEW.to_vec(), kept));
        assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
        assert_ne!(after.ino(), before.ino());
        assert_eq!(room.names(), ["keys.json"]);
        let mark = rustix::fs::getxattr(room.path("keys.json"), "user.butler.replaces", &mut [0; 64][..]);
        assert_eq!(mark, Err(rustix::io::Errno::NODATA));
    }
}

#[test]
fn special_bits_are_refused_and_a_content_too_long_too() {
    let room = Room::new();
    for special in [0o1600, 0o2640, 0o4700] {
        room.put("keys.json", OLD, special);
        assert_eq!(refusal(room.replace()), Some(Refusal::SpecialBits), "{special:o}");
    }
    let long = vec![0; 16 * 1024 * 1024 + 1];
    assert_eq!(refusal(room.held.replace("keys.json", sum(OLD), &long)), Some(Refusal::TooLarge));
    assert!(room.is_untouched());
}

#[test]
fn attributes_are_kept() {
    let room = Room::new();
    let path = room.path("keys.json");
    rustix::fs::setxattr(&path, "user.note", b"of the operator", rustix::fs::XattrFlags::empty()).unwrap();
    room.replace().unwrap();
    let mut value = [0; 64];
    let length = rustix::fs::getxattr(&path, "user.note", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"of the operator");
}

#[test]
fn a_folder_whose_path_leads_elsewhere_is_not_written_to() {
    let room = Room::new();
    let away = room.folder.path().with_extension("away");
    std::fs::rename(room.folder.path(), &away).unwrap();
    std::fs::create_dir(room.folder.path()).unwrap();
    assert_eq!(refusal(room.replace()), Some(Refusal::FolderMoved));
    assert_eq!(refusal(room.held.write_new("copy", OLD)), Some(Refusal::FolderMoved));
    // What was read through the descriptor is still that of the folder that was opened.
    assert_eq!(room.held.read("keys.json", 99).unwrap().content.as_slice(), OLD);
    assert_eq!(room.names(), ["keys.json"]);
    std::fs::remove_dir_all(&away).unwrap();
    assert_eq!(refusal(room.replace()), Some(Refusal::FolderMoved));
}

#[test]
fn errors_name_folder_and_file_and_no_content() {
    let room = Room::new();
    let error = room.held.replace("keys.json", sum(NEW), NEW).unwrap_err();
    let place = format!("`{}/keys.json`", room.folder.path().display());
    assert_eq!(error.to_string(), format!("{place} is not what it was"));
    assert!(!format!("{error:?}").contains("content"));
    assert!(matches!(error, ReplaceError::Conflict { .. }) && !error.is_full());
}
