//! Files of our own in a folder of our own, such as the one copy of an old key file: made whole or not at all, and removed.

use ethers_core::types::H256;
use rustix::fs::{FileType, RenameFlags};
use rustix::io::Errno;

use super::draft::{Draft, remove};
use super::error::{Fault, Refusal, ReplaceError};
use super::folder::{Folder, MOST_BYTES, plain};
use super::kept;
use super::look::{Entry, digest};
use super::mark::{self, Marking};
use super::sweep::{Swept, sweep};

/// Nobody else reads or writes it.
const OURS: u32 = 0o600;

impl Folder {
    /// Makes a file of this user with mode 0600, whole or not at all, where there is none of that name. Its SHA-256.
    ///
    /// # Errors
    /// `Refused` with [`Refusal::Exists`] when there is one; else as [`Folder::replace`].
    pub fn write_new(&self, name: &str, content: &[u8]) -> Result<H256, ReplaceError> {
        self.try_write_new(name, content).map_err(|fault| fault.writing(self.place(name)))
    }

    fn try_write_new(&self, name: &str, content: &[u8]) -> Result<H256, Fault> {
        plain(name)?;
        if u64::try_from(content.len()).map_or(true, |length| length > MOST_BYTES) {
            return Err(Refusal::TooLarge.into());
        }
        if !self.is_in_place() {
            return Err(Refusal::FolderMoved.into());
        }
        sweep(self, name)?;
        if Entry::look(self.held(), name)?.is_some() {
            return Err(Refusal::Exists.into());
        }
        let draft = Draft::create(self, name)?;
        let marking = match fill(&draft, content) {
            Ok(marking) => marking,
            Err(fault) => return Err(draft.discard(fault)),
        };
        if let Err(fault) = claim(&draft, name, marking) {
            return Err(draft.discard(fault));
        }
        mark::unmark(draft.file()).and(self.sync()).map_err(Fault::Unsynced)?;
        Ok(digest(content))
    }

    /// Removes a regular file or a link, and makes that last. One that is not there is no error.
    ///
    /// # Errors
    /// It is a folder, pipe, socket or device, or cannot be removed.
    pub fn remove(&self, name: &str) -> Result<Swept, ReplaceError> {
        self.try_remove(name).map_err(|fault| fault.writing(self.place(name)))
    }

    fn try_remove(&self, name: &str) -> Result<Swept, Fault> {
        plain(name)?;
        let swept = match Entry::look(self.held(), name)?.map(|entry| entry.file_type) {
            None => Swept::Nothing,
            Some(FileType::RegularFile | FileType::Symlink) => {
                remove(self, name)?;
                Swept::Removed
            }
            Some(_) => return Err(Refusal::NotAFile.into()),
        };
        // Also when there was nothing: an earlier removal may not have been synced.
        self.sync().map_err(Fault::Unsynced)?;
        Ok(swept)
    }
}

fn fill(draft: &Draft<'_>, content: &[u8]) -> Result<Marking, Fault> {
    // A folder's default list would let others in.
    kept::drop_access_list(draft.file())?;
    draft.write(content)?;
    let marking = draft.mark(H256::zero())?;
    draft.seal(marking, OURS)?;
    Ok(marking)
}

/// Gives a draft its name, unless something has that.
fn claim(draft: &Draft<'_>, name: &str, marking: Marking) -> Result<(), Fault> {
    draft.bare(marking, OURS)?;
    let folder = draft.folder.held();
    match rustix::fs::renameat_with(folder, &draft.name, folder, name, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(Refusal::Exists.into()),
        Err(error @ (Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)) => {
            Err(Fault::Refused(Refusal::NoClaim, Some(error.into())))
        }
        Err(error) => Err(error.into()),
    }
}
