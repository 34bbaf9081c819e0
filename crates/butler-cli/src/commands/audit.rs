//! `audit`: everything that must not be so, with an exit code.

use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::findings::chain::{ChainFacts, of_chain};
use butler_core::domain::findings::{self, Level, Severity};
use butler_core::runtime::exit::Exit;
use serde::Serialize;

use super::duties::{OnL1, on_l1};
use super::rows::rows;
use crate::args::{AuditArgs, Global};
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::Scope;
use crate::view::table::{Column, Tone, key, painted, plain, subject, table, toned, words};

/// The report of `audit`.
#[derive(Debug, Serialize)]
pub(super) struct AuditReport {
    scope: Scope,
    passed: bool,
    /// Whether warnings count against `passed`.
    strict: bool,
    errors: usize,
    warnings: usize,
    /// What was looked at, so that an empty list of findings means something.
    checked: Checked,
    findings: Vec<Finding>,
    /// What is good to know and counts neither as an error nor as a warning, such as what is not looked at.
    notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
struct Checked {
    attesters: usize,
    key_files: usize,
    entry_queue: usize,
    active_set: usize,
    own_provider_queue: usize,
    other_provider_queues: usize,
    /// Own proposals on L1 that were read; `null` where they were not.
    proposals: Option<usize>,
    /// Own duties of which L1 was asked; `null` where it was not.
    duties: Option<usize>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    level: Level,
    severity: Severity,
    /// A closed set of names, documented in docs/findings.md.
    kind: &'static str,
    subject: String,
    message: String,
    places: Vec<String>,
    /// When it is too late, in unix seconds, where that is known.
    until: Option<u64>,
    remedy: String,
}

/// What is good to know.
#[derive(Debug, Serialize)]
struct Note {
    severity: Severity,
    kind: &'static str,
    subject: String,
    message: String,
    remedy: String,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AuditArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at.at, Look::Everything).await?;
    let rows = rows(&gathered);
    let on_l1 = on_l1(&gathered, &rows, args.duties_span).await?;
    let report = report(&gathered, &rows, on_l1, args.strict);
    let passed = report.passed;
    output.result(&report, render)?;
    Ok(gathered.finish(if passed { Exit::Success } else { Exit::CheckFailed }))
}

fn report(gathered: &Gathered, rows: &[AttesterRow], on_l1: OnL1, strict: bool) -> AuditReport {
    let (snapshot, network) = (&gathered.snapshot, &gathered.network);
    let mut found = findings(gathered, rows);
    found.extend(on_l1.findings);
    found.sort_by_cached_key(findings::Finding::report_order);
    let (errors, warnings) = counts(&found);
    let Listed { findings, notes } = listed(found, snapshot.block.timestamp);
    AuditReport {
        scope: gathered.scope(),
        passed: errors == 0 && !(strict && warnings > 0),
        strict,
        errors,
        warnings,
        checked: Checked {
            attesters: snapshot.attesters.len(),
            key_files: network.keys.key_file_count(),
            entry_queue: snapshot.entry_queue.len(),
            active_set: snapshot.active_set.len(),
            own_provider_queue: snapshot.providers.values().map(|provider| provider.queue.len()).sum(),
            other_provider_queues: snapshot.other_providers.values().map(|provider| provider.queue.len()).sum(),
            proposals: on_l1.read.map(|(proposals, _)| proposals),
            duties: on_l1.read.map(|(_, duties)| duties),
        },
        findings,
        notes,
    }
}

/// What is reported, and what is good to know.
struct Listed {
    findings: Vec<Finding>,
    notes: Vec<Note>,
}

fn listed(found: Vec<findings::Finding>, now: u64) -> Listed {
    let (notes, findings) = found.into_iter().partition::<Vec<_>, _>(|finding| finding.level == Level::Note);
    Listed {
        findings: findings.iter().map(|finding| shown(finding, now)).collect(),
        notes: notes.iter().map(|finding| noted(finding, now)).collect(),
    }
}

/// Everything that is wrong with keys, files and what the chain has of them, worst first; what attesters did is not read here.
pub(super) fn findings(gathered: &Gathered, rows: &[AttesterRow]) -> Vec<findings::Finding> {
    let mut found = of_network(gathered, rows);
    found.retain(|finding| finding.kind.is_audited());
    found.sort_by_cached_key(findings::Finding::report_order);
    found
}

fn of_network(gathered: &Gathered, rows: &[AttesterRow]) -> Vec<findings::Finding> {
    let (snapshot, network) = (&gathered.snapshot, &gathered.network);
    let facts = ChainFacts {
        snapshot,
        book: &network.keys.book,
        rows,
        // Money is for `doctor`.
        publishers: &[],
        has_key_files: network.keys.says_anything(),
        of_files: network.keys.findings(),
        watched: network.watched(snapshot.providers.len()),
        admins: &network.config.provider_admins,
        replicas: network.replica_policy(),
    };
    of_chain(facts, &network.config.thresholds())
}

/// How many errors and how many warnings there are.
pub(super) fn counts(findings: &[findings::Finding]) -> (usize, usize) {
    let of = |level| findings.iter().filter(|finding| finding.level == level).count();
    (of(Level::Error), of(Level::Warning))
}

