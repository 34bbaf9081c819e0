//! What is shown of the watcher and its actions.

use butler_core::control::{ActionRow, HistoryExport, WatcherStatus};
use butler_core::domain::action::{ActionKind, CoinbaseBefore, EffectKey, Goal, Proposal};
use butler_core::runtime::clock::unix_now;
use butler_core::text::time::distance;
use ethers_core::types::H256;
use serde_json::Value as Json;

use super::outline::outline;
use super::report::{ActionReport, ActionsReport, DecidedReport, HistoryReport, Listed};
use crate::output::Output;
use crate::view::format;
use crate::view::table::{Column, Tone, Value, column, key, number, plain, table, words};

const NETWORKS: [Column; 4] = [key("NETWORK"), key("PLANNED TO"), column("FINAL", 1), key("STATE")];
const COUNTS: [Column; 3] = [key("ACTION"), key("PHASE"), key("COUNT")];
const ACTIONS: [Column; 4] = [key("KEY"), key("ACTION"), key("PHASE"), key("WHY")];
const EDITS: [Column; 5] = [key("SERVER"), key("FILE"), key("VALIDATOR"), key("COINBASE NOW"), key("COINBASE AFTER")];
const LOADS: [Column; 4] = [key("SERVER"), key("NODES"), key("FILE TO LOAD"), key("DIGEST")];
const CALLS: [Column; 2] = [key("CALL"), column("TO", 1)];
const HISTORY: [Column; 3] = [key("LINE"), key("WHEN"), key("CHANGE")];
const REFUSED: [Column; 2] = [key("NOT DECIDED ON"), key("WHY")];

/// Digits of a digest that are shown.
const SHORT: usize = 16;

pub(super) fn render_status(status: &WatcherStatus, output: &Output) -> String {
    let shown = |block: Option<u64>| block.map_or_else(|| "-".to_owned(), |block| block.to_string());
    let networks = status.networks.iter().map(|(name, network)| {
        vec![
            plain(name.clone()),
            number(shown(network.checkpoint)),
            number(shown(network.last)),
            words(network.problem.clone().unwrap_or_else(|| "followed".to_owned())),
        ]
    });
    let mut text = format!("butler-watcher {}\n\n", status.version);
    text.push_str(&table(output, &NETWORKS, networks));
    let counts = status.actions.iter().flat_map(|(kind, phases)| {
        phases.iter().map(|(phase, count)| {
            vec![plain(kind.name().to_owned()), plain(phase.name().to_owned()), number(count.to_string())]
        })
    });
    text.push('\n');
    text.push_str(&table(output, &COUNTS, counts));
    text
}

pub(super) fn render_actions(report: &ActionsReport, output: &Output) -> String {
    let rows = report.actions.iter().map(|Listed { short, row }| {
        let why = row.action.as_ref().map(|action| action.why.clone()).or_else(|| row.reason.clone());
        vec![
            plain(short.to_string()),
            plain(row.kind.name().to_owned()),
            words(phase(row)),
            words(why.unwrap_or_default()),
        ]
    });
    let mut text = table(output, &ACTIONS, rows);
    let edits: Vec<_> = report.actions.iter().flat_map(|listed| edits(&listed.row)).collect();
    if !edits.is_empty() {
        text.push('\n');
        text.push_str(&table(output, &EDITS, edits));
    }
    let loads: Vec<_> = report.actions.iter().flat_map(|listed| loads(&listed.row)).collect();
    if !loads.is_empty() {
        text.push('\n');
        text.push_str(&table(output, &LOADS, loads));
    }
    for proposal in report.actions.iter().filter_map(|listed| listed.row.action.as_ref()?.proposal()) {
        text.push('\n');
        text.push_str(&calls(proposal, output));
    }
    text
}

