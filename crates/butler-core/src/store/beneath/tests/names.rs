//! What is listed, read and refused by name and kind.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode};

use super::super::{FolderError, Kind, MOST_BYTES, MOST_ENTRIES, ReadError, Refusal, ReplaceError};
use super::{NEW, OLD, Room, is_root, refusal, sum};

fn why(room: &Room, name: &str) -> Option<Refusal> {
    match room.held.read(name, MOST_BYTES) {
        Err(ReadError::Refused { why, .. }) => Some(why),
        Ok(_) | Err(_) => None,
    }
}

#[test]
fn only_a_plain_name_is_taken() {
    let room = Room::new();
    let long = "x".repeat(252);
    for name in ["", ".", "..", "/etc/passwd", "a/b", "../keys.json", "keys.json/", "a\0b", "a\nb", "a\u{1b}[2J", &long]
    {
        assert_eq!(why(&room, name), Some(Refusal::Name), "{name:?}");
        let refused = [
            room.held.replace(name, sum(OLD), NEW).map(|_| ()),
            room.held.write_new(name, NEW).map(|_| ()),
            room.held.remove(name).map(|_| ()),
            room.held.sweep(name).map(|_| ()),
        ];
        for result in refused {
            assert_eq!(refusal(result), Some(Refusal::Name), "{name:?}");
        }
    }
    assert!(room.is_untouched());
    let error = room.held.read("a\n\u{202e}b", 1).unwrap_err().to_string();
    assert!(error.ends_with("/a\\n\\u{202e}b` is not a plain file name"), "{error}");
    let longest = "x".repeat(251);
    room.held.write_new(&longest, OLD).unwrap();
    room.held.replace(&longest, sum(OLD), NEW).unwrap();
    assert_eq!(room.content(&longest), NEW);
}

