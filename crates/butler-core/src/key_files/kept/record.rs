//! What is kept, as it is stored between two runs of a program: addresses and where they were read, never a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::differing_file::DifferingFile;
use super::files::{KeptFiles, MOST_KEPT};
use super::named::{Named, Shared};
use super::one::Kept;
use crate::key_files::content::Content;
use crate::key_files::discovery::Found;
use crate::key_files::doubts::Doubts;
use crate::key_files::shown::shown_path;

/// The last good contents of one network's files, to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeptRecord {
    files: Vec<Kept>,
    /// Files that a BLS key refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    differing: Vec<DifferingFile>,
    /// Who is in doubt since something could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubts: Option<Doubts>,
}

impl KeptFiles {
    /// What is to be stored. BLS keys are left out, and so is a file whose path tells something of a key.
    #[must_use]
    pub fn record(&self) -> KeptRecord {
        let is_plain = |path: &Path| path.to_str().is_some_and(|text| shown_path(path) == text);
        let is_storable = |found: &Found| is_plain(&found.path) && is_plain(&found.place());
        let without_bls = |content: &Content| {
            let mut content = content.clone();
            let mut had_bls = BTreeSet::new();
            for (attester, bls) in content.validators.iter_mut().flat_map(|validator| &mut validator.keys) {
                if bls.take().is_some() {
                    had_bls.insert(*attester);
                }
            }
            (content, had_bls)
        };
        // What the chain was not asked about yet is not known to be good. Commands let nothing of it stand in.
        let good = |kept: &Kept| {
            let before = kept.before.as_deref().filter(|_| !self.is_for_commands);
            let (content, mut had_bls) = without_bls(before.unwrap_or(&kept.content));
            had_bls.extend(&kept.had_bls);
            let is_noted = kept.shared.with.keys().all(|path| is_plain(path));
            let with = if is_noted { kept.shared.with.clone() } else { BTreeMap::new() };
            // Nobody vouches for what was not good before, either.
            let is_unproven = !kept.is_confirmed && kept.before.is_none() && !had_bls.is_empty();
            Kept { content, had_bls, is_unproven, shared: Shared { with, ..kept.shared.clone() }, ..kept.clone() }
        };
        let files = self.files.values().filter(|kept| is_storable(&kept.found)).map(good).collect();
        let differing = self.differing.values().filter(|file| is_storable(&file.found)).cloned().collect();
        KeptRecord { files, differing, doubts: self.doubts.clone() }
    }

    /// Takes in what was stored, where nothing newer is known. What of it counts is decided by the next reading.
    pub fn restore(&mut self, record: KeptRecord) {
        if self.doubts.is_none() {
            self.doubts = record.doubts;
        }
        let mut size: usize = self.files.values().map(|known| known.content.size()).sum();
        // An older record does not know which files were corrected since.
        let is_newest = self.files.is_empty() && self.differing.is_empty();
        for file in record.differing.into_iter().filter(|_| is_newest) {
            let file = file.restored();
            self.differing.entry((file.found.role, file.found.family())).or_insert(file);
        }
        // Nor does it know where those have moved who stand elsewhere by now.
        let mut named = Named::default();
        self.files.iter().for_each(|((_, file), kept)| named.add(file.clone(), &kept.content));
        let is_named = |kept: &Kept, attester| named.count(attester, kept.content.kind) > 0;
        let has_moved = |kept: &Kept| {
            kept.content.attester_count() > 0 && kept.content.attesters().all(|attester| is_named(kept, attester))
        };
        for kept in record.files.into_iter().filter(|kept| is_newest || !has_moved(kept)) {
            let kept = Kept { found: kept.found.restored(), ..kept };
            let name = (kept.found.role, kept.found.family());
            if size.saturating_add(kept.content.size()) <= MOST_KEPT && !self.files.contains_key(&name) {
                size += kept.content.size();
                self.files.insert(name, Kept { is_confirmed: !kept.is_unproven, is_unproven: false, ..kept });
            }
        }
    }

    /// A number that grows whenever there is something new to be stored.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
