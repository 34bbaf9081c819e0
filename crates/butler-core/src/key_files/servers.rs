//! The servers of all files, told apart.
//!
//! A folder is its node's, so a server is a name within one folder. Where folders share a name, as `keys` does, each of these
//! servers is shown with as many of the folders around it as tell it from the others (`node-a/keys`); all others keep their names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::discovery::{Found, Role};
use super::shown::shown_path;

/// The names by which the servers of all files are shown.
#[derive(Debug, Default)]
pub(super) struct ServerNames {
    /// By the name of a server without its folder, and by its folder.
    names: BTreeMap<String, BTreeMap<PathBuf, String>>,
}

impl ServerNames {
    /// The servers of all files, whether they are there or not.
    pub(super) fn of<'a>(files: impl Iterator<Item = &'a Found>) -> Self {
        let mut folders = BTreeMap::<String, BTreeSet<PathBuf>>::new();
        for found in files.filter(|found| found.role != Role::Publishers) {
            folders.entry(found.server.clone()).or_default().insert(found.home());
        }
        let shared = folders.into_iter().filter(|(_, folders)| folders.len() > 1);
        let named = |(server, folders): (String, BTreeSet<PathBuf>)| {
            let names = told_apart(&server, folders);
            (server, names)
        };
        Self { names: shared.map(named).collect() }
    }

    /// The name of a file's server.
    pub(super) fn of_file(&self, found: &Found) -> String {
        let among = self.names.get(&found.server).filter(|_| found.role != Role::Publishers);
        among.and_then(|folders| folders.get(&found.home())).unwrap_or(&found.server).clone()
    }
}

/// Servers of one name, each with as many folders around it as tell all of them apart.
fn told_apart(server: &str, folders: BTreeSet<PathBuf>) -> BTreeMap<PathBuf, String> {
    let parts_of = |folder: &PathBuf| {
        let shown = shown_path(folder);
        let mut parts: Vec<String> = shown.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        // The server has its folder's name, and perhaps more, or that of a file in it.
        parts.pop_if(|last| server.starts_with(last.as_str()));
        parts.push(server.to_owned());
        parts
    };
    let parts: Vec<Vec<String>> = folders.iter().map(parts_of).collect();
    let last =
        |parts: &[String], count: usize| parts.get(parts.len().saturating_sub(count)..).unwrap_or_default().join("/");
    let longest = parts.iter().map(Vec::len).max().unwrap_or_default();
    let is_enough =
        |count: &usize| parts.iter().map(|parts| last(parts, *count)).collect::<BTreeSet<_>>().len() == parts.len();
    let count = (2..=longest).find(is_enough).unwrap_or(longest);
    folders.into_iter().zip(&parts).map(|(folder, parts)| (folder, last(parts, count))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_one_name_are_told_apart_by_as_few_folders_as_can_be_and_others_keep_theirs() {
        for (files, names) in [
            (&[("/n/a/keys/1.json", "keys"), ("/n/b/keys/1.json", "keys")][..], &["a/keys", "b/keys"][..]),
            (&[("/n/a/keys/1.json", "keys"), ("/n/a/keys/2.json", "keys")], &["keys", "keys"]),
            (&[("/x/a/keys/1.json", "keys"), ("/y/a/keys/1.json", "keys")], &["x/a/keys", "y/a/keys"]),
            (
                &[("/eu/one.json", "one"), ("/us/one.json", "one"), ("/us/two.json", "two")],
                &["eu/one", "us/one", "two"],
            ),
            (&[("/keys/1.json", "keys"), ("/a/keys/1.json", "keys")], &["keys", "a/keys"]),
            (&[("/a/h/w.json", "h-w"), ("/b/h/w.json", "h-w")], &["a/h-w", "b/h-w"]),
        ] {
            let found: Vec<Found> = files
                .iter()
                .map(|(path, server)| Found::new(path.into(), (*server).to_owned(), Role::KeyFile))
                .collect();
            let servers = ServerNames::of(found.iter());
            assert_eq!(found.iter().map(|found| servers.of_file(found)).collect::<Vec<_>>(), names);
        }
    }
}
