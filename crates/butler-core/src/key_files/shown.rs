//! How paths, servers and field names of key files are shown: escaped, short, and without what could be a secret.

use std::path::Path;

use super::known::is_known;
use crate::config::{escape, show_key};
use crate::text::secrets::{could_be_part, without_secrets};

/// A path as it may be shown.
pub(super) fn shown_path(path: &Path) -> String {
    escape(&without_secrets(&path.to_string_lossy()))
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
