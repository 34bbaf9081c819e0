//! What is kept, as it is stored between two runs of a program: addresses and where they were read, never a secret.

use serde::{Deserialize, Serialize};

use super::files::{KeptFiles, MOST_KEPT};
use super::one::Kept;
use crate::key_files::content::Content;
use crate::key_files::doubts::Doubts;
use crate::key_files::shown::shown_path;

/// The last good contents of one network's files, to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeptRecord {
    files: Vec<Kept>,
    /// Who is in doubt since something could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubts: Option<Doubts>,
}

impl KeptFiles {
    /// What is to be stored. BLS keys are left out, and so is a file whose path tells something of a key.
    #[must_use]
    pub fn record(&self) -> KeptRecord {
        let is_plain = |kept: &&Kept| kept.found.path.to_str().is_some_and(|path| shown_path(&kept.found.path) == path);
        let without_bls = |content: &Content| {
            let mut content = content.clone();
            content.validators.iter_mut().flat_map(|validator| &mut validator.keys).for_each(|(_, bls)| *bls = None);
            content
        };
        // What the chain was not asked about yet is not known to be good.
        let good = |kept: &Kept| {
            let content = without_bls(kept.before.as_deref().unwrap_or(&kept.content));
            Kept { content, ..kept.clone() }
        };
        KeptRecord { files: self.files.values().filter(is_plain).map(good).collect(), doubts: self.doubts.clone() }
    }

    /// Takes in what was stored, where nothing newer is known. What of it counts is decided by the next reading.
    pub fn restore(&mut self, record: KeptRecord) {
        if self.doubts.is_none() {
            self.doubts = record.doubts;
        }
        let mut size: usize = self.files.values().map(|known| known.content.size()).sum();
        for kept in record.files {
            let kept = Kept { found: kept.found.located(), ..kept };
            let name = (kept.found.role, kept.found.family());
            if size.saturating_add(kept.content.size()) <= MOST_KEPT && !self.files.contains_key(&name) {
                size += kept.content.size();
                self.files.insert(name, Kept { is_confirmed: true, ..kept });
            }
        }
    }

    /// A number that grows whenever there is something new to be stored.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