#[test]
fn what_is_no_regular_file_with_one_name_is_neither_read_nor_replaced_and_nothing_is_waited_for() {
    let room = Room::new();
    room.put("target.json", OLD, 0o600);
    symlink("target.json", room.path("link")).unwrap();
    symlink("/etc/passwd", room.path("far")).unwrap();
    symlink("nowhere", room.path("dangling")).unwrap();
    std::fs::create_dir(room.path("folder")).unwrap();
    let _socket = UnixListener::bind(room.path("socket")).unwrap();
    rustix::fs::mknodat(CWD, room.path("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    room.put("one", OLD, 0o600);
    std::fs::hard_link(room.path("one"), room.path("two")).unwrap();
    let mut cases = vec![
        ("link", Refusal::Link, Kind::Link),
        ("far", Refusal::Link, Kind::Link),
        ("dangling", Refusal::Link, Kind::Link),
        ("folder", Refusal::NotAFile, Kind::Folder),
        ("socket", Refusal::NotAFile, Kind::Other),
        ("pipe", Refusal::NotAFile, Kind::Other),
        ("one", Refusal::HardLink, Kind::File),
        ("two", Refusal::HardLink, Kind::File),
    ];
    if is_root() {
        let zero = rustix::fs::makedev(1, 5);
        rustix::fs::mknodat(CWD, room.path("zero"), FileType::CharacterDevice, Mode::from_raw_mode(0o600), zero)
            .unwrap();
        cases.push(("zero", Refusal::NotAFile, Kind::Other));
    }
    let before = room.held.entries().unwrap();
    for (name, refused, kind) in cases {
        assert_eq!((why(&room, name), before[name]), (Some(refused), kind), "{name}");
        assert_eq!(refusal(room.held.replace(name, sum(OLD), NEW)), Some(refused), "{name}");
    }
    assert_eq!(room.held.entries().unwrap(), before);
    assert_eq!((room.content("target.json"), room.content("one")), (OLD.to_vec(), OLD.to_vec()));
}

#[test]
fn a_read_is_bounded_and_tells_what_was_there_but_never_shows_content() {
    let room = Room::new();
    let held = room.held.read("keys.json", 15).unwrap();
    assert_eq!((held.content.as_slice(), held.digest, held.mode), (OLD, sum(OLD), 0o600));
    let shown = format!("{held:?}");
    assert!(shown.contains("length: 15") && shown.contains("mode: 600") && !shown.contains("old"), "{shown}");
    assert!(!shown.contains("116, 104, 101"), "{shown}");
    assert_eq!(why(&room, "none"), None);
    assert!(matches!(room.held.read("none", 9), Err(ReadError::Missing { .. })));
    assert!(matches!(room.held.read("keys.json", 14), Err(ReadError::Refused { why: Refusal::TooLarge, .. })));
    room.put("empty", b"", 0o600);
    assert!(room.held.read("empty", 0).unwrap().content.is_empty());
    let sparse = std::fs::File::create(room.path("huge")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    assert!(matches!(room.held.read("huge", u64::MAX), Err(ReadError::Refused { why: Refusal::TooLarge, .. })));
}

#[test]
fn a_folder_is_listed_up_to_a_bound_and_a_name_that_is_no_text_is_seen() {
    use std::os::unix::ffi::OsStrExt as _;
    let room = Room::new();
    std::fs::File::create(room.folder.path().join(std::ffi::OsStr::from_bytes(b"odd-\xff.json"))).unwrap();
    let entries = room.held.entries().unwrap();
    assert_eq!(entries["odd-\u{fffd}.json"], Kind::Other);
    for number in 2..MOST_ENTRIES {
        std::fs::File::create(room.path(&number.to_string())).unwrap();
    }
    assert_eq!(room.names().len(), MOST_ENTRIES);
    std::fs::File::create(room.path("one-more")).unwrap();
    assert!(matches!(room.held.entries(), Err(FolderError::Crowded { most: MOST_ENTRIES, .. })));
    // It is not listed, but its files are read all the same.
    room.replace().unwrap();
}

#[test]
fn a_folder_is_opened_over_links_and_nothing_else_is() {
    let room = Room::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("keys");
    symlink(room.folder.path(), &link).unwrap();
    let held = super::super::Folder::open(&link).unwrap();
    assert_eq!(held.read("keys.json", 99).unwrap().content.as_slice(), OLD);
    assert_eq!(held.path(), link);
    let missing = super::super::Folder::open(&elsewhere.path().join("none"));
    assert!(matches!(missing, Err(FolderError::Missing { .. })));
    let file = super::super::Folder::open(&room.path("keys.json"));
    assert!(matches!(file, Err(FolderError::Unopened { .. })));
}

#[test]
fn a_file_is_made_where_there_is_none_and_removed() {
    let room = Room::new();
    assert_eq!(room.held.write_new("copy", NEW).unwrap(), sum(NEW));
    assert_eq!((room.content("copy"), super::mode(&room.path("copy"))), (NEW.to_vec(), 0o600));
    assert_eq!(refusal(room.held.write_new("copy", OLD)), Some(Refusal::Exists));
    symlink("nowhere", room.path("link")).unwrap();
    assert_eq!(refusal(room.held.write_new("link", OLD)), Some(Refusal::Exists));
    assert!(!room.path("nowhere").exists());
    assert_eq!(room.held.remove("copy").unwrap(), super::super::Swept::Removed);
    assert_eq!(room.held.remove("copy").unwrap(), super::super::Swept::Nothing);
    std::fs::create_dir(room.path("folder")).unwrap();
    assert_eq!(refusal(room.held.remove("folder")), Some(Refusal::NotAFile));
    assert_eq!(room.held.remove("link").unwrap(), super::super::Swept::Removed);
    std::fs::remove_dir(room.path("folder")).unwrap();
    assert!(room.is_untouched());
}

#[test]
fn what_is_gone_or_another_is_a_conflict() {
    let room = Room::new();
    let result = room.held.replace("keys.json", sum(NEW), NEW);
    assert!(matches!(result, Err(ReplaceError::Conflict { .. })), "{result:?}");
    let result = room.held.replace("none.json", sum(OLD), NEW);
    assert!(matches!(result, Err(ReplaceError::Conflict { .. })), "{result:?}");
    assert!(room.is_untouched());
}
