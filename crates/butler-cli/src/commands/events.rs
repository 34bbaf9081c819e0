//! `events`: what Aztec's contracts and the StakingRegistry said, by name.

use std::collections::BTreeMap;

use butler_core::client::logs::LogFilter;
use butler_core::contracts::events::{Source, log_id, name_event};
use butler_core::runtime::exit::Exit;
use butler_core::snapshot::{Progress, event_sources};
use ethers_core::types::{Address, H256, Log};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{EventsArgs, Global};
use crate::error::CliError;
use crate::gather::gather;
use crate::output::Output;
use crate::progress::Waiting;
use crate::view::format;
use crate::view::json::{JsonAddress, Scope};
use crate::view::table::{number, plain, table};

/// The report of `events`.
#[derive(Debug, Serialize)]
pub(super) struct EventsReport {
    scope: Scope,
    from_block: u64,
    to_block: u64,
    events: Vec<Event>,
}

#[derive(Debug, Serialize)]
struct Event {
    block_number: u64,
    log_index: u64,
    transaction_hash: H256,
    block_hash: H256,
    contract: Source,
    address: JsonAddress,
    name: String,
    arguments: Map<String, Value>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &EventsArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.to_block, false).await?;
    let from = args.from_block.unwrap_or(gathered.network.config.staking_registry_from_block);
    let last = gathered.snapshot.block.number;
    if args.from_block.is_some_and(|from| from > last) {
        return Err(CliError::EmptyRange { from, last });
    }
    let (config, client) = (&gathered.network.config, gathered.network.reader.client());
    let sources =
        event_sources(client, &gathered.snapshot.block, config.aztec_registry, config.staking_registry).await?;
    let filter = LogFilter { addresses: sources.keys().copied().collect(), topics: Vec::new() };
    let waiting = Waiting::new();
    let mut events = Vec::new();
    let mut next = from;
    while next <= last {
        waiting.note(Progress::Ledger { block: next, last });
        let step = gathered.network.reader.client().log_step(&filter, next, last);
        let step = waiting.during(step).await.map_err(CliError::Rpc)?;
        for log in &step.logs {
            events.extend(event(&sources, log)?.filter(|event| is_wanted(event, args)));
        }
        next = step.to.number.saturating_add(1);
    }
    drop(waiting);
    let report = EventsReport { scope: gathered.scope(), from_block: from, to_block: last, events };
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

fn event(sources: &BTreeMap<Address, Source>, log: &Log) -> Result<Option<Event>, CliError> {
    let Some(source) = sources.get(&log.address) else { return Ok(None) };
    let Some(named) = name_event(*source, log)? else { return Ok(None) };
    let id = log_id(log)?;
    Ok(Some(Event {
        block_number: id.block_number,
        log_index: id.log_index,
        transaction_hash: id.transaction_hash,
        block_hash: id.block_hash,
        contract: *source,
        address: log.address.into(),
        name: named.name,
        arguments: named.arguments,
    }))
}

fn is_wanted(event: &Event, args: &EventsArgs) -> bool {
    let names = |address: &Address| {
        let text = format::address(address);
        event.arguments.values().any(|value| mentions(value, &text))
    };
    (args.name.is_empty() || args.name.contains(&event.name))
        && (args.address.is_empty() || args.address.iter().any(names))
}

fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(values) => values.iter().any(|value| mentions(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn render(report: &EventsReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&format!(
        "{} in blocks {} to {}\n\n",
        format::count(report.events.len(), "event"),
        report.from_block,
        report.to_block
    ));
    let rows = report.events.iter().map(|event| {
        let arguments: Vec<String> =
            event.arguments.iter().map(|(name, value)| format!("{name}={}", short(value))).collect();
        vec![
            number(event.block_number.to_string()),
            number(event.log_index.to_string()),
            plain(event.name.clone()),
            plain(arguments.join(" ")),
        ]
    });
    text.push_str(&table(output, &["BLOCK", "LOG", "EVENT", "ARGUMENTS"], rows));
    text
}

/// Keys and proofs are long and say nothing to a reader: `--json` has them whole.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values)
            if values.iter().all(|value| value.as_str().is_some_and(|text| text.starts_with("0x"))) =>
        {
            format!("[{}]", values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
        }
        Value::Array(_) | Value::Object(_) => "…".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
