//! Old contents of files, kept once for as long as a change is not finished, in a folder of the agent's own.
//!
//! A backup holds keys, so it has mode 0600, lies never beside the keystore, where a node could read it, and its name is a digest
//! that tells nothing. Its content is believed only when it has the digest that is asked for.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use ethers_core::types::H256;
use ethers_core::utils::hex;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::failure::{Failure, Later, Refused};
use super::names::FileName;
use crate::store::beneath::{Folder, Kind, MOST_BYTES, ReadError, Refusal, ReplaceError, Swept};

/// Told apart from digests of files.
const DOMAIN: &[u8] = b"butler keystore backup 1\0";
/// How the name of a backup ends.
const ENDING: &str = ".before";
/// What a writer holds while it works.
const LOCK: &str = "agent.lock";

/// Which backup is that of a file's content.
#[must_use]
pub fn backup_id(file: &FileName, digest_before: H256) -> H256 {
    let mut digest = Sha256::new_with_prefix(DOMAIN);
    digest.update(file.as_str().as_bytes());
    digest.update([0]);
    digest.update(digest_before);
    H256(digest.finalize().into())
}

/// The agent's own folder.
pub(super) struct Backups(Folder);

/// Held by the one agent that writes.
pub(super) struct Writing {
    _lock: File,
}

impl Backups {
    /// Opens the folder, and makes it where there is none.
    pub(super) fn open(path: &Path, keystores: &Path) -> Result<Self, Failure> {
        let unfit = |error: io::Error| Failure::of_system(&error, Refused::State);
        if !path.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unfit)?;
            // A backup must not be lost together with its folder.
            let around = path.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(around).and_then(|around| around.sync_all()).map_err(unfit)?;
        }
        let folder = Folder::open(path).map_err(|error| Failure::of_folder(&error, Refused::State))?;
        let own = std::fs::metadata(path).map_err(unfit)?;
        let is_ours = own.uid() == rustix::process::geteuid().as_raw() && own.mode() & 0o077 == 0;
        let is_apart = std::fs::metadata(keystores)
            .is_ok_and(|keystores| (keystores.dev(), keystores.ino()) != (own.dev(), own.ino()));
        if is_ours && is_apart { Ok(Self(folder)) } else { Err(Failure::never(Refused::State)) }
    }

    /// Becomes the one agent that writes.
    pub(super) fn lock(&self) -> Result<Writing, Failure> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::open(self.0.path().join(LOCK), flags, Mode::from_raw_mode(0o600));
        let file = match opened {
            Ok(descriptor) => File::from(descriptor),
            Err(Errno::NOSPC | Errno::DQUOT) => return Err(Failure::later(Later::Full)),
            Err(error) => return Err(Failure::of_system(&error.into(), Refused::State)),
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Writing { _lock: file }),
            Err(Errno::WOULDBLOCK) => Err(Failure::later(Later::Busy)),
            Err(error) => Err(Failure::of_system(&error.into(), Refused::State)),
        }
    }

    /// Those that there are. Removes what killed writers left.
    pub(super) fn list(&self) -> Result<Vec<H256>, Failure> {
        let entries = self.0.entries().map_err(|error| Failure::of_folder(&error, Refused::State))?;
        let mut found = Vec::new();
        for (name, kind) in entries {
            if let Some(left) = name.strip_suffix(".tmp").filter(|left| id_of(left).is_some()) {
                match self.0.sweep(left) {
                    // One that is at work is swept another time.
                    Ok(_) | Err(ReplaceError::Busy { .. }) => {}
                    Err(error) => return Err(of_state(&error)),
                }
            }
            found.extend(id_of(&name).filter(|_| kind == Kind::File));
        }
        Ok(found)
    }

    /// Keeps a content. One that is there already is that content.
    pub(super) fn keep(&self, id: H256, content: &[u8], digest: H256) -> Result<(), Failure> {
        let name = name_of(id);
        match self.0.write_new(&name, content) {
            Ok(_) => Ok(()),
            Err(ReplaceError::Refused { why: Refusal::Exists, .. }) => match self.read(id, digest)? {
                // It may be there since a moment ago only, and not be synced.
                Some(_) => self.0.sweep(&name).map(|_| ()).map_err(|error| of_state(&error)),
                None => Err(Failure::never(Refused::State)),
            },
            Err(error) => Err(of_state(&error)),
        }
    }

    /// The content that has that digest.
    pub(super) fn read(&self, id: H256, digest: H256) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        match self.0.read(&name_of(id), MOST_BYTES) {
            Ok(held) => Ok((held.digest == digest).then_some(held.content)),
            Err(ReadError::Missing { .. }) => Ok(None),
            Err(ReadError::Refused { .. }) => Err(Failure::never(Refused::State)),
            Err(ReadError::Changing { .. }) => Err(Failure::later(Later::Busy)),
            Err(ReadError::Unread { .. }) => Err(Failure::later(Later::Io)),
        }
    }

    /// Removes one, for good. Whether it was there.
    pub(super) fn drop(&self, id: H256) -> Result<bool, Failure> {
        let name = name_of(id);
        let left = self.0.sweep(&name).map_err(|error| of_state(&error))?;
        let removed = self.0.remove(&name).map_err(|error| of_state(&error))?;
        Ok([left, removed].contains(&Swept::Removed))
    }
}

fn name_of(id: H256) -> String {
    format!("{}{ENDING}", hex::encode(id))
}

fn id_of(name: &str) -> Option<H256> {
    let mut id = H256::zero();
    hex::decode_to_slice(name.strip_suffix(ENDING)?, id.as_bytes_mut()).ok()?;
    (name_of(id) == name).then_some(id)
}

/// What an error in the agent's own folder means: the keystores are as they were.
fn of_state(error: &ReplaceError) -> Failure {
    match error {
        ReplaceError::Busy { .. } => Failure::later(Later::Busy),
        ReplaceError::NotWritten { .. } | ReplaceError::Unsynced { .. } if error.is_full() => {
            Failure::later(Later::Full)
        }
        ReplaceError::NotWritten { .. } | ReplaceError::Unsynced { .. } => Failure::later(Later::Io),
        ReplaceError::Conflict { .. } | ReplaceError::Refused { .. } => Failure::never(Refused::State),
    }
}
