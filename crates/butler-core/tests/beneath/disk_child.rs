//! What a child does on a disk of its own, whatever file system that has.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use butler_core::store::beneath::{Folder, ReplaceError, Replaced};

use super::child::{folder, tell, word};
use super::{NAME, NEW, OLD, digest, put};

/// What a disk is filled with, at first and then to the brim, and how many of each at the most.
const PIECES: [(&str, usize, usize); 2] = [("large", 1 << 22, 100), ("small", 1 << 15, 400)];
/// Owner, group and mode of the file.
const RIGHTS: (u32, u32, u32) = (65_534, 54_321, 0o640);

fn rights(path: &Path) -> (u32, u32, u32) {
    let metadata = path.metadata().unwrap();
    (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
}

/// Replaces the file once; it keeps its owner, group and mode, and nothing is left.
fn replaces_once(path: &Path, folder: &Folder) -> Result<Replaced, ReplaceError> {
    let file = path.join(NAME);
    put(&file, OLD, RIGHTS.2);
    std::os::unix::fs::chown(&file, Some(RIGHTS.0), Some(RIGHTS.1)).unwrap();
    let names = folder.names().unwrap();
    folder.check(NAME)?;
    let replaced = folder.replace(NAME, digest(folder), NEW)?;
    assert_eq!((std::fs::read(&file).unwrap(), rights(&file)), (NEW.to_vec(), RIGHTS));
    assert_eq!(folder.names().unwrap(), names);
    Ok(replaced)
}

/// Tells how a file comes into its place.
#[test]
#[ignore = "a child of other tests"]
fn replaces_on_its_disk() {
    let Some(path) = folder() else { return };
    let replaced = replaces_once(&path, &Folder::open(&path).unwrap());
    tell(&replaced.map_or_else(|error| word::<()>(Err(error)), |replaced| format!("Done {:?}", replaced.way)));
    assert!(path.join(NAME).exists());
}

/// Fills the disk after that, and goes on piece by piece until there is room.
#[test]
#[ignore = "a child of other tests"]
fn fills_any_disk() {
    let Some(path) = folder() else { return };
    let folder = Folder::open(&path).unwrap();
    let way = replaces_once(&path, &folder).unwrap().way;
    let (file, long, now) = (path.join(NAME), vec![b'x'; 200_000], digest(&folder));
    let piece = |name: &str, number: usize| path.join(format!("{name}-{number}"));
    for (name, size, most) in PIECES {
        let content = vec![b'y'; size];
        (0..most).take_while(|number| put_synced(&piece(name, *number), &content)).for_each(drop);
    }
    let mut full = 0;
    let outcome = loop {
        let outcome = word(folder.replace(NAME, now, &long));
        assert_eq!(rights(&file), RIGHTS);
        let content = std::fs::read(&file).unwrap();
        assert!(content == if outcome == "Done" { long.as_slice() } else { NEW }, "{outcome}: {} bytes", content.len());
        assert!(!folder.names().unwrap().contains(&format!("{NAME}.tmp")), "{outcome}");
        if outcome != "Full" || full > PIECES[1].2 {
            break outcome;
        }
        // Some of them may never have come to be.
        let _ = std::fs::remove_file(piece(PIECES[1].0, full));
        full += 1;
    };
    tell(&format!("{outcome} {way:?} {}", if full > 0 { "full before" } else { "never full" }));
    assert_eq!(outcome, "Done");
}

/// Writes a file for good; whether that went.
fn put_synced(path: &Path, content: &[u8]) -> bool {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    let written: std::io::Result<()> = write();
    if written.is_err() {
        // What went in of it would hold all the room.
        let _ = std::fs::remove_file(path);
    }
    written.is_ok()
}
