//! Files that a BLS key refused, as long as nobody has seen them without it: that such a file is moved away, cut or emptied does not
//! make its key the registered one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ethers_core::types::Address;

use super::configured::Configured;
use super::differing_file::DifferingFile;
use super::files::KeptFiles;
use super::one::{GONE_FOR, KEPT_FOR};
use crate::key_files::content::Content;
use crate::key_files::discovery::Role;
use crate::key_files::fault::KeyFileFault;
use crate::key_files::outcome::{Outcome, is_anybody_left};
use crate::key_files::registered::{differing, differing_at, who_differs};

impl KeptFiles {
    /// Refuses what has a BLS key that is not the registered one, and notes what becomes of files that had one.
    pub(super) fn refuse_differing(&mut self, outcomes: &mut [Outcome], configured: &Configured, now: u64) {
        let before = self.differing.clone();
        let is_anybody_left = is_anybody_left(outcomes);
        let mut present = BTreeSet::new();
        for outcome in outcomes.iter_mut() {
            let name = (outcome.found.role, outcome.found.family());
            let faults = outcome.content.as_ref().map(|content| differing(content, &self.registered));
            if let (Some(content), Some(faults)) = (&outcome.content, faults.filter(|faults| !faults.is_empty())) {
                let (indices, attesters) = who_differs(content, &self.registered);
                let file = DifferingFile { found: outcome.found.clone(), indices, attesters, lost: None };
                self.differing.insert(name.clone(), file);
                outcome.faults.extend(faults);
                outcome.content = None;
            } else {
                self.see(&name, outcome.content.as_ref(), now);
            }
            present.insert(name);
        }
        for (name, file) in &mut self.differing {
            if !present.contains(name) {
                file.lose(true, now);
            }
        }
        self.differing.retain(|name, file| {
            let Some(lost) = file.lost else { return true };
            let kept_for = if lost.is_removed && is_anybody_left { GONE_FOR } else { KEPT_FOR };
            let is_named = present.contains(name) || configured.server(&file.found).is_some();
            is_named && now < lost.since.saturating_add(kept_for)
        });
        self.generation += u64::from(before != self.differing);
    }

    /// What was read of a file that no BLS key refuses now, if anything was.
    fn see(&mut self, name: &(Role, PathBuf), content: Option<&Content>, now: u64) {
        let Some(file) = self.differing.get_mut(name) else { return };
        match content {
            Some(content) if content.attester_count() == 0 => file.lose(true, now),
            Some(content) if content.illegible.is_some() => file.lose(false, now),
            Some(content) if file.may_be_in(content, &self.registered) => {}
            Some(_) => {
                self.differing.remove(name);
            }
            None => file.lose(false, now),
        }
    }

    /// What is told of files that were refused and cannot be seen now: the same as while they could. Where their keys stand in a
    /// file that is new since, they have moved there.
    pub(super) fn remembered(&mut self) -> Vec<KeyFileFault> {
        let files = &self.files;
        let has_moved = |file: &DifferingFile, since: u64| {
            let new = files.values().filter(|kept| kept.failing.is_none() && kept.first_read >= since);
            let new: BTreeSet<Address> = new.flat_map(|kept| kept.content.attesters()).collect();
            file.attesters.is_subset(&new)
        };
        self.differing.retain(|_, file| !file.lost.is_some_and(|lost| lost.is_removed && has_moved(file, lost.since)));
        let lost = self.differing.values().filter(|file| file.lost.is_some());
        lost.flat_map(|file| file.indices.iter().map(move |index| differing_at(*index).of_file(&file.found.path)))
            .collect()
    }
}
