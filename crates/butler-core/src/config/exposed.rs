//! Secrets that others on this machine can read: in files of their own, or in a configuration that holds one itself.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid, getgroups};

use super::fault::Origin;
use super::keys::{Group, Key, ROOT, Shape};
use super::noted::Effective;

/// The permissions by which others may read a file, and pass a folder.
const OTHERS_READ: u32 = 0o004;
const OTHERS_PASS: u32 = 0o001;
/// Those of the owner and of the group.
const OWNER_READS: u32 = 0o400;
const GROUP_READS: u32 = 0o040;

/// How what stands in place of a part begins that is not shown.
const HIDDEN: &str = "<hidden";

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
    for (key, path) in secret_files {
        let Some(file) = read_by_others(path) else { continue };
        let why = format!("others can read the file of `{key}`");
        let shown = path.display();
        // Somebody may have written the secret itself where its place belongs, but then there is no such file.
        let hint = if is_read_without_them(&file) {
            format!("chmod o-r {shown}")
        } else {
            let credential = key.strip_suffix("_file").map(|way| format!(" (`{way}_credential`)")).unwrap_or_default();
            format!("give what is in {shown} as a credential{credential}, or the file to {GROUP}, and then chmod o-r")
        };
        exposed.insert(Exposed { why, hint });
    }
    for value in effective {
        let Origin::File { path, .. } = &value.origin else { continue };
        if !value.value.contains(HIDDEN) || is_open_url(&value) {
            continue;
        }
        let Some(file) = read_by_others(Path::new(path)) else { continue };
        let key = if value.section.is_empty() { value.key } else { format!("{}.{}", value.section, value.key) };
        let why = format!("others can read `{path}`, in which `{key}` stands");
        let hint = if is_read_without_them(&file) {
            format!("chmod o-r {path}, or give a file or a credential that holds it")
        } else {
            format!("give a credential that holds it, or `{path}` to {GROUP}, and then chmod o-r")
        };
        exposed.insert(Exposed { why, hint });
    }
    exposed.into_iter().collect()
}

/// Whom a file can be given to that a service reads whose user is made for each run.
const GROUP: &str = "a group that `SupplementaryGroups=` of the service names";

/// The file at a path, where others can read it: each folder on the way lets them pass.
fn read_by_others(path: &Path) -> Option<Metadata> {
    let path = path.canonicalize().ok()?;
    let file = std::fs::metadata(&path).ok().filter(|file| file.is_file() && file.mode() & OTHERS_READ != 0)?;
    let passes = |folder: &Path| std::fs::metadata(folder).is_ok_and(|folder| folder.mode() & OTHERS_PASS != 0);
    path.ancestors().skip(1).all(passes).then_some(file)
}

/// Whether this user reads the file also when others do not. That root does says nothing of the service that needs it.
fn is_read_without_them(file: &Metadata) -> bool {
    let (user, mode) = (geteuid(), file.mode());
    if user.is_root() {
        return false;
    }
    if file.uid() == user.as_raw() {
        return mode & OWNER_READS != 0;
    }
    let is_ours = || {
        let groups = getgroups().unwrap_or_default();
        groups.into_iter().chain([getegid()]).any(|group| group.as_raw() == file.gid())
    };
    mode & GROUP_READS != 0 && is_ours()
}

/// Whether the value is a URL that anybody may see, of which only scheme and host are shown all the same.
fn is_open_url(value: &Effective) -> bool {
    entry(&value.section, &value.key).is_some_and(|key| key.kind == "url" && !key.secret)
}

/// The entry in the table of keys, by the path of its section, such as `networks.mainnet.l1[0]`.
fn entry(section: &str, key: &str) -> Option<&'static Key> {
    let mut group: &'static Group = &ROOT;
    let mut parts = section.split('.').filter(|part| !part.is_empty());
    while let Some(part) = parts.next() {
        let name = part.split('[').next().unwrap_or(part);
        let below = group.sections.iter().find(|below| below.name == name)?;
        if below.shape == Shape::Named {
            parts.next()?;
        }
        group = below.group;
    }
    group.key(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_the_path_of_its_section() {
        let is_secret = |section, key| entry(section, key).map(|key| key.secret);
        assert_eq!(is_secret("networks.mainnet.l1[0]", "url"), Some(true));
        assert_eq!(is_secret("exporter", "watcher_url"), Some(false));
        assert_eq!(is_secret("", "cache_directory"), Some(false));
        assert_eq!(is_secret("nowhere", "url"), None);
    }
}
