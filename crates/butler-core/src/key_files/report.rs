//! What all key files of a network say, and what is wrong with them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ethers_core::types::Address;
use serde::Serialize;

use super::content::{Content, FileKind};
use super::discovery::{Found, Role};
use super::doubts::{Doubt, Doubts};
use super::fault::{FaultKind, FileFault, KeyFileFault, SourceFault};
use super::gaps::{Gap, gaps};
use super::kept_file::KeptFile;
use super::merge::{KeyFileNotice, Lists, Taken, merge};
use super::outcome::Outcome;
use super::servers::ServerNames;
use super::shown::shown_path;
use super::together::{of_folders, self_funding};
use super::unread::Unread;
use crate::domain::operator::key_book::{KeyBook, KeyFileGap};
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
    /// What was wrong with BLS keys of files that were refused for them, and cannot be read now.
    pub remembered: Vec<KeyFileFault>,
    /// Files that are kept since before a restart, with attesters for whom they had BLS keys, which are not stored.
    pub had_bls: BTreeSet<(String, Address)>,
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
        let is_any_unread = || self.faults.iter().any(|fault| fault.refuses_file() && fault.kind != FaultKind::NotKeys);
        let is_anything_gone = || !self.book.gaps.is_empty() || !self.kept.is_empty() || is_any_unread();
        self.key_file_count() == 0 && !is_any_refused_by_chain && is_anything_gone()
    }

    /// Puts together what was read: `faults` are those of the patterns.
    ///
    /// Where nothing else is known, anybody may stand in what could not be read.
    pub(super) fn of(faults: Vec<SourceFault>, outcomes: &[Outcome]) -> Self {
        let gaps = gaps(&faults, outcomes, &[]);
        Self::put_together(faults, outcomes, &[], &in_doubt(gaps, |_| Doubt::of_anybody()))
    }

    /// Puts together what was read with last good contents for what could not be read, and with what is known of the other gaps.
    pub(super) fn with<'a>(
        faults: Vec<SourceFault>,
        outcomes: &'a [Outcome],
        kept: &[(&'a Found, &'a Content)],
        gaps: Vec<Gap>,
        doubts: &Doubts,
    ) -> Self {
        Self::put_together(faults, outcomes, kept, &in_doubt(gaps, |gap| doubts.of(gap)))
    }

    /// Puts together what was read where files are gone that were there: nothing stands in for these, and nothing is concluded
    /// from not finding what they said last.
    pub(super) fn without(faults: Vec<SourceFault>, outcomes: &[Outcome], gone: &[Gone<'_>]) -> Self {
        let gaps = gaps(&faults, outcomes, &[]);
        let mut in_doubt = in_doubt(gaps, |_| Doubt::of_anybody());
        in_doubt.extend(gone.iter().map(Gone::in_doubt));
        let mut report = Self::put_together(faults, outcomes, &[], &in_doubt);
        report.faults.extend(gone.iter().map(Gone::fault));
        report
    }

    fn put_together<'a>(
        faults: Vec<SourceFault>,
        outcomes: &'a [Outcome],
        kept: &[(&'a Found, &'a Content)],
        in_doubt: &[InDoubt],
    ) -> Self {
        let mut report = Self::default();
        let mut unread = Unread::default();
        let read = outcomes.iter().map(|outcome| &outcome.found);
        let unread_files = in_doubt.iter().filter_map(|in_doubt| in_doubt.gap.unread.as_ref());
        let servers = ServerNames::of(read.chain(kept.iter().map(|(found, _)| *found)).chain(unread_files));
        report.faults.extend(faults.into_iter().map(|SourceFault { at, fault, .. }| fault.of_file(&at)));
        let mut taken: Vec<(PathBuf, Taken<'_>)> = Vec::new();
        for outcome in outcomes {
            let path = outcome.found.path.as_path();
            report.faults.extend(most_telling(&outcome.faults).into_iter().map(|fault| fault.of_file(path)));
            if let Some(content) = &outcome.content {
                let entries = content.attester_count();
                report.files.push(LoadedFile { path: shown_path(path), kind: content.kind, entries });
            }
            if let Some(content) = outcome.counting() {
                taken.push((
                    outcome.found.place(),
                    Taken { path, server: servers.of_file(&outcome.found), role: outcome.found.role, content },
                ));
            }
        }
        for InDoubt { gap, doubt } in in_doubt {
            gap.unread.iter().filter(|_| doubt.says_for_all).for_each(|found| unread.add(found, &servers));
            if let Some((file, why)) = gap.told.as_ref().filter(|_| doubt.is_anybody || !doubt.attesters.is_empty()) {
                let attesters = if doubt.is_anybody { None } else { Some(doubt.attesters.clone()) };
                report.book.gaps.push(KeyFileGap { file: file.clone(), why: why.clone(), attesters });
            }
        }
        let stand_in = |(found, content): &(&'a Found, &'a Content)| {
            (found.place(), Taken { path: &found.path, server: servers.of_file(found), role: found.role, content })
        };
        taken.extend(kept.iter().map(stand_in));
        // The order decides whose top counts, so a kept file stands where it would, however its path was spelled.
        taken.sort_by(|(left, _), (right, _)| left.cmp(right));
        let taken: Vec<Taken<'_>> = taken.into_iter().map(|(_, taken)| taken).collect();
        let (book, mut notices) = merge(&taken, &unread, Lists::among(&taken, !in_doubt.is_empty()));
        notices.extend(of_folders(&taken));
        report.book.entries = book.entries;
        report.book.publishers_by_server = book.publishers_by_server;
        report.book.self_funding = self_funding(&taken);
        report.notices = notices;
        report
    }
}

/// A gap with those who may stand there.
struct InDoubt {
    gap: Gap,
    doubt: Doubt,
}

fn in_doubt(gaps: Vec<Gap>, doubt: impl Fn(&str) -> Doubt) -> Vec<InDoubt> {
    gaps.into_iter().map(|gap| InDoubt { doubt: doubt(&gap.key), gap }).collect()
}

/// What is gone that was there, for a command that lets nothing stand in.
pub(super) struct Gone<'a> {
    pub(super) found: &'a Found,
    /// What it said last.
    pub(super) content: &'a Content,
    /// Those of its attesters that are gone, where the file itself is there.
    pub(super) vanished: Option<&'a BTreeSet<Address>>,
}

impl Gone<'_> {
    fn in_doubt(&self) -> InDoubt {
        let Self { found, content, vanished } = *self;
        let why = if vanished.is_some() { "encrypted keys that it leads to are gone" } else { "it is gone" };
        let file = shown_path(&found.path);
        let mut doubt = Doubt::default();
        doubt.add(found, content);
        if let Some(vanished) = vanished {
            doubt = Doubt { attesters: vanished.clone(), ..Doubt::default() };
        }
        let told = (found.role != Role::Publishers).then(|| (file.clone(), why.to_owned()));
        InDoubt { gap: Gap { key: file, told, unread: Some(found.clone()) }, doubt }
    }

    fn fault(&self) -> KeyFileFault {
        let what = match self.vanished {
            Some(vanished) => {
                format!(
                    "encrypted keys are gone from a folder that it leads to, with {}",
                    count(vanished.len(), "attester")
                )
            }
            None => format!("it was here and is gone, with {}", count(self.content.attester_count(), "attester")),
        };
        let fault = FileFault::new(FaultKind::Missing, "", what);
        fault.hint("put it back; where it is gone for good, this is told for a while").of_file(&self.found.path)
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
