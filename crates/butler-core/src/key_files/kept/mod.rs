//! Last good contents: what was read once stands for a file that cannot be read now.
//!
//! A program that runs for long must not take a broken file for an empty one. So a file that is cut, emptied, unreadable or
//! gone keeps what it said last, for a bounded time, and that is told. A file that is gone while others of its network are
//! there was probably removed on purpose: it is kept for a day. All others are kept for a week. A file that the
//! configuration does not name any more is forgotten at once, and so is a key of a lost file that another file has now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use ethers_core::types::Address;
use glob::Pattern;
use serde::Serialize;

use super::content::Content;
use super::discovery::{Found, Role, under};
use super::fault::FaultKind;
use super::read::read_all;
use super::report::{KeyFilesReport, Outcome};
use super::shown::shown_path;
use super::sources::KeySources;
use crate::text::time::count;

/// How long a file counts that is gone while others are there, in seconds.
const GONE_FOR: u64 = 24 * 3_600;
/// How long one counts that cannot be read, or of which nobody is left.
const KEPT_FOR: u64 = 7 * 24 * 3_600;
/// The most addresses of all kept files together.
const MOST_KEPT: usize = 200_000;

/// Why a file's last good content stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptWhy {
    /// It is there, and cannot be read or used.
    Unreadable,
    /// Some of its entries cannot be read; for these stands what they said last.
    Partly,
    /// It is there, and names nobody any more.
    Emptied,
    /// It is not there.
    Gone,
}

/// A file whose last good content counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFile {
    /// The file, fit to be shown.
    pub file: String,
    /// Its server.
    pub server: String,
    /// Why it is kept.
    pub why: KeptWhy,
    /// How many attesters it has.
    pub attesters: usize,
    /// Since when it could not be read, in seconds since 1970.
    pub since: u64,
    /// When its content is forgotten.
    pub until: u64,
}

impl fmt::Display for KeptFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, with {}", self.file, self.words(), count(self.attesters, "attester"))
    }
}

impl KeptFile {
    /// Why it is kept, in words about "it".
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.why {
            KeptWhy::Unreadable => "it can not be read or used now",
            KeptWhy::Partly => "some of its entries can not be read now",
            KeptWhy::Emptied => "it names nobody any more",
            KeptWhy::Gone => "it is gone",
        }
    }
}

/// The last good contents of one network's files.
#[derive(Debug, Default)]
pub struct KeptFiles {
    files: BTreeMap<(Role, PathBuf), Kept>,
}

#[derive(Debug)]
struct Kept {
    found: Found,
    content: Content,
    failing: Option<(KeptWhy, u64)>,
}

impl KeptFiles {
    /// Reads the files of the sources as [`load_key_files`](super::load_key_files) does, and lets last good contents stand
    /// for what cannot be read. `now` is in seconds since 1970. Blocks.
    pub fn load(&mut self, sources: &KeySources<'_>, now: u64) -> KeyFilesReport {
        let (faults, mut outcomes) = read_all(sources);
        let mut present = BTreeSet::new();
        for outcome in &mut outcomes {
            let name = (outcome.found.role, outcome.found.family());
            self.note(&name, outcome, now);
            present.insert(name);
        }
        self.note_absent(sources, &present, now);
        let read = || outcomes.iter().filter_map(|outcome| outcome.content.as_ref());
        let named: BTreeSet<Address> = read().flat_map(attesters).collect();
        let is_anybody_left = read().any(|content| content.attester_count() > 0);
        for kept in self.files.values_mut() {
            kept.forget_moved(&named);
        }
        self.files.retain(|_, kept| kept.until(is_anybody_left).is_none_or(|until| now < until && !kept.is_empty()));
        let whole = self.failing().filter(|kept| !kept.is_partly());
        let kept: Vec<(&Found, &Content)> = whole.map(|kept| (&kept.found, &kept.content)).collect();
        let mut report = KeyFilesReport::of(faults, &outcomes, &kept);
        report.kept = self.failing().filter_map(|kept| kept.shown(is_anybody_left)).collect();
        report
    }

    /// Takes what was read, or sets a file down as failing that was good before.
    fn note(&mut self, name: &(Role, PathBuf), outcome: &mut Outcome, now: u64) {
        let known = self.files.get_mut(name);
        let had_attesters = known.as_ref().is_some_and(|known| known.content.attester_count() > 0);
        let why = match &mut outcome.content {
            Some(content) if content.attester_count() > 0 || !(had_attesters || is_empty(content)) => {
                match known.filter(|_| !content.is_legible()) {
                    Some(known) => {
                        content.fill_from(&known.content);
                        known.fails(KeptWhy::Partly, now);
                    }
                    None => self.keep(name.clone(), outcome.found.clone(), content.clone()),
                }
                return;
            }
            Some(content) if content.is_legible() => KeptWhy::Emptied,
            None if outcome.faults.iter().any(|fault| fault.kind == FaultKind::Missing) => KeptWhy::Gone,
            Some(_) | None => KeptWhy::Unreadable,
        };
        if let Some(known) = known {
            known.fails(why, now);
            // What it says now counts for nothing while what it said stands in for it.
            outcome.content = None;
        }
    }

