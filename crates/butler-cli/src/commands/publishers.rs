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
use crate::view::table::{Column, Tone, column, key, named, number, table, words};

/// The report of `publishers`.
#[derive(Debug, Serialize)]
pub(super) struct PublisherReport {
    scope: Scope,
    minimum_wei_per_attester: JsonAmount,
    minimum_wei_per_publisher: JsonAmount,
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
    let minimum = gathered.network.config.publisher_minimum;
    let rows = top_ups(&gathered.network.keys.book, &gathered.snapshot.publisher_balances, minimum)?;
    let total = rows.iter().filter_map(|row| row.top_up).fold(U256::zero(), U256::saturating_add);
    let report = PublisherReport {
        scope: gathered.scope(),
        minimum_wei_per_attester: minimum.per_attester.into(),
        minimum_wei_per_publisher: minimum.per_publisher.into(),
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

const COLUMNS: [Column; 6] = [
    key("PUBLISHER"),
    column("ATTESTERS", 4),
    column("BALANCE", 1),
    column("WANTED", 3),
    key("LACKS"),
    column("SERVER", 2),
];

fn render(report: &PublisherReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    if report.publishers.is_empty() {
        text.push_str("no publisher is configured: see `key_files` and `publisher_files`\n");
        return text;
    }
    let [attester, least] =
        [report.minimum_wei_per_attester, report.minimum_wei_per_publisher].map(|wei| format::amount(wei.0, 6));
    text.push_str(&format!("{attester} ETH wanted per attester, {least} at least\n\n"));
    let rows = report.publishers.iter().map(|publisher| {
        let servers: Vec<&str> = publisher.servers.iter().map(String::as_str).collect();
        let lacks = match &publisher.top_up {
            Some(top_up) if top_up.0.is_zero() => number("nothing").in_tone(Tone::Good),
            Some(top_up) => number(format::amount(top_up.0, 6)).in_tone(Tone::Bad),
            None => number("unknown").in_tone(Tone::Warning),
        };
        let thousandths = publisher.load_thousandths;
        vec![
            named(&publisher.address.0),
            number(format!("{}.{:03}", thousandths / 1000, thousandths % 1000)),
            number(publisher.balance.map(|balance| format::amount(balance.0, 6)).unwrap_or_default()),
            number(format::amount(publisher.required.0, 6)),
            lacks,
            words(servers.join(", ")),
        ]
    });
    text.push_str(&table(output, &COLUMNS, rows));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{address, at_usual_widths, scope};

    #[test]
    fn publishers_are_told_whole_at_every_width() {
        let ether = |thousandths: u64| JsonAmount(U256::from(thousandths) * U256::exp10(15));
        let of = |number, servers: &[&str], balance: Option<u64>| Publisher {
            address: address(number).into(),
            servers: servers.iter().map(|server| (*server).to_owned()).collect(),
            load_thousandths: 12_500,
            balance: balance.map(ether),
            required: ether(1_250),
            top_up: balance.map(|balance| ether(1_250_u64.saturating_sub(balance))),
        };
        let publishers = vec![
            of(1, &["server-1", "server-2", "server-3"], Some(1_111)),
            of(2, &["server-1"], Some(2_000)),
            of(3, &["server-4"], None),
        ];
        let (minimum_wei_per_attester, total_top_up) = (ether(100), ether(139));
        let report = PublisherReport {
            scope: scope(),
            minimum_wei_per_attester,
            minimum_wei_per_publisher: U256::zero().into(),
            total_top_up,
            publishers,
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
