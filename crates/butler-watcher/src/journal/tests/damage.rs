//! What was changed behind the journal's back is told, and what can be made good is made good.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A journal with some history, closed.
fn kept() -> (tempfile::TempDir, Hand, PathBuf) {
    let (folder, hand, keeper) = fresh();
    for block in 1..=6 {
        keeper.commit(&range((block > 1).then(|| block - 1), block, &[block])).unwrap();
    }
    let path = folder.path().join("journal");
    (folder, hand, path)
}

fn history(path: &Path) -> PathBuf {
    path.join("history/0000000000000001.log")
}

/// What opening says, or what a check finds.
fn told(path: &Path, hand: &Hand) -> Vec<String> {
    match open(path, hand) {
        Ok(keeper) => keeper.verify().unwrap().faults,
        Err(error) => vec![error.to_string()],
    }
}

fn change(path: &Path, how: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let content = fs::read(path).unwrap();
    let mut lines: Vec<Vec<u8>> = content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    how(&mut lines);
    butler_core::store::private::save_private(path, &lines.concat()).unwrap();
}

#[test]
fn a_history_that_was_changed_shortened_or_reordered_is_found() {
    let cases: [fn(&mut Vec<Vec<u8>>); 6] = [
        |lines| {
            let at = lines[2].len() - 5;
            lines[2][at] ^= 1;
        },
        |lines| {
            lines.remove(3);
        },
        |lines| lines.swap(3, 5),
        |lines| lines.truncate(4),
        |lines| lines.clear(),
        |lines| lines.push(lines[0].clone()),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let (_folder, hand, path) = kept();
        change(&history(&path), case);
        let told = told(&path, &hand);
        assert_eq!(told.is_empty(), number == 5, "case {number}: {told:?}");
    }
    let (_folder, hand, path) = kept();
    fs::remove_file(history(&path)).unwrap();
    assert!(!told(&path, &hand).is_empty());
}

#[test]
fn a_file_that_is_missing_is_told() {
    for name in ["journal.json", "store-0001/db", "store-0001", "history"] {
        let (_folder, hand, path) = kept();
        let gone = path.join(name);
        if gone.is_dir() {
            fs::remove_dir_all(gone).unwrap();
        } else {
            fs::remove_file(gone).unwrap();
        }
        assert!(matches!(open(&path, &hand), Err(JournalError::Corrupt { .. })), "{name}");
    }
}

#[test]
fn a_store_that_is_older_than_the_history_is_brought_up_from_it() {
    let (folder, hand, path) = kept();
    let old = folder.path().join("old");
    let copy = |from: &Path, to: &Path| {
        assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
    };
    copy(&path.join("store-0001"), &old);
    let keeper = open(&path, &hand).unwrap();
    for block in 7..=9 {
        keeper.commit(&range(Some(block - 1), block, &[block])).unwrap();
    }
    let leased = claim_one(&keeper);
    settle(&keeper, &leased, Outcome::Proven { proof: None });
    let before = exported(&keeper);
    drop(keeper);
    fs::remove_dir_all(path.join("store-0001")).unwrap();
    copy(&old, &path.join("store-0001"));
    let keeper = open(&path, &hand).unwrap();
    assert_eq!(exported(&keeper), before);
    assert_sound(&keeper);
    keeper.commit(&range(Some(9), 10, &[10])).unwrap();
}

#[test]
fn what_sled_leaves_when_it_is_killed_in_its_start_does_not_keep_it_from_opening() {
    let (_folder, hand, path) = kept();
    let partial = path.join("store-0001/snap.0000000000000123.generating");
    butler_core::store::private::save_private(&partial, b"half").unwrap();
    assert_sound(&open(&path, &hand).unwrap());
    assert!(!partial.exists());
}

#[test]
fn a_damaged_snapshot_is_made_again_from_the_log() {
    let (_folder, hand, path) = kept();
    let before = exported(&open(&path, &hand).unwrap());
    let snapshot = fs::read_dir(path.join("store-0001")).unwrap().map(|entry| entry.unwrap().path());
    let snapshots: Vec<PathBuf> =
        snapshot.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect();
    assert!(!snapshots.is_empty());
    for snapshot in snapshots {
        butler_core::store::private::save_private(&snapshot, b"").unwrap();
    }
    let keeper = open(&path, &hand).unwrap();
    assert_eq!(exported(&keeper), before);
    assert_sound(&keeper);
    drop(keeper);
    assert_sound(&open(&path, &hand).unwrap());
}

#[test]
fn bits_that_flipped_are_told_or_make_no_difference() {
    let (folder, hand, path) = kept();
    let before = exported(&open(&path, &hand).unwrap());
    let copy = folder.path().join("copy");
    for seed in 0..24_u64 {
        let _ = fs::remove_dir_all(&copy);
        assert!(std::process::Command::new("cp").arg("-a").args([&path, &copy]).status().unwrap().success());
        let store = copy.join("store-0001/db");
        let mut bytes = fs::read(&store).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let place = usize::try_from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % u64::try_from(used).unwrap()).unwrap();
        bytes[place] ^= 1 << (seed % 8);
        butler_core::store::private::save_private(&store, &bytes).unwrap();
        let opened = Keeper::open(&copy, Settings { adopt: true, ..settings(&hand) });
        match opened {
            Ok(keeper) => {
                assert_sound(&keeper);
                let without_title = |text: &str| {
                    let lines =
                        text.lines().filter(|line| !line.starts_with("{\"journal\"") && !line.starts_with("{\"end\""));
                    lines.map(str::to_owned).collect::<Vec<_>>()
                };
                assert_eq!(without_title(&exported(&keeper)), without_title(&before), "byte {place}");
            }
            Err(error) => assert!(matches!(error, JournalError::Corrupt { .. }), "byte {place}: {error}"),
        }
    }
}
