//! Folders that the service writes into. They are made when it starts, so it is enough that they could be.

use std::path::Path;

use rustix::fs::{Access, access};

use super::list::{Check, Outcome};

/// `otherwise` is what it means when nothing can be written there.
pub(super) fn look(what: &str, folder: Option<&Path>, otherwise: Outcome) -> Check {
    let Some(folder) = folder else {
        return Check::new(what, otherwise, "no key and no variable names a folder");
    };
    let shown = folder.display();
    let mut made = folder;
    // What is above a folder that is not there must take it in.
    while !made.exists() {
        let Some(above) = made.parent().filter(|above| !above.as_os_str().is_empty()) else { break };
        made = above;
    }
    if !made.is_dir() {
        return Check::new(what, otherwise, format!("`{}` is no folder", made.display()));
    }
    match access(made, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if made == folder => Check::good(what, format!("`{shown}` can be written into")),
        Ok(()) => Check::good(what, format!("`{shown}` can be made")),
        Err(error) => {
            let why = format!("`{}` cannot be written into: {}", made.display(), std::io::Error::from(error));
            Check::new(what, otherwise, why)
                .hint("systemd makes it with StateDirectory=, CacheDirectory=, RuntimeDirectory=")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_can_be_written_into_or_made_and_a_file_in_its_place_is_told() {
        let base = tempfile::tempdir().unwrap();
        let outcome = |folder: &Path| look("state", Some(folder), Outcome::Bad).outcome;
        assert_eq!(outcome(base.path()), Outcome::Good);
        assert_eq!(outcome(&base.path().join("a/b")), Outcome::Good);
        assert!(!base.path().join("a").exists(), "nothing is made by looking");
        let file = tempfile::NamedTempFile::new_in(base.path()).unwrap();
        assert_eq!(outcome(file.path()), Outcome::Bad);
        assert_eq!(outcome(&file.path().join("below")), Outcome::Bad);
        assert_eq!(outcome(Path::new("/proc/self")), Outcome::Bad, "nobody writes there, root neither");
        assert_eq!(look("state", None, Outcome::Warning).outcome, Outcome::Warning);
    }
}
