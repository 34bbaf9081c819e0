//! `publishers`: what each publisher has and needs.

use std::collections::BTreeSet;

use butler_core::domain::provider::publisher::{PublisherRow, top_ups};
use butler_core::runtime::exit::Exit;
use ethers_core::types::U256;
use serde::Serialize;

use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{Tone, number, plain, table, toned};

/// The report of `publishers`.
#[derive(Debug, Serialize)]
pub(super) struct PublisherReport {
    scope: Scope,
    minimum_wei_per_attester: JsonAmount,
    total_top_up: JsonAmount,
    publishers: Vec<Publisher>,
}

#[derive(Debug, Serialize)]
struct Publisher {
    address: JsonAddress,
    servers: BTreeSet<String>,
    /// Attesters that it pays for; one that shares n publishers of a server counts 1/n.
    load_thousandths: u64,
    balance: Option<JsonAmount>,
    required: JsonAmount,
    top_up: Option<JsonAmount>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at, Look::Overview).await?;
    let minimum = gathered.network.config.minimum_ether_per_attester;
    let rows = top_ups(&gathered.network.keys.book, &gathered.snapshot.publisher_balances, minimum)?;
    let total = rows.iter().filter_map(|row| row.top_up).fold(U256::zero(), U256::saturating_add);
    let report = PublisherReport {
        scope: gathered.scope(),
        minimum_wei_per_attester: minimum.into(),
        total_top_up: total.into(),
        publishers: rows.iter().map(publisher).collect(),
    };
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

fn publisher(row: &PublisherRow) -> Publisher {
    Publisher {
        address: row.publisher.into(),
        servers: row.servers.clone(),
        load_thousandths: row.load.thousandths(),
        balance: row.balance.map(Into::into),
        required: row.required.into(),
        top_up: row.top_up.map(Into::into),
    }
}

fn render(report: &PublisherReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    if report.publishers.is_empty() {
        text.push_str("no publisher is configured: see `key_files` and `publisher_files`\n");
        return text;
    }
    text.push_str(&format!("{} ETH wanted per attester\n\n", format::amount(report.minimum_wei_per_attester.0, 6)));
    let rows = report.publishers.iter().map(|publisher| {
        let servers: Vec<&str> = publisher.servers.iter().map(String::as_str).collect();
        let lacks = match &publisher.top_up {
            Some(top_up) if top_up.0.is_zero() => toned("nothing", Tone::Good),
            Some(top_up) => toned(format::amount(top_up.0, 6), Tone::Bad),
            None => toned("unknown", Tone::Warning),
        };
        let thousandths = publisher.load_thousandths;
        vec![
            plain(format::address(&publisher.address.0)),
            number(format!("{}.{:03}", thousandths / 1000, thousandths % 1000)),
            number(publisher.balance.map(|balance| format::amount(balance.0, 6)).unwrap_or_default()),
            number(format::amount(publisher.required.0, 6)),
            lacks,
            plain(servers.join(", ")),
        ]
    });
    let header = ["PUBLISHER", "ATTESTERS", "BALANCE", "WANTED", "LACKS", "SERVER"];
    text.push_str(&table(output, &header, rows));
    text
}
