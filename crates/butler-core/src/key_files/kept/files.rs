//! What each reading of a network's files does to what is kept: taken anew, failing since, or forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::configured::Configured;
use super::differing_file::DifferingFile;
use super::earlier::{Files, earlier};
use super::fill::{All, Filled, fill};
use super::named::Named;
use super::one::Kept;
use crate::key_files::content::Content;
use crate::key_files::discovery::{Found, Role};
use crate::key_files::doubts::{Doubt, Doubts};
use crate::key_files::fault::FaultKind;
use crate::key_files::gaps::gaps;
use crate::key_files::kept_file::KeptWhy;
use crate::key_files::outcome::{Outcome, is_anybody_left};
use crate::key_files::read::read_all;
use crate::key_files::registered::{RegisteredKeys, has_differing, who_differs};
use crate::key_files::report::{Gone, KeyFilesReport};
use crate::key_files::servers::ServerNames;
use crate::key_files::shown::shown_path;
use crate::key_files::sources::KeySources;

/// The most addresses of all kept files together.
pub(super) const MOST_KEPT: usize = 200_000;

/// The last good contents of one network's files.
#[derive(Debug, Default)]
pub struct KeptFiles {
    pub(super) files: Files,
    /// What the chain has registered, as far as it was asked.
    pub(super) registered: RegisteredKeys,
    /// Files that a BLS key refused when they were legible last.
    pub(super) differing: BTreeMap<(Role, PathBuf), DifferingFile>,
    /// Grows when something is kept that was not, or not any more.
    pub(super) generation: u64,
    /// Who is in doubt; `None` before anything was read.
    pub(super) doubts: Option<Doubts>,
    /// What counts no longer since the last reading.
    pub(super) released: Doubt,
    /// Whether they are kept for commands, which let nothing stand in.
    pub(super) is_for_commands: bool,
    /// Whether nothing was known before the last reading.
    is_first: bool,
    /// Whether something was read that is too large to be kept.
    is_too_large: bool,
    /// How much all that is kept takes, while files are taken in.
    size: usize,
}

impl KeptFiles {
    /// Reads the files of the sources as [`load_key_files`](crate::key_files::load_key_files) does, and lets last good contents stand
    /// for what cannot be read. `now` is in seconds since 1970. Blocks.
    pub fn load(&mut self, sources: &KeySources<'_>, now: u64) -> KeyFilesReport {
        let (faults, mut outcomes) = read_all(sources);
        let is_anything_known = self.files.values().any(|kept| kept.content.attester_count() > 0);
        self.take(&mut outcomes, sources, now);
        let is_anybody_left = is_anybody_left(&outcomes);
        let whole = self.failing().filter(|kept| !kept.is_partly());
        let kept: Vec<(&Found, &Content)> = whole.map(|kept| (&kept.found, &kept.content)).collect();
        let gaps = gaps(&faults, &outcomes, &kept);
        let keys = gaps.iter().map(|gap| gap.key.clone()).collect();
        // What was too large to be kept is not remembered, so it may stand anywhere.
        let released = if self.is_too_large { Doubt::of_anybody() } else { self.released.clone() };
        let known = self.doubts.as_ref().filter(|_| is_anything_known);
        let is_first = known.is_none();
        let doubts = known.map_or_else(|| Doubts::first(&keys), |doubts| doubts.clone().next(&keys, released));
        let mut report = KeyFilesReport::with(faults, &outcomes, &kept, gaps, &doubts);
        report.remembered = self.remembered();
        let had_bls = self.failing().flat_map(|kept| {
            let file = shown_path(&kept.found.path);
            kept.had_bls.iter().map(move |attester| (file.clone(), *attester))
        });
        report.had_bls = had_bls.collect();
        let found = outcomes.iter().map(|outcome| &outcome.found).chain(self.failing().map(|kept| &kept.found));
        let servers = ServerNames::of(found.filter(|_| self.failing().next().is_some()));
        let shown = |kept: &Kept| kept.shown(servers.of_file(&kept.found), is_anybody_left);
        report.kept = self.failing().filter_map(shown).collect();
        self.is_first = is_first;
        self.generation += u64::from(self.doubts.as_ref().is_none_or(|before| before.differs(&doubts)));
        self.doubts = Some(doubts);
        self.released = Doubt::default();
        report
    }

