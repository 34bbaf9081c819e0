//! The system calls that count: how they are called, what they are about, and what can go wrong in them beside a kill.

use std::collections::BTreeMap;

use nix::libc;

/// Which arguments say what a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The first is a path.
    Path,
    /// The first is a folder's descriptor, the second a path below it.
    Below,
    /// The first is a descriptor.
    Descriptor,
    /// The same, and the second an address.
    Address,
}

/// What every disk has.
const DISK: &[&str] = &["EIO", "ENOSPC", "EACCES"];
/// What a call says that is interrupted, too: on disks that are behind a network.
const WRITES: &[&str] = &["EIO", "ENOSPC", "EINTR"];
const READS: &[&str] = &["EIO", "EINTR"];
const LOOKS: &[&str] = &["EIO"];
const NONE: &[&str] = &[];

/// One system call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// The errors that it is made to answer.
    pub(super) errors: &'static [&'static str],
}

/// Every call that counts, by number.
pub(super) fn known() -> BTreeMap<u64, Known> {
    use Shape::{Address, Below, Descriptor, Path};
    let all: [(libc::c_long, &'static str, Shape, &'static [&'static str]); 34] = [
        (libc::SYS_open, "open", Path, DISK),
        (libc::SYS_openat, "openat", Below, DISK),
        (libc::SYS_openat2, "openat2", Below, DISK),
        (libc::SYS_mkdir, "mkdir", Path, DISK),
        (libc::SYS_mkdirat, "mkdirat", Below, DISK),
        (libc::SYS_rename, "rename", Path, DISK),
        (libc::SYS_renameat, "renameat", Below, DISK),
        (libc::SYS_renameat2, "renameat2", Below, DISK),
        (libc::SYS_linkat, "linkat", Below, DISK),
        (libc::SYS_unlink, "unlink", Path, DISK),
        (libc::SYS_unlinkat, "unlinkat", Below, DISK),
        (libc::SYS_rmdir, "rmdir", Path, DISK),
        (libc::SYS_write, "write", Descriptor, WRITES),
        (libc::SYS_writev, "writev", Descriptor, WRITES),
        (libc::SYS_pwrite64, "pwrite64", Descriptor, WRITES),
        (libc::SYS_ftruncate, "ftruncate", Descriptor, WRITES),
        (libc::SYS_fsync, "fsync", Descriptor, WRITES),
        (libc::SYS_fdatasync, "fdatasync", Descriptor, WRITES),
        (libc::SYS_sync_file_range, "sync_file_range", Descriptor, NONE),
        (libc::SYS_fchmod, "fchmod", Descriptor, DISK),
        (libc::SYS_fchown, "fchown", Descriptor, DISK),
        (libc::SYS_fsetxattr, "fsetxattr", Descriptor, DISK),
        (libc::SYS_fremovexattr, "fremovexattr", Descriptor, DISK),
        (libc::SYS_flock, "flock", Descriptor, READS),
        (libc::SYS_read, "read", Descriptor, READS),
        (libc::SYS_pread64, "pread64", Descriptor, READS),
        (libc::SYS_getdents64, "getdents64", Descriptor, LOOKS),
        (libc::SYS_statx, "statx", Below, LOOKS),
        (libc::SYS_newfstatat, "newfstatat", Below, LOOKS),
        (libc::SYS_connect, "connect", Address, &["EACCES", "EINTR"]),
        (libc::SYS_sendto, "sendto", Descriptor, READS),
        (libc::SYS_recvfrom, "recvfrom", Descriptor, READS),
        (libc::SYS_shutdown, "shutdown", Descriptor, NONE),
        (libc::SYS_close, "close", Descriptor, NONE),
    ];
    let known = |(number, name, shape, errors)| Some((u64::try_from(number).ok()?, Known { name, shape, errors }));
    all.into_iter().filter_map(known).collect()
}

/// The errors that a call is made to answer.
pub(super) fn errors(name: &str) -> &'static [&'static str] {
    known().into_values().find(|known| known.name == name).map_or(NONE, |known| known.errors)
}

/// The number of an error.
pub(super) fn number(error: &str) -> Option<u64> {
    let number = match error {
        "EIO" => libc::EIO,
        "ENOSPC" => libc::ENOSPC,
        "EACCES" => libc::EACCES,
        "EINTR" => libc::EINTR,
        _ => return None,
    };
    u64::try_from(number).ok()
}
