//! For build scripts, by `#[path]`: tells the crate that is built the revision of its source, in the variable `BUTLER_REVISION`.
//!
//! Who packages without git gives that variable. Else git is asked, for a release only: anything else would be compiled anew with each commit.

use std::env;
use std::path::Path;
use std::process::Command;

/// The most characters of a revision.
const LONGEST: usize = 64;

pub(crate) fn tell() {
    println!("cargo::rerun-if-env-changed=BUTLER_REVISION");
    let given = env::var("BUTLER_REVISION").ok().filter(|given| is_revision(given));
    let revision = given.or_else(of_release).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=BUTLER_REVISION={revision}");
}

fn of_release() -> Option<String> {
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return None;
    }
    let moves = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&moves).exists() {
        println!("cargo::rerun-if-changed={moves}");
    }
    git(&["rev-parse", "--short=12", "HEAD"]).filter(|revision| is_revision(revision))
}

/// What git says in one line; nothing where there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|said| said.trim().to_owned())
}

fn is_revision(text: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | '+');
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_plain)
}
