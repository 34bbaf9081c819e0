//! What is wrong with key files as findings: the same for every command, page and metric.
//!
//! How bad each is stands in `domain/findings`. A file whose last good content is kept is told once, and not as a file that
//! cannot be used; a coinbase of zero is told of its attester, with where that stands.

use std::collections::{BTreeMap, BTreeSet};

use glob::Pattern;

use super::fault::FaultKind;
use super::kept_file::KeptFile;
use super::merge::KeyFileNotice;
use super::report::KeyFilesReport;
use super::walk::{OPTIONS, has_wildcard};
use crate::domain::findings::{Finding, keys};

impl KeyFilesReport {
    /// Everything that is wrong with the files themselves.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let kept: BTreeSet<&str> = self.kept.iter().map(|kept| kept.file.as_str()).collect();
        let mut why = BTreeMap::<&str, &str>::new();
        for fault in &self.faults {
            why.entry(&fault.file).or_insert(&fault.what);
        }
        let mut found = Vec::new();
        if self.are_all_gone() {
            found.push(keys::of_all_gone(self.kept.len()));
        }
        // The files of a pattern that names nothing now are told one by one.
        let is_told = |file: &str| kept.contains(file) || self.is_kept_by(file);
        let differs = |kind: FaultKind| kind == FaultKind::BlsDiffers;
        for fault in self.faults.iter().filter(|fault| differs(fault.kind) || !is_told(&fault.file)) {
            match fault.kind {
                FaultKind::ZeroCoinbase => {}
                FaultKind::BlsDiffers => found.push(keys::of_differing_bls(&fault.file, fault.to_string())),
                FaultKind::Pattern
                | FaultKind::Missing
                | FaultKind::NoAccess
                | FaultKind::NoDescriptors
                | FaultKind::Stale
                | FaultKind::LinkLoop
                | FaultKind::Unreadable
                | FaultKind::NotOurs
                | FaultKind::Syntax
                | FaultKind::Secret
                | FaultKind::Format
                | FaultKind::NotKeys
                | FaultKind::NamesNobody
                | FaultKind::Entry => found.push(keys::of_fault(&fault.file, fault.to_string())),
            }
        }
        let remembered = self.remembered.iter();
        found.extend(remembered.map(|fault| keys::of_differing_bls(&fault.file, fault.to_string())));
        found.extend(self.kept.iter().map(|kept| of_kept(kept, why.get(kept.file.as_str()).copied())));
        found.extend(self.notices.iter().map(of_notice));
        let mut paying = BTreeMap::<&str, usize>::new();
        for entry in self.book.entries.iter().filter(|entry| entry.pays_itself) {
            *paying.entry(&entry.file).or_default() += 1;
        }
        found.extend(paying.into_iter().map(|(file, attesters)| keys::of_own_publishers(file, attesters)));
        found
    }

    /// Whether a pattern that names nothing now named a file that is kept.
    fn is_kept_by(&self, pattern: &str) -> bool {
        // Most faults are of files, which are not looked for among all that are kept.
        let Some(pattern) = Pattern::new(pattern).ok().filter(|_| has_wildcard(pattern)) else { return false };
        self.kept.iter().any(|kept| pattern.matches_with(&kept.file, OPTIONS))
    }
}

/// With what the fault of the file says, where there is one.
fn of_kept(kept: &KeptFile, why: Option<&str>) -> Finding {
    keys::of_kept(&kept.file, why.unwrap_or(kept.words())).until(kept.until)
}

fn of_notice(notice: &KeyFileNotice) -> Finding {
    match notice {
        KeyFileNotice::SchemasMixed { folder, files } => keys::of_mixed_schemas(folder, files),
        KeyFileNotice::SeveralProvers { folder, files } => keys::of_several_provers(folder, files),
        KeyFileNotice::SignerMissing { file, accounts } => keys::of_missing_signer(file, *accounts),
        KeyFileNotice::NotAKeystore { file, kind } => keys::of_other_file(file, &kind.to_string()),
        KeyFileNotice::FundingAccountDropped { file } => keys::of_dropped_funding(file),
        KeyFileNotice::BlsUnproven { attester, file, index } => keys::of_unproven_bls(*attester, file, *index),
        KeyFileNotice::ServerWithoutKeys { server } => keys::of_server_without_keys(server),
        KeyFileNotice::DefaultsLeak { from, into } => keys::of_leaking_defaults(from, into),
    }
}
