//! BLS keys of files held against those that the chain has registered.
//!
//! A private key is as long as a public one, so only the chain can say which it is. One that differs from the registered
//! key refuses its file, as any other secret does; one of a key that is not registered yet is unproven, and told.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::fault::{FaultKind, KeyFileFault};
use super::merge::KeyFileNotice;
use super::report::KeyFilesReport;
use crate::domain::bls_key::BlsKey;
use crate::domain::key_book::KeyFileGap;

/// What becomes of a file with a BLS key that is not the registered one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differing {
    /// Nothing of it counts: for a program that answers once.
    Refuse,
    /// The key does not count, and all else does: no alarm of a program that runs for long may end because of a file.
    DropKey,
}

impl KeyFilesReport {
    /// Holds every BLS key of the book against the registered ones. Can be done again with a newer look at the chain.
    pub fn hold_against_chain(&mut self, registered: &BTreeMap<Address, BTreeSet<BlsKey>>, differing: Differing) {
        self.notices.retain(|notice| !matches!(notice, KeyFileNotice::BlsUnproven { .. }));
        let mut refused = BTreeSet::new();
        for entry in &mut self.book.entries {
            let Some(key) = entry.bls_public_key else { continue };
            match registered.get(&entry.attester) {
                Some(known) if known.contains(&key) => {}
                Some(_) => {
                    let what = match differing {
                        Differing::Refuse => {
                            "differs from the key that is registered for this attester, so it may be the private one; \
                             the whole file is refused"
                        }
                        Differing::DropKey => {
                            "differs from the key that is registered for this attester, so it may be the private one; \
                             it is left out"
                        }
                    };
                    self.faults.push(KeyFileFault {
                        file: entry.file.clone(),
                        kind: FaultKind::BlsDiffers,
                        line: None,
                        place: format!("validators[{}].attester.bls", entry.index),
                        what: what.to_owned(),
                        hint: Some("write the public key, or leave `bls` out".to_owned()),
                    });
                    match differing {
                        Differing::Refuse => {
                            refused.insert(entry.file.clone());
                        }
                        Differing::DropKey => entry.bls_public_key = None,
                    }
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
        let gaps =
            refused.into_iter().map(|file| KeyFileGap { file, why: "a BLS key is not the registered one".to_owned() });
        self.book.gaps.extend(gaps);
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;
    use crate::domain::key_book::{KeyBook, KeyEntry};
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
        let whole = KeyFilesReport { book: KeyBook { entries, ..KeyBook::default() }, ..KeyFilesReport::default() };
        let mut report = whole.clone();
        let registered = BTreeMap::from([(address(1), [key(1)].into()), (address(3), [key(9)].into())]);
        report.hold_against_chain(&registered, Differing::Refuse);
        assert_eq!(report.book.attesters(), BTreeSet::from([address(1), address(2)]));
        let unproven = KeyFileNotice::BlsUnproven { attester: address(2), file: "good.json".to_owned(), index: 0 };
        assert_eq!(report.notices, [unproven]);
        assert_eq!(report.book.gaps[0].file, "bad.json");
        assert_eq!(report.faults[0].kind, FaultKind::BlsDiffers);
        let mut kept = whole.clone();
        kept.hold_against_chain(&registered, Differing::DropKey);
        assert_eq!(kept.faults[0].kind, FaultKind::BlsDiffers);
        assert_eq!((kept.book.attesters(), kept.book.gaps.len()), (whole.book.attesters(), 0));
        assert_eq!(kept.book.entries[2].bls_public_key, None);
    }
}
