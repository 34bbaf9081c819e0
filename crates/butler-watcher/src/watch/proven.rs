//! What own proposals proved, from one start to the next. A file that is of no use is set aside; then the last proposals count anew.

use std::path::PathBuf;

use butler_core::runtime::report::one_line;
use butler_core::store::record::{Format, Record, load_record, save_record, set_aside};
use serde::{Deserialize, Serialize};

use super::memory::Subject;
use crate::plan::proofs::Proofs;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    subject: Subject,
    proofs: Proofs,
}

impl Record for File {
    type Subject = Subject;

    const FORMAT: Format = Format { what: "a file of proofs", version: 1, limit: 64 << 20 };

    fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// The proofs of one network with their place on disk.
#[derive(Debug)]
pub(super) struct ProofsFile {
    path: PathBuf,
    subject: Subject,
    proofs: Option<Proofs>,
}

impl ProofsFile {
    pub(super) fn new(path: PathBuf, subject: Subject) -> Self {
        Self { path, subject, proofs: None }
    }

    /// The proofs, with what the last run left. Blocks the first time.
    pub(super) fn loaded(&mut self) -> &mut Proofs {
        let Self { path, subject, proofs } = self;
        proofs.get_or_insert_with(|| match load_record::<File>(path, subject) {
            Ok(file) => file.proofs,
            Err(error) if error.is_missing() => Proofs::default(),
            Err(error) => {
                let why = one_line(&error);
                tracing::warn!("what proposals prove is told anew: {why}; {}", set_aside(path));
                Proofs::default()
            }
        })
    }

    /// Keeps it. Blocks.
    ///
    /// # Errors
    /// Why that was not possible: then nothing of it may be planned.
    pub(super) fn save(&mut self) -> Result<(), String> {
        let proofs = self.loaded().clone();
        let file = File { version: File::FORMAT.version, subject: self.subject, proofs };
        let bytes = serde_json::to_vec(&file).map_err(|error| error.to_string())?;
        save_record(&self.path, &bytes).map_err(|error| one_line(&error))
    }
}
