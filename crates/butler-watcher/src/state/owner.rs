//! Whose a journal's files are: root may look after them, and the watcher must still be able to write them afterwards.

use std::io;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use crate::journal::anchor_folder;

/// Whether this is root, and the watcher's folder another user's: what a watcher writes there as root, the service cannot
/// write any more.
pub(crate) fn is_anothers(state: &Path) -> bool {
    rustix::process::geteuid().is_root() && state.metadata().is_ok_and(|metadata| metadata.uid() != 0)
}

/// Gives what root made in the journal to whoever the watcher's folder, in which it lies, belongs to. Nobody else can and need
/// do so.
///
/// # Errors
/// Something cannot be looked at or given away.
pub(super) fn give_back(journal: &Path) -> io::Result<()> {
    let (Some(state), true) = (journal.parent(), rustix::process::geteuid().is_root()) else { return Ok(()) };
    let owner = state.metadata()?;
    if owner.uid() == 0 || !journal.exists() {
        return Ok(());
    }
    let anchor = anchor_folder(journal);
    if anchor.exists() {
        give(&anchor, (owner.uid(), owner.gid()))?;
    }
    give(journal, (owner.uid(), owner.gid()))
}

/// A file with several names stays as it is: one of them may be elsewhere.
fn give(path: &Path, (user, group): (u32, u32)) -> io::Result<()> {
    let metadata = path.symlink_metadata()?;
    if metadata.uid() == 0 && (metadata.is_dir() || metadata.nlink() == 1) {
        lchown(path, Some(user), Some(group))?;
    }
    if metadata.is_dir() {
        for entry in path.read_dir()? {
            give(&entry?.path(), (user, group))?;
        }
    }
    Ok(())
}
