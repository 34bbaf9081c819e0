//! What other processes do: each is an ignored test of this program, started by another one.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output};

use butler_core::store::beneath::{Folder, MOST_BYTES, ReadError, Refusal, ReplaceError};

use super::{NAME, NEW, OLD, Room, digest, put};

/// Where a child works.
const FOLDER: &str = "BUTLER_BENEATH_FOLDER";
/// How a child says what came out, so that it is found among what the harness says.
const TELLS: &str = "outcome: ";
/// What a child opens before and after its work, so that a trace shows where that begins and ends.
pub(crate) const BEGINS: &str = "/butler-begins";
pub(crate) const ENDS: &str = "/butler-ends";

/// The command that starts a child behind others, such as strace.
pub(crate) fn command(before: &[&str], child: &str, room: &Room) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut words: Vec<&std::ffi::OsStr> = before.iter().map(|word| std::ffi::OsStr::new(*word)).collect();
    words.push(program.as_os_str());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["--ignored", "--exact", "--nocapture", "--test-threads=1"]);
    let module = if child.contains("::") { "" } else { "child::" };
    command.arg(format!("{module}{child}"));
    // Of the environment nothing is taken over that makes the loader look about.
    let kept = ["PATH", "TMPDIR", "CI"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept).env(FOLDER, room.path());
    command
}

/// What a child told; none when it was killed.
pub(crate) fn told(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.split(TELLS).nth(1)?;
    told.lines().next().map(str::to_owned)
}

/// Runs a child that must not fail, and hands back what it told.
pub(crate) fn run(before: &[&str], child: &str, room: &Room) -> String {
    let output = command(before, child, room).output().unwrap();
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{child}: {}", said());
    told(&output).unwrap_or_else(|| panic!("{child} told nothing: {}", said()))
}

pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

pub(crate) fn tell(what: &str) {
    let told = writeln!(std::io::stdout().lock(), "\n{TELLS}{what}");
    assert!(told.is_ok(), "{told:?}");
}

/// A result in one word.
pub(crate) fn word<T>(result: Result<T, ReplaceError>) -> String {
    match result {
        Ok(_) => "Done".to_owned(),
        Err(ReplaceError::Conflict { .. }) => "Conflict".to_owned(),
        Err(ReplaceError::Busy { .. }) => "Busy".to_owned(),
        Err(ReplaceError::Refused { why, .. }) => format!("Refused {why:?}"),
        Err(ReplaceError::NotWritten { leftover: true, .. }) => "Left".to_owned(),
        Err(error @ ReplaceError::NotWritten { .. }) => {
            if error.is_full() {
                "Full".to_owned()
            } else {
                "NotWritten".to_owned()
            }
        }
        Err(ReplaceError::Unsynced { .. }) => "Unsynced".to_owned(),
    }
}

/// Replaces the file once.
#[test]
#[ignore = "a child of other tests"]
fn replaces() {
    let Some(path) = folder() else { return };
    let folder = Folder::open(&path).unwrap();
    let old = digest(&folder);
    // Calls are counted by thread, and what is meant for this one must not strike the one that waits for it.
    let mut nothing = File::options().write(true).open("/dev/null").unwrap();
    for _ in 0..30 {
        nothing.write_all(b"x").unwrap();
        assert_eq!(digest(&folder), old);
    }
    let _ = File::open(BEGINS);
    let result = folder.replace(NAME, old, NEW);
    let _ = File::open(ENDS);
    tell(&word(result));
    assert!(folder.names().unwrap().contains(&NAME.to_owned()));
}

/// Looks whether the file could be replaced, and replaces it: a refusal that was foreseen is the one that comes.
#[test]
#[ignore = "a child of other tests"]
fn looks_and_replaces() {
    let Some(path) = folder() else { return };
    let folder = Folder::open(&path).unwrap();
    let names = folder.names().unwrap();
    let old = digest(&folder);
    let foreseen = word(folder.check(NAME));
    assert_eq!((folder.names().unwrap(), digest(&folder)), (names, old));
    let came = word(folder.replace(NAME, old, NEW));
    assert_eq!(foreseen, came);
    tell(&came);
}