/// What owners of a Safe are asked to sign: what is different afterwards, each call, and what they should know.
fn calls(proposal: &Proposal, output: &Output) -> String {
    let mut text: String = proposal.effects.iter().map(|effect| output.fitted(&format!("  * {effect}\n"))).collect();
    text.push_str(&output.fitted(&format!("\nthe Safe {} is to call\n", format::address(&proposal.from))));
    let rows =
        proposal.calls.iter().map(|call| vec![words(call.says.clone()), plain(format::address(&call.to).to_string())]);
    text.push_str(&table(output, &CALLS, rows));
    text.extend(proposal.remarks.iter().map(|remark| output.fitted(&format!("note: {remark}\n"))));
    text
}

/// What the nodes of a server are to load, a row for each file.
fn loads(row: &ActionRow) -> Vec<Vec<Value>> {
    let goal =
        row.action.as_ref().filter(|action| action.kind == ActionKind::ReloadKeystore).map(|action| &action.goal);
    let Some(Goal::KeystoreLoaded { server, nodes, content }) = goal else { return Vec::new() };
    let line =
        |file: String, digest: String| vec![plain(server.clone()), words(nodes.join(", ")), plain(file), plain(digest)];
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
            words(edit.before.to_string()).in_tone(tone),
            plain(after),
        ]
    });
    edits.collect()
}

pub(super) fn render_action(report: &ActionReport, output: &Output) -> String {
    let Some(action) = &report.action else { return "nothing is known of it\n".to_owned() };
    let mut text = render_actions(&ActionsReport { actions: vec![action.clone()], shown: String::new() }, output);
    if let Ok(whole) = serde_json::to_value(&action.row) {
        text.push_str(&format!("\n{}", outline(&with_short_keys(whole), output.width)));
    }
    text
}

pub(super) fn render_history(report: &HistoryReport, output: &Output) -> String {
    let rows = report.lines.iter().map(|row| {
        let time = butler_core::text::time::moment(row.at / 1000);
        vec![number(row.line.to_string()), plain(time), words(spaced(&with_short_keys(row.change.clone())))]
    });
    table(output, &HISTORY, rows)
}

/// The same with a short key for every whole one, which no line has room for.
fn with_short_keys(value: Json) -> Json {
    match value {
        Json::Object(members) => members.into_iter().map(|(name, value)| (name, with_short_keys(value))).collect(),
        Json::Array(values) => values.into_iter().map(with_short_keys).collect(),
        Json::String(text) => Json::String(short_of(&text).unwrap_or(text)),
        Json::Null | Json::Bool(_) | Json::Number(_) => value,
    }
}

/// The short key of a whole one, which begins with the kind of the action.
fn short_of(text: &str) -> Option<String> {
    let (kind, _) = text.split_once('/')?;
    kind.parse::<ActionKind>().ok()?;
    Some(text.parse::<EffectKey>().ok()?.short().to_string())
}