    /// Reads the files as [`load_key_files`](crate::key_files::load_key_files) does, for a command that says what is known now:
    /// no last good content stands in. But that a file is gone which was there is not forgotten: who stood in it is not known to
    /// be in none. `now` is in seconds since 1970. Blocks.
    pub fn load_once(&mut self, sources: &KeySources<'_>, now: u64) -> KeyFilesReport {
        let (faults, mut outcomes) = read_all(sources);
        let mut taken = outcomes.clone();
        self.take(&mut taken, sources, now);
        for (outcome, taken) in outcomes.iter_mut().zip(&taken) {
            (outcome.is_believed, outcome.is_held) = (taken.is_believed, taken.is_held);
        }
        let gone = self.failing().filter_map(|kept| match kept.failing?.0 {
            KeptWhy::Gone => Some(Gone { found: &kept.found, content: &kept.content, vanished: None }),
            KeptWhy::PartlyGone => {
                Some(Gone { found: &kept.found, content: &kept.content, vanished: Some(&kept.vanished) })
            }
            KeptWhy::Unreadable | KeptWhy::Partly | KeptWhy::Emptied => None,
        });
        let gone: Vec<Gone<'_>> = gone.collect();
        let mut report = KeyFilesReport::without(faults, &outcomes, &gone);
        report.book.remembered = self.failing().flat_map(|kept| kept.content.attesters()).collect();
        report.remembered = self.remembered();
        self.is_for_commands = true;
        report
    }

    /// Takes in what was read, and lets what stands in count for nothing.
    fn take(&mut self, outcomes: &mut [Outcome], sources: &KeySources<'_>, now: u64) {
        let configured = Configured::of(sources);
        self.size = self.files.values().map(|kept| kept.content.size()).sum();
        let present: BTreeSet<(Role, PathBuf)> =
            outcomes.iter().map(|outcome| (outcome.found.role, outcome.found.family())).collect();
        self.refuse_differing(outcomes, &configured, now);
        self.follow_renames(outcomes);
        let (before, named) = (self.named_before(), self.named_now(outcomes));
        let dropped = self.dropped(outcomes);
        let earlier = self.earlier(outcomes, &before, &named);
        let all = All { before, named, present, is_anybody_left: is_anybody_left(outcomes), now };
        for (name, (found, content)) in earlier {
            let kept = self.files.entry(name).or_insert_with(|| Kept::new(found, Content::new(content.kind), now));
            (kept.content, kept.before, kept.is_confirmed) = (content, None, true);
            self.generation += 1;
        }
        for outcome in outcomes.iter_mut() {
            let name = (outcome.found.role, outcome.found.family());
            if !self.hold(&name, outcome, &configured, &all) {
                self.note(&name, outcome, &all);
            }
        }
        self.note_absent(&configured, &all);
        self.forget(outcomes, now);
        self.adopt(outcomes, dropped, &all.before, now);
    }

    /// What was read before of the attesters of files that are not legible in every part, where other files said it.
    fn earlier(
        &self,
        outcomes: &[Outcome],
        before: &Named,
        now: &Named,
    ) -> BTreeMap<(Role, PathBuf), (Found, Content)> {
        let mut all = BTreeMap::new();
        for outcome in outcomes {
            let Some(content) = outcome.content.as_ref().filter(|content| content.has_holes()) else { continue };
            let name = (outcome.found.role, outcome.found.family());
            if let Some(content) = earlier(content, &name, &self.files, before, now) {
                all.insert(name, (outcome.found.clone(), content));
            }
        }
        all
    }

    /// Who was named where when the files were read last.
    fn named_before(&self) -> Named {
        let mut named = Named::default();
        for ((_, file), kept) in &self.files {
            named.add(file.clone(), &kept.content);
        }
        named
    }

