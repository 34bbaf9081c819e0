//! Whether a journal would open, looked at by somebody who writes nothing into its folder.
//!
//! What it holds is read in a copy, since the store writes when it opens. A copy that does not open says nothing: the store itself may, or is
//! made again from the history.

use std::collections::BTreeSet;
use std::path::Path;

use super::disk::anchor::{Anchor, Found};
use super::disk::folder::{check_free, check_owner, check_space, is_empty};
use super::disk::identity::Identity;
use super::disk::store::Durability;
use super::entry::Cursor;
use super::error::JournalError;
use super::lists::named;
use super::opening::opened;
use super::schema::CURSOR;

/// What is known of a journal that is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Survey {
    /// There is none, or nothing was ever kept in it.
    New,
    /// It has a checkpoint of each of these.
    Follows(BTreeSet<String>),
    /// There is one, and only opening it would tell more.
    Untold,
}

/// Looks at the journal in a folder. Blocks.
///
/// # Errors
/// What keeps it from being opened: another process has it; it was copied, is newer, or is not what was acknowledged; the disk is full or
/// refuses.
pub(crate) fn survey(path: &Path) -> Result<Survey, JournalError> {
    let there = path.ancestors().find(|above| above.exists()).unwrap_or(path);
    check_space(there, 0)?;
    if path.symlink_metadata().is_err() {
        return Ok(Survey::New);
    }
    check_owner(path)?;
    check_free(path)?;
    let Some(identity) = Identity::load(path)? else {
        let missing = || JournalError::corrupt(path, "`journal.json` is missing, and there is a journal");
        return if is_empty(path)? { Ok(Survey::New) } else { Err(missing()) };
    };
    if identity.fresh {
        return Ok(Survey::New);
    }
    if !identity.is_at_home(path)? || matches!(Anchor::look(path, &identity.id)?, Found::Foreign) {
        return Err(JournalError::Copied { path: path.to_path_buf() });
    }
    let data = path.join(Identity::store_name(identity.store)).join("db");
    if !data.is_file() {
        return Err(JournalError::corrupt(&data.with_file_name(""), "the store is missing"));
    }
    match followed(&data, &identity) {
        Ok(names) => Ok(Survey::Follows(names)),
        Err(error @ JournalError::Newer { .. }) => Err(error),
        Err(error) => {
            tracing::debug!("the copy of the journal's store does not open: {error}");
            Ok(Survey::Untold)
        }
    }
}

/// The checkpoints in a copy of this file.
fn followed(data: &Path, identity: &Identity) -> Result<BTreeSet<String>, JournalError> {
    let copy = tempfile::tempdir().map_err(JournalError::io("make a folder in", &std::env::temp_dir()))?;
    std::fs::copy(data, copy.path().join("db")).map_err(JournalError::io("copy", data))?;
    let (store, _) = opened(copy.path(), identity, Durability::Off)?;
    Ok(named::<Cursor>(&store, &[CURSOR])?.into_keys().collect())
}
