//! Files that were renamed over others: what the others said is lost with them, and is kept as that of any file that is gone.
//!
//! Contents are kept by path. Where the keys of a file stand under the path of another one now, that path says something else, and
//! whoever stood there before stands in no file: that is no edit. So what is kept moves with its file, and what the other file said
//! takes the place that became free.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ethers_core::types::Address;

use super::files::KeptFiles;
use super::one::Kept;
use crate::key_files::content::Content;
use crate::key_files::discovery::{Found, Role};
use crate::key_files::outcome::Outcome;

type Name = (Role, PathBuf);

impl KeptFiles {
    /// Lets what is kept follow files that were renamed over others of which something else is kept.
    pub(super) fn follow_renames(&mut self, outcomes: &[Outcome]) {
        let renames = self.renames(outcomes);
        let present: BTreeSet<Name> = outcomes.iter().map(name).collect();
        let moved: BTreeSet<&Name> = renames.values().collect();
        // Files that took each other's places have lost nobody.
        for first in renames.keys().filter(|to| !moved.contains(to)) {
            let row: Vec<&Name> = std::iter::successors(Some(first), |at| renames.get(*at)).collect();
            if row.last().is_some_and(|free| !present.contains(*free)) {
                self.shift(&row);
            }
        }
    }

    /// Each file stands under the path before its own now, and what is kept of the first one goes to the last path.
    fn shift(&mut self, row: &[&Name]) {
        let kept: Option<Vec<Kept>> = row.iter().map(|name| self.files.get(*name).cloned()).collect();
        let Some(kept) = kept else { return };
        let found: Vec<Found> = kept.iter().map(|kept| kept.found.clone()).collect();
        let mut shifted = kept;
        shifted.rotate_left(1);
        if let Some(lost) = shifted.last_mut() {
            // It is told by the path at which it was.
            lost.said_by = Some(lost.source().to_path_buf());
        }
        for ((name, found), kept) in row.iter().zip(found).zip(shifted) {
            self.files.insert((*name).clone(), Kept { found, ..kept });
        }
        self.generation += 1;
    }

    /// Which path the content of another one stands under now, of which something else is kept: from the one to the other.
    fn renames(&self, outcomes: &[Outcome]) -> BTreeMap<Name, Name> {
        let read: BTreeMap<Name, BTreeSet<Address>> =
            outcomes.iter().filter_map(|o| Some((name(o), named(o)?))).collect();
        let present: BTreeSet<Name> = outcomes.iter().map(name).collect();
        let mut by_attester = BTreeMap::<Address, Vec<&Name>>::new();
        let mut others = Vec::new();
        for (at, now) in &read {
            let is_other = |kept: &&Kept| {
                kept.content.attester_count() > 0 && !kept.content.attesters().any(|one| now.contains(&one))
            };
            if self.files.get(at).filter(is_other).is_some() {
                others.push((at, now));
            }
        }
        if others.is_empty() {
            return BTreeMap::new();
        }
        for (at, kept) in &self.files {
            kept.content.attesters().for_each(|attester| by_attester.entry(attester).or_default().push(at));
        }
        let mut renames = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (at, now) in others {
            let mut shared = BTreeMap::<&Name, usize>::new();
            for from in now.iter().filter_map(|attester| by_attester.get(attester)).flatten() {
                *shared.entry(from).or_default() += 1;
            }
            let is_left =
                |from: &Name| !present.contains(from) || read.get(from).is_some_and(|there| there.is_disjoint(now));
            let is_it = |from: &Name, count: usize| {
                let before = self.files.get(from).map_or(0, |kept| kept.content.attester_count());
                from.0 == at.0 && count * 2 > before.max(now.len()) && is_left(from) && !taken.contains(from)
            };
            let from = shared.into_iter().filter(|(from, count)| is_it(from, *count)).max_by_key(|(_, count)| *count);
            if let Some((from, _)) = from {
                taken.insert(from.clone());
                renames.insert(at.clone(), from.clone());
            }
        }
        renames
    }
}

fn name(outcome: &Outcome) -> Name {
    (outcome.found.role, outcome.found.family())
}

/// Whom a file names, where it can be read and names anybody.
fn named(outcome: &Outcome) -> Option<BTreeSet<Address>> {
    let content = outcome.content.as_ref();
    content.filter(|content| content.attester_count() > 0).map(|content| Content::attesters(content).collect())
}
