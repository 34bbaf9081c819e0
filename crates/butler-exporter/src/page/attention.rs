//! What core found as lines: the most urgent first, each with the time that is left, the next step and its runbook.

use std::collections::BTreeMap;

use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::identifiers::told;
use butler_core::domain::findings::{Finding, FindingKind, Severity, Subject};
use butler_core::text::time::{distance, duration};
use maud::{Markup, html};

use super::facts::Facts;

/// So many findings of one kind are shown first, the most urgent.
const SHOWN: usize = 5;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) severity: Severity,
    /// The moment when it is too late.
    until: Option<u64>,
    pub(super) network: String,
    pub(super) kind: FindingKind,
    pub(super) text: String,
    /// How much time is left, in words.
    pub(super) left: Option<String>,
    /// What to do.
    step: String,
    /// What shows more of it.
    command: Option<String>,
    /// The runbook with what it is about.
    runbook: Asked,
    /// Whether it stands for others of its kind.
    is_rest: bool,
}

/// Everything that was found, the most urgent first.
pub(super) fn all(facts: &Facts) -> Vec<Line> {
    let mut lines: Vec<Line> = facts.findings().map(|(network, finding)| line(network, finding, facts.now)).collect();
    lines.sort_by_cached_key(order);
    lines
}

/// The same with a few of each kind, and a line for the others.
pub(super) fn cut(lines: &[Line]) -> Vec<Line> {
    let mut of_kind = BTreeMap::<(&str, FindingKind), usize>::new();
    let mut shown = Vec::new();
    for line in lines {
        let count = of_kind.entry((&line.network, line.kind)).or_default();
        *count = count.saturating_add(1);
        if *count <= SHOWN {
            shown.push(line.clone());
        }
    }
    for ((network, kind), count) in of_kind {
        let hidden = count.saturating_sub(SHOWN);
        let last = |line: &&Line| line.network == network && line.kind == kind;
        if let Some(place) = shown.iter().rposition(|line| last(&line)).filter(|_| hidden > 0) {
            let text = format!("and {hidden} more like these");
            // How bad the worst of those is that are not shown.
            let first = lines.iter().filter(last).nth(SHOWN).map(|line| line.severity);
            if let (Some(severity), Some(before)) = (first, shown.get(place).cloned()) {
                let more = Line { severity, text, left: None, command: None, is_rest: true, ..before };
                shown.insert(place.saturating_add(1), more);
            }
        }
    }
    shown
}

fn order(line: &Line) -> (Severity, u64, String, FindingKind, String) {
    (line.severity, line.until.unwrap_or(u64::MAX), line.network.clone(), line.kind, line.text.clone())
}

fn line(network: &str, finding: &Finding, now: u64) -> Line {
    let severity = finding.severity_at(now);
    Line {
        severity,
        until: finding.until,
        network: network.to_owned(),
        kind: finding.kind,
        text: finding.line(),
        left: finding.until.map(|until| left(severity, now, until)),
        step: finding.remedy().to_owned(),
        command: finding.command(network),
        runbook: runbook(network, finding),
        is_rest: false,
    }
}

/// The runbook's address, with what the finding is about as its labels.
fn runbook(network: &str, finding: &Finding) -> Asked {
    let subject = finding.subject.to_string();
    let about = match &finding.subject {
        Subject::Attester(_) => Some(("attester", subject.as_str())),
        Subject::Publisher(_) => Some(("publisher", subject.as_str())),
        Subject::Node(name) => Some(("node", name.as_str())),
        Subject::Host(name) => Some(("host", name.as_str())),
        Subject::File(path) => Some(("file", path.as_str())),
        Subject::Endpoint(name) => Some(("endpoint", name.as_str())),
        Subject::Scraper(name) => Some(("scraper", name.as_str())),
        Subject::Provider(_) | Subject::BlsKey(_) | Subject::Network | Subject::Program => None,
    };
    let network = (finding.subject != Subject::Program).then_some(("network", network));
    Asked::new(&format!("/runbooks/{}", finding.kind.runbook()), network.into_iter().chain(about))
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

/// The lines as a list; neighbours with the same next step share it.
pub(super) fn list(lines: &[Line]) -> Markup {
    let alike = |one: &Line, other: &Line| {
        (one.severity, &one.network, one.kind, &one.step) == (other.severity, &other.network, other.kind, &other.step)
    };
    html! {
        ul.attention { @for group in lines.chunk_by(alike) { (item(group)) } }
    }
}

fn item(group: &[Line]) -> Markup {
    let Some(first) = group.first() else { return html! {} };
    let commands = || group.iter().filter(|line| !line.is_rest).map(|line| &line.command);
    let is_shared = commands().all(|command| command == &first.command);
    html! {
        li class=(first.severity.name()) {
            p.head {
                strong.urgency { (first.severity.name()) } " "
                span.network { (first.network) } " "
                a.runbook href=(first.runbook.link()) { (first.kind.runbook()) }
            }
            @for line in group {
                p.what {
                    @if let Some(left) = &line.left { strong.left { (left) } " " }
                    @if line.is_rest { a href=(rest(line).link()) { (line.text) } } @else { (told(&line.text)) }
                }
                @if !is_shared { (command(line)) }
            }
            p.step { strong { "Next: " } (told(&first.step)) "." }
            @if is_shared { (command(first)) }
        }
    }
}

/// Where the others of its kind are.
fn rest(line: &Line) -> Asked {
    Asked::new("/findings", [("network", &*line.network), ("kind", line.kind.code())])
}

fn command(line: &Line) -> Markup {
    html! {
        @if let Some(command) = &line.command { p.command { code { (told(command)) } } }
    }
}
