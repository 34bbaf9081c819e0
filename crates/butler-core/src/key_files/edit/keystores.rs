//! The folder of keystores: read as its node reads it, and its files replaced.

use std::collections::BTreeSet;
use std::path::Path;

use ethers_core::types::{Address, H256};
use zeroize::Zeroizing;

use super::editor::edit;
use super::error::EditError;
use super::failure::{Failure, Later, Refused};
use super::names::FileName;
use super::obstacle::Obstacle;
use super::planned::{Planned, by_attester};
use super::protocol::{CHANGES_LIMIT, Edit, FILES_LIMIT};
use super::survey::{Found, Survey};
use super::view::FolderView;
use crate::store::beneath::{Folder, Held, Kind, MOST_BYTES, ReadError, Refusal, ReplaceError};

/// Bits of a mode with which every user may write.
const WRITABLE: u32 = 0o002;

/// A folder of keystores.
pub(super) struct Keystores(Folder);

impl Keystores {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Folder::open(path).map(Self).map_err(|error| Failure::of_folder(&error, Refused::Unopened))
    }

    /// The names of all entries that a node takes for keystores, with what they are.
    fn entries(&self) -> Result<Vec<(String, Kind)>, Failure> {
        let entries = self.0.entries().map_err(|error| Failure::of_folder(&error, Refused::Unopened))?;
        Ok(entries.into_iter().filter(|(name, _)| FileName::is_json(name)).collect())
    }

    /// Removes what killed writers left beside keystores. The files beside which something stays: a writer at work, or somebody else's.
    pub(super) fn sweep(&self) -> Result<Vec<FileName>, Failure> {
        let entries = self.0.entries().map_err(|error| Failure::of_folder(&error, Refused::Unopened))?;
        let left = entries.keys().filter_map(|name| name.strip_suffix(".tmp")).filter(|name| FileName::is_json(name));
        let mut beside = Vec::new();
        for name in left {
            match self.0.sweep(name) {
                Ok(_) => {}
                Err(ReplaceError::Busy { .. } | ReplaceError::Refused { .. } | ReplaceError::Conflict { .. }) => {
                    beside.push(FileName::shown(name));
                }
                Err(error @ (ReplaceError::NotWritten { .. } | ReplaceError::Unsynced { .. })) => {
                    return Err(Failure::of_write(&FileName::shown(name), &error));
                }
            }
        }
        Ok(beside)
    }

    /// How the folder looks, with these changes.
    pub(super) fn view(&self, planned: &[Planned]) -> Result<FolderView, Failure> {
        let mut survey = Survey::of(self.0.path());
        for (name, kind) in self.entries()? {
            let planned = planned.iter().find(|planned| planned.file.as_str() == name);
            let found = match kind {
                Kind::Link => Found::Link,
                Kind::Folder | Kind::Other => Found::NotAFile,
                Kind::File => match self.0.read(&name, MOST_BYTES) {
                    Ok(held) => with(held, planned),
                    // It went meanwhile.
                    Err(ReadError::Missing { .. }) => continue,
                    Err(ReadError::Refused { why: Refusal::TooLarge, .. }) => Found::TooLarge,
                    Err(ReadError::Changing { .. }) => return Err(Failure::later(Later::Busy)),
                    Err(ReadError::Refused { .. } | ReadError::Unread { .. }) => Found::Unreadable,
                },
            };
            survey.add(&name, found);
        }
        Ok(survey.finish())
    }

    /// Works out changes.
    pub(super) fn plan<'a>(&self, edits: impl Iterator<Item = &'a Edit> + Clone) -> Result<Vec<Planned>, Failure> {
        Self::check_question(edits.clone())?;
        edits.map(|edit| self.plan_one(edit)).collect()
    }

    /// Whether a question has a bound, and says of each file once what is to become of it.
    pub(super) fn check_question<'a>(edits: impl Iterator<Item = &'a Edit>) -> Result<(), Failure> {
        let (mut files, mut changes) = (BTreeSet::new(), 0_usize);
        for edit in edits {
            changes = changes.saturating_add(edit.changes.len());
            let is_new = files.insert(&edit.file);
            if !is_new || files.len() > FILES_LIMIT || changes > CHANGES_LIMIT {
                return Err(Failure::refused(&edit.file, Refused::Question));
            }
        }
        Ok(())
    }

    fn plan_one(&self, wished: &Edit) -> Result<Planned, Failure> {
        let file = &wished.file;
        let refused = |why| Failure::refused(file, why);
        if !FileName::is_json(file.as_str()) {
            return Err(refused(Refused::File(Refusal::Name)));
        }
        let held = self.read(file)?;
        if held.digest != wished.digest_before {
            return Err(Failure::Conflict { file: file.clone(), found: Some(held.digest) });
        }
        self.check_rights(file, held.mode)?;
        let wanted = by_attester(&wished.changes).ok_or_else(|| refused(Refused::Question))?;
        let path = self.0.path().join(file.as_str());
        let edited = edit(&held.content, &path, &wanted).map_err(|error| refused(Refused::Edit(error)))?;
        let planned = Planned { file: file.clone(), old: held.content, before: held.digest, edited };
        planned.check_before(&wished.changes)?;
        Ok(planned)
    }

    /// What keeps this user from changing a file, and what keeps anybody from trusting it. Nothing is written.
    pub(super) fn check_rights(&self, file: &FileName, mode: u32) -> Result<(), Failure> {
        let folder = self.0.mode().map_err(|_| Failure::never(Refused::Unopened))?;
        if folder & WRITABLE != 0 {
            return Err(Failure::never(Refused::ExposedFolder));
        }
        if mode & WRITABLE != 0 {
            return Err(Failure::refused(file, Refused::Exposed));
        }
        self.0.check(file.as_str()).map_err(|error| Failure::of_write(file, &error))
    }

    /// What would be in the way of a reload after these changes.
    pub(super) fn check(&self, planned: &[Planned]) -> Result<Vec<Obstacle>, Failure> {
        let view = self.view(planned)?;
        let accounts: BTreeSet<Address> = view.accounts();
        for planned in planned {
            let of_a_key = planned.edited.changes.iter().find(|change| accounts.contains(&change.after.address()));
            if let Some(change) = of_a_key {
                let error = EditError::OfAKey { attester: change.attester };
                return Err(Failure::refused(&planned.file, Refused::Edit(error)));
            }
        }
        Ok(view.obstacles)
    }

    fn read(&self, file: &FileName) -> Result<Held, Failure> {
        self.0.read(file.as_str(), MOST_BYTES).map_err(|error| Failure::of_read(file, &error))
    }

    /// Whether a file has the content of that digest.
    pub(super) fn is_at(&self, file: &FileName, digest: H256) -> Result<bool, Failure> {
        Ok(self.read(file)?.digest == digest)
    }

    /// That a file has another content than it should, with which.
    pub(super) fn conflict(&self, file: &FileName) -> Failure {
        let found = self.read(file).map(|held| held.digest).ok();
        Failure::Conflict { file: file.clone(), found }
    }

    /// Makes what was written before last.
    pub(super) fn settle(&self, file: &FileName) -> Result<(), Failure> {
        self.0.sweep(file.as_str()).map(|_| ()).map_err(|error| Failure::of_write(file, &error))
    }

    /// Replaces a file's content and reads it back.
    pub(super) fn replace(&self, file: &FileName, before: H256, content: &[u8], after: H256) -> Result<(), Failure> {
        match self.0.replace(file.as_str(), before, content) {
            Ok(_) => {}
            Err(ReplaceError::Conflict { .. }) => return Err(self.conflict(file)),
            Err(error) => return Err(Failure::of_write(file, &error)),
        }
        match self.is_at(file, after) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.conflict(file)),
            Err(failure) => Err(failure.after_a_write(file)),
        }
    }
}

/// A file as it is, or as it would be.
fn with(held: Held, planned: Option<&Planned>) -> Found {
    let Held { content, digest, mode, uid, gid, .. } = held;
    match planned {
        Some(planned) => {
            let content = Zeroizing::new(planned.edited.content.to_vec());
            Found::File { content, digest: planned.after(), mode, uid, gid }
        }
        None => Found::File { content, digest, mode, uid, gid },
    }
}
