//! Reading a keystore folder as the node does: every `*.json` in it, hidden ones too, over links, sorted by name.
//!
//! Subfolders and other names are not looked at. The first file that cannot be taken refuses everything.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::schema;

/// Where the keystore is, and how the node names that place: in a container it is another path.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) shown: PathBuf,
}

impl Place {
    fn shown(&self, name: &OsStr) -> PathBuf {
        self.shown.join(name)
    }
}

/// The words of a refused load.
pub(super) fn failure(place: &str, what: &str) -> String {
    format!("Failed to load keystore from {place}: {what}")
}

/// The content of every keystore file of the folder, each after the schema has taken it.
///
/// # Errors
/// With the node's words.
pub(super) fn load(place: &Place) -> Result<Vec<Value>, String> {
    let shown = place.shown.display().to_string();
    let kind = fs::metadata(&place.folder).map_err(|error| match code(&error) {
        "ENOENT" => failure(&shown, "File or directory not found"),
        code => failure(&shown, &format!("Failed to access path: {code}")),
    })?;
    if kind.is_file() {
        return Ok(vec![load_file(&place.folder, &place.shown)?]);
    }
    let listed = fs::read_dir(&place.folder).map_err(|_| failure(&shown, "Failed to read directory"))?;
    let mut names: Vec<_> = listed.flatten().map(|entry| entry.file_name()).filter(|name| is_keystore(name)).collect();
    names.sort();
    let files = names.iter().map(|name| load_file(&place.folder.join(name), &place.shown(name)));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    if files.is_empty() { Err(failure(&shown, "No valid keystore files found")) } else { Ok(files) }
}

/// Names that end in `.json` in any case; `.json` alone is a hidden file without an ending.
fn is_keystore(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let (start, ending) = name.split_at(name.len().saturating_sub(5));
    !start.is_empty() && ending.eq_ignore_ascii_case(b".json")
}

fn load_file(path: &Path, shown: &Path) -> Result<Value, String> {
    let refused = |what: &str| failure(&shown.display().to_string(), what);
    let bytes =
        fs::read(path).map_err(|error| refused(&format!("Unexpected error: Error: {}", words(&error, shown))))?;
    // JavaScript replaces what is no UTF-8, and reads on.
    let text = String::from_utf8_lossy(&bytes);
    let value = serde_json::from_str(&text).map_err(|_| refused("Invalid JSON format"))?;
    schema::check(&value).map_err(|what| refused(&what))?;
    Ok(value)
}

/// An error of the file system as Node.js tells it.
fn words(error: &io::Error, shown: &Path) -> String {
    let what = match code(error) {
        // Opening a folder works there, reading it does not.
        "EISDIR" => return "EISDIR: illegal operation on a directory, read".to_owned(),
        "ENOENT" => "no such file or directory",
        "EACCES" => "permission denied",
        "ELOOP" => "too many symbolic links encountered",
        _ => "i/o error",
    };
    format!("{}: {what}, open '{}'", code(error), shown.display())
}

/// The name of an error's number on Linux.
fn code(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(2) => "ENOENT",
        Some(13) => "EACCES",
        Some(20) => "ENOTDIR",
        Some(21) => "EISDIR",
        Some(40) => "ELOOP",
        Some(_) | None => "EIO",
    }
}