    /// Who is named where by what was read, where somebody asks.
    fn named_now(&self, outcomes: &[Outcome]) -> Named {
        let mut named = Named::default();
        let has_holes = |outcome: &Outcome| outcome.content.as_ref().is_some_and(Content::has_holes);
        if outcomes.iter().any(has_holes) || self.files.values().any(|kept| kept.content.has_folders()) {
            for (outcome, content) in outcomes.iter().filter_map(|outcome| Some((outcome, outcome.content.as_ref()?))) {
                named.add(outcome.found.family(), content);
            }
        }
        named
    }

    /// Whether an older version of a file was read since the one that was good is gone. That is no edit: what the newer one said counts
    /// for as long as that of any file that is gone.
    fn hold(&mut self, name: &(Role, PathBuf), outcome: &mut Outcome, configured: &Configured, all: &All) -> bool {
        let Some(known) = self.files.get_mut(name) else { return false };
        let (Some(content), false) = (&outcome.content, known.content.is_empty()) else { return false };
        if !known.is_newer_than(&outcome.found) || *content == known.content {
            return false;
        }
        let source = Found::new(known.source().to_path_buf(), known.found.server.clone(), known.found.role).located();
        let is_held = configured.server(&source).is_some() && !known.is_over(all.is_anybody_left, all.now);
        if is_held {
            let why = if is_gone(&source.openable()) { KeptWhy::Gone } else { KeptWhy::Unreadable };
            self.generation += u64::from(known.failing.is_none_or(|(before, _)| before != why));
            known.fails(why, all.now, &all.before);
            (known.found, known.said_by) = (source, None);
            outcome.is_held = true;
        }
        is_held
    }

    /// Takes in what the chain has registered. Whether a file counts otherwise than before, so that the files must be read
    /// again: one with a BLS key that differs is refused from now on.
    pub fn learn(&mut self, registered: &RegisteredKeys) -> bool {
        if self.registered.len() > MOST_KEPT {
            self.registered.clear();
        }
        self.registered.extend(registered.iter().map(|(attester, keys)| (*attester, keys.clone())));
        let mut is_any_refused = false;
        for (name, kept) in self.files.iter().filter(|(_, kept)| has_differing(&kept.content, &self.registered)) {
            is_any_refused = true;
            // A file that is kept already was refused, or noted by an earlier run of the program, when it was read.
            if kept.failing.is_none() {
                let (indices, attesters) = who_differs(&kept.content, &self.registered);
                let was_good = kept.is_confirmed || kept.before.is_some();
                let (found, kind) = (kept.found.clone(), kept.content.kind);
                let file = DifferingFile { found, indices, attesters, kind, lost: None, was_good };
                self.differing.insert(name.clone(), file);
            }
        }
        let is_any_asked = self.files.values().any(|kept| !kept.is_confirmed);
        let (is_first, released) = (self.is_first, &mut self.released);
        self.files.retain(|_, kept| {
            let is_kept = kept.learn(&self.registered);
            // Nobody knew of it before, but when nothing was known at all.
            if !is_kept && is_first {
                released.add(&kept.found, &kept.content);
            }
            is_kept
        });
        self.generation += u64::from(is_any_refused || is_any_asked);
        is_any_refused
    }

