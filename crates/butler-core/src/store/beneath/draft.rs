//! `NAME.tmp` while it is written: made by nobody else, locked by us, removed unless it comes to stand in its place.

use std::fs::File;
use std::io::{self, Write as _};

use ethers_core::types::H256;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::error::Fault;
use super::folder::{Folder, draft_name};
use super::kept;
use super::look::{Opened, open};
use super::mark::{self, Marking, STICKY};

/// A file that is being written. Whoever makes one either lands it or discards it.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) folder: &'a Folder,
    pub(super) name: String,
    pub(super) opened: Opened,
}

impl<'a> Draft<'a> {
    /// Makes an empty one, 0600 and known as a draft from its first moment.
    pub(super) fn create(folder: &'a Folder, name: &str) -> Result<Self, Fault> {
        let name = draft_name(name);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let file = match open(folder.held(), &name, flags, Mode::from_raw_mode(STICKY | 0o600)) {
            Ok(descriptor) => File::from(descriptor),
            Err(Errno::EXIST) => return Err(Fault::Busy),
            Err(error) => return Err(error.into()),
        };
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                remove(folder, &name).map_err(Fault::Left)?;
                return Err(error.into());
            }
        };
        let draft = Self { folder, name, opened: Opened { file, metadata } };
        // Whoever sweeps may have seen it before it was locked, and removed it.
        match mark::lock(draft.file()).and_then(|()| Ok(draft.is_there()?)) {
            Ok(true) => Ok(draft),
            Ok(false) | Err(Fault::Busy) => Err(Fault::Busy),
            Err(fault) => Err(draft.discard(fault)),
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.opened.file
    }

    pub(super) fn write(&self, content: &[u8]) -> io::Result<()> {
        (&self.opened.file).write_all(content)
    }

    /// Whether the draft's name still stands for it.
    pub(super) fn is_there(&self) -> io::Result<bool> {
        self.opened.is_at(self.folder.held(), &self.name)
    }

    /// Marks it as one that replaces what has that digest. To be done while its owner may write it.
    pub(super) fn mark(&self, replaced: H256) -> io::Result<Marking> {
        mark::mark(self.file(), replaced)
    }

    /// Gives it its final mode and makes it last. Where it is not marked the sticky bit stays until [`Draft::bare`].
    pub(super) fn seal(&self, marking: Marking, mode: u32) -> io::Result<()> {
        kept::set_mode(self.file(), Self::mode(marking, mode))?;
        self.file().sync_all()
    }

    /// The mode that a sealed draft has.
    pub(super) fn mode(marking: Marking, mode: u32) -> u32 {
        match marking {
            Marking::Marked => mode,
            Marking::Unsupported => STICKY | mode,
        }
    }

    /// Takes the sticky bit off, as the last thing before a rename.
    pub(super) fn bare(&self, marking: Marking, mode: u32) -> io::Result<()> {
        match marking {
            Marking::Marked => Ok(()),
            Marking::Unsupported => kept::set_mode(self.file(), mode),
        }
    }

    /// Removes it, after this went wrong, which is handed back. What could not be removed is told above all.
    pub(super) fn discard(self, fault: Fault) -> Fault {
        match self.remove() {
            Ok(()) => fault,
            Err(source) => Fault::Left(source),
        }
    }

    fn remove(&self) -> io::Result<()> {
        if self.is_there()? {
            remove(self.folder, &self.name)?;
        }
        Ok(())
    }
}

/// Removes a file; one that is gone is no error.
pub(super) fn remove(folder: &Folder, name: &str) -> io::Result<()> {
    match rustix::fs::unlinkat(folder.held(), name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
