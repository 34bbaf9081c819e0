//! Files that a BLS key refused, as long as nobody has seen them without it: that such a file is cut, emptied or cannot be read does not
//! make its key the registered one.
//!
//! What a file says is judged by files that are there. One that somebody took away while others are there is judged no more when
//! nothing of it counts any longer: it never was good, or other files name its attesters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::configured::Configured;
use super::differing_file::{DifferingFile, Loss};
use super::files::{KeptFiles, is_gone};
use super::named::Named;
use super::one::{GONE_FOR, KEPT_FOR};
use crate::key_files::content::Content;
use crate::key_files::discovery::Role;
use crate::key_files::fault::KeyFileFault;
use crate::key_files::outcome::{Outcome, is_anybody_left};
use crate::key_files::registered::{differed_at, differing, who_differs};

impl KeptFiles {
    /// Refuses what has a BLS key that is not the registered one, and notes what becomes of files that had one.
    pub(super) fn refuse_differing(&mut self, outcomes: &mut [Outcome], configured: &Configured, now: u64) {
        let before = self.differing.clone();
        let mut present = BTreeSet::new();
        for outcome in outcomes.iter_mut() {
            let name = (outcome.found.role, outcome.found.family());
            let faults = outcome.content.as_ref().map(|content| differing(content, &self.registered));
            if let (Some(content), Some(faults)) = (&outcome.content, faults.filter(|faults| !faults.is_empty())) {
                let (indices, attesters) = who_differs(content, &self.registered);
                let was_good = self.files.get(&name).is_some_and(|kept| !kept.content.is_empty());
                let (found, kind) = (outcome.found.clone(), content.kind);
                let file = DifferingFile { found, indices, attesters, kind, lost: None, was_good };
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
                let is_gone = is_gone(&file.found.openable());
                file.lose(if is_gone { Loss::Gone } else { Loss::Unreadable }, now);
            }
        }
        let is_anybody_left = is_anybody_left(outcomes);
        let named = named_elsewhere(outcomes, &self.differing);
        self.differing.retain(|name, file| {
            let Some(lost) = file.lost else { return true };
            if lost.is_gone && is_anybody_left && (!file.was_good || are_named(file, &named)) {
                return false;
            }
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
            Some(content) if content.attester_count() == 0 => file.lose(Loss::Emptied, now),
            Some(content) if content.illegible.is_some() => file.lose(Loss::Unreadable, now),
            Some(content) if file.may_be_in(content, &self.registered) => {}
            Some(_) => {
                self.differing.remove(name);
            }
            None => file.lose(Loss::Unreadable, now),
        }
    }

    /// What is told of files that were refused and cannot be seen now: that they were, and what became of them. Where their keys
    /// stand in a file that is new since, they have moved there.
    pub(super) fn remembered(&mut self) -> Vec<KeyFileFault> {
        let files = &self.files;
        let has_moved = |file: &DifferingFile, since: u64| {
            let mut named = Named::default();
            let new = files.iter().filter(|(_, kept)| kept.failing.is_none() && kept.first_read >= since);
            new.for_each(|((_, path), kept)| named.add(path.clone(), &kept.content));
            are_named(file, &named)
        };
        self.differing.retain(|_, file| !file.lost.is_some_and(|lost| lost.is_removed && has_moved(file, lost.since)));
        let lost = self.differing.values().filter_map(|file| Some((file, file.lost?.words())));
        lost.flat_map(|(file, why)| {
            file.indices.iter().map(move |index| differed_at(*index, why).of_file(&file.found.path))
        })
        .collect()
    }
}

/// Who is named by files that are good in every part, where anything was refused.
fn named_elsewhere(outcomes: &[Outcome], differing: &BTreeMap<(Role, PathBuf), DifferingFile>) -> Named {
    let mut named = Named::default();
    let read = outcomes.iter().filter(|_| !differing.is_empty());
    let read = read.filter_map(|outcome| Some((outcome.found.family(), outcome.counting()?)));
    read.for_each(|(file, content)| named.add(file, content));
    named
}

/// Whether all those whose keys a refused file had are named by files that say as much.
fn are_named(file: &DifferingFile, named: &Named) -> bool {
    file.attesters.iter().all(|attester| named.count(*attester, file.kind) > 0)
}
