//! What several fakes were asked, in one order, with the files of a folder as they were at each call.
//!
//! A test that gives the same [`Order`] to a web3signer and to a node can prove who was asked first and what stood in the
//! keystore then: the files' digests are taken within the call.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ethers_core::utils::hex;
use sha2::{Digest as _, Sha256};

/// One call that a fake took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which fake, by the name that it has in this order.
    pub who: String,
    /// What it was asked, or what it did.
    pub what: String,
    /// The regular files of the watched folder by their name, each with its SHA-256 in hexadecimal digits.
    pub files: BTreeMap<String, String>,
}

/// The order in which fakes were asked; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Order {
    watched: Option<Arc<PathBuf>>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Order {
    /// An order of calls alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An order that also tells what stood in this folder at each call.
    #[must_use]
    pub fn watching(folder: &Path) -> Self {
        Self { watched: Some(Arc::new(folder.to_owned())), events: Arc::default() }
    }

    /// Everything so far, first to last.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }

    /// Everything so far as `who: what`, for a test that asks only for the order.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.lock().iter().map(|event| format!("{}: {}", event.who, event.what)).collect()
    }

    /// Notes a call, and what the watched folder has now.
    pub fn note(&self, who: &str, what: &str) {
        let mut events = self.lock();
        let files = self.watched.as_deref().map(|folder| digests(folder)).unwrap_or_default();
        events.push(Event { who: who.to_owned(), what: what.to_owned(), files });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SHA-256 of content as [`Event::files`] tells it.
#[must_use]
pub fn digest(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// Files that are gone or cannot be read are left out: that they are missing is what a test sees.
fn digests(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let digests = files.filter_map(|entry| {
        let content = std::fs::read(entry.path()).ok()?;
        Some((entry.file_name().to_string_lossy().into_owned(), digest(&content)))
    });
    digests.collect()
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write as _};

    use super::*;
    use tempfile::TempDir;

    #[test]
    fn calls_of_several_fakes_stand_in_one_order_with_the_files_of_that_moment() {
        let folder = TempDir::new().unwrap();
        let order = Order::watching(folder.path());
        order.clone().note("signer", "reload");
        File::create(folder.path().join("keys.json")).unwrap().write_all(b"new").unwrap();
        order.note("node", "reload");
        assert_eq!(order.told(), ["signer: reload", "node: reload"]);
        let files: Vec<_> = order.events().into_iter().map(|event| event.files).collect();
        assert_eq!(files, [BTreeMap::new(), BTreeMap::from([("keys.json".to_owned(), digest(b"new"))])]);
    }
}
