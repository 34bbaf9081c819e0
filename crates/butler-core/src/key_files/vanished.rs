//! Encrypted keys that vanished from a folder to which a keystore leads.
//!
//! That is no edit of the keystore, so it is not taken for one: what the folder had before is taken as well, as long as the keystore
//! still leads to it.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::content::{Content, WrittenPublishers};
use super::folders::{Folders, KeyFolders};

/// What was taken from earlier contents of folders.
#[derive(Debug, Default)]
pub(super) struct Vanished {
    /// The places of the folders.
    pub(super) places: Vec<String>,
    /// The attesters among what vanished.
    pub(super) attesters: BTreeSet<Address>,
}

impl Content {
    /// Whether it leads to folders.
    pub(super) fn has_folders(&self) -> bool {
        !self.folders.is_empty() || self.validators.iter().any(|validator| !validator.folders.is_empty())
    }

    /// Takes what its folders had in an earlier content, but for attesters that have moved elsewhere.
    pub(super) fn fill_folders(&mut self, earlier: &Self, has_moved: impl Fn(Address) -> bool) -> Vanished {
        let mut vanished = Vanished::default();
        if !earlier.has_folders() {
            return vanished;
        }
        let (keys, publishers) =
            (earlier.united(|folders| &folders.keys), earlier.united(|folders| &folders.publishers));
        let mut named_here: BTreeSet<Address> = self.attesters().collect();
        for validator in &mut self.validators {
            let lost = lost(&validator.folders.keys, &keys);
            let lost: Vec<Address> =
                lost.into_iter().filter(|attester| !has_moved(*attester) && named_here.insert(*attester)).collect();
            if !lost.is_empty() {
                vanished.places.push(format!("validators[{}].attester", validator.index));
                vanished.attesters.extend(&lost);
                validator.keys.extend(lost.into_iter().map(|attester| (attester, None)));
            }
            if extend(&mut validator.publishers, &validator.folders.publishers, &publishers) {
                vanished.places.push(format!("validators[{}].publisher", validator.index));
            }
        }
        if extend(&mut self.default_publishers, &self.folders.publishers, &publishers) {
            vanished.places.push("publisher".to_owned());
        }
        // The top's keys are those of a prover.
        let lost = lost(&self.folders.keys, &keys);
        if !lost.is_empty() {
            vanished.places.push("prover".to_owned());
            self.publishers.extend(lost);
        }
        vanished
    }

    fn united(&self, folders: impl Fn(&KeyFolders) -> &Folders) -> Folders {
        let mut united = Folders::new();
        for all in self.validators.iter().map(|validator| &validator.folders).chain([&self.folders]) {
            for (path, addresses) in folders(all) {
                united.entry(path.clone()).or_default().extend(addresses);
            }
        }
        united
    }
}

/// What folders had before and have no more.
fn lost(now: &Folders, before: &Folders) -> BTreeSet<Address> {
    let lost = now.iter().flat_map(|(path, addresses)| before.get(path).into_iter().flat_map(move |b| b - addresses));
    lost.collect()
}

/// Whether publishers were added that folders had before.
fn extend(written: &mut WrittenPublishers, now: &Folders, before: &Folders) -> bool {
    let lost = lost(now, before);
    match written {
        WrittenPublishers::Listed(listed) | WrittenPublishers::Illegible(listed) if !lost.is_empty() => {
            listed.extend(lost);
            true
        }
        WrittenPublishers::Listed(_)
        | WrittenPublishers::Illegible(_)
        | WrittenPublishers::Absent
        | WrittenPublishers::Null
        | WrittenPublishers::Zero => false,
    }
}
