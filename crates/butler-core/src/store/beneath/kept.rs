//! What a new file takes over from the old one beside its name: owner, group, access list and other attributes, mode.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use rustix::fs::{Gid, Mode, Uid, XattrFlags};
use rustix::io::Errno;

use super::error::{Fault, Refusal};
use super::mark;

/// The longest list of names, and the longest value, that the kernel gives.
const LONGEST: usize = 64 * 1024;
/// The attribute of an access list; a new file has one when its folder has a default list.
const ACCESS_LIST: &[u8] = b"system.posix_acl_access";
/// The bit of a folder that hands its group down.
const SETGID: u32 = 0o2000;
/// What the kernel computes of a file's content or grants to a program: none of it can be carried over.
const NOT_COPIED: [&[u8]; 3] = [b"security.ima", b"security.evm", b"security.capability"];

/// Whether this user can give a file of its own to that owner; told before anything is made.
pub(super) fn check_owner(old: &Metadata) -> Result<(), Refusal> {
    let user = rustix::process::geteuid();
    if user.is_root() || user.as_raw() == old.uid() { Ok(()) } else { Err(Refusal::Owner) }
}

/// Whether this user can give a file that it makes in `folder` to the old one's group; told before anything is made.
pub(super) fn check_group(old: &Metadata, folder: &Metadata) -> Result<(), Fault> {
    let group = old.gid();
    // In a folder that hands down its group the new file has that.
    let is_handed_down = folder.mode() & SETGID != 0 && folder.gid() == group;
    let is_own = rustix::process::geteuid().is_root() || rustix::process::getegid().as_raw() == group;
    if is_handed_down || is_own || rustix::process::getgroups()?.iter().any(|own| own.as_raw() == group) {
        return Ok(());
    }
    Err(Refusal::Group.into())
}

/// Gives a new file, still empty, to the old one's owner and group.
pub(super) fn give(file: &File, old: &Metadata) -> Result<(), Fault> {
    let now = file.metadata()?;
    let owner = (now.uid() != old.uid()).then(|| Uid::from_raw(old.uid()));
    let group = (now.gid() != old.gid()).then(|| Gid::from_raw(old.gid()));
    if owner.is_none() && group.is_none() {
        return Ok(());
    }
    let why = if owner.is_some() { Refusal::Owner } else { Refusal::Group };
    match rustix::fs::fchown(file, owner, group) {
        Ok(()) => Ok(()),
        // An id that has no place in this user's namespace is invalid.
        Err(error @ (Errno::PERM | Errno::ACCESS | Errno::INVAL)) => Err(Fault::Refused(why, Some(error.into()))),
        Err(error) => Err(error.into()),
    }
}

/// Makes the attributes of a new file those of the old one, or refuses. An access list brings its mode along.
pub(super) fn copy_attributes(file: &File, old: &File) -> Result<(), Fault> {
    let (wanted, there) = (names(old)?, names(file)?);
    // From `user.` back to `system.`: an access list may take the right to write the others.
    for name in wanted.iter().rev() {
        if mark::is_mark(name) || NOT_COPIED.contains(&name.as_slice()) {
            continue;
        }
        let value = value(old, name)?.ok_or(Fault::Busy)?;
        if self::value(file, name)?.as_ref() == Some(&value) {
            continue;
        }
        match rustix::fs::fsetxattr(file, name.as_slice(), &value, XattrFlags::empty()) {
            Ok(()) => {}
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::IO)) => return Err(error.into()),
            Err(error) => return Err(Fault::Refused(Refusal::Attribute, Some(error.into()))),
        }
    }
    // A list that came from the folder would let others in whom the old file kept out.
    if there.contains(ACCESS_LIST) && !wanted.contains(ACCESS_LIST) {
        rustix::fs::fremovexattr(file, ACCESS_LIST)?;
    }
    Ok(())
}

/// Takes an access list off a new file that came from its folder.
pub(super) fn drop_access_list(file: &File) -> io::Result<()> {
    match rustix::fs::fremovexattr(file, ACCESS_LIST) {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sets permission and special bits exactly.
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?)
}

/// Whether the new file has come out as the old one is: not every file system keeps what is set.
pub(super) fn check(file: &File, old: &Metadata, mode: u32, length: usize) -> Result<(), Fault> {
    let now = file.metadata()?;
    let is_kept = (now.uid(), now.gid(), now.mode() & 0o7777) == (old.uid(), old.gid(), mode)
        && usize::try_from(now.len()).is_ok_and(|now| now == length)
        && now.nlink() == 1;
    if is_kept { Ok(()) } else { Err(Refusal::NotKept.into()) }
}

fn names(file: &File) -> io::Result<BTreeSet<Vec<u8>>> {
    let mut list = vec![0; LONGEST];
    let length = match rustix::fs::flistxattr(file, &mut list[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
        Err(error) => return Err(error.into()),
    };
    let names = list.get(..length).unwrap_or_default().split(|byte| *byte == 0);
    Ok(names.filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

fn value(file: &File, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut value = vec![0; LONGEST];
    match rustix::fs::fgetxattr(file, name, &mut value[..]) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(Errno::NODATA) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
