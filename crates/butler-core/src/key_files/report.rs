//! What all key files of a network say, and what is wrong with them.

use std::path::{Path, PathBuf};

use glob::Pattern;
use serde::Serialize;

use super::content::{Content, FileKind};
use super::discovery::{Found, Role, plain};
use super::fault::{FaultKind, FileFault, KeyFileFault, SourceFault};
use super::kept_file::KeptFile;
use super::merge::{KeyFileNotice, Taken, merge};
use super::outcome::Outcome;
use super::shown::shown_path;
use super::unread::Unread;
use super::walk::OPTIONS;
use crate::domain::key_book::{KeyBook, KeyFileGap};
use crate::text::time::count;

/// The most faults that are told of one file.
const MOST_FAULTS: usize = 20;

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadedFile {
    /// The path as it was given, fit to be shown.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// How many attesters it has.
    pub entries: usize,
}

/// What the key files say, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyFilesReport {
    /// Everything that the files say.
    pub book: KeyBook,
    /// What is wrong.
    pub faults: Vec<KeyFileFault>,
    /// The files that were taken, in the order of their paths.
    pub files: Vec<LoadedFile>,
    /// What should be known of files that are good by themselves.
    pub notices: Vec<KeyFileNotice>,
    /// Files that cannot be read now, and whose last good content stands in the book.
    pub kept: Vec<KeptFile>,
}

impl KeyFilesReport {
    /// How many files there are that name attesters; files of publishers do not count.
    #[must_use]
    pub fn key_file_count(&self) -> usize {
        self.files.iter().filter(|file| file.kind != FileKind::Publishers).count()
    }

    /// Whether any file says something, now or by its last good content: only then it means something not to be in one.
    #[must_use]
    pub fn says_anything(&self) -> bool {
        !self.files.is_empty() || !self.kept.is_empty()
    }

    /// Whether files were configured and none of them could be read now; last good contents do not count.
    #[must_use]
    pub fn are_all_gone(&self) -> bool {
        let is_any_refused_by_chain = self.faults.iter().any(|fault| fault.kind == FaultKind::BlsDiffers);
        self.key_file_count() == 0 && !is_any_refused_by_chain && (!self.book.gaps.is_empty() || !self.kept.is_empty())
    }

    /// Puts together what was read: `faults` are those of the patterns.
    ///
    /// Where a last good content stands in, nothing is missing: that would make others doubtful who were not before.
    pub(super) fn of<'a>(faults: Vec<SourceFault>, outcomes: &'a [Outcome], kept: &[(&'a Found, &'a Content)]) -> Self {
        Self::put_together(faults, outcomes, kept, &[])
    }

    /// Puts together what was read where files are gone that were there: nothing stands in for these, and nothing is concluded
    /// from not finding what they said last.
    pub(super) fn without(faults: Vec<SourceFault>, outcomes: &[Outcome], gone: &[(&Found, &Content)]) -> Self {
        Self::put_together(faults, outcomes, &[], gone)
    }

    fn put_together<'a>(
        faults: Vec<SourceFault>,
        outcomes: &'a [Outcome],
        kept: &[(&'a Found, &'a Content)],
        gone: &[(&Found, &Content)],
    ) -> Self {
        let mut report = Self::default();
        let mut unread = Unread::default();
        for SourceFault { at, server, fault } in faults {
            let pattern = Pattern::new(&plain(&at).to_string_lossy()).ok();
            let is_below =
                |path: &Path| pattern.as_ref().is_some_and(|pattern| pattern.matches_path_with(&plain(path), OPTIONS));
            let family = Found::new(at.clone(), String::new(), Role::KeyFile).located().family();
            let stands_in =
                |found: &Found| found.path.starts_with(&at) || is_below(&found.path) || found.family() == family;
            if !kept.iter().any(|(found, _)| stands_in(found)) {
                server.iter().for_each(|server| unread.add_of(server, &at));
                report.book.gaps.push(KeyFileGap::of_anybody(shown_path(&at), fault.what.clone()));
            }
            report.faults.push(fault.of_file(&at));
        }
        let mut taken: Vec<(PathBuf, Taken<'_>)> = Vec::new();
        for outcome in outcomes {
            let path = outcome.found.path.as_path();
            report.faults.extend(most_telling(&outcome.faults).into_iter().map(|fault| fault.of_file(path)));
            let family = outcome.found.family();
            let stands_in = kept.iter().any(|(found, _)| found.family() == family);
            if outcome.content.is_none() && outcome.faults.iter().any(FileFault::leaves_gap) && !stands_in {
                unread.add(&outcome.found);
            }
            if let Some(why) = outcome.gap().filter(|_| !stands_in) {
                report.book.gaps.push(KeyFileGap::of_anybody(shown_path(path), why));
            }
            if let Some(content) = &outcome.content {
                let entries = content.attester_count();
                report.files.push(LoadedFile { path: shown_path(path), kind: content.kind, entries });
                taken.push((outcome.found.place(), Taken { path, server: &outcome.found.server, content }));
            }
        }
        for (found, content) in gone {
            report.note_gone(found, content, &mut unread);
        }
        let stand_in = |(found, content): &(&'a Found, &'a Content)| {
            (found.place(), Taken { path: &found.path, server: &found.server, content })
        };
        taken.extend(kept.iter().map(stand_in));
        // The order decides whose top counts, so a kept file stands where it would, however its path was spelled.
        taken.sort_by(|(left, _), (right, _)| left.cmp(right));
        let taken: Vec<Taken<'_>> = taken.into_iter().map(|(_, taken)| taken).collect();
        let (book, notices) = merge(&taken, &unread);
        report.book.entries = book.entries;
        report.book.publishers_by_server = book.publishers_by_server;
        report.notices = notices;
        report
    }

    fn note_gone(&mut self, found: &Found, content: &Content, unread: &mut Unread) {
        if found.role == Role::Publishers || content.says_something_for_all() {
            unread.add(found);
        }
        if found.role != Role::Publishers {
            let attesters = Some(content.attesters().collect());
            self.book.gaps.push(KeyFileGap { file: shown_path(&found.path), why: "it is gone".to_owned(), attesters });
        }
        let what = format!("it was here and is gone, with {}", count(content.attester_count(), "attester"));
        let fault = FileFault::new(FaultKind::Missing, "", what);
        self.faults
            .push(fault.hint("put it back; where it is gone for good, this is told for a while").of_file(&found.path));
    }
}

/// A file of private keys has one fault that matters; a long list of others is cut.
fn most_telling(faults: &[FileFault]) -> Vec<FileFault> {
    if let Some(secret) = faults.iter().find(|fault| fault.kind == FaultKind::Secret) {
        return vec![secret.clone()];
    }
    let mut faults = faults.to_vec();
    if faults.len() > MOST_FAULTS {
        let more = faults.len() - MOST_FAULTS;
        let kind =
            if faults.iter().any(|fault| fault.kind.refuses_file()) { FaultKind::Format } else { FaultKind::Entry };
        faults.truncate(MOST_FAULTS);
        faults.push(FileFault::new(kind, "", format!("and {more} faults more")));
    }
    faults
}
