//! A book's file: read when it is whole and of this rollup.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::content::{Content, Subject};
use crate::store::file::StoreError;
use crate::store::private::load_private;
use crate::store::record::{Format, Record, decode, save_record};

/// A day of a network's checkpoints with 48 members each is 2 MB; a span may be some weeks.
const FILE_LIMIT: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    subject: Subject,
    content: Content,
}

impl Record for File {
    type Subject = Subject;

    const FORMAT: Format = Format { what: "a file of duties", version: 1, limit: FILE_LIMIT };

    fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// Reads it. One that is of no use is as good as none: all of it stands on the chain.
pub(super) fn load(path: &Path, subject: &Subject) -> Option<Content> {
    let bytes = match load_private(path, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => return None,
        Err(error) => {
            tracing::warn!("duties are read anew: {error}");
            return None;
        }
    };
    match decode::<File>(path, subject, &bytes) {
        Ok(file) if file.content.is_sound() => Some(file.content),
        Ok(_) => {
            tracing::warn!("duties are read anew: `{}` contradicts itself", path.display());
            None
        }
        Err(error) => {
            tracing::warn!("duties are read anew: {error}");
            None
        }
    }
}

/// Replaces it.
pub(super) fn save(path: &Path, subject: &Subject, content: &Content) -> Result<(), StoreError> {
    let file = File { version: File::FORMAT.version, subject: *subject, content: content.clone() };
    let bytes =
        serde_json::to_vec(&file).map_err(|error| StoreError::Write { path: path.to_owned(), source: error.into() })?;
    save_record(path, &bytes)
}
