//! How paths, servers and field names of key files are shown: escaped, short, and without what could be a secret.

use std::path::Path;

use super::known::is_known;
use crate::config::{escape, show_key};
use crate::text::secrets::{could_be_part, without_secrets};

/// A path as it may be shown.
pub(super) fn shown_path(path: &Path) -> String {
    escape(&without_secrets(&path.to_string_lossy()))
}

/// A name from within a file as it may be shown.
pub(super) fn shown_key(key: &str) -> String {
    if !is_known(key) && could_be_part(key) { "<hidden>".to_owned() } else { show_key(key) }
}
