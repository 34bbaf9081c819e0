//! A change of one file that is worked out and not written.

use std::collections::BTreeMap;

use ethers_core::types::{Address, H256};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::editor::Edited;
use super::failure::{Failure, Refused};
use super::frame::frame;
use super::names::FileName;
use super::protocol::{Previewed, Wish};
use crate::domain::ids::Coinbase;

/// A change of one file that is worked out and not written.
pub(super) struct Planned {
    pub(super) file: FileName,
    /// What is there.
    pub(super) old: Zeroizing<Vec<u8>>,
    /// Its digest.
    pub(super) before: H256,
    /// What is to be there.
    pub(super) edited: Edited,
}

impl Planned {
    /// The digest of what is to be there.
    pub(super) fn after(&self) -> H256 {
        H256(Sha256::digest(&self.edited.content).into())
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> Result<Previewed, Failure> {
        let frame = frame(&self.old).ok_or_else(|| Failure::refused(&self.file, Refused::OtherAfter))?;
        let (file, changes) = (self.file.clone(), self.edited.changes.clone());
        Ok(Previewed { file, digest_before: self.before, digest_after: self.after(), frame, changes })
    }

    /// Whether it makes of the file what was previewed.
    pub(super) fn check(&self, digest_after: H256) -> Result<(), Failure> {
        let is_same = self.after() == digest_after;
        if is_same { Ok(()) } else { Err(Failure::refused(&self.file, Refused::OtherAfter)) }
    }

    /// Whether each coinbase that changes is what the question says; one that does not change is right already.
    pub(super) fn check_before(&self, wishes: &[Wish]) -> Result<(), Failure> {
        for wish in wishes {
            let change = self.edited.changes.iter().find(|change| change.attester == wish.attester);
            let found = change.map_or(super::setting::Setting::Address(wish.after.address()), |change| change.before);
            if wish.before != found {
                let why = Refused::OtherBefore { attester: wish.attester, found };
                return Err(Failure::refused(&self.file, why));
            }
        }
        Ok(())
    }
}

/// Wishes by attester. `None` when one occurs twice.
pub(super) fn by_attester(wishes: &[Wish]) -> Option<BTreeMap<Address, Coinbase>> {
    let wanted: BTreeMap<Address, Coinbase> = wishes.iter().map(|wish| (wish.attester, wish.after)).collect();
    (wanted.len() == wishes.len()).then_some(wanted)
}