/// Adds one to the number in the file, fifty times, however often it is in somebody's way.
#[test]
#[ignore = "a child of other tests"]
fn counts() {
    let Some(path) = folder() else { return };
    let folder = Folder::open(&path).unwrap();
    let mut done = 0;
    while done < 50 {
        let held = match folder.read(NAME, MOST_BYTES) {
            Ok(held) => held,
            // Of a file that is just replaced the last name may be gone when it is open.
            Err(ReadError::Changing { .. }) => continue,
            Err(error) => panic!("{error:?}"),
        };
        let number: u64 = std::str::from_utf8(&held.content).unwrap().parse().unwrap();
        match folder.replace(NAME, held.digest, (number + 1).to_string().as_bytes()) {
            Ok(_) => done += 1,
            Err(ReplaceError::Conflict { .. } | ReplaceError::Busy { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    tell("Done");
    assert_eq!(done, 50);
}

/// On a small disk of its own: with no room for a file, with room for some of it, and with room again.
#[test]
#[ignore = "a child of other tests"]
fn fills_its_disk() {
    let Some(path) = folder() else { return };
    let folder = Folder::open(&path).unwrap();
    put(&path.join(NAME), OLD, 0o640);
    let old = digest(&folder);
    let long = vec![b'x'; 20_000];
    let ballast = path.join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while let Ok(()) = file.write_all(&[0; 4096]) {}
    assert_eq!(file.write_all(&[0]).unwrap_err().kind(), ErrorKind::StorageFull);
    let pages = file.metadata().unwrap().len() / 4096;
    // From nothing free to more than is needed, page by page.
    let mut full = 0;
    for free in 0..8 {
        file.set_len((pages - free) * 4096).unwrap();
        let outcome = word(folder.replace(NAME, old, &long));
        assert!(outcome == "Full" || outcome == "Done", "{free} pages free: {outcome}");
        let now = std::fs::read(path.join(NAME)).unwrap();
        assert_eq!(now, if outcome == "Full" { OLD } else { &long });
        assert_eq!(folder.names().unwrap(), ["ballast", NAME]);
        if outcome == "Done" {
            break;
        }
        full += 1;
    }
    assert!(full > 0 && digest(&folder) != old);
    // No file can be made.
    let mut number = 0;
    while File::create(path.join(format!("more-{number}"))).is_ok() {
        number += 1;
    }
    let now = digest(&folder);
    assert_eq!(word(folder.replace(NAME, now, NEW)), "Full");
    assert_eq!(word(folder.write_new("copy", NEW)), "Full");
    // An attribute may take as much of the disk's share of files as a file does.
    for number in 0..number {
        std::fs::remove_file(path.join(format!("more-{number}"))).unwrap();
        let outcome = word(folder.replace(NAME, now, NEW));
        assert!(outcome == "Full" || outcome == "Done", "{outcome}");
        if outcome == "Done" {
            break;
        }
    }
    assert_eq!(std::fs::read(path.join(NAME)).unwrap(), NEW);
    tell("Done");
}

/// In a folder that is mounted read-only, or whose file is a mount point.
#[test]
#[ignore = "a child of other tests"]
fn is_kept_out_by_a_mount() {
    let Some(path) = folder() else { return };
    let folder = Folder::open(&path).unwrap();
    let before = folder.entries().unwrap();
    let held = folder.read(NAME, MOST_BYTES).unwrap();
    let foreseen = word(folder.check(NAME));
    let why = match folder.replace(NAME, held.digest, NEW) {
        Err(ReplaceError::Refused { why: why @ (Refusal::ReadOnly | Refusal::MountPoint), .. }) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(folder.read(NAME, MOST_BYTES).unwrap().content.as_slice(), OLD);
    assert_eq!(folder.entries().unwrap(), before);
    assert_eq!(foreseen, format!("Refused {why:?}"));
    tell(&format!("{why:?}"));
}
