//! Where a secret could have been left, and that it was not.

use std::path::{Path, PathBuf};

use base64::Engine as _;

use super::Bench;

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// That none of these words is in the log, what was answered, or any file of the watcher's: as they are, in base64, percent-encoded.
pub(crate) fn nowhere(bench: &Bench, log: &str, answers: &[String], words: &[&str]) {
    let state = files(&bench.folder.path().join("state"));
    let contents = state.iter().filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap());
    let told = [log.to_owned()].into_iter().chain(answers.iter().cloned()).map(String::into_bytes);
    let all: Vec<Vec<u8>> = told.chain(contents).collect();
    for word in words {
        let percent: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(word);
        for form in [(*word).to_owned(), word.to_uppercase(), percent, base64] {
            let is_in = |text: &Vec<u8>| text.windows(form.len()).any(|part| part == form.as_bytes());
            assert!(
                !all.iter().any(is_in),
                "`{form}` is told: {:?}",
                state.iter().filter(|path| is_in(&std::fs::read(path).unwrap())).collect::<Vec<_>>()
            );
        }
    }
}
