//! Secrets that others on this machine can read: in files of their own, or in a configuration that holds one itself.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::fault::Origin;
use super::noted::Effective;

/// The permission by which others may read a file.
const OTHERS_READ: u32 = 0o004;

/// What stands in place of a part that is not shown.
const HIDDEN: &str = "<hidden>";

/// A file in which others can read a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// Which file, and what is in it; nothing of the secret.
    pub why: String,
    /// What to do about it.
    pub hint: String,
}

/// Secrets that others can read, as their files are now: those of these keys, and values in effect that hide something. Blocks.
pub(super) fn exposed(secret_files: &[(String, PathBuf)], effective: Vec<Effective>) -> Vec<Exposed> {
    let mut exposed = BTreeSet::new();
    for (key, path) in secret_files.iter().filter(|(_, path)| others_read(path)) {
        let why = format!("others can read the file of `{key}`");
        // Somebody may have written the secret itself where its place belongs, but then there is no such file.
        exposed.insert(Exposed { why, hint: format!("chmod o-r {}", path.display()) });
    }
    for value in effective {
        let Origin::File { path, .. } = &value.origin else { continue };
        if value.value.contains(HIDDEN) && others_read(Path::new(path)) {
            let key = if value.section.is_empty() { value.key } else { format!("{}.{}", value.section, value.key) };
            let why = format!("others can read `{path}`, in which `{key}` stands");
            let hint = format!("chmod o-r {path}, or give a file or a credential that holds it");
            exposed.insert(Exposed { why, hint });
        }
    }
    exposed.into_iter().collect()
}

fn others_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & OTHERS_READ != 0)
}