    /// Files that are not found any more: forgotten when nothing configured names them.
    fn note_absent(&mut self, sources: &KeySources<'_>, present: &BTreeSet<(Role, PathBuf)>, now: u64) {
        let configured = Configured::of(sources);
        self.files.retain(|name, kept| present.contains(name) || configured.names(&kept.found));
        for (_, kept) in self.files.iter_mut().filter(|(name, _)| !present.contains(*name)) {
            let why = if is_gone(&kept.found.path) { KeptWhy::Gone } else { KeptWhy::Unreadable };
            kept.fails(why, now);
        }
    }

    fn keep(&mut self, name: (Role, PathBuf), found: Found, content: Content) {
        let others = self.files.iter().filter(|(other, _)| **other != name).map(|(_, kept)| kept.content.size());
        if others.sum::<usize>().saturating_add(content.size()) <= MOST_KEPT {
            self.files.insert(name, Kept { found, content, failing: None });
        } else {
            // What is older than what was read now must not stand in for it.
            self.files.remove(&name);
        }
    }

    fn failing(&self) -> impl Iterator<Item = &Kept> {
        self.files.values().filter(|kept| kept.failing.is_some())
    }
}

impl Kept {
    fn fails(&mut self, why: KeptWhy, now: u64) {
        let since = self.failing.map_or(now, |(_, since)| since);
        self.failing = Some((why, since));
    }

    fn until(&self, is_anybody_left: bool) -> Option<u64> {
        let (why, since) = self.failing?;
        let is_removed = is_anybody_left && matches!(why, KeptWhy::Gone | KeptWhy::Emptied);
        Some(since.saturating_add(if is_removed { GONE_FOR } else { KEPT_FOR }))
    }

    /// A key of a file that is gone was moved when another file has it now.
    fn forget_moved(&mut self, named: &BTreeSet<Address>) {
        if matches!(self.failing, Some((KeptWhy::Gone | KeptWhy::Emptied, _))) {
            for validator in &mut self.content.validators {
                validator.keys.retain(|(attester, _)| !named.contains(attester));
            }
            self.content.validators.retain(|validator| !validator.keys.is_empty());
        }
    }

    fn is_empty(&self) -> bool {
        is_empty(&self.content)
    }

    fn is_partly(&self) -> bool {
        matches!(self.failing, Some((KeptWhy::Partly, _)))
    }

    fn shown(&self, is_anybody_left: bool) -> Option<KeptFile> {
        let (why, since) = self.failing?;
        Some(KeptFile {
            file: shown_path(&self.found.path),
            server: self.found.server.clone(),
            why,
            attesters: self.content.attester_count(),
            since,
            until: self.until(is_anybody_left)?,
        })
    }
}

fn attesters(content: &Content) -> impl Iterator<Item = Address> {
    content.validators.iter().flat_map(|validator| validator.keys.iter().map(|(attester, _)| *attester))
}

fn is_empty(content: &Content) -> bool {
    content.attester_count() == 0
        && content.publishers.is_empty()
        && content.publishers_by_server.values().all(BTreeSet::is_empty)
}

/// Whether there is surely no such file: no folder is in the way of seeing it.
fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// What the configuration names now.
struct Configured<'a> {
    patterns: Vec<(Role, Pattern)>,
    publisher_files: BTreeSet<PathBuf>,
    base: &'a Path,
}

impl<'a> Configured<'a> {
    fn of(sources: &KeySources<'a>) -> Self {
        let pattern = |pattern: &String| Pattern::new(&under(sources.base, pattern)).ok();
        let node = sources.node_keystores.iter().filter_map(pattern).map(|pattern| (Role::NodeKeystore, pattern));
        let public = sources.key_files.iter().filter_map(pattern).map(|pattern| (Role::KeyFile, pattern));
        let publisher_files = sources.publisher_files.iter().map(|path| sources.base.join(path)).collect();
        Self { patterns: node.chain(public).collect(), publisher_files, base: sources.base }
    }

    fn names(&self, found: &Found) -> bool {
        match found.role {
            Role::Publishers => self.publisher_files.contains(&self.base.join(&found.path)),
            Role::KeyFile | Role::NodeKeystore => {
                self.patterns.iter().any(|(role, pattern)| *role == found.role && pattern.matches_path(&found.path))
            }
        }
    }
}

#[cfg(test)]
mod tests;
