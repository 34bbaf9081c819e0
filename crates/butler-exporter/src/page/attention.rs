//! The list on top of the page: what core found, the most urgent first.

use std::collections::BTreeMap;

use butler_core::domain::findings::{Finding, FindingKind, Severity};
use butler_core::text::time::{distance, duration};

use super::facts::Facts;

/// So many findings of one kind are shown, the most urgent.
const SHOWN: usize = 20;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) severity: Severity,
    /// The moment when it is too late.
    until: Option<u64>,
    pub(super) network: String,
    pub(super) text: String,
    /// How much time is left, in words.
    pub(super) left: Option<String>,
    pub(super) runbook: &'static str,
    /// How many this line stands for.
    pub(super) count: usize,
}

/// Everything that needs attention.
pub(super) fn lines(facts: &Facts) -> Vec<Line> {
    let program = facts.program.iter().flat_map(|(network, findings)| findings.iter().map(move |one| (network, one)));
    let read = facts.scrapers.iter();
    let read = read.flat_map(|scraper| scraper.findings.iter().map(move |one| (&scraper.network, one)));
    let mut by_kind = BTreeMap::<(&String, FindingKind), Vec<Line>>::new();
    for (network, finding) in program.chain(read) {
        by_kind.entry((network, finding.kind)).or_default().push(line(network, finding, facts.now));
    }
    let mut lines: Vec<Line> = by_kind.into_values().flat_map(cut).collect();
    lines.sort_by_key(order);
    lines
}

fn order(line: &Line) -> (Severity, u64, String, String) {
    (line.severity, line.until.unwrap_or(u64::MAX), line.network.clone(), line.text.clone())
}

fn line(network: &str, finding: &Finding, now: u64) -> Line {
    let severity = finding.severity_at(now);
    Line {
        severity,
        until: finding.until,
        network: network.to_owned(),
        text: finding.line(),
        left: finding.until.map(|until| left(severity, now, until)),
        runbook: finding.kind.runbook(),
        count: 1,
    }
}

/// How long somebody still has, in words.
fn left(severity: Severity, now: u64, until: u64) -> String {
    match until.checked_sub(now) {
        Some(1..) => distance(now, until),
        Some(0) | None if severity == Severity::Info => "now".to_owned(),
        Some(0) => "due now".to_owned(),
        None => format!("overdue for {}", duration(now.saturating_sub(until))),
    }
}

/// At most so many lines of one kind, and a line for the others.
fn cut(mut of_kind: Vec<Line>) -> Vec<Line> {
    of_kind.sort_by_key(order);
    let hidden = of_kind.split_off(of_kind.len().min(SHOWN));
    if let Some(first) = hidden.first() {
        let text = format!("and {} more like these", hidden.len());
        of_kind.push(Line { text, count: hidden.len(), ..first.clone() });
    }
    of_kind
}
