//! What is shown of the watcher and its actions.

use butler_core::control::{ActionRow, HistoryExport, WatcherStatus};
use butler_core::domain::action::{ActionKind, CoinbaseBefore, Goal};
use butler_core::runtime::clock::unix_now;
use butler_core::text::time::distance;
use ethers_core::types::H256;

use super::report::{ActionReport, ActionsReport, DecidedReport, HistoryReport};
use crate::output::Output;
use crate::view::table::{Tone, Value, number, plain, table, toned};

/// Digits of a digest that are shown.
const SHORT: usize = 16;

pub(super) fn render_status(status: &WatcherStatus, output: &Output) -> String {
    let shown = |block: Option<u64>| block.map_or_else(|| "-".to_owned(), |block| block.to_string());
    let networks = status.networks.iter().map(|(name, network)| {
        vec![
            plain(name.clone()),
            number(shown(network.checkpoint)),
            number(shown(network.last)),
            plain(network.problem.clone().unwrap_or_else(|| "followed".to_owned())),
        ]
    });
    let mut text = format!("butler-watcher {}\n\n", status.version);
    text.push_str(&table(output, &["NETWORK", "PLANNED TO", "FINAL", "STATE"], networks));
    let counts = status.actions.iter().flat_map(|(kind, phases)| {
        phases.iter().map(|(phase, count)| {
            vec![plain(kind.name().to_owned()), plain(phase.name().to_owned()), number(count.to_string())]
        })
    });
    text.push('\n');
    text.push_str(&table(output, &["ACTION", "PHASE", "COUNT"], counts));
    text
}

pub(super) fn render_actions(report: &ActionsReport, output: &Output) -> String {
    let rows = report.actions.iter().map(|row| {
        let why = row.action.as_ref().map(|action| action.why.clone()).or_else(|| row.reason.clone());
        vec![
            plain(phase(row)),
            plain(row.kind.name().to_owned()),
            plain(row.key.to_string()),
            plain(why.unwrap_or_default()),
        ]
    });
    let mut text = table(output, &["PHASE", "ACTION", "KEY", "WHY"], rows);
    let edits: Vec<_> = report.actions.iter().flat_map(edits).collect();
    if !edits.is_empty() {
        text.push('\n');
        text.push_str(&table(output, &["SERVER", "FILE", "VALIDATOR", "COINBASE NOW", "COINBASE AFTER"], edits));
    }
    let loads: Vec<_> = report.actions.iter().flat_map(loads).collect();
    if !loads.is_empty() {
        text.push('\n');
        text.push_str(&table(output, &["SERVER", "NODES", "FILE TO LOAD", "DIGEST"], loads));
    }
    text
}

/// What the nodes of a server are to load, a row for each file.
fn loads(row: &ActionRow) -> Vec<Vec<Value>> {
    let goal =
        row.action.as_ref().filter(|action| action.kind == ActionKind::ReloadKeystore).map(|action| &action.goal);
    let Some(Goal::KeystoreLoaded { server, nodes, content }) = goal else { return Vec::new() };
    let line =
        |file: String, digest: String| vec![plain(server.clone()), plain(nodes.join(", ")), plain(file), plain(digest)];
    let mut rows: Vec<_> = content.files.iter().map(|file| line(file.name.clone(), short(&file.digest))).collect();
    // What is not named is in the digest of all.
    rows.push(line(format!("all {}", content.count), short(&content.digest)));
    rows
}

/// The beginning of a digest, which is enough to tell two apart.
fn short(digest: &H256) -> String {
    format!("{digest:x}").chars().take(SHORT).collect()
}

/// What an action changes in keystores, a row for each.
fn edits(row: &ActionRow) -> Vec<Vec<Value>> {
    let Some(action) = &row.action else { return Vec::new() };
    let Goal::CoinbaseConfigured { coinbase, .. } = &action.goal else { return Vec::new() };
    let edits = action.edits.iter().map(|edit| {
        let tone = if edit.before.is_somebodys() { Tone::Warning } else { Tone::Plain };
        let after = match edit.before {
            CoinbaseBefore::AsWanted => "unchanged".to_owned(),
            CoinbaseBefore::Unread => "not known".to_owned(),
            CoinbaseBefore::NotSet | CoinbaseBefore::Zero | CoinbaseBefore::Set(_) | CoinbaseBefore::Illegible => {
                coinbase.to_string()
            }
        };
        vec![
            plain(edit.server.clone()),
            plain(edit.file.clone()),
            number(edit.validator.to_string()),
            toned(edit.before.to_string(), tone),
            plain(after),
        ]
    });
    edits.collect()
}

pub(super) fn render_action(report: &ActionReport, output: &Output) -> String {
    let Some(row) = &report.action else { return "nothing is known of it\n".to_owned() };
    let mut text = render_actions(&ActionsReport { actions: vec![row.clone()], shown: String::new() }, output);
    if let Ok(whole) = serde_json::to_string_pretty(row) {
        text.push_str(&format!("\n{whole}\n"));
    }
    text
}

pub(super) fn render_history(report: &HistoryReport, output: &Output) -> String {
    let rows = report.lines.iter().map(|row| {
        let time = butler_core::text::time::moment(row.at / 1000);
        vec![number(row.line.to_string()), plain(time), plain(row.change.to_string())]
    });
    table(output, &["LINE", "WHEN", "CHANGE"], rows)
}

/// Where it stands, and until when it can be approved or who approved it.
fn phase(row: &ActionRow) -> String {
    let mut text = row.phase.name().to_owned();
    if !row.approved_by.is_empty() {
        text.push_str(&format!(", approved by {}", row.approved_by.join(" and ")));
    }
    if let Some(expires) = row.expires {
        text.push_str(&format!(", expires {}", distance(unix_now(), expires / 1000)));
    }
    text
}

pub(super) fn render_decided(report: &DecidedReport, output: &Output) -> String {
    let mut text = String::new();
    if !report.decided.is_empty() {
        text = render_actions(&ActionsReport { actions: report.decided.clone(), shown: String::new() }, output);
    }
    if !report.refused.is_empty() {
        let rows = report.refused.iter().map(|one| vec![plain(one.key.to_string()), plain(one.why.clone())]);
        text.push_str(&format!("\n{}", table(output, &["NOT DECIDED ON", "WHY"], rows)));
    }
    text
}

/// The lines as they are kept: whoever wants the rest takes JSON.
pub(super) fn render_export(export: &HistoryExport, _: &Output) -> String {
    export.lines.iter().map(|line| format!("{line}\n")).collect()
}
