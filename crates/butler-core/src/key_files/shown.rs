//! How paths, servers and field names of key files are shown: escaped, short, and without what could be a secret.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::known::is_known;
use crate::config::{escape, show_key};
use crate::text::secrets::{could_be_part, without_secrets};

/// How many paths are remembered.
const REMEMBERED: usize = 1 << 17;

/// A path as it may be shown. A program shows the same ones again and again, so those that are shown as they are, are remembered by
/// their hash.
pub(super) fn shown_path(path: &Path) -> String {
    static PLAIN: OnceLock<(RandomState, Mutex<HashSet<u64>>)> = OnceLock::new();
    let (hasher, plain) = PLAIN.get_or_init(Default::default);
    let text = path.to_string_lossy();
    let hash = hasher.hash_one(&text);
    if plain.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
        return text.into_owned();
    }
    #[cfg(test)]
    tests::SEARCHES.set(tests::SEARCHES.get() + 1);
    let shown = escape(&without_secrets(&text));
    if shown == text {
        let mut plain = plain.lock().unwrap_or_else(PoisonError::into_inner);
        if plain.len() >= REMEMBERED {
            plain.clear();
        }
        plain.insert(hash);
    }
    shown
}

/// Names of fields that only a node's own keystore has, beside those of all formats.
const OF_NODES: [&str; 8] =
    ["mnemonic", "addressIndex", "accountIndex", "addressCount", "accountCount", "path", "password", "crypto"];

/// The name of a field in a place that is shown: that of a format, and where it is none, only which of the object's fields it is, from
/// 1. What nobody knows may be a secret, or a part of one.
pub(super) fn shown_field(key: &str, number: usize) -> String {
    if is_known(key) || OF_NODES.contains(&key) { key.to_owned() } else { format!("<field {number}>") }
}

/// The name of a server from within a file as it may be shown.
pub(super) fn shown_key(key: &str) -> String {
    if !is_known(key) && could_be_part(key) { "<hidden>".to_owned() } else { show_key(key) }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How often something was looked for in a path.
        pub(in crate::key_files) static SEARCHES: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn a_path_is_shown_again_as_it_was_shown_first() {
        for (path, shown) in [
            ("/keys/a path/server-1.json", "/keys/a path/server-1.json"),
            ("/keys/keystore-eth-attester_1_1a2b3c4d.json", "/keys/keystore-eth-attester_1_<hidden>.json"),
            ("/keys/new\nline.json", "/keys/new\\u{a}line.json"),
        ] {
            assert_eq!(
                (shown_path(Path::new(path)), shown_path(Path::new(path))),
                (shown.to_owned(), shown.to_owned())
            );
        }
    }
}
