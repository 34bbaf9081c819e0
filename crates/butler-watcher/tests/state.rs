//! `butler-watcher state`: backup, restore, and what a damaged or foreign journal is told.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use butler_watcher::journal::{Batch, Cursor, CursorMove, Journal as _, Keeper, Note, Settings};
use ethers_core::types::H256;
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/butler.toml");

fn state(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_butler-watcher"));
    command.env_clear().env("HOME", folder).env("BUTLER__WATCHER__STATE_DIRECTORY", folder.join("state"));
    command.args(["state", "--config", EXAMPLE]).args(arguments);
    command
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("state/journal")
}

/// Moves the cursor to a block and says something.
fn commit(keeper: &Keeper, block: u64) {
    let to = Cursor { block, hash: H256::from_low_u64_be(block), time: block };
    let expected = keeper.cursor("l1").unwrap();
    let note = Note { from: "test".to_owned(), what: format!("block {block}").into() };
    let cursor = Some(CursorMove { name: "l1".to_owned(), expected, to });
    keeper.commit(&Batch { cursor, notes: vec![note], ..Batch::default() }).unwrap();
}

fn kept(blocks: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::open(&journal(folder.path()), Settings::default()).unwrap();
    (1..=blocks).for_each(|block| commit(&keeper, block));
    folder
}

fn answer(command: &mut Command, code: i32) -> Value {
    let output = command.assert().code(code);
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn refusal(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code);
    assert!(output.get_output().stdout.is_empty());
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_backup_is_restored_into_another_folder_and_goes_on_there() {
    let folder = kept(3);
    let backup = folder.path().join("backup.jsonl");
    let to = backup.to_str().unwrap();
    let exported = answer(&mut state(folder.path(), &["export", "--to", to, "--json"]), 0);
    assert_eq!((&exported["exported"]["sequence"], &exported["exported"]["lines"]), (&3.into(), &6.into()));
    // Nothing is written over.
    refusal(&mut state(folder.path(), &["export", "--to", to]), 7);
    let whole = state(folder.path(), &["export"]).assert().success().get_output().stdout.clone();
    assert_eq!(whole, std::fs::read(&backup).unwrap());

    let other = tempfile::tempdir().unwrap();
    let imported = answer(&mut state(other.path(), &["import", to, "--json"]), 0);
    assert_eq!(imported["imported"], exported["exported"]);
    assert!(
        answer(&mut state(other.path(), &["check", "--json"]), 0)["checked"]["faults"].as_array().unwrap().is_empty()
    );
    commit(&Keeper::open(&journal(other.path()), Settings::default()).unwrap(), 4);
    let refused = refusal(&mut state(other.path(), &["import", to]), 6);
    assert!(refused.contains("already"), "{refused}");
}

#[test]
fn a_folder_that_was_restored_from_a_copy_is_refused_until_it_is_taken_over() {
    let folder = kept(2);
    let (path, copy) = (journal(folder.path()), folder.path().join("copy"));
    assert!(std::process::Command::new("cp").arg("-a").args([&path, &copy]).status().unwrap().success());
    commit(&Keeper::open(&path, Settings::default()).unwrap(), 3);
    std::fs::remove_dir_all(&path).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    for command in [["check"], ["rebuild"], ["compact"], ["export"]] {
        let refused = refusal(&mut state(folder.path(), &command), 6);
        assert!(refused.contains("copied or restored") && refused.contains("hint:"), "{refused}");
    }
    answer(&mut state(folder.path(), &["check", "--adopt", "--json"]), 0);
    answer(&mut state(folder.path(), &["check", "--json"]), 0);
}

#[test]
fn older_files_in_the_same_folder_are_refused_by_every_command_until_they_are_taken_over() {
    let folder = kept(2);
    let (path, copy) = (journal(folder.path()), folder.path().join("copy"));
    let copied = |from: &Path, to: &Path| {
        assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
    };
    copied(&path, &copy);
    commit(&Keeper::open(&path, Settings::default()).unwrap(), 3);
    // What keeps the journal small and whole changes nothing of where it stands.
    answer(&mut state(folder.path(), &["compact", "--json"]), 0);
    answer(&mut state(folder.path(), &["rebuild", "--json"]), 0);
    answer(&mut state(folder.path(), &["check", "--json"]), 0);
    copied(&copy.join("."), &path);
    for command in [["check"], ["compact"], ["export"]] {
        let refused = refusal(&mut state(folder.path(), &command), 6);
        assert!(refused.contains("copied or restored") && refused.contains("--adopt"), "{refused}");
    }
    answer(&mut state(folder.path(), &["check", "--adopt", "--json"]), 0);
    answer(&mut state(folder.path(), &["check", "--json"]), 0);
    // An export is the way that asks nobody: what was there is moved away.
    let backup = folder.path().join("backup.jsonl");
    let to = backup.to_str().unwrap();
    answer(&mut state(folder.path(), &["export", "--to", to, "--json"]), 0);
    commit(&Keeper::open(&path, Settings::default()).unwrap(), 3);
    std::fs::rename(&path, folder.path().join("state/journal.old")).unwrap();
    answer(&mut state(folder.path(), &["import", to, "--json"]), 0);
    answer(&mut state(folder.path(), &["check", "--json"]), 0);
}

#[test]
fn tampering_with_the_history_is_found_and_what_is_left_can_be_saved() {
    let folder = kept(5);
    let file = journal(folder.path()).join("history/0000000000000001.log");
    let text = std::fs::read_to_string(&file).unwrap().replacen("block 2", "block 7", 1);
    butler_core::store::private::save_private(&file, text.as_bytes()).unwrap();
    let checked = answer(&mut state(folder.path(), &["check", "--json"]), 5);
    assert_eq!(checked["checked"]["faults"].as_array().unwrap().len(), 1);
    let told = state(folder.path(), &["check"]).assert().code(5).get_output().stdout.clone();
    assert!(String::from_utf8(told).unwrap().starts_with("the journal is not whole:\n"));
    let refused = refusal(&mut state(folder.path(), &["rebuild"]), 7);
    assert!(refused.contains("is damaged"), "{refused}");

    let saved = folder.path().join("saved.jsonl");
    let to = saved.to_str().unwrap();
    answer(&mut state(folder.path(), &["export", "--store-only", "--to", to, "--json"]), 0);
    let other = tempfile::tempdir().unwrap();
    answer(&mut state(other.path(), &["import", to, "--json"]), 0);
    let keeper = Keeper::open(&journal(other.path()), Settings::default()).unwrap();
    assert_eq!(keeper.cursor("l1").unwrap().map(|cursor| cursor.block), Some(5));
}

#[test]
fn nothing_is_touched_while_a_watcher_has_the_journal_or_where_there_is_none() {
    let folder = kept(1);
    let keeper = Keeper::open(&journal(folder.path()), Settings::default()).unwrap();
    for command in [["check"], ["export"], ["compact"], ["rebuild"]] {
        let refused = refusal(&mut state(folder.path(), &command), 6);
        assert!(refused.contains("in use by another process"), "{refused}");
    }
    drop(keeper);
    answer(&mut state(folder.path(), &["compact", "--json"]), 0);
    answer(&mut state(folder.path(), &["rebuild", "--json"]), 0);
    let none = tempfile::tempdir().unwrap();
    for command in [["check"], ["export"], ["compact"]] {
        refusal(&mut state(none.path(), &command), 7);
        assert!(!journal(none.path()).exists());
    }
}
