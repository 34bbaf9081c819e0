//! `events`: what Aztec's contracts and the StakingRegistry said, by name.

mod event;
mod told;

use butler_core::chain::{SnapshotReader, event_sources};
use butler_core::client::l1::BlockTag;
use butler_core::runtime::exit::Exit;
use ethers_core::types::Address;
use serde::Serialize;
use serde_json::Value;

use self::event::Event;
use self::told::Wanted;
use crate::args::{EventsArgs, Global};
use crate::error::CliError;
use crate::gather::{finish, open, reading};
use crate::output::Output;
use crate::progress::Waiting;
use crate::view::format;
use crate::view::json::Scope;
use crate::view::table::{Column, column, key, number, plain, table, words};

/// The report of `events`.
#[derive(Debug, Serialize)]
pub(super) struct EventsReport {
    scope: Scope,
    from_block: u64,
    to_block: u64,
    events: Vec<Event>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &EventsArgs, output: Output) -> Result<Exit, CliError> {
    let mut network = open(global)?;
    // Only logs are read at old blocks: what is read of contracts is read at the newest, which needs no archive.
    let request = network.request(BlockTag::Latest);
    let proof = async |reader: &mut SnapshotReader, waiting: &Waiting| {
        reader.read_ledger(&request, &|progress| waiting.note(progress)).await
    };
    let ((newest, own), unsaved) = reading(&mut network, proof).await?;
    let (config, client) = (&network.config, network.reader.client());
    let block = match args.to_block {
        BlockTag::Latest => newest,
        tag @ (BlockTag::Safe | BlockTag::Finalized | BlockTag::Number(_)) => {
            client.head(tag, &[]).await.map_err(CliError::Rpc)?.block
        }
    };
    let (from, last) = (args.from_block.unwrap_or(config.staking_registry_from_block), block.number);
    if args.from_block.is_some_and(|from| from > last) {
        return Err(CliError::EmptyRange { from, last });
    }
    let sources = event_sources(client, &newest, config.aztec_registry, config.staking_registry).await?;
    let wanted = Wanted {
        contracts: &sources.contracts,
        registry: config.staking_registry,
        places: network.reader.ledger().places(&own, from, last),
        from,
        to: block,
    };
    let mut events = wanted.read(client).await?;
    events.retain(|event| is_wanted(event, args));
    let scope = Scope {
        network: config.name.clone(),
        chain_id: client.chain_id(),
        block,
        rollup: sources.rollup.into(),
        unconfirmed: sources.unconfirmed,
        missing: Vec::new(),
    };
    let report = EventsReport { scope, from_block: from, to_block: last, events };
    output.result(&report, render)?;
    Ok(finish(&network, unsaved.as_ref(), Exit::Success))
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

const COLUMNS: [Column; 4] = [key("BLOCK"), column("LOG", 1), key("EVENT"), key("ARGUMENTS")];

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
            words(arguments.join(" ")),
        ]
    });
    text.push_str(&table(output, &COLUMNS, rows));
    text
}

/// Keys and proofs are long and say nothing to a reader: `--json` has them whole.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values)
            if values.iter().all(|value| value.as_str().is_some_and(|text| text.starts_with("0x"))) =>
        {
            format!("[{}]", values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        Value::Array(_) | Value::Object(_) => "…".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use butler_core::contracts::events::Source;
    use serde_json::json;

    use super::*;
    use crate::view::widths::{address, at_usual_widths, hash, scope, told};

    #[test]
    fn events_are_told_whole_at_every_width() {
        let event = |name: &str, arguments: Value| Event {
            block_number: 24_300_000,
            log_index: 312,
            transaction_hash: hash(1),
            block_hash: hash(2),
            contract: Source::StakingRegistry,
            address: address(3).into(),
            name: name.to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
        };
        let staked = json!({"attester": told(1), "providerId": 4, "splitContract": told(2), "amounts": {"a": 1}});
        let added = json!({"attesters": [told(4), told(5)], "providerIdentifier": "4"});
        let events = vec![event("StakedWithProvider", staked), event("AttestersAddedToProvider", added)];
        let report = EventsReport { scope: scope(), from_block: 24_000_000, to_block: 24_300_123, events };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
