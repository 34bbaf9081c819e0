//! Which files a pattern stands for, and which server a file belongs to.
//!
//! The server's name: when the pattern's folders hold a wildcard (`keys/*/*.json`, `keys/**/*.json`) there is a folder
//! for each server, so it is the name of the file's folder; and for `<source>-registered-keys.json` with another source
//! than `native` it is `<folder>-<source>`. Otherwise (`keys/*.json`) it is the file's name without its extension.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::fault::{FileFault, KeyFileFault};
use crate::config::escape;

/// A file and the server that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) server: String,
}

/// Wildcards stop at folders, and files that begin with a dot are hidden, as in a shell.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// All files of the patterns, sorted by path, each once.
pub(super) fn discover(patterns: &[String], base: &Path, faults: &mut Vec<KeyFileFault>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for pattern in patterns {
        let full = under(base, pattern);
        let paths = match Pattern::new(pattern).and_then(|_| glob::glob_with(&full, OPTIONS)) {
            Ok(paths) => paths,
            Err(error) => {
                let what = format!("the pattern is wrong at character {}: {}", error.pos + 1, error.msg);
                faults.push(FileFault::whole(what).of_file(pattern));
                continue;
            }
        };
        let before = (found.len(), faults.len());
        let by_folder = has_wildcard_folder(pattern);
        for path in paths {
            match path {
                Ok(path) if path.is_dir() => {}
                Ok(path) => found.push(Found { server: server_of(&path, by_folder), path }),
                Err(error) => {
                    let what = format!("the folder can not be read: {}", error.error().kind());
                    faults.push(FileFault::whole(what).of_file(&error.path().to_string_lossy()));
                }
            }
        }
        if (found.len(), faults.len()) == before {
            let fault = FileFault::whole("this pattern matches no file").hint("correct it, or remove it");
            faults.push(fault.of_file(&full));
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    // The same file may be reached by two patterns or through a link; its keys must not look like duplicates.
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert(std::fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone())));
    found
}

fn under(base: &Path, pattern: &str) -> String {
    if base.as_os_str().is_empty() || Path::new(pattern).is_absolute() {
        return pattern.to_owned();
    }
    let base = Pattern::escape(&base.to_string_lossy());
    format!("{}/{pattern}", base.trim_end_matches('/'))
}

fn has_wildcard_folder(pattern: &str) -> bool {
    let Some((folders, _)) = pattern.rsplit_once('/') else {
        return false;
    };
    // `[*]` is how a folder that is really named so is written.
    let literal =
        ["[[]", "[]]", "[*]", "[?]"].iter().fold(folders.to_owned(), |text, escaped| text.replace(escaped, ""));
    literal.contains(['*', '?', '['])
}

fn server_of(path: &Path, by_folder: bool) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|part| escape(&part.to_string_lossy()));
    let stem = name(path.file_stem()).unwrap_or_default();
    let Some(folder) = name(path.parent().and_then(Path::file_name)).filter(|_| by_folder) else {
        return stem;
    };
    match stem.strip_suffix("-registered-keys") {
        Some(source) if source != "native" => format!("{folder}-{source}"),
        Some(_) | None => folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_folder_under_a_folder_pattern_and_else_a_file() {
        let server = |pattern: &str, path: &str| server_of(Path::new(path), has_wildcard_folder(pattern));
        assert_eq!(server("keys/*.json", "keys/server-a.json"), "server-a");
        assert_eq!(server("keys/*/*.json", "keys/server-a/keystore.json"), "server-a");
        assert_eq!(server("keys/**/*.json", "keys/eu/server-a/keystore.json"), "server-a");
        assert_eq!(server("keys/*/*.json", "keys/host/native-registered-keys.json"), "host");
        assert_eq!(server("keys/*/*.json", "keys/host/web3signer-registered-keys.json"), "host-web3signer");
        assert_eq!(server("/a[*]b/keys.json", "/a*b/keys.json"), "keys");
        assert_eq!(server("keys.json", "keys.json"), "keys");
    }
}
