//! Disks that are full, or must not be written to: in a mount namespace of the child's.

use std::process::{Command, Stdio};

use super::child::run;
use super::{OLD, Room, lacks};

fn has_namespaces() -> bool {
    let mut command = Command::new("unshare");
    command.args(["-rm", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Does this to the folder, which is `$1`, in a namespace, and then runs a child.
fn mounted(script: &str, child: &str, room: &Room) -> String {
    let script = format!("{script} && shift && exec \"$@\"");
    let folder = room.path().display().to_string();
    run(&["unshare", "-rm", "sh", "-c", &script, "sh", &folder], child, room)
}

#[test]
fn on_a_full_disk_the_old_content_stays_nothing_is_left_and_it_goes_on_when_there_is_room() {
    if lacks("a namespace of mounts", has_namespaces()) {
        return;
    }
    let room = Room::new(0o600);
    let told = mounted("mount -t tmpfs -o size=64k,nr_inodes=8 small \"$1\"", "fills_its_disk", &room);
    assert_eq!((told.as_str(), room.content()), ("Done", OLD.to_vec()));
}

#[test]
fn a_read_only_mount_is_told_as_such() {
    if lacks("a namespace of mounts", has_namespaces()) {
        return;
    }
    let room = Room::new(0o600);
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\"";
    assert_eq!(mounted(script, "is_kept_out_by_a_mount", &room), "ReadOnly");
    assert_eq!(room.names(), [super::NAME]);
}

#[test]
fn a_file_that_is_mounted_by_itself_is_not_replaced() {
    if lacks("a namespace of mounts", has_namespaces()) {
        return;
    }
    let room = Room::new(0o600);
    let script = "mount --bind \"$1/keys.json\" \"$1/keys.json\"";
    assert_eq!(mounted(script, "is_kept_out_by_a_mount", &room), "MountPoint");
    assert_eq!(room.names(), [super::NAME]);
}
