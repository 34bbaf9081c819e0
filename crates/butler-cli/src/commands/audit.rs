//! `audit`: everything that must not be so, with an exit code.

use std::collections::BTreeSet;

use butler_core::domain::coinbase::{CoinbaseCheck, Deadline, Severity};
use butler_core::domain::duplicates::{Duplicate, Place, Subject, find_duplicates};
use butler_core::domain::overview::AttesterRow;
use butler_core::domain::position::Position;
use butler_core::runtime::exit::Exit;
use serde::Serialize;

use super::status::rows;
use crate::args::{AuditArgs, Global};
use crate::error::CliError;
use crate::gather::{Gathered, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::Scope;
use crate::view::table::{Tone, painted, plain, table, toned};

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
}

#[derive(Debug, Serialize)]
struct Checked {
    attesters: usize,
    key_files: usize,
    entry_queue: usize,
    active_set: usize,
    own_provider_queue: usize,
    other_provider_queues: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    level: Level,
    /// A closed set of names, documented in docs/cli.md.
    kind: String,
    subject: String,
    message: String,
    places: Vec<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Error,
    Warning,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AuditArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at.at, true).await?;
    let report = report(&gathered, args.strict);
    let passed = report.passed;
    output.result(&report, render)?;
    Ok(gathered.finish(if passed { Exit::Success } else { Exit::CheckFailed }))
}

fn report(gathered: &Gathered, strict: bool) -> AuditReport {
    let (snapshot, network) = (&gathered.snapshot, &gathered.network);
    let findings = findings(gathered, &rows(gathered));
    let (errors, warnings) = counts(&findings);
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
        },
        findings,
    }
}

/// Everything that is wrong, worst first.
pub(super) fn findings(gathered: &Gathered, rows: &[AttesterRow]) -> Vec<Finding> {
    let (snapshot, network) = (&gathered.snapshot, &gathered.network);
    let mut found: Vec<Finding> = find_duplicates(snapshot, &network.keys.book, network.replica_policy())
        .iter()
        .map(|duplicate| {
            // What strangers do to each other is worth knowing and not our error.
            let level = if duplicate.is_ours(&snapshot.attesters) { Level::Error } else { Level::Warning };
            duplicate_finding(duplicate, level)
        })
        .collect();
    found.extend(network.keys.faults.iter().map(|fault| Finding {
        level: Level::Error,
        kind: "key_file".to_owned(),
        subject: fault.file.clone(),
        message: fault.to_string(),
        places: Vec::new(),
    }));
    let has_keys = !network.keys.files.is_empty();
    let now = snapshot.block.timestamp;
    for row in rows {
        found.extend(coinbase_finding(row, now));
        if row.deposit_failed {
            let message = "its deposit failed and was refunded: the key is burnt, the delegator has no validator";
            found.push(finding(row, Level::Warning, "deposit_failed", message.to_owned()));
        }
        if has_keys && row.servers.is_empty() && row.provider_id.is_some() {
            let (level, message) = match row.position {
                Position::Validating => (Level::Error, "validating, and no key file has it: who runs it?"),
                Position::EntryQueue => (Level::Warning, "waiting in the entry queue, and no key file has it"),
                Position::Unregistered
                | Position::ProviderQueue
                | Position::Zombie
                | Position::Exiting
                | Position::Withdrawn => continue,
            };
            found.push(finding(row, level, "unserved", message.to_owned()));
        }
    }
    found.sort();
    found
}

/// How many errors and how many warnings there are.
pub(super) fn counts(findings: &[Finding]) -> (usize, usize) {
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    (errors, findings.len() - errors)
}

fn finding(row: &AttesterRow, level: Level, kind: &str, message: String) -> Finding {
    Finding {
        level,
        kind: kind.to_owned(),
        subject: format::address(&row.attester),
        message,
        places: row.servers.iter().map(|server| format!("server {server}")).collect(),
    }
}

