//! The moment in which a finished draft becomes the file: exchanged with what is there and looked at, or renamed over it.

use std::io;

use ethers_core::types::H256;
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::draft::{Draft, remove};
use super::error::{Fault, Refusal};
use super::folder::MOST_BYTES;
use super::look::{Opened, changes};
use super::mark::{self, Marking};

/// How a file came into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It was exchanged with the old one, which was looked at and removed: nobody's work can have been lost.
    Exchanged,
    /// It was renamed over the old one right after a last look, since the file system cannot exchange.
    Renamed,
}

/// The file that is to be replaced, as it was read.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) opened: Opened,
    pub(super) digest: H256,
    pub(super) mode: u32,
    /// Length and time of the last change when it was read.
    pub(super) changes: (u64, (i64, i64)),
}

/// Puts a sealed draft in the place of `old` at `name`. The draft is discarded when that does not come about.
pub(super) fn land(draft: Draft<'_>, name: &str, old: &Old, marking: Marking) -> Result<Way, Fault> {
    let way = match put(&draft, name, old, marking) {
        Ok(way) => way,
        Err(Put::Nothing(fault)) => return Err(draft.discard(fault)),
        // What stands at the draft's name is not ours any more.
        Err(Put::Foreign) => return Err(Refusal::Leftover.into()),
        Err(Put::Unknown(fault)) => return Err(fault),
    };
    // The rest is done as far as it can be, and the first failure is told.
    let removed = match way {
        Way::Exchanged => remove(draft.folder, &draft.name),
        Way::Renamed => Ok(()),
    };
    // Without the mark nobody would know what that file is.
    let unmarked = if removed.is_ok() { mark::unmark(draft.file()) } else { Ok(()) };
    let synced = draft.folder.sync();
    removed.and(unmarked).and(synced).map_err(Fault::Unsynced)?;
    // Somebody may have written over it already, or have put another file at the draft's name just before.
    match draft.opened.is_at(draft.folder.held(), name) {
        Ok(true) => Ok(way),
        Ok(false) => Err(Fault::Conflict),
        Err(error) => Err(Fault::Unsynced(error)),
    }
}

/// Why a draft did not come into its place.
#[derive(Debug)]
enum Put {
    /// Nothing has changed.
    Nothing(Fault),
    /// The draft's name stands for what another program wrote meanwhile, and neither is to be lost.
    Foreign,
    /// The draft is in place, and what came out could not be looked at.
    Unknown(Fault),
}

fn put(draft: &Draft<'_>, name: &str, old: &Old, marking: Marking) -> Result<Way, Put> {
    let nothing = |error: Fault| Put::Nothing(error);
    draft.bare(marking, old.mode).map_err(|error| nothing(error.into()))?;
    // After a kill an exchange is understood by the mark alone.
    if marking == Marking::Marked {
        match exchange(draft, name) {
            Ok(()) => return settle(draft, name, old),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            Err(Errno::NOENT) => return Err(nothing(Fault::Conflict)),
            Err(error) => return Err(nothing(error.into())),
        }
    }
    let folder = draft.folder.held();
    rustix::fs::renameat(folder, &draft.name, folder, name).map_err(|error| nothing(error.into()))?;
    Ok(Way::Renamed)
}

fn exchange(draft: &Draft<'_>, name: &str) -> rustix::io::Result<()> {
    let folder = draft.folder.held();
    rustix::fs::renameat_with(folder, &draft.name, folder, name, RenameFlags::EXCHANGE)
}

/// Looks at what was swapped out. What is not the old file as it was read goes back.
fn settle(draft: &Draft<'_>, name: &str, old: &Old) -> Result<Way, Put> {
    let is_old = is_unchanged(draft, old).map_err(|error| Put::Unknown(Fault::Unsynced(error)))?;
    if is_old {
        return Ok(Way::Exchanged);
    }
    if exchange(draft, name).is_err() {
        return Err(Put::Foreign);
    }
    match draft.is_there() {
        Ok(true) => Err(Put::Nothing(Fault::Conflict)),
        // Somebody wrote over ours in between: that is the newest, and belongs in the place.
        Ok(false) | Err(_) => {
            let _ = exchange(draft, name);
            Err(Put::Foreign)
        }
    }
}

fn is_unchanged(draft: &Draft<'_>, old: &Old) -> io::Result<bool> {
    if !old.opened.is_at(draft.folder.held(), &draft.name)? {
        return Ok(false);
    }
    match old.opened.load(MOST_BYTES) {
        Ok(held) => Ok(held.digest == old.digest),
        Err(Fault::Io(error) | Fault::Refused(_, Some(error))) => Err(error),
        // Somebody writes into it, or made it longer than anything that is read here.
        Err(_) => Ok(false),
    }
}

/// The last look before a draft lands: the name stands for the old file, and that is as it was read.
pub(super) fn look_again(draft: &Draft<'_>, name: &str, old: &Old) -> Result<(), Fault> {
    if !old.opened.is_at(draft.folder.held(), name)? {
        return Err(Fault::Conflict);
    }
    if old.opened.load(MOST_BYTES)?.digest != old.digest {
        return Err(Fault::Conflict);
    }
    // The content is the same, but owner, mode, names or attributes may not be.
    if changes(&old.opened.file.metadata()?) != old.changes {
        return Err(Fault::Busy);
    }
    if !draft.is_there()? {
        return Err(Fault::Busy);
    }
    Ok(())
}
