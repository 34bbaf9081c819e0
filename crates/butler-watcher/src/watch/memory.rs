//! Which conditions are open, and what the registry was found to say, from one start to the next.
//!
//! It is written before what it says is planned, and what ended is forgotten only after that was planned: so a crash at any
//! moment tells nothing twice and leaves nothing out. A file that is of no use is set aside, and what is wrong is told anew.

use std::path::PathBuf;

use butler_core::runtime::report::one_line;
use butler_core::store::record::{Format, Record, load_record, save_record, set_aside};
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::plan::conditions::Episode;
use crate::plan::terms::Terms;

/// The chain and the registry that conditions are about.
pub(super) type Subject = (u64, Address);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    subject: Subject,
    episodes: Vec<Episode>,
    #[serde(default)]
    terms: Terms,
}

impl Record for File {
    type Subject = Subject;

    const FORMAT: Format = Format { what: "a file of conditions", version: 1, limit: 16 << 20 };

    fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// The conditions of one network with their place on disk.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    subject: Subject,
    pub(super) episodes: Vec<Episode>,
    pub(super) terms: Terms,
    is_loaded: bool,
}

impl Memory {
    pub(super) fn new(path: PathBuf, subject: Subject) -> Self {
        Self { path, subject, episodes: Vec::new(), terms: Terms::default(), is_loaded: false }
    }

    /// Takes in what the last run left. Blocks.
    pub(super) fn load(&mut self) {
        if std::mem::replace(&mut self.is_loaded, true) {
            return;
        }
        match load_record::<File>(&self.path, &self.subject) {
            Ok(file) => (self.episodes, self.terms) = (file.episodes, file.terms),
            Err(error) if error.is_missing() => {}
            Err(error) => {
                let why = one_line(&error);
                tracing::warn!("open conditions are told anew: {why}; {}", set_aside(&self.path));
            }
        }
    }

    /// Keeps it. Blocks. Whether that was possible: what is not kept must not be planned.
    pub(super) fn save(&self) -> bool {
        let (version, episodes, terms) = (File::FORMAT.version, self.episodes.clone(), self.terms.clone());
        let file = File { version, subject: self.subject, episodes, terms };
        let saved = serde_json::to_vec(&file).map_err(|error| error.to_string());
        let saved = saved.and_then(|bytes| save_record(&self.path, &bytes).map_err(|error| one_line(&error)));
        saved.inspect_err(|why| tracing::warn!("conditions cannot be kept, and are not told: {why}")).is_ok()
    }
}