fn coinbase_finding(row: &AttesterRow, now: u64) -> Option<Finding> {
    let level = match row.coinbase_severity {
        Severity::Ok => return None,
        Severity::Warning => Level::Warning,
        Severity::Critical => Level::Error,
    };
    let (kind, message) = match &row.coinbase {
        CoinbaseCheck::NotApplicable | CoinbaseCheck::Matches => return None,
        CoinbaseCheck::Wrong { configured, expected } => {
            ("coinbase_wrong", format!("its coinbase is {configured}, the delegation's split is {expected}"))
        }
        CoinbaseCheck::Unverifiable { configured, why } => (
            "coinbase_unverifiable",
            format!("its coinbase is {configured}, and nothing confirms that this is right: {}", why.words()),
        ),
        CoinbaseCheck::Missing { deadline } => {
            let when = match deadline {
                Deadline::Overdue => "it is validating without one".to_owned(),
                Deadline::Arrival(arrival) => {
                    format!(
                        "it may be active {} ({})",
                        format::distance(now, arrival.earliest),
                        format::moment(arrival.earliest)
                    )
                }
                Deadline::Unknown => "it is staked, and the chain does not say when it will be active".to_owned(),
            };
            let right = match (row.coinbase_expected, row.coinbase_doubt) {
                (Some(expected), _) => format!("; it must be {expected}"),
                (None, Some(why)) => format!("; which one is right cannot be told: {}", why.words()),
                (None, None) => String::new(),
            };
            ("coinbase_missing", format!("it has no coinbase and {when}{right}"))
        }
    };
    Some(finding(row, level, kind, message))
}

fn duplicate_finding(duplicate: &Duplicate, level: Level) -> Finding {
    let (noun, subject) = match &duplicate.subject {
        Subject::Attester(address) => ("attester", format::address(address)),
        Subject::Publisher(address) => ("publisher", format::address(address)),
        Subject::BlsKey(key) => ("BLS key", key.to_string()),
    };
    let places: Vec<String> = duplicate.places.iter().map(place).collect();
    Finding {
        level,
        kind: duplicate.kind.name().to_owned(),
        subject,
        message: format!(
            "the same {noun} is in {}: {}",
            format::count(places.iter().collect::<BTreeSet<_>>().len(), "place"),
            places.join("; ")
        ),
        places,
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::OwnProviderQueue { provider, index } => format!("queue of own provider {provider}, index {index}"),
        Place::OtherProviderQueue { provider, index } => format!("queue of provider {provider}, index {index}"),
        Place::EntryQueue { place } => format!("entry queue, place {}", place.saturating_add(1)),
        Place::ActiveSet { index } => format!("active set, index {index}"),
        Place::Exiting => "exiting".to_owned(),
        Place::Zombie => "slashed out".to_owned(),
        Place::History => "was active once".to_owned(),
        Place::KeyFile { file, index } => format!("{file}, validators[{index}]"),
        Place::Server { server } => format!("server {server}"),
    }
}

fn render(report: &AuditReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    let checked = &report.checked;
    text.push_str(&format!(
        "looked at {}, {}, {} queued and {} active on the rollup, {} in own and {} in other providers' queues\n\n",
        format::count(checked.attesters, "attester"),
        format::count(checked.key_files, "key file"),
        checked.entry_queue,
        checked.active_set,
        checked.own_provider_queue,
        checked.other_provider_queues,
    ));
    if !report.findings.is_empty() {
        let rows = report.findings.iter().map(|finding| {
            let level = match finding.level {
                Level::Error => toned("ERROR", Tone::Bad),
                Level::Warning => toned("warning", Tone::Warning),
            };
            vec![level, plain(finding.kind.clone()), plain(finding.subject.clone()), plain(finding.message.clone())]
        });
        text.push_str(&table(output, &["LEVEL", "FINDING", "SUBJECT", "WHAT"], rows));
        text.push('\n');
    }
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
