//! Old contents of keystores that are not configured any more: they hold private keys, and nobody puts them back.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// How a file that keeps an old content ends, and its draft.
const ENDINGS: [&str; 2] = [".before", ".before.tmp"];

/// Removes them: in every folder below `folder` that is none of `configured`. How many there were. Blocks.
///
/// # Errors
/// A folder cannot be listed, or a file not removed.
pub(super) fn remove(folder: &Path, configured: &BTreeSet<String>) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut removed = 0_usize;
    for entry in entries {
        let entry = entry?;
        let is_configured = entry.file_name().to_str().is_some_and(|name| configured.contains(name));
        // A link leads somewhere else, and is no folder of ours.
        if is_configured || !entry.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(entry.path())? {
            let file = file?;
            let is_old = file.file_name().to_str().is_some_and(|name| ENDINGS.iter().any(|end| name.ends_with(end)));
            if is_old && file.file_type()?.is_file() {
                fs::remove_file(file.path())?;
                removed = removed.saturating_add(1);
            }
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use butler_core::store::file::save_atomic;

    use super::*;

    #[test]
    fn only_old_contents_of_folders_that_are_not_configured_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let configured = BTreeSet::from(["net-paris".to_owned()]);
        assert_eq!(remove(&folder.path().join("none"), &configured).unwrap(), 0);
        for (server, file) in [
            ("net-paris", "a.before"),
            ("net-oslo", "a.before"),
            ("net-oslo", "agent.lock"),
            ("net-oslo", "b.before.tmp"),
        ] {
            fs::create_dir_all(folder.path().join(server)).unwrap();
            save_atomic(&folder.path().join(server).join(file), b"key", 0o600).unwrap();
        }
        std::os::unix::fs::symlink(folder.path().join("net-paris"), folder.path().join("net-link")).unwrap();
        assert_eq!(remove(folder.path(), &configured).unwrap(), 2);
        assert!(
            folder.path().join("net-paris/a.before").exists() && folder.path().join("net-oslo/agent.lock").exists()
        );
        assert_eq!(remove(folder.path(), &configured).unwrap(), 0);
    }
}