    /// Takes what was read, or sets a file down as failing that was good before.
    fn note(&mut self, name: &(Role, PathBuf), outcome: &mut Outcome, all: &All) {
        let now = all.now;
        if outcome.names_nobody() && self.is_nobody_believed(name, outcome, now) {
            return;
        }
        let known = self.files.get_mut(name);
        let had_attesters = known.as_ref().is_some_and(|known| known.content.attester_count() > 0);
        let why = match &mut outcome.content {
            Some(content) if content.attester_count() > 0 || !(had_attesters || content.is_empty()) => {
                let filled = known.and_then(|known| Some((fill(content, known, all)?, known)));
                match filled {
                    Some((Filled { why, faults, is_lasting }, known)) => {
                        known.is_found_as(&outcome.found);
                        self.generation += u64::from(known.failing.is_none_or(|(before, _)| before != why));
                        known.fails(why, now, &all.before);
                        outcome.faults.extend(faults);
                        let size = (self.size + content.size()).saturating_sub(known.content.size());
                        if is_lasting && size <= MOST_KEPT && *content != known.content {
                            self.size = size;
                            self.generation += 1;
                            known.says(content.clone());
                        }
                    }
                    None => {
                        content.settle();
                        self.keep(name.clone(), outcome.found.clone(), content.clone(), now);
                    }
                }
                return;
            }
            Some(content) if content.is_legible() => KeptWhy::Emptied,
            None if outcome.faults.iter().any(|fault| fault.kind == FaultKind::Missing) => KeptWhy::Gone,
            Some(_) | None => KeptWhy::Unreadable,
        };
        if let Some(known) = known {
            self.generation += u64::from(known.failing.is_none_or(|(before, _)| before != why));
            known.fails(why, now, &all.before);
            known.is_found_as(&outcome.found);
            // What it says now counts for nothing while what it said stands in for it.
            outcome.content = None;
        }
    }

    /// Of a file that names nobody, and of which nothing is kept: whether that is so for long enough to be meant.
    fn is_nobody_believed(&mut self, name: &(Role, PathBuf), outcome: &mut Outcome, now: u64) -> bool {
        let Some(content) = &outcome.content else { return false };
        let known = self.files.get_mut(name);
        match known {
            Some(known) if !known.content.is_empty() => return false,
            Some(known) => {
                known.is_found_as(&outcome.found);
                outcome.is_believed = known.failing.is_none();
            }
            None => {
                let mut kept = Kept::new(outcome.found.clone(), Content::new(content.kind), now);
                kept.failing = Some((KeptWhy::Emptied, now));
                self.generation += 1;
                self.files.insert(name.clone(), kept);
            }
        }
        true
    }

    /// Files that are not found any more: forgotten when nothing configured names them.
    fn note_absent(&mut self, configured: &Configured, all: &All) {
        let present = &all.present;
        let released = &mut self.released;
        let before = self.files.len();
        self.files.retain(|name, kept| {
            if present.contains(name) {
                return true;
            }
            if kept.content.says_nothing() {
                return false;
            }
            let server = configured.server(&kept.found);
            let is_named = server.is_some();
            if !is_named {
                released.add(&kept.found, &kept.content);
            }
            kept.found.server = server.unwrap_or_default();
            is_named
        });
        self.generation += u64::from(self.files.len() != before);
        for (_, kept) in self.files.iter_mut().filter(|(name, _)| !present.contains(*name)) {
            let why = if is_gone(&kept.found.openable()) { KeptWhy::Gone } else { KeptWhy::Unreadable };
            self.generation += u64::from(kept.failing.is_none_or(|(before, _)| before != why));
            kept.fails(why, all.now, &all.before);
        }
    }

    fn keep(&mut self, name: (Role, PathBuf), found: Found, content: Content, now: u64) {
        let known = self.files.get_mut(&name);
        if let Some(known) = known.filter(|known| known.content == content && known.found == found) {
            self.generation += u64::from(known.failing.take().is_some());
            return;
        }
        self.generation += 1;
        let known = self.files.remove(&name);
        self.size = self.size.saturating_sub(known.as_ref().map_or(0, |known| known.content.size()));
        if self.size.saturating_add(content.size()) > MOST_KEPT {
            // What is older than what was read now must not stand in for it.
            self.is_too_large = true;
            return;
        }
        self.size += content.size();
        let kept = match known {
            Some(mut known) => {
                known.says(content);
                Kept { first_read: known.first_read, before: known.before, ..Kept::new(found, known.content, now) }
            }
            None => Kept::new(found, content, now),
        };
        self.files.insert(name, kept);
    }

    fn failing(&self) -> impl Iterator<Item = &Kept> {
        self.files.values().filter(|kept| kept.failing.is_some() && !kept.is_nobody())
    }
}

/// Whether there is surely no such file: no folder is in the way of seeing it.
pub(super) fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
