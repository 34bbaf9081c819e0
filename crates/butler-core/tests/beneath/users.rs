//! Owners, groups, access lists and flags: kept, or refused before anything is written.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use butler_core::store::beneath::{Folder, Refusal, ReplaceError, Replaced};
use rustix::fs::{IFlags, XattrFlags};
use rustix::io::Errno;

use super::child::run;
use super::{NAME, NEW, OLD, Room, digest, is_root, lacks};

/// A user without rights, and a group that it may be put into.
const NOBODY: u32 = 65_534;
const GROUP: u32 = 54_321;
const ACCESS: &str = "system.posix_acl_access";

/// The start of a command that runs as a user, in these groups.
fn as_nobody(groups: &str) -> Vec<&str> {
    vec!["setpriv", "--reuid", "65534", "--regid", "65534", groups, "--inh-caps", "-all", "--bounding-set", "-all"]
}

fn replace(room: &Room) -> Result<Replaced, ReplaceError> {
    let folder = Folder::open(room.path()).unwrap();
    let old = digest(&folder);
    folder.replace(NAME, old, NEW)
}

/// An access list: owner, one more reader, group, mask, others; user 1234 may read.
fn access_list() -> Vec<u8> {
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in
        [(1_u16, 6_u16, u32::MAX), (2, 4, 1_234), (4, 0, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        list.extend(tag.to_le_bytes());
        list.extend(rights.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    list
}

fn attribute(room: &Room, name: &str) -> Result<Vec<u8>, Errno> {
    let mut value = [0; 1_024];
    let length = rustix::fs::getxattr(room.file(), name, &mut value[..])?;
    Ok(value[..length].to_vec())
}

#[test]
fn root_keeps_owner_and_group_of_a_file_also_in_a_folder_that_hands_down_its_group() {
    if lacks("root", is_root()) {
        return;
    }
    for (mode, folder_mode) in [(0o600, 0o700), (0o640, 0o2750), (0o644, 0o3777), (0o400, 0o2700)] {
        let room = Room::new(mode);
        room.give(NOBODY, GROUP);
        std::os::unix::fs::chown(room.path(), Some(0), Some(7)).unwrap();
        std::fs::set_permissions(room.path(), std::os::unix::fs::PermissionsExt::from_mode(folder_mode)).unwrap();
        replace(&room).unwrap();
        assert_eq!(
            (room.content(), room.rights(), room.names()),
            (NEW.to_vec(), (NOBODY, GROUP, mode), vec![NAME.to_owned()])
        );
    }
}

#[test]
fn a_user_replaces_its_own_files_only() {
    if lacks("root", is_root()) {
        return;
    }
    // Its folder, another's file.
    let room = Room::new(0o644);
    std::os::unix::fs::chown(room.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    assert_eq!(run(&as_nobody("--clear-groups"), "looks_and_replaces", &room), "Refused Owner");
    // Its file, another's folder.
    let denied = Room::new(0o600);
    denied.give(NOBODY, NOBODY);
    std::os::unix::fs::chown(denied.path(), Some(0), Some(0)).unwrap();
    std::fs::set_permissions(denied.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(run(&as_nobody("--clear-groups"), "looks_and_replaces", &denied), "Refused Denied");
    for room in [room, denied] {
        assert_eq!((room.content(), room.names()), (OLD.to_vec(), vec![NAME.to_owned()]));
    }
    for mode in [0o600, 0o400, 0o640, 0o440] {
        let room = Room::new(mode);
        room.give(NOBODY, NOBODY);
        assert_eq!(run(&as_nobody("--clear-groups"), "looks_and_replaces", &room), "Done");
        assert_eq!((room.content(), room.rights()), (NEW.to_vec(), (NOBODY, NOBODY, mode)));
        assert_eq!(room.names(), [NAME]);
        // And once more: what could not be taken off a file that its owner must not write is in nobody's way.
        room.put(NAME, OLD, mode);
        assert_eq!(run(&as_nobody("--clear-groups"), "looks_and_replaces", &room), "Done");
        assert_eq!((room.content(), room.names()), (NEW.to_vec(), vec![NAME.to_owned()]));
    }
}

#[test]
fn a_group_is_kept_by_who_is_in_it_and_refused_to_who_is_not() {
    if lacks("root", is_root()) {
        return;
    }
    let room = Room::new(0o640);
    room.give(NOBODY, GROUP);
    assert_eq!(run(&as_nobody("--clear-groups"), "looks_and_replaces", &room), "Refused Group");
    assert_eq!((room.content(), room.names()), (OLD.to_vec(), vec![NAME.to_owned()]));
    assert_eq!(run(&as_nobody("--groups=54321"), "looks_and_replaces", &room), "Done");
    assert_eq!((room.content(), room.rights()), (NEW.to_vec(), (NOBODY, GROUP, 0o640)));
}

#[test]
fn an_access_list_is_copied_and_one_of_the_folder_is_not_inherited() {
    let room = Room::new(0o600);
    let list = access_list();
    match rustix::fs::setxattr(room.file(), ACCESS, &list, XattrFlags::empty()) {
        Ok(()) => {}
        Err(error) => assert!(lacks("a disk with access lists", error != Errno::OPNOTSUPP), "{error}"),
    }
    let rights = room.rights();
    replace(&room).unwrap();
    assert_eq!((attribute(&room, ACCESS).unwrap(), room.rights()), (list.clone(), rights));

    let room = Room::new(0o640);
    rustix::fs::setxattr(room.path(), "system.posix_acl_default", &list, XattrFlags::empty()).unwrap();
    replace(&room).unwrap();
    assert_eq!((attribute(&room, ACCESS), room.rights().2), (Err(Errno::NODATA), 0o640));
    let folder = Folder::open(room.path()).unwrap();
    folder.write_new("copy", NEW).unwrap();
    let copy = room.path().join("copy");
    assert_eq!(rustix::fs::getxattr(&copy, ACCESS, &mut [0; 99][..]), Err(Errno::NODATA));
    assert_eq!(copy.metadata().unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn a_file_that_is_immutable_or_append_only_is_refused() {
    if lacks("root", is_root()) {
        return;
    }
    for flag in [IFlags::IMMUTABLE, IFlags::APPEND] {
        let room = Room::new(0o600);
        let file = File::open(room.file()).unwrap();
        let before = rustix::fs::ioctl_getflags(&file).unwrap();
        rustix::fs::ioctl_setflags(&file, before | flag).unwrap();
        let result = replace(&room);
        rustix::fs::ioctl_setflags(&file, before).unwrap();
        assert!(matches!(result, Err(ReplaceError::Refused { why: Refusal::Immutable, .. })), "{result:?}");
        assert_eq!((room.content(), room.names()), (OLD.to_vec(), vec![NAME.to_owned()]));
    }
    let room = Room::new(0o600);
    let folder = File::open(room.path()).unwrap();
    let before = rustix::fs::ioctl_getflags(&folder).unwrap();
    rustix::fs::ioctl_setflags(&folder, before | IFlags::IMMUTABLE).unwrap();
    let result = replace(&room);
    rustix::fs::ioctl_setflags(&folder, before).unwrap();
    assert!(matches!(result, Err(ReplaceError::Refused { why: Refusal::Denied, .. })), "{result:?}");
    assert_eq!((room.content(), room.names()), (OLD.to_vec(), vec![NAME.to_owned()]));
}
