//! Attesters that a legible file names no more, while another one is not legible to which they may have moved.
//!
//! An edit of a file that stays good acts at once. But where a file comes back with other contents, or another one appears that cannot
//! be read, files may have been split or have changed places: then what was said of these attesters stands in for the illegible file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ethers_core::types::Address;

use super::earlier::of;
use super::files::KeptFiles;
use super::named::Named;
use super::one::Kept;
use crate::key_files::content::{Content, FileKind, Validator};
use crate::key_files::discovery::Role;
use crate::key_files::fault::FileFault;
use crate::key_files::kept_file::KeptWhy;
use crate::key_files::outcome::Outcome;
use crate::key_files::shown::shown_path;

/// What files said of attesters that they name no more, before anything is taken in.
#[derive(Default)]
pub(super) struct Dropped {
    /// By files that were legible before.
    edited: Vec<(FileKind, Validator)>,
    /// By files that were not.
    returned: Vec<(FileKind, Validator)>,
    /// The illegible files, and the attesters that are kept of each; `None` for those that are new.
    illegible: BTreeMap<(Role, PathBuf), Option<BTreeSet<Address>>>,
}

impl KeptFiles {
    /// Who is named no more by files that are legible, where some other one is not.
    pub(super) fn dropped(&self, outcomes: &[Outcome]) -> Dropped {
        let mut dropped = Dropped::default();
        for outcome in outcomes.iter().filter(|outcome| is_illegible(outcome)) {
            let name = (outcome.found.role, outcome.found.family());
            let is_known = self.doubts.as_ref().is_none_or(|doubts| doubts.has(&shown_path(&name.1)));
            // One that was gone, or of which nothing was legible yet, is put together anew, whatever is still kept of it.
            let is_first = outcome.content.as_ref().is_some_and(|content| content.attester_count() > 0);
            let kept = self.files.get(&name).filter(|kept| !kept.is_gone());
            let kept = kept.map(|kept| kept.content.attesters().collect());
            dropped.illegible.insert(name, kept.or_else(|| (is_known && !is_first).then(BTreeSet::new)));
        }
        if dropped.illegible.is_empty() {
            return dropped;
        }
        for outcome in outcomes {
            let known = self.files.get(&(outcome.found.role, outcome.found.family()));
            let (Some(content), Some(known)) = (&outcome.content, known) else { continue };
            if content.illegible.is_some() || content.attester_count() == 0 {
                continue;
            }
            let named: BTreeSet<Address> = content.attesters().collect();
            let lost: BTreeSet<Address> =
                known.content.attesters().filter(|attester| !named.contains(attester)).collect();
            let kind = known.content.kind;
            let lost = known.content.validators.iter().filter_map(|validator| Some((kind, of(validator, &lost)?)));
            if known.failing.is_some() { dropped.returned.extend(lost) } else { dropped.edited.extend(lost) }
        }
        dropped
    }

    /// Lets what was dropped stand in for illegible files of which nothing else does, as far as it is named less often than `before`.
    pub(super) fn adopt(&mut self, outcomes: &mut [Outcome], dropped: Dropped, before: &Named, now: u64) {
        let Dropped { edited, returned, illegible } = dropped;
        if edited.is_empty() && returned.is_empty() {
            return;
        }
        let mut named = Named::default();
        for outcome in outcomes.iter() {
            let content = outcome.counting();
            content.into_iter().for_each(|content| named.add(outcome.found.family(), content));
        }
        for ((_, file), kept) in self.files.iter().filter(|(_, kept)| kept.failing.is_some()) {
            named.add(file.clone(), &kept.content);
        }
        let is_lost = |attester: Address, kind| named.count(attester, kind) < before.count(attester, kind);
        let lost = |dropped: Vec<(FileKind, Validator)>| {
            let of_file = |(kind, validator): (FileKind, Validator)| {
                let attesters = validator.keys.iter().map(|(attester, _)| *attester);
                of(&validator, &attesters.filter(|attester| is_lost(*attester, kind)).collect())
            };
            dropped.into_iter().filter_map(of_file).collect::<Vec<_>>()
        };
        let (returned, edited) = (lost(returned), lost(edited));
        // Where something has moved out of an illegible file, or it is new, it says something else now.
        let is_other = |outcome: &Outcome| {
            let name = (outcome.found.role, outcome.found.family());
            let kept = self.files.get(&name).map(|kept| &kept.content);
            let kept: BTreeSet<Address> = kept.into_iter().flat_map(Content::attesters).collect();
            illegible.get(&name).map(|before| before.as_ref().is_none_or(|before| !before.is_subset(&kept)))
        };
        // Else one of which nothing is kept: of the others what they said stands in already.
        let is_bare = |outcome: &Outcome| {
            let name = (outcome.found.role, outcome.found.family());
            illegible.get(&name).is_some_and(|before| before.as_ref().is_none_or(BTreeSet::is_empty))
        };
        let found =
            outcomes.iter().enumerate().filter_map(|(at, outcome)| Some((is_other(outcome)?, is_bare(outcome), at)));
        let Some((is_other, _, at)) = found.min_by_key(|(is_other, is_bare, at)| (!is_other, !is_bare, *at)) else {
            return;
        };
        let adopted: Vec<Validator> = if is_other { returned.into_iter().chain(edited).collect() } else { returned };
        if let Some(outcome) = outcomes.get_mut(at).filter(|_| !adopted.is_empty()) {
            self.stand_in(outcome, adopted, &named, now);
        }
    }

    fn stand_in(&mut self, outcome: &mut Outcome, adopted: Vec<Validator>, named: &Named, now: u64) {
        let name = (outcome.found.role, outcome.found.family());
        let kind = outcome.content.as_ref().map_or(FileKind::Keystore, |content| content.kind);
        let why = match outcome.content.as_mut().filter(|content| content.attester_count() > 0) {
            Some(content) => {
                content.validators.extend(adopted.iter().cloned());
                content.illegible = None;
                KeptWhy::Partly
            }
            None => {
                outcome.content = None;
                KeptWhy::Unreadable
            }
        };
        let empty = || Kept::new(outcome.found.clone(), Content::new(kind), now);
        let kept = self.files.entry(name).or_insert_with(empty);
        kept.content.validators.extend(adopted);
        let since = kept.failing.map_or(now, |(_, since)| since);
        kept.failing = Some((why, since));
        (kept.shared, kept.is_confirmed) = (kept.shares(named), true);
        self.generation += 1;
    }
}

/// Whether attesters may stand in a file that are not legible.
fn is_illegible(outcome: &Outcome) -> bool {
    outcome.found.role != Role::Publishers
        && match &outcome.content {
            Some(content) => content.illegible.is_some(),
            None => outcome.faults.iter().any(FileFault::leaves_gap),
        }
}
