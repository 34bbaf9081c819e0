//! Replacing one file: who is at it, what is there, the draft beside it, the last look, the exchange.

use ethers_core::types::H256;

use super::draft::Draft;
use super::error::{Fault, Refusal, ReplaceError};
use super::folder::{Folder, MOST_BYTES, plain};
use super::kept;
use super::landing::{Old, Way, land, look_again};
use super::look::{Opened, changes, digest};
use super::mark::Marking;
use super::sweep::sweep;

/// A file that was replaced, and will survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// SHA-256 of what the file says now.
    pub digest: H256,
    /// How it came into its place.
    pub way: Way,
    /// Where the folder's path leads by now.
    pub whereabouts: Whereabouts,
}

/// Where the path of an open folder leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// To that folder.
    InPlace,
    /// To another folder, or nowhere: whoever reads by the path does not see what was written.
    Moved,
}

impl Folder {
    /// Replaces the content of a regular file, which must have the digest `expected`, and keeps owner, group, mode and
    /// attributes. At every moment the file has the old content or the new one, whole.
    ///
    /// # Errors
    /// See [`ReplaceError`]. Unless it is `Unsynced` the old content is in place.
    pub fn replace(&self, name: &str, expected: H256, content: &[u8]) -> Result<Replaced, ReplaceError> {
        self.try_replace(name, expected, content).map_err(|fault| fault.writing(self.place(name)))
    }

    fn try_replace(&self, name: &str, expected: H256, content: &[u8]) -> Result<Replaced, Fault> {
        plain(name)?;
        if u64::try_from(content.len()).map_or(true, |length| length > MOST_BYTES) {
            return Err(Refusal::TooLarge.into());
        }
        if !self.is_in_place() {
            return Err(Refusal::FolderMoved.into());
        }
        sweep(self, name)?;
        let old = read_old(self, name, expected)?;
        let (draft, marking) = prepare(self, name, &old, content)?;
        let way = match look_again(&draft, name, &old) {
            Ok(()) => land(draft, name, &old, marking)?,
            Err(fault) => return Err(draft.discard(fault)),
        };
        Ok(Replaced { digest: digest(content), way, whereabouts: self.whereabouts() })
    }

    /// Where the folder's path leads now.
    #[must_use]
    pub fn whereabouts(&self) -> Whereabouts {
        if self.is_in_place() { Whereabouts::InPlace } else { Whereabouts::Moved }
    }
}

/// Opens what is to be replaced, and refuses it for whatever can be known before anything is made.
pub(super) fn read_old(folder: &Folder, name: &str, expected: H256) -> Result<Old, Fault> {
    let opened = Opened::open(folder.held(), name)?;
    opened.check_replaceable()?;
    kept::check_owner(&opened.metadata)?;
    let held = opened.load(MOST_BYTES)?;
    if held.digest != expected {
        return Err(Fault::Conflict);
    }
    let changes = changes(&opened.metadata);
    Ok(Old { digest: held.digest, mode: held.mode, changes, opened })
}

/// Writes the draft that is to replace the old file.
pub(super) fn prepare<'a>(
    folder: &'a Folder,
    name: &str,
    old: &Old,
    content: &[u8],
) -> Result<(Draft<'a>, Marking), Fault> {
    let draft = Draft::create(folder, name)?;
    match fill(&draft, old, content) {
        Ok(marking) => Ok((draft, marking)),
        Err(fault) => Err(draft.discard(fault)),
    }
}

fn fill(draft: &Draft<'_>, old: &Old, content: &[u8]) -> Result<Marking, Fault> {
    let before = &old.opened.metadata;
    kept::give(draft.file(), before)?;
    draft.write(content)?;
    let marking = draft.mark(old.digest)?;
    kept::copy_attributes(draft.file(), &old.opened.file)?;
    draft.seal(marking, old.mode)?;
    kept::check(draft.file(), before, Draft::mode(marking, old.mode), content.len())?;
    Ok(marking)
}