/// JSON with a blank wherever it may be broken.
fn spaced(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let members =
                members.iter().map(|(name, value)| format!("{}: {}", Json::from(name.as_str()), spaced(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Json::Array(values) => format!("[{}]", values.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.to_string(),
    }
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
        text.push('\n');
    }
    if !report.refused.is_empty() {
        let rows = report.refused.iter().map(|one| vec![plain(one.short.to_string()), words(one.refused.why.clone())]);
        text.push_str(&table(output, &REFUSED, rows));
    }
    text
}

/// The lines as they are kept: whoever wants the rest takes JSON.
pub(super) fn render_export(export: &HistoryExport) -> String {
    export.lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use butler_core::control::{HistoryRow, NetworkStatus, NotDecided};
    use butler_core::domain::action::{ActionKind, Phase};
    use serde_json::json;

    use super::*;
    use crate::view::widths::{at_usual_widths, hash, told};

    fn row() -> ActionRow {
        let [rollup, attester, coinbase] = [1, 2, 3].map(|number| told(number).to_lowercase());
        let key = format!("configure_coinbase/1/{rollup}/{attester}/{coinbase}");
        let log = json!({"block_number": 9, "log_index": 2, "block_hash": hash(1), "transaction_hash": hash(2)});
        let edit = |server: &str, before: serde_json::Value| json!({"server": server, "file": "keystore-1.json", "validator": 12, "before": before, "frame": hash(5)});
        let action = json!({
            "schema": 1, "key": key, "kind": "configure_coinbase",
            "place": {"chain_id": 1, "contract": rollup}, "subject": {"attester": attester},
            "goal": {"coinbase_configured": {"provider_id": 7, "rollup": rollup, "coinbase": coinbase}},
            "priority": "urgent", "until": 1_767_579_072,
            "why": format!("provider 7 was staked with this attester, whose coinbase must be {}", told(3)),
            "evidence": [{"log": log}], "assurance": "one_endpoint",
            "edits": [edit("server-1", json!("not_set")), edit("server-2", json!({"set": told(4)}))],
        });
        serde_json::from_value(json!({
            "key": key, "kind": "configure_coinbase", "phase": "awaiting_approval", "version": 1, "tries": 0, "reason": null,
            "action": action, "approved_by": ["alice"], "due": 1_767_579_072_000_u64, "shown": "0".repeat(64),
        }))
        .unwrap()
    }

    #[test]
    fn actions_and_what_they_change_are_told_whole_at_every_width() {
        let report = ActionsReport { actions: Listed::all(vec![row()]), shown: String::new() };
        insta::assert_snapshot!(at_usual_widths(|output| render_actions(&report, output)));
        let refused = NotDecided { key: row().key.into(), why: "it is not what was shown: show it again".to_owned() };
        let report = DecidedReport { decided: Vec::new(), refused: vec![refused.into()] };
        insta::assert_snapshot!(at_usual_widths(|output| render_decided(&report, output)));
        let report = ActionReport { action: Listed::all(vec![row()]).pop() };
        insta::assert_snapshot!(at_usual_widths(|output| render_action(&report, output)));
    }

    #[test]
    fn what_owners_of_a_safe_are_to_sign_is_told_in_words_at_every_width() {
        let mut row = serde_json::to_value(row()).unwrap();
        let [safe, registry] = [7, 1].map(told);
        row["action"]["kind"] = json!("set_take_rate");
        row["action"]["edits"] = json!([]);
        row["action"]["goal"] = json!({"executed": {
            "from": safe, "wish": {"set_take_rate": {"provider": 7, "take_rate_bps": 1500}}, "effect": "set_take_rate/1/7/1500",
            "calls": [{"to": registry, "value": "0x0", "data": "0xcea00fa5", "says": "set the share of provider 7 to 1500 basis points"}],
            "effects": ["provider 7 keeps 15.00 % of future delegations, and no longer 7.00 %"],
            "remarks": ["delegations of before keep the share that they were made with"],
        }});
        let report =
            ActionsReport { actions: Listed::all(vec![serde_json::from_value(row).unwrap()]), shown: String::new() };
        insta::assert_snapshot!(at_usual_widths(|output| render_actions(&report, output)));
    }

    #[test]
    fn the_watchers_state_and_its_history_are_told_whole_at_every_width() {
        let network = |problem: Option<&str>| NetworkStatus {
            checkpoint: Some(24_300_000),
            last: Some(24_300_064),
            problem: problem.map(str::to_owned),
        };
        let status = WatcherStatus {
            version: "0.1.0".to_owned(),
            networks: [
                ("mainnet".to_owned(), network(None)),
                ("testnet".to_owned(), network(Some("the endpoints have different histories and none has a majority"))),
            ]
            .into(),
            actions: [(ActionKind::ConfigureCoinbase, [(Phase::AwaitingApproval, 1)].into())].into(),
        };
        insta::assert_snapshot!(at_usual_widths(|output| render_status(&status, output)));
        let change =
            json!({"step": {"key": row().key, "from": "due", "to": "running", "reason": "by approval of alice"}});
        let report = HistoryReport { lines: vec![HistoryRow { line: 12, at: 1_767_579_072_000, change }] };
        insta::assert_snapshot!(at_usual_widths(|output| render_history(&report, output)));
    }
}
