//! Whether a file could be replaced as things are, found out without writing anything.
//!
//! Whoever sets a folder up is told before there is something to write. What only a write can tell (a full disk, attributes that
//! cannot be copied) is not known here.

use std::os::unix::fs::MetadataExt as _;

use rustix::fs::{Access, AtFlags};

use super::error::{Fault, ReplaceError};
use super::folder::{Folder, plain};
use super::kept;
use super::look::Opened;

impl Folder {
    /// Looks for what [`Folder::replace`] would refuse a file for: what it is, whose it is, and what this user may do in the folder.
    ///
    /// # Errors
    /// As [`Folder::replace`] has them.
    pub fn check(&self, name: &str) -> Result<(), ReplaceError> {
        self.try_check(name).map_err(|fault| fault.writing(self.place(name)))
    }

    fn try_check(&self, name: &str) -> Result<(), Fault> {
        plain(name)?;
        let old = Opened::open(self.held(), name)?;
        old.check_replaceable()?;
        kept::check_owner(&old.metadata)?;
        let folder = self.held().metadata()?;
        kept::check_group(&old.metadata, &folder)?;
        // Also tells a mount that is read-only, for everybody or for this process alone.
        rustix::fs::accessat(self.held(), ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::empty())?;
        Ok(())
    }

    /// The folder's own permission and special bits, such as `0o750`.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn mode(&self) -> std::io::Result<u32> {
        Ok(self.held().metadata()?.mode() & 0o7777)
    }
}
