//! What counts no longer of what is kept: what other files have now, and what was kept for long enough.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ethers_core::types::Address;

use super::files::KeptFiles;
use super::named::Named;
use super::one::Kept;
use crate::key_files::content::{Content, FileKind};
use crate::key_files::outcome::{Outcome, is_anybody_left};

impl KeptFiles {
    /// Forgets what other files have now, and what was kept for long enough.
    pub(super) fn forget(&mut self, outcomes: &[Outcome], now: u64) {
        let read = || outcomes.iter().filter_map(|outcome| Some((outcome, outcome.counting()?)));
        let mut named = Named::default();
        if self.files.values().any(|kept| kept.failing.is_some()) {
            read().for_each(|(outcome, content)| named.add(outcome.found.family(), content));
            let failing = self.files.iter().filter(|(_, kept)| kept.failing.is_some());
            failing.for_each(|((_, file), kept)| named.add(file.clone(), &kept.content));
        }
        let first_read = |outcome: &Outcome| {
            let name = (outcome.found.role, outcome.found.family());
            self.files.get(&name).map_or(now, |kept| kept.first_read)
        };
        let publishers: Vec<(u64, FileKind, BTreeSet<Address>)> =
            read().map(|(outcome, content)| (first_read(outcome), content.kind, content.all_publishers())).collect();
        let mut by_server = BTreeMap::<(PathBuf, &str), Vec<&Content>>::new();
        for (outcome, content) in read() {
            by_server.entry((outcome.found.home(), &outcome.found.server)).or_default().push(content);
        }
        let is_anybody_left = is_anybody_left(outcomes);
        let mut is_any_forgotten = false;
        let failing = self.files.values_mut().filter_map(|kept| Some((kept.failing?.1, kept)));
        let mut failing: Vec<(u64, &mut Kept)> = failing.collect();
        // A file that is new since was more likely one that is lost since than one that was lost before, one that is gone, and one of
        // which it has more.
        failing.sort_by_cached_key(|(since, kept)| {
            let left = kept.content.attesters().filter(|attester| !kept.has_moved(*attester, &named)).count();
            (Reverse(*since), !kept.is_gone(), left * 1_000 / kept.content.attester_count().max(1))
        });
        for (failing_since, kept) in failing {
            let says_as_much = |kind: &FileKind| kind.says_as_much_as(kept.content.kind);
            let since = publishers.iter().filter(|(read, kind, _)| *read >= failing_since && says_as_much(kind));
            let new = since.flat_map(|(_, _, publishers)| publishers).copied().collect();
            let before = kept.content.size();
            // A server that still has files still needs the top; one that was renamed as a whole does not.
            let is_top_elsewhere = || match by_server.get(&(kept.found.home(), kept.found.server.as_str())) {
                Some(contents) => contents.iter().any(|content| content.has_top_of(&kept.content)),
                None => kept.is_gone() && read().any(|(_, content)| content.has_top_of(&kept.content)),
            };
            let is_top_elsewhere = !kept.content.says_something_for_all() || is_top_elsewhere();
            kept.forget_moved(&mut named, &new, is_top_elsewhere);
            is_any_forgotten |= kept.content.size() != before;
        }
        // Of a file that is there others are counted as long as it is legible in part.
        let partly = self.files.iter_mut().filter(|(_, kept)| kept.is_partly());
        partly.for_each(|(_, kept)| kept.shared = kept.shares(&named));
        let before = self.files.len();
        let mut is_any_believed = false;
        let released = &mut self.released;
        self.files.retain(|_, kept| {
            let is_over = kept.is_over(is_anybody_left, now);
            if is_over {
                released.add(&kept.found, &kept.content);
            }
            let is_believed = kept.is_emptied() && (is_over || kept.has_moved);
            if is_believed {
                is_any_believed = true;
                kept.believe();
            }
            is_believed || kept.failing.is_none() || kept.is_nobody() || !(is_over || kept.content.says_nothing())
        });
        self.generation += u64::from(is_any_forgotten || is_any_believed || self.files.len() != before);
    }
}
