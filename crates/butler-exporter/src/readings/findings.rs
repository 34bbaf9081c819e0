//! Findings as readings: counts by kind, the first deadline of each, and the files that are faulty or kept.

use std::collections::BTreeSet;

use butler_core::domain::findings::{Finding, FindingKind, Source, Subject, counts, deadlines};

use super::{Readings, number};
use crate::catalogue;

/// Adds the readings of everything that a source found, as it is at `now`.
pub fn push_findings(readings: &mut Readings, source: Source, findings: &[Finding], now: u64) {
    for ((kind, severity), count) in counts(source, findings, now) {
        let labels = [kind.code().to_owned(), severity.name().to_owned()];
        readings.push(&catalogue::FINDINGS, labels, number(count));
    }
    for (kind, until) in deadlines(source, findings) {
        readings.push(&catalogue::FINDING_UNTIL, [kind.code().to_owned()], number(until));
    }
    for finding in findings.iter().filter(|finding| finding.kind == FindingKind::KeyFileUnreadable) {
        if let Subject::File(file) = &finding.subject {
            readings.push(&catalogue::KEY_FILE_KEPT, [file.clone()], 1.0);
        }
    }
    let faulty =
        findings.iter().filter(|finding| matches!(finding.kind, FindingKind::KeyFile | FindingKind::BlsDiffers));
    let mut files = BTreeSet::new();
    for finding in faulty {
        if let Subject::File(file) = &finding.subject
            && files.insert(file)
        {
            readings.push(&catalogue::KEY_FILE_FAULTY, [file.clone()], 1.0);
        }
    }
}
