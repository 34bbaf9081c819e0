//! What is open, and what is said of it: that it began, got worse or better, ended. What comes back later is said again.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::past::Moment;
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was not there before.
    Began,
    /// It is worse than before.
    Worsened,
    /// It is not as bad as before, and still there.
    Eased,
    /// It is gone.
    Ended,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 4] = [Self::Began, Self::Worsened, Self::Eased, Self::Ended];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Worsened => "worsened",
            Self::Eased => "eased",
            Self::Ended => "ended",
        }
    }
}

/// Something that would have been said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Moment,
    /// Whether it began, got worse or better, or ended.
    pub change: Change,
    /// What.
    pub kind: FindingKind,
    /// What it is about.
    pub subject: Subject,
    /// How bad it is; how bad it was at its worst where it ended.
    pub severity: Severity,
    /// In words; the last ones where it ended.
    pub message: String,
    /// How many proposals of own attesters had paid somebody else by then.
    pub astray: u64,
}

/// Something that is wrong at the end of what was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What.
    pub kind: FindingKind,
    /// What it is about.
    pub subject: Subject,
    /// What tells it from others of its kind and subject.
    pub mark: String,
    /// Since when.
    pub since: Moment,
    /// How bad it is.
    pub severity: Severity,
    /// How bad it was at its worst.
    pub worst: Severity,
    /// What it says.
    pub message: String,
}

/// Code and mark of a finding about a subject.
type Key = (&'static str, String);

/// What is open, by subject.
#[derive(Debug, Default)]
pub(super) struct Episodes {
    open: BTreeMap<Subject, BTreeMap<Key, Open>>,
}

impl Episodes {
    /// Takes in all findings about one subject. What is new, worse or gone is said, in the order of the codes.
    pub(super) fn look_at(
        &mut self,
        subject: &Subject,
        found: &[Finding],
        at: Moment,
        astray: u64,
        said: &mut Vec<Said>,
    ) {
        let mut open = self.open.remove(subject).unwrap_or_default();
        let mut there = BTreeSet::new();
        for finding in found {
            let key = (finding.kind.code(), finding.mark().to_owned());
            let (severity, message) = (finding.severity_at(at.time), finding.message(at.time));
            let tell = |change| Said {
                at,
                change,
                kind: finding.kind,
                subject: subject.clone(),
                severity,
                message: message.clone(),
                astray,
            };
            match open.get_mut(&key) {
                None => {
                    said.push(tell(Change::Began));
                    let (kind, subject, mark) = (finding.kind, subject.clone(), key.1.clone());
                    open.insert(
                        key.clone(),
                        Open { kind, subject, mark, since: at, severity, worst: severity, message },
                    );
                }
                Some(before) => {
                    // The most urgent severity is the least.
                    match severity.cmp(&before.severity) {
                        Ordering::Less => said.push(tell(Change::Worsened)),
                        Ordering::Greater => said.push(tell(Change::Eased)),
                        Ordering::Equal => {}
                    }
                    (before.severity, before.worst) = (severity, before.worst.min(severity));
                    before.message = message;
                }
            }
            there.insert(key);
        }
        open.retain(|key, before| {
            let stays = there.contains(key);
            if !stays {
                said.push(Said {
                    at,
                    change: Change::Ended,
                    kind: before.kind,
                    subject: subject.clone(),
                    severity: before.worst,
                    message: before.message.clone(),
                    astray,
                });
            }
            stays
        });
        if !open.is_empty() {
            self.open.insert(subject.clone(), open);
        }
    }

    /// Takes in everything that is wrong.
    pub(super) fn look(&mut self, found: Vec<Finding>, at: Moment, astray: u64, said: &mut Vec<Said>) {
        let mut by_subject: BTreeMap<Subject, Vec<Finding>> =
            self.open.keys().map(|subject| (subject.clone(), Vec::new())).collect();
        for finding in found {
            by_subject.entry(finding.subject.clone()).or_default().push(finding);
        }
        for (subject, found) in by_subject {
            self.look_at(&subject, &found, at, astray, said);
        }
    }

    /// What is open.
    pub(super) fn into_open(self) -> Vec<Open> {
        self.open.into_values().flat_map(BTreeMap::into_values).collect()
    }
}
