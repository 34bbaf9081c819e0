//! By what a file of ours is known after its writer was killed, and the lock by which a living writer is known.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use ethers_core::types::H256;
use rustix::fs::{FlockOperation, XattrFlags};
use rustix::io::Errno;

use super::error::{Fault, Refusal};

/// The attribute that a finished file carries until it is in place: its value is the digest of what it replaces.
const ATTRIBUTE: &str = "user.butler.replaces";
/// The bit that a file has while it is written. It means nothing on a file, and no program sets it on one.
pub(super) const STICKY: u32 = 0o1000;

/// Whether a file system has attributes of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marking {
    Marked,
    Unsupported,
}

/// Whether a name of an attribute is the mark's.
pub(super) fn is_mark(attribute: &[u8]) -> bool {
    attribute == ATTRIBUTE.as_bytes()
}

/// Marks a file as one that replaces what has that digest.
pub(super) fn mark(file: &File, replaced: H256) -> io::Result<Marking> {
    match rustix::fs::fsetxattr(file, ATTRIBUTE, replaced.as_bytes(), XattrFlags::empty()) {
        Ok(()) => Ok(Marking::Marked),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(Marking::Unsupported),
        Err(error) => Err(error.into()),
    }
}

/// What a file replaces, by its mark; `None` when it has none.
pub(super) fn replaced_by(file: &File) -> io::Result<Option<H256>> {
    let mut value = [0_u8; 33];
    match rustix::fs::fgetxattr(file, ATTRIBUTE, &mut value) {
        Ok(length) => {
            let value = value.get(..length).unwrap_or_default();
            // Of another length it is not ours, and matches nothing.
            Ok(<[u8; 32]>::try_from(value).ok().map(H256))
        }
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS | Errno::RANGE) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes the mark off a file that is in place. On a file that its owner must not write it stays: it is harmless there, since
/// only what has the digest in it is ever removed on its account.
pub(super) fn unmark(file: &File) -> io::Result<()> {
    match rustix::fs::fremovexattr(file, ATTRIBUTE) {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(Errno::ACCESS) if file.metadata()?.mode() & 0o200 == 0 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a file is one that a writer of this kind has not put in place.
pub(super) fn is_draft(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.mode() & STICKY != 0 || replaced_by(file)?.is_some())
}

/// Takes the lock of a writer, and does not wait for it.
pub(super) fn lock(file: &File) -> Result<(), Fault> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(Fault::Busy),
        Err(error @ (Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL)) => {
            Err(Fault::Refused(Refusal::Unlockable, Some(error.into())))
        }
        Err(error) => Err(error.into()),
    }
}
