//! A kill, or a refusal, at every system call of a replacement: the file is the old or the new one, whole, and it goes on.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use butler_core::store::beneath::{Folder, Refusal, ReplaceError};
use rustix::fs::XattrFlags;

use super::child::told;
use super::trace::{Call, calls, has_strace, injected};
use super::{NAME, NEW, OLD, Room, digest, is_root, lacks};

/// Calls that have nothing to do with files: a child is killed at them, but they are not refused.
const OF_MEMORY: [&str; 8] = ["mmap", "munmap", "mprotect", "mremap", "brk", "madvise", "geteuid", "fcntl"];

/// A machine or disk that has not everything.
#[derive(Debug)]
struct Variant {
    name: &'static str,
    refused: &'static [&'static str],
    /// The call at which an earlier writer was killed, which left something.
    killed: Option<&'static str>,
    /// At how many points a draft may be left that cannot be told from another program's.
    unknown: usize,
}

const WHOLE: Variant = Variant { name: "whole", refused: &[], killed: None, unknown: 0 };
const OTHERS: [Variant; 5] = [
    Variant { name: "after a killed writer's draft", refused: &[], killed: Some("renameat2"), unknown: 0 },
    Variant { name: "after a killed writer's exchange", refused: &[], killed: Some("unlinkat"), unknown: 0 },
    Variant { name: "without exchange", refused: &["renameat2:error=EINVAL"], killed: None, unknown: 0 },
    Variant { name: "without openat2", refused: &["openat2:error=ENOSYS"], killed: None, unknown: 0 },
    // Between its last change of mode and the rename a draft has no mark.
    Variant { name: "without attributes", refused: &["fsetxattr:error=EOPNOTSUPP"], killed: None, unknown: 1 },
];

/// A file with another owner, a mode of its own and an attribute, where there can be such.
fn room(variant: &Variant, log: &Path) -> Room {
    let room = Room::new(0o640);
    if is_root() {
        room.give(65_534, 54_321);
    }
    if variant.unknown == 0 {
        let _ = rustix::fs::setxattr(room.file(), "user.note", b"kept", XattrFlags::empty());
    }
    if let Some(name) = variant.killed {
        let call = Call { name: name.to_owned(), number: 1 };
        let killed = injected(&room, log, &call, "signal=KILL", &[], "replaces");
        assert!(killed.is_some_and(|output| told(&output).is_none()) && room.names().len() == 2);
    }
    room
}

/// What there was before a child was struck.
struct Before {
    rights: (u32, u32, u32),
    content: Vec<u8>,
    is_littered: bool,
}

/// Checks what a struck child left, and goes on from there. Whether a draft was left that nobody can tell.
fn judge(room: &Room, before: &Before, outcome: Option<&str>, shown: &str) -> bool {
    let (rights, content) = (before.rights, room.content());
    assert!(content == OLD || content == NEW, "{shown}: {:?}", String::from_utf8_lossy(&content));
    assert_eq!(room.rights(), rights, "{shown}");
    let names = room.names();
    let draft = format!("{NAME}.tmp");
    assert!(names.iter().all(|name| name == NAME || *name == draft), "{shown}: {names:?}");
    match outcome {
        None => {}
        Some("Done") => assert_eq!((content == NEW, names.len()), (true, 1), "{shown}"),
        Some("Unsynced") => assert!(content == NEW, "{shown}"),
        Some("Left") => assert!(content == before.content, "{shown}"),
        Some(_) => {
            assert!(content == before.content, "{shown}: {outcome:?}");
            assert!(names.len() == 1 || before.is_littered, "{shown}: {outcome:?}");
        }
    }
    let folder = Folder::open(room.path()).unwrap();
    let is_unknown = match folder.sweep(NAME) {
        Ok(_) => false,
        Err(ReplaceError::Refused { why: Refusal::Leftover, .. }) => {
            std::fs::remove_file(room.path().join(&draft)).unwrap();
            true
        }
        Err(error) => panic!("{shown}: {error:?}"),
    };
    assert_eq!(room.names(), [NAME], "{shown}");
    let now = digest(&folder);
    folder.replace(NAME, now, b"the next content").unwrap();
    assert_eq!(
        (room.content(), room.rights(), room.names().len()),
        (b"the next content".to_vec(), rights, 1),
        "{shown}"
    );
    is_unknown
}

/// Strikes at every call. How often.
fn sweep(variant: &Variant, errors: &[&str]) -> usize {
    let logs = tempfile::tempdir().unwrap();
    let log = logs.path().join("calls");
    let calls = calls(&room(variant, &log), &log, variant.refused, "replaces");
    let has = |name: &str| calls.iter().any(|call| call.name == name);
    for name in ["newfstatat", "openat2", "statx", "pread64", "flock", "write", "fchmod", "fsync", "fsetxattr"] {
        assert!(has(name), "{}: {name} is not struck: {calls:?}", variant.name);
    }
    let strikes: Vec<(&Call, String)> = calls
        .iter()
        .flat_map(|call| {
            let errors = errors.iter().filter(|_| !OF_MEMORY.contains(&call.name.as_str()));
            let errors = errors.map(|error| format!("error={error}"));
            ["signal=KILL".to_owned()].into_iter().chain(errors).map(move |what| (call, what))
        })
        .collect();
    let (next, unknown, struck) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (next, unknown, struck, strikes) = (&next, &unknown, &struck, &strikes);
            let log = logs.path().join(format!("strikes-{thread}"));
            scope.spawn(move || {
                while let Some((call, what)) = strikes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let shown = format!("{}: {} at {} {}", variant.name, what, call.name, call.number);
                    let room = room(variant, &log);
                    let is_littered = variant.killed.is_some();
                    let before = Before { rights: room.rights(), content: room.content(), is_littered };
                    let Some(output) = injected(&room, &log, call, what, variant.refused, "replaces") else {
                        panic!("{shown} did not come to pass")
                    };
                    let outcome = told(&output);
                    assert_eq!(outcome.is_none(), what == "signal=KILL", "{shown}: {output:?}");
                    if judge(&room, &before, outcome.as_deref(), &shown) {
                        unknown.lock().unwrap().push(shown);
                    }
                    struck.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let unknown = unknown.into_inner().unwrap();
    assert!(unknown.len() <= variant.unknown, "{unknown:#?}");
    struck.into_inner()
}

#[test]
fn a_kill_or_a_full_disk_at_any_call_leaves_the_old_or_the_new_file_whole() {
    if lacks("strace", has_strace()) {
        return;
    }
    let struck = sweep(&WHOLE, &["ENOSPC"]);
    eprintln!("{struck} strikes");
    assert!(struck > 60, "{struck}");
}

#[test]
#[ignore = "it takes longer: for whoever changed the writer, `cargo test -p butler-core --test beneath -- --ignored any_error`"]
fn any_error_at_any_call_of_any_machine_leaves_the_old_or_the_new_file_whole() {
    if lacks("strace", has_strace()) {
        return;
    }
    let mut struck = sweep(&WHOLE, &["EIO", "EACCES"]);
    for variant in &OTHERS {
        struck += sweep(variant, &["EIO", "ENOSPC", "EACCES"]);
    }
    eprintln!("{struck} strikes");
    assert!(struck > 400, "{struck}");
}