fn noted(finding: &findings::Finding, now: u64) -> Note {
    Note {
        severity: finding.severity_at(now),
        kind: finding.kind.code(),
        subject: finding.subject.to_string(),
        message: finding.message(now),
        remedy: finding.remedy().to_owned(),
    }
}

fn shown(finding: &findings::Finding, now: u64) -> Finding {
    Finding {
        level: finding.level,
        severity: finding.severity_at(now),
        kind: finding.kind.code(),
        subject: finding.subject.to_string(),
        message: finding.message(now),
        places: finding.places.iter().map(ToString::to_string).collect(),
        until: finding.until,
        remedy: finding.remedy().to_owned(),
    }
}

const COLUMNS: [Column; 4] = [key("LEVEL"), key("FINDING"), key("SUBJECT"), key("WHAT")];

/// A table of the findings, and a line for each note.
fn lines(findings: &[Finding], notes: &[Note], output: &Output) -> String {
    let mut text = String::new();
    if !findings.is_empty() {
        let rows = findings.iter().map(|finding| {
            let level = match finding.level {
                Level::Error => toned("ERROR", Tone::Bad),
                Level::Warning => toned("warning", Tone::Warning),
                Level::Note => toned("note", Tone::Faint),
            };
            vec![level, plain(finding.kind), subject(&finding.subject), words(finding.message.clone())]
        });
        text.push_str(&table(output, &COLUMNS, rows));
        text.push('\n');
    }
    for note in notes {
        text.push_str(&format!("note: {}: {}\n", note.kind, note.message));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    text
}

fn render(report: &AuditReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    let checked = &report.checked;
    text.push_str(&format!(
        "looked at {}, {}, {} queued and {} active on the rollup, {} in own and {} in other providers' queues\n",
        format::count(checked.attesters, "attester"),
        format::count(checked.key_files, "key file"),
        checked.entry_queue,
        checked.active_set,
        checked.own_provider_queue,
        checked.other_provider_queues,
    ));
    if let (Some(proposals), Some(duties)) = (checked.proposals, checked.duties) {
        let proposals = format::count(proposals, "own proposal");
        let duties = if duties == 1 { "1 own duty".to_owned() } else { format!("{duties} own duties") };
        text.push_str(&format!("on L1: {proposals}, and {duties} to propose or attest\n"));
    }
    text.push('\n');
    text.push_str(&lines(&report.findings, &report.notes, output));
    let counts = format!("{}, {}", format::count(report.errors, "error"), format::count(report.warnings, "warning"));
    let verdict = if report.passed {
        painted(output, &format!("passed ({counts})"), Tone::Good)
    } else {
        painted(output, &format!("FAILED ({counts})"), Tone::Bad)
    };
    text.push_str(&verdict);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use butler_core::domain::findings::{Finding, FindingKind, Subject};

    use super::*;
    use crate::view::widths::{at_usual_widths, scope, told};

    fn found(level: Level, kind: &'static str, subject: String, message: String) -> super::Finding {
        let (severity, remedy) = (Severity::Warning, String::new());
        super::Finding { level, severity, kind, subject, message, places: Vec::new(), until: None, remedy }
    }

    #[test]
    fn findings_are_told_whole_at_every_width() {
        let checked = Checked {
            attesters: 1,
            key_files: 12,
            entry_queue: 3,
            active_set: 2_120,
            own_provider_queue: 1,
            other_provider_queues: 80,
            proposals: Some(7),
            duties: Some(1),
        };
        let message =
            format!("it has no coinbase and it may be active now (2026-01-05 02:11 UTC); it must be {}", told(2));
        let network = "own attesters missed 2 proposals and 1 attestation together with most others";
        let report = AuditReport {
            scope: scope(),
            passed: false,
            strict: false,
            errors: 1,
            warnings: 1,
            checked,
            findings: vec![
                found(Level::Error, "coinbase_missing", told(1), message),
                found(Level::Warning, "key_file", "/etc/butler/keys/server-1.json".to_owned(), "is gone".to_owned()),
            ],
            notes: vec![noted(&Finding::new(FindingKind::DutiesNetwork, Severity::Info, Subject::Network, network), 0)],
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
        let short = AuditReport {
            findings: vec![found(Level::Error, "duplicate", told(1), "it stands in two queues".to_owned())],
            ..report
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&short, output)));
    }

    /// Core's tests make each kind from facts; here each is shown.
    #[test]
    fn every_audited_kind_is_in_the_report_as_text_and_as_json() {
        for kind in FindingKind::all().filter(|kind| kind.is_audited()) {
            for severity in kind.severities() {
                let what = format!("words of {kind}");
                let found = [Finding::new(kind, *severity, Subject::Network, &what)];
                let report = listed(found.to_vec(), 0);
                let json = serde_json::to_value(&report.findings).unwrap();
                let notes = serde_json::to_value(&report.notes).unwrap();
                let told = json.as_array().unwrap().iter().chain(notes.as_array().unwrap());
                let told: Vec<_> = told.map(|one| (one["kind"].clone(), one["message"].clone())).collect();
                assert_eq!(told, [(kind.code().into(), what.clone().into())], "{kind}");
                let remedies = json.to_string() + &notes.to_string();
                assert!(remedies.contains("remedy"), "{kind}: {remedies}");
                let text = lines(&report.findings, &report.notes, &Output::of_width(1_000));
                assert!(text.contains(kind.code()) && text.contains(&what), "{kind}: {text}");
            }
        }
    }
}
