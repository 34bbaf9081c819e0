//! Files that are another program's and are changed all the same, such as a node's key files: read and replaced in a folder
//! that is held by its descriptor, without following a link, whole or not at all, with owner, mode and attributes kept.
//!
//! **A replacement.** `NAME.tmp` is made in the same folder (`O_EXCL`, 0600, locked), given to the old file's owner and group,
//! filled, given the old attributes and mode, and synced. After a last look at the old file the two names are exchanged
//! (`RENAME_EXCHANGE`), and what came out is looked at: what another program put there in that instant is put back, so nobody's
//! work is lost. Where the file system cannot exchange, a plain rename follows the last look; that window is two system calls
//! wide, and whoever writes within it without our lock is overwritten.
//!
//! **After a kill** `NAME` is the old file or the new one. What `NAME.tmp` is, is told by marks: its sticky bit while it is
//! written, then the attribute `user.butler.replaces`, whose value is the digest of what is replaced. [`Folder::sweep`] removes
//! what is marked, or what has that digest beside a marked `NAME`; anything else is somebody's and stays, told as a leftover.
//!
//! **Not kept:** times, inode number, birth time, and flags of `chattr` other than those that refuse a write. Access lists and
//! other attributes are copied, or the write is refused. A program that has the old file open and writes into it after the
//! exchange writes into a file without a name: no rename can prevent that.
//! `docs/decisions/0028-exchanged-not-renamed.md` has the reasons.

mod backup;
mod check;
mod draft;
mod error;
mod folder;
mod kept;
mod landing;
mod look;
mod mark;
mod replace;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use error::is_passing;
pub use error::{FolderError, Place, ReadError, Refusal, ReplaceError};
pub use folder::{Folder, Kind, MOST_BYTES, MOST_ENTRIES};
pub use landing::Way;
pub use look::Held;
pub use replace::{Replaced, Whereabouts};
pub use sweep::Swept;
