//! One finding, and what is counted of many.

use std::collections::BTreeMap;

use super::about::remedy;
use super::kind::{FindingKind, Source};
use super::severity::{Level, Severity};
use super::subject::Subject;
use crate::domain::attester::duplicates::Place;
use crate::text::time::{distance, moment};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How soon somebody must look, when it was found.
    pub severity: Severity,
    /// What a one-shot check makes of it.
    pub level: Level,
    /// What it is about.
    pub subject: Subject,
    /// Where the subject was found.
    pub places: Vec<Place>,
    /// The moment when it is too late, or when what is told happens; unix seconds.
    pub until: Option<u64>,
    /// From when it is critical, whatever it was when it was found; unix seconds.
    pub critical_from: Option<u64>,
    mark: Option<String>,
    what: String,
    when: Option<&'static str>,
    rest: String,
    remedy: Option<String>,
}

impl Finding {
    /// A finding about `subject`; `what` is a sentence about "it", without a capital and a period.
    #[must_use]
    pub fn new(kind: FindingKind, severity: Severity, subject: Subject, what: impl Into<String>) -> Self {
        let level = match severity {
            Severity::Critical => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Info => Level::Note,
        };
        Self {
            kind,
            severity,
            level,
            subject,
            places: Vec::new(),
            until: None,
            critical_from: None,
            mark: None,
            what: what.into(),
            when: None,
            rest: String::new(),
            remedy: None,
        }
    }

    /// With another level than its severity has.
    #[must_use]
    pub fn at_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// With the places where its subject was found.
    #[must_use]
    pub fn in_places(self, places: Vec<Place>) -> Self {
        Self { places, ..self }
    }

    /// With what tells it from others of its kind about the same subject: which rollup, which slasher, which stake.
    #[must_use]
    pub fn marked(self, mark: impl Into<String>) -> Self {
        Self { mark: Some(mark.into()), ..self }
    }

    /// What tells it from others of its kind about the same subject; empty where there is one at most. It stays the same while
    /// that goes on, whatever the sentence says by then.
    #[must_use]
    pub fn mark(&self) -> &str {
        match (&self.mark, self.kind) {
            (Some(mark), _) => mark,
            // Of a file's faults each is known by its words.
            (None, FindingKind::KeyFile) => &self.what,
            (None, _) => "",
        }
    }

    /// With the moment when it is too late.
    #[must_use]
    pub fn until(self, until: u64) -> Self {
        Self { until: Some(until), ..self }
    }

    /// Critical from this long before it is too late.
    #[must_use]
    pub fn critical_within(self, seconds: u64) -> Self {
        Self { critical_from: self.until.map(|until| until.saturating_sub(seconds)), ..self }
    }

    /// With the moment told in its sentence, after these words.
    #[must_use]
    pub fn telling_when(self, when: &'static str) -> Self {
        Self { when: Some(when), ..self }
    }

    /// With an end of its sentence, after the moment.
    #[must_use]
    pub fn and_then(self, rest: impl Into<String>) -> Self {
        Self { rest: rest.into(), ..self }
    }

    /// With something else to do than its kind's usual remedy.
    #[must_use]
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// How soon somebody must look, at `now`.
    #[must_use]
    pub fn severity_at(&self, now: u64) -> Severity {
        if self.critical_from.is_some_and(|from| from <= now) { Severity::Critical } else { self.severity }
    }

    /// What is wrong with its subject in words, with times as they are at `now`.
    #[must_use]
    pub fn message(&self, now: u64) -> String {
        let when = match (self.when, self.until) {
            (Some(words), Some(until)) => format!(" {words} {} ({})", distance(now, until), moment(until)),
            (Some(_), None) | (None, _) => String::new(),
        };
        format!("{}{when}{}", self.what, self.rest)
    }

    /// What is wrong in words for a line that shows the time left by itself.
    #[must_use]
    pub fn line(&self) -> String {
        let when = match (self.when, self.until) {
            (Some(words), Some(until)) => format!(" {words} at {}", moment(until)),
            (Some(_), None) | (None, _) => String::new(),
        };
        let subject = self.subject.to_string();
        // A fault of a file names its file, with the line.
        let subject = if self.what.starts_with(&subject) { String::new() } else { format!("{subject}: ") };
        format!("{subject}{}{when}{}", self.what, self.rest)
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.remedy.as_deref().unwrap_or_else(|| remedy(self.kind))
    }

    /// The order in which checks report: the worst first, then by kind and subject.
    #[must_use]
    pub fn report_order(&self) -> (Level, &'static str, String) {
        (self.level, self.kind.code(), self.subject.to_string())
    }
}

/// How many findings of each kind and severity a source has at `now`; every kind of that source is there, with every
/// severity that it can have.
#[must_use]
pub fn counts(source: Source, findings: &[Finding], now: u64) -> BTreeMap<(FindingKind, Severity), u64> {
    let all = FindingKind::all().filter(|kind| kind.source() == source);
    let mut counts: BTreeMap<_, u64> =
        all.flat_map(|kind| kind.severities().iter().map(move |severity| ((kind, *severity), 0))).collect();
    for finding in findings.iter().filter(|finding| finding.kind.source() == source) {
        let count = counts.entry((finding.kind, finding.severity_at(now))).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

/// When it is too late for the first finding of each kind, where findings have a moment.
#[must_use]
pub fn deadlines(source: Source, findings: &[Finding]) -> BTreeMap<FindingKind, u64> {
    let mut first = BTreeMap::<FindingKind, u64>::new();
    for finding in findings.iter().filter(|finding| finding.kind.source() == source) {
        if let Some(until) = finding.until {
            let earliest = first.entry(finding.kind).or_insert(until);
            *earliest = until.min(*earliest);
        }
    }
    first
}
