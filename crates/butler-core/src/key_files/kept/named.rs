//! Which files name whom: what tells a key that has moved to another file from one that stood there all along.
//!
//! What a keystore says of an attester moves only to another keystore: an encrypted key or a list that lies beside it names the same
//! attesters and says nothing of their coinbases. So everything is asked for files that say as much as one of some kind.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::key_files::content::{Content, FileKind};

/// The files that name attesters, each under the path that it is kept by.
#[derive(Debug, Default)]
pub(super) struct Named {
    files: HashMap<Address, BTreeMap<Rc<PathBuf>, FileKind>>,
}

impl Named {
    /// Adds what one file names.
    pub(super) fn add(&mut self, file: PathBuf, content: &Content) {
        let file = Rc::new(file);
        for attester in content.attesters() {
            match self.files.entry(attester).or_default().entry(Rc::clone(&file)) {
                Entry::Vacant(vacant) => {
                    vacant.insert(content.kind);
                }
                Entry::Occupied(mut kind) if content.kind.says_as_much_as(*kind.get()) => {
                    kind.insert(content.kind);
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    /// A file does not name these any more.
    pub(super) fn remove(&mut self, file: &Path, attesters: &[Address]) {
        for attester in attesters {
            if let Some(files) = self.files.get_mut(attester) {
                files.retain(|named, _| named.as_path() != file);
            }
        }
    }

    /// What a file with this content shares with others.
    pub(super) fn shared(&self, file: &Path, content: &Content) -> Shared {
        let mut shared = Shared::default();
        for attester in content.attesters() {
            for other in self.others(attester, file, content.kind) {
                shared.attesters.insert(attester);
                shared.with.entry(other.to_path_buf()).or_default().insert(attester);
            }
        }
        shared
    }

    /// How many files name an attester that say as much as one of a kind.
    pub(super) fn count(&self, attester: Address, kind: FileKind) -> usize {
        self.naming(attester, kind).count()
    }

    /// Whether a file names an attester.
    pub(super) fn names(&self, attester: Address, file: &Path) -> bool {
        self.files.get(&attester).is_some_and(|files| files.keys().any(|named| named.as_path() == file))
    }

    /// The files that name an attester and say as much as one of a kind, but for one.
    pub(super) fn others<'a>(
        &'a self,
        attester: Address,
        file: &'a Path,
        kind: FileKind,
    ) -> impl Iterator<Item = &'a Path> {
        self.naming(attester, kind).filter(move |named| *named != file)
    }

    fn naming(&self, attester: Address, kind: FileKind) -> impl Iterator<Item = &Path> {
        let files = self.files.get(&attester).into_iter().flatten();
        files.filter(move |(_, named)| named.says_as_much_as(kind)).map(|(named, _)| named.as_path())
    }
}

/// Those attesters of a file that others named, too, when it was good last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Shared {
    #[serde(default, rename = "shared")]
    pub(super) attesters: BTreeSet<Address>,
    /// The files that did. Empty where they were not noted.
    #[serde(default, rename = "shared_with", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) with: BTreeMap<PathBuf, BTreeSet<Address>>,
}

impl Shared {
    /// Whether an attester of `file`, with which this was noted, stands in another one since that says as much as one of that kind. A
    /// file that names it since one that did before names it no more was renamed.
    pub(super) fn has_moved(&self, attester: Address, file: &Path, kind: FileKind, now: &Named) -> bool {
        let others: BTreeSet<&Path> = now.others(attester, file, kind).collect();
        if !self.attesters.contains(&attester) {
            return !others.is_empty();
        }
        let with = self.with.iter().filter(|(_, attesters)| attesters.contains(&attester));
        let before: BTreeSet<&Path> = with.map(|(other, _)| other.as_path()).collect();
        // Where nobody noted which files these were, nothing is known to be new.
        !before.is_empty() && others.difference(&before).count() > before.difference(&others).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_files::content::Validator;

    #[test]
    fn a_key_has_moved_when_more_files_name_it_than_were_renamed() {
        let key = Address::repeat_byte(1);
        let content = |kind| {
            let mut content = Content::new(kind);
            content.validators.push(Validator { keys: vec![(key, None)], ..Validator::default() });
            content
        };
        let kind = FileKind::Keystore;
        let named = |files: &[&str]| {
            let mut named = Named::default();
            files.iter().for_each(|file| named.add(file.into(), &content(kind)));
            named
        };
        for (before, now, expected) in [
            (vec!["a"], vec!["a"], false),
            (vec!["a"], vec!["c"], true),
            (vec!["a", "b"], vec!["b"], false),
            (vec!["a", "b"], vec!["b", "c"], true),
            (vec!["a", "b"], vec!["c"], false),
            (vec!["a", "b"], vec!["c", "d"], true),
            (vec!["a", "b", "c"], vec!["b"], false),
        ] {
            let shared = named(&before).shared(Path::new("a"), &content(kind));
            assert_eq!(shared.has_moved(key, Path::new("a"), kind, &named(&now)), expected, "{before:?} {now:?}");
        }
        let unnoted = Shared { attesters: [key].into(), with: BTreeMap::new() };
        assert!(!unnoted.has_moved(key, Path::new("a"), kind, &named(&["c", "d"])));
    }
}
