//! Key files from the disk: found, read with a bound, and each judged by itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::accounts::Mode;
use super::content::{Content, FileKind};
use super::discovery::{Found, MOST_FILES, Role, discover};
use super::fault::{FaultKind, FileFault, SourceFault, unreadable};
use super::format::{read_content, unwanted};
use super::json;
use super::outcome::Outcome;
use super::report::KeyFilesReport;
use super::shown::shown_path;
use super::sources::{KeySources, PrivateKeys};
use crate::store::file::load_bounded;
use crate::store::private::load_secret;
use crate::text::secrets::in_text;

/// The largest key file: about 30,000 validators.
pub(super) const FILE_LIMIT: u64 = 16 << 20;

/// Loads the files of the sources. Blocks.
///
/// A configured network has its paths joined already, with an empty base.
#[must_use]
pub fn load_key_files(sources: &KeySources<'_>) -> KeyFilesReport {
    let (faults, outcomes) = read_all(sources);
    KeyFilesReport::of(faults, &outcomes)
}

/// The files that [`load_key_files`] would read now, sorted, for whoever looks out for changes. Blocks.
///
/// There is one more than are read where there are too many; a pattern that cannot be followed names none.
#[must_use]
pub fn list_key_files(sources: &KeySources<'_>) -> Vec<PathBuf> {
    let found = discover(sources, &mut Vec::new());
    found.into_iter().map(|found| found.path).take(MOST_FILES + 1 + sources.publisher_files.len()).collect()
}

/// The servers whose files there are now, as the files' names have them. Blocks; no file is read.
#[must_use]
pub fn list_servers(sources: &KeySources<'_>) -> BTreeSet<String> {
    let found = discover(sources, &mut Vec::new()).into_iter().filter(|found| found.role != Role::Publishers);
    found.take(MOST_FILES).map(|found| found.server).collect()
}

/// Reads each file that is found. The faults are those of the patterns.
pub(super) fn read_all(sources: &KeySources<'_>) -> (Vec<SourceFault>, Vec<Outcome>) {
    let mut faults = Vec::new();
    let found = discover(sources, &mut faults);
    let key_files = found.iter().filter(|found| found.role != Role::Publishers).count();
    if key_files > MOST_FILES {
        let what = format!("the patterns match {key_files} files, more than the limit of {MOST_FILES}");
        let patterns: Vec<&str> = sources.node_keystores.iter().chain(sources.key_files).map(String::as_str).collect();
        let fault = FileFault::new(FaultKind::Pattern, "", what).hint("make them narrower");
        faults.push(fault.at_source(Path::new(&patterns.join(", "))));
        return (faults, Vec::new());
    }
    let outcomes = found.into_iter().map(|found| outcome(found, sources.private_keys)).collect();
    (faults, outcomes)
}

fn outcome(found: Found, private_keys: PrivateKeys) -> Outcome {
    let read = match found.role {
        Role::KeyFile | Role::Publishers => load_bounded(&found.path, FILE_LIMIT),
        Role::NodeKeystore => load_secret(&found.path, FILE_LIMIT),
    };
    match read {
        Ok(bytes) => judge(found, &Zeroizing::new(bytes), private_keys),
        Err(error) => {
            let fault = unreadable(&error);
            let is_open = fault.kind == FaultKind::NotOurs;
            let hint = "it must be this user's or root's, with mode 0600 or 0400";
            let fault = if is_open { fault.hint(hint) } else { fault };
            Outcome::new(found, None, vec![fault])
        }
    }
}

impl KeyFilesReport {
    /// What a file of public keys at `path` would say if it held these bytes.
    pub(crate) fn of_bytes(path: &Path, bytes: &[u8]) -> Self {
        let found = Found::new(path.to_owned(), String::new(), Role::KeyFile);
        Self::of(Vec::new(), &[judge(found, bytes, PrivateKeys::Refuse)])
    }
}

fn judge(found: Found, bytes: &[u8], private_keys: PrivateKeys) -> Outcome {
    let mode = match found.role {
        Role::KeyFile | Role::Publishers => Mode::Public,
        Role::NodeKeystore => Mode::Node(private_keys),
    };
    let mut faults = Vec::new();
    let content = match json::parse(bytes, unwanted(mode)) {
        Ok(json) => read_content(&json, &found.path, mode, &mut faults),
        Err(fault) => {
            // A key or a mnemonic by itself is no JSON, and should be called what it is; a broken keystore is not one of these.
            let is_bare = |text: &&str| mode == Mode::Public && !text.contains(['{', '[']);
            let secret = str::from_utf8(bytes).ok().filter(is_bare).and_then(in_text);
            faults.push(secret.map_or(fault, |secret| FileFault::secret("", secret.words())));
            None
        }
    };
    let mut content = content.filter(|content| is_wanted(content, found.role, &mut faults));
    note_displaced(&found, &mut content, &mut faults);
    Outcome::new(found, content, faults)
}

/// A version that names nobody counts instead of an older one that may name somebody. Perhaps that is meant; nothing is
/// concluded from it.
fn note_displaced(found: &Found, content: &mut Option<Content>, faults: &mut Vec<FileFault>) {
    let Some(older) = &found.older else { return };
    let names_nobody = match content {
        Some(content) => content.attester_count() == 0 && content.illegible.is_none(),
        None => faults.iter().all(|fault| fault.kind == FaultKind::NotKeys),
    };
    if !names_nobody {
        return;
    }
    let what = format!("names nobody, and counts instead of {}", shown_path(older));
    let hint = "remove it or the older one";
    match content {
        Some(content) => {
            content.illegible = Some(what.clone());
            faults.push(FileFault::at("", what).hint(hint));
        }
        None => faults.push(FileFault::whole(what).hint(hint)),
    }
}

/// Whether a file of publishers is one.
fn is_wanted(content: &Content, role: Role, faults: &mut Vec<FileFault>) -> bool {
    if role != Role::Publishers || content.kind == FileKind::Publishers {
        return true;
    }
    let fault = FileFault::whole(format!("expected {}, found {}", FileKind::Publishers, content.kind));
    faults.push(fault.hint("name it under `key_files`"));
    false
}
