//! BLS keys of files held against those that the chain has registered.
//!
//! A private key is as long as a public one, so only the chain can say which it is. One that differs from the registered
//! key refuses its file, as any other secret does; one of a key that is not registered yet is unproven, and told.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use super::content::Content;
use super::fault::{FaultKind, FileFault, KeyFileFault};
use super::merge::KeyFileNotice;
use super::report::KeyFilesReport;
use crate::domain::attester::bls_key::BlsKey;
use crate::domain::operator::key_book::KeyFileGap;

/// The keys that the chain has registered for attesters.
pub type RegisteredKeys = BTreeMap<Address, BTreeSet<BlsKey>>;

const WHAT: &str = "differs from the key that is registered for this attester, so it may be the private one; \
                    the whole file is refused";
const HINT: &str = "write the public key, or leave `bls` out";
const HINT_LOST: &str = "bring it back with the public key, or without `bls`; or let another file name these attesters";

fn differs(attester: Address, key: Option<H256>, registered: &RegisteredKeys) -> bool {
    key.is_some_and(|key| {
        registered.get(&attester).is_some_and(|known| !known.is_empty() && !known.contains(&BlsKey(key)))
    })
}

/// What is wrong with the BLS keys of a file.
pub(super) fn differing(content: &Content, registered: &RegisteredKeys) -> Vec<FileFault> {
    who_differs(content, registered).0.into_iter().map(differing_at).collect()
}

/// What is wrong with the entry at a position.
pub(super) fn differing_at(index: usize) -> FileFault {
    FileFault::new(FaultKind::BlsDiffers, format!("validators[{index}].attester.bls"), WHAT).hint(HINT)
}

/// The same of a file that cannot be seen now, and `why` that is.
pub(super) fn differed_at(index: usize, why: &str) -> FileFault {
    let what = format!(
        "when the file could be read last, this differed from the key that is registered for its attester, so it may have been \
         the private one; the whole file was refused, and now {why}"
    );
    FileFault::new(FaultKind::BlsDiffers, format!("validators[{index}].attester.bls"), what).hint(HINT_LOST)
}

/// The positions of entries with a BLS key that differs, and whose keys these are.
pub(super) fn who_differs(content: &Content, registered: &RegisteredKeys) -> (BTreeSet<usize>, BTreeSet<Address>) {
    let keys = content
        .validators
        .iter()
        .flat_map(|validator| validator.keys.iter().map(|(attester, key)| (validator.index, *attester, *key)));
    let differing = keys.filter(|(_, attester, key)| differs(*attester, *key, registered));
    differing.map(|(index, attester, _)| (index, attester)).unzip()
}

pub(super) fn has_differing(content: &Content, registered: &RegisteredKeys) -> bool {
    !differing(content, registered).is_empty()
}

/// Leaves the keys that differ out of a content that counts without them.
pub(super) fn drop_differing(content: &mut Content, registered: &RegisteredKeys) {
    for (attester, key) in content.validators.iter_mut().flat_map(|validator| &mut validator.keys) {
        if differs(*attester, *key, registered) {
            *key = None;
        }
    }
}

impl KeyFilesReport {
    /// Holds every BLS key of the book against the registered ones. Can be done again with a newer look at the chain.
    pub fn hold_against_chain(&mut self, registered: &RegisteredKeys) {
        self.notices.retain(|notice| !matches!(notice, KeyFileNotice::BlsUnproven { .. }));
        let mut refused = BTreeSet::new();
        for entry in &self.book.entries {
            let known = registered.get(&entry.attester).filter(|known| !known.is_empty());
            let Some(key) = entry.bls_public_key else {
                // What was stored of a file that is kept says that it had one, and not which.
                if known.is_none() && self.had_bls.contains(&(entry.file.clone(), entry.attester)) {
                    self.notices.push(KeyFileNotice::BlsUnproven {
                        attester: entry.attester,
                        file: entry.file.clone(),
                        index: entry.index,
                    });
                }
                continue;
            };
            match known {
                Some(known) if known.contains(&key) => {}
                Some(_) => {
                    self.faults.push(KeyFileFault {
                        file: entry.file.clone(),
                        kind: FaultKind::BlsDiffers,
                        line: None,
                        place: format!("validators[{}].attester.bls", entry.index),
                        what: WHAT.to_owned(),
                        hint: Some(HINT.to_owned()),
                    });
                    refused.insert(entry.file.clone());
                }
                None => self.notices.push(KeyFileNotice::BlsUnproven {
                    attester: entry.attester,
                    file: entry.file.clone(),
                    index: entry.index,
                }),
            }
        }
        self.book.entries.retain(|entry| !refused.contains(&entry.file));
        self.files.retain(|file| !refused.contains(&file.path));
        let gaps = refused.into_iter().map(|file| KeyFileGap::of_anybody(file, "a BLS key is not the registered one"));
        self.book.gaps.extend(gaps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::operator::key_book::{KeyBook, KeyEntry};
    use crate::domain::samples::{address, key_entry};

    #[test]
    fn only_the_registered_key_is_taken_for_public() {
        let key = |byte| BlsKey(H256::repeat_byte(byte));
        let entry = |attester, file, byte| KeyEntry {
            bls_public_key: Some(key(byte)),
            ..key_entry(attester, "paris", file, 0)
        };
        let entries = vec![
            entry(1, "good.json", 1),
            entry(2, "good.json", 2),
            entry(3, "bad.json", 3),
            key_entry(4, "paris", "bad.json", 1),
        ];
        let mut report =
            KeyFilesReport { book: KeyBook { entries, ..KeyBook::default() }, ..KeyFilesReport::default() };
        let registered = BTreeMap::from([(address(1), [key(1)].into()), (address(3), [key(9)].into())]);
        report.hold_against_chain(&registered);
        assert_eq!(report.book.attesters(), BTreeSet::from([address(1), address(2)]));
        let unproven = KeyFileNotice::BlsUnproven { attester: address(2), file: "good.json".to_owned(), index: 0 };
        assert_eq!(report.notices, [unproven]);
        assert_eq!(report.book.gaps[0].file, "bad.json");
        assert_eq!(report.faults[0].kind, FaultKind::BlsDiffers);
    }
}
