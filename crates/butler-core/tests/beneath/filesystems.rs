//! File systems that keystores lie on, each on a small disk of its own in a mount namespace: what is written is whole, keeps its owner
//! and mode, and a full disk leaves the old content.
//!
//! Root alone may mount most of them. What this machine lacks is left out, and said.

use std::process::{Command, Stdio};

use butler_testkit::sshd::{Access, Sshd, find};

use super::child::run;
use super::{NAME, OLD, Room, is_root, lacks};

/// A file system with what makes and mounts it on `$1`; `$2` is a folder for what it needs.
const DISKS: [(&str, &str, &str); 6] = [
    ("tmpfs", "true", "mount -t tmpfs -o size=1m tmpfs \"$1\""),
    (
        "ext4",
        "mkfs.ext4 -V",
        "truncate -s 8M \"$2/disk\" && mkfs.ext4 -q -m 0 \"$2/disk\" && mount -o loop \"$2/disk\" \"$1\"",
    ),
    (
        "xfs",
        "mkfs.xfs -V",
        "truncate -s 300M \"$2/disk\" && mkfs.xfs -q \"$2/disk\" && mount -o loop \"$2/disk\" \"$1\"",
    ),
    (
        "btrfs",
        "mkfs.btrfs -V",
        "truncate -s 110M \"$2/disk\" && mkfs.btrfs -q --mixed \"$2/disk\" && mount -o loop \"$2/disk\" \"$1\"",
    ),
    (
        "overlay",
        "true",
        "mount -t tmpfs -o size=1m tmpfs \"$2\" && mkdir \"$2/low\" \"$2/up\" \"$2/work\" && cp -p \"$1\"/* \"$2/low\" \
         && mount -t overlay -o \"lowerdir=$2/low,upperdir=$2/up,workdir=$2/work\" overlay \"$1\"",
    ),
    ("bind", "true", "mount -t tmpfs -o size=1m tmpfs \"$2\" && mount --bind \"$2\" \"$1\""),
];

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Mounts something over the folder, as root and unseen by others, and has a child live there.
fn lives_on(script: &str, child: &str, room: &Room) -> String {
    let needs = tempfile::tempdir().unwrap();
    let script =
        format!("{{ {script}; }} >&2 && here=$1 && shift 2 && \"$@\"; code=$?; umount -l \"$here\"; exit $code");
    let (folder, needs) = (room.path().display().to_string(), needs.path().display().to_string());
    run(&["unshare", "--mount", "sh", "-c", &script, "sh", &folder, &needs], &format!("disk_child::{child}"), room)
}

fn may_mount() -> bool {
    is_root() && succeeds(Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "trial", "/mnt"]))
}

#[test]
fn on_every_disk_a_file_is_exchanged_keeps_its_owner_and_stays_whole_when_the_disk_is_full() {
    if lacks("root", may_mount()) {
        return;
    }
    for (name, tool, script) in DISKS {
        let is_there = succeeds(Command::new("sh").args(["-c", tool]));
        let is_known =
            matches!(name, "tmpfs" | "bind") || std::fs::read_to_string("/proc/filesystems").unwrap().contains(name);
        if !is_there || !is_known {
            eprintln!("left out: {name} is missing");
            continue;
        }
        let room = Room::new(0o640);
        assert_eq!(lives_on(script, "fills_any_disk", &room), "Done Exchanged full before", "{name}");
        assert_eq!((room.content(), room.names()), (OLD.to_vec(), vec![NAME.to_owned()]), "{name}: beneath its disk");
    }
}

#[test]
fn over_sshfs_which_cannot_exchange_a_file_is_renamed_and_stays_whole() {
    let (tools, sshfs) = (find(), succeeds(Command::new("sshfs").arg("--version")));
    let (Some(tools), true, true) = (tools, sshfs, may_mount()) else {
        eprintln!("left out: sshfs, sshd or root is missing");
        return;
    };
    let far = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(&tools, &Access::Any).unwrap();
    let mut argv = sshd.argv();
    let host = argv.pop().unwrap();
    let room = Room::new(0o640);
    // The server of the tests has no subsystem, so the program is named.
    let ssh = format!("ssh_command={},sftp_server=/usr/lib/openssh/sftp-server", argv.join(" "));
    let far = far.path().display();
    let script = format!("sshfs -o \"{ssh}\" -o default_permissions {host}:'{far}' \"$1\"");
    assert_eq!(lives_on(&script, "replaces_on_its_disk", &room), "Done Renamed");
    assert_eq!((room.content(), room.names()), (OLD.to_vec(), vec![NAME.to_owned()]), "beneath it");
}
