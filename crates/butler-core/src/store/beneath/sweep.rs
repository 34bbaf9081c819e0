//! Removing what a killed writer left: a draft, or the old file that its exchange swapped out. Nothing else.

use ethers_core::types::H256;
use rustix::fs::OFlags;

use super::draft::remove;
use super::error::{Fault, Refusal, ReplaceError};
use super::folder::{Folder, MOST_BYTES, draft_name, plain};
use super::look::Opened;
use super::mark;

/// What a sweep found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// Nothing was left.
    Nothing,
    /// What a killed writer left is removed.
    Removed,
}

impl Folder {
    /// Removes the `NAME.tmp` that a killed writer of `name` left, and makes what it did last.
    ///
    /// # Errors
    /// `Busy` while a writer is at it; `Refused` with [`Refusal::Leftover`] when `NAME.tmp` is something else, which stays.
    pub fn sweep(&self, name: &str) -> Result<Swept, ReplaceError> {
        let swept = || {
            plain(name)?;
            let swept = sweep(self, name)?;
            // Also when there was nothing: a writer may have failed to sync.
            self.sync().map_err(Fault::Unsynced)?;
            Ok(swept)
        };
        swept().map_err(|fault: Fault| fault.writing(self.place(name)))
    }
}

/// As [`Folder::sweep`], without a sync.
pub(super) fn sweep(folder: &Folder, name: &str) -> Result<Swept, Fault> {
    let left_name = draft_name(name);
    let Some(left) = open_left(folder, &left_name)? else {
        finish(folder, name)?;
        return Ok(Swept::Nothing);
    };
    mark::lock(&left.file)?;
    if !left.is_at(folder.held(), &left_name)? {
        return Err(Fault::Busy);
    }
    if mark::is_draft(&left.file)? {
        remove(folder, &left_name)?;
        return Ok(Swept::Removed);
    }
    // It was swapped out when what stands in its place is marked, and it is what was to be replaced. That writer's lock is on
    // the file in place.
    let Some((landed, replaced)) = marked(folder, name)? else {
        // A writer that lived has removed it meanwhile, and then taken its mark off.
        let is_left = left.is_at(folder.held(), &left_name)?;
        return Err(if is_left { Refusal::Leftover.into() } else { Fault::Busy });
    };
    mark::lock(&landed.file)?;
    let still = left.is_at(folder.held(), &left_name)? && landed.is_at(folder.held(), name)?;
    if !still {
        return Err(Fault::Busy);
    }
    match left.load(MOST_BYTES) {
        Ok(held) if held.digest == replaced => {}
        Ok(_) | Err(Fault::Refused(Refusal::TooLarge, _)) => return Err(Refusal::Leftover.into()),
        Err(fault) => return Err(fault),
    }
    remove(folder, &left_name)?;
    mark::unmark(&landed.file)?;
    Ok(Swept::Removed)
}

/// Takes the mark off a file whose writer was killed as its last thing.
fn finish(folder: &Folder, name: &str) -> Result<(), Fault> {
    let Some((landed, _)) = marked(folder, name)? else { return Ok(()) };
    mark::lock(&landed.file)?;
    Ok(mark::unmark(&landed.file)?)
}

/// The file in place with what its mark says; `None` when it is not marked, or nothing that could be.
fn marked(folder: &Folder, name: &str) -> Result<Option<(Opened, H256)>, Fault> {
    let opened = match Opened::open(folder.held(), name) {
        Ok(opened) => opened,
        // Whoever works on it will find that out.
        Err(Fault::Missing | Fault::Refused(_, _)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let replaced = mark::replaced_by(&opened.file)?;
    Ok(replaced.map(|replaced| (opened, replaced)))
}

/// Opens what has a draft's name.
fn open_left(folder: &Folder, name: &str) -> Result<Option<Opened>, Fault> {
    // Some file systems lock only what is open for writing; not every file can be opened so.
    let opened = match Opened::open_with(folder.held(), name, OFlags::RDWR) {
        Err(Fault::Refused(Refusal::Denied | Refusal::ReadOnly, _)) => Opened::open(folder.held(), name),
        opened => opened,
    };
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(Fault::Missing) => Ok(None),
        Err(Fault::Refused(Refusal::Link | Refusal::NotAFile | Refusal::HardLink, source)) => {
            Err(Fault::Refused(Refusal::Leftover, source))
        }
        Err(fault) => Err(fault),
    }
}
