//! `status`: one row per attester.

mod report;

use std::collections::BTreeSet;

use butler_core::domain::attester::arrival::Arrival;
use butler_core::domain::attester::coinbase::Severity;
use butler_core::domain::attester::overview::{AttesterRow, counts_by_position, counts_by_state};
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::zombie::ZombieCause;
use butler_core::domain::findings::{Level, Subject};
use butler_core::runtime::exit::Exit;
use ethers_core::types::{Address, U256};

use self::report::{Attester, Coinbase, Former, StatusReport, attester, former};
use super::audit;
use super::rows::rows;
use crate::args::{Global, StatusArgs};
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather};
use crate::output::{Output, remark};
use crate::view::format;
use crate::view::table::{Tone, Value, number, painted, plain, table, toned};

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &StatusArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at.at, Look::Overview).await?;
    let rows = rows(&gathered);
    let report = report(&gathered, args, &rows);
    output.result(&report, render)?;
    for attester in args.attester.iter().filter(|attester| !gathered.snapshot.attesters.contains_key(attester)) {
        remark(&format!(
            "warning: {} is not followed: no key file, provider queue, delegation or `extra_attesters` names it",
            format::address(attester)
        ));
    }
    Ok(gathered.finish(Exit::Success))
}

fn report(gathered: &Gathered, args: &StatusArgs, rows: &[AttesterRow]) -> StatusReport {
    let needing = if args.attention { needing_attention(gathered, rows) } else { BTreeSet::new() };
    let here = (gathered.snapshot.canonical(), gathered.snapshot.block.timestamp);
    StatusReport {
        scope: gathered.scope(),
        counts_by_state: counts_by_state(rows),
        counts_by_position: counts_by_position(rows),
        attesters: rows
            .iter()
            .filter(|row| is_wanted(row, args, &needing))
            .map(|row| attester(row, gathered.knows_coinbases(), here))
            .collect(),
        former_rollups: former(&gathered.snapshot.former_rollups, rows),
        key_file_faults: gathered.network.keys.faults.iter().map(ToString::to_string).collect(),
    }
}

/// The attesters that some finding of `audit` is about which is no mere note.
fn needing_attention(gathered: &Gathered, rows: &[AttesterRow]) -> BTreeSet<Address> {
    let found = audit::findings(gathered, rows).into_iter().filter(|finding| finding.level != Level::Note);
    let attester = |subject| match subject {
        Subject::Attester(attester) => Some(attester),
        Subject::Publisher(_)
        | Subject::BlsKey(_)
        | Subject::Provider(_)
        | Subject::Node(_)
        | Subject::Host(_)
        | Subject::File(_)
        | Subject::Endpoint(_)
        | Subject::Scraper(_)
        | Subject::Network
        | Subject::Program => None,
    };
    found.filter_map(|finding| attester(finding.subject)).collect()
}

fn is_wanted(row: &AttesterRow, args: &StatusArgs, needing: &BTreeSet<Address>) -> bool {
    (args.state.is_empty() || args.state.contains(&row.state))
        && (args.position.is_empty() || args.position.contains(&row.position))
        && (args.server.is_empty() || args.server.iter().any(|server| row.servers.contains(server)))
        && (args.attester.is_empty() || args.attester.contains(&row.attester))
        && (!args.attention || needing.contains(&row.attester))
}

fn render(report: &StatusReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    let counts: Vec<String> = report
        .counts_by_state
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(state, count)| painted(output, &format!("{count} {state}"), state_tone(*state)))
        .collect();
    let total: u64 = report.counts_by_state.values().sum();
    let total = usize::try_from(total).unwrap_or(usize::MAX);
    text.push_str(&format!("{}: {}\n\n", format::count(total, "attester"), counts.join(", ")));
    if report.attesters.is_empty() {
        text.push_str("no attester to show\n");
        return text;
    }
    let header = ["ATTESTER", "STATE", "POSITION", "PLACE", "ARRIVAL", "COINBASE", "BALANCE", "REWARDS", "SERVER"];
    let narrow = output.width < 150;
    let now = report.scope.block.timestamp;
    text.push_str(&table(output, &header, report.attesters.iter().map(|row| line(row, now, narrow))));
    for rollup in &report.former_rollups {
        text.push_str(&format!("\n{}\n", former_line(rollup)));
    }
    let unchecked = report.attesters.iter().filter(|row| row.proof_checked == Some(false)).count();
    if unchecked > 0 {
        let deposits = format::count(unchecked, "deposit");
        text.push_str(&format!(
            "\nproof not checked of {deposits} in the entry queue: `butler-cli audit` asks the escrow's verifier\n"
        ));
    }
    text
}

/// What a former rollup holds, in a sentence.
fn former_line(rollup: &Former) -> String {
    let name = format!("former rollup, version {} ({})", rollup.version.0, format::address(&rollup.address.0));
    let mut holds: Vec<String> =
        rollup.counts_by_position.iter().map(|(position, count)| format!("{count} {position}")).collect();
    if !rollup.pending_rewards.0.is_zero() {
        let coinbases = format::count(rollup.coinbases, "coinbase");
        holds.push(format!("{} tokens of rewards for {coinbases}", format::amount(rollup.pending_rewards.0, 4)));
    }
    if let Some(function) = &rollup.unread {
        let what = if holds.is_empty() { "so what it holds is not known" } else { "so it may hold more" };
        holds.push(format!("it does not answer {function}, {what}"));
    }
    format!("{name}: {}; see `upgrade`", holds.join(", "))
}

fn line(row: &Attester, now: u64, narrow: bool) -> Vec<Value> {
    let address = if narrow { format::short_address(&row.address.0) } else { format::address(&row.address.0) };
    let place = match (row.entry_queue_place, row.provider_queue_place) {
        (Some(place), _) | (None, Some(place)) => (place.saturating_add(1)).to_string(),
        (None, None) => String::new(),
    };
    let servers: Vec<&str> = row.servers.iter().map(String::as_str).collect();
    let former = row.rollup.filter(|rollup| !rollup.is_canonical);
    let cause = match row.zombie_cause {
        Some(ZombieCause::OwnExit) => "own exit",
        Some(ZombieCause::SlashedOut) => "slashed out",
        Some(ZombieCause::Unclear) => "slashed out or own exit",
        None => "",
    };
    let position = match former {
        None if !cause.is_empty() => plain(format!("{} ({cause})", row.position)),
        Some(rollup) if !cause.is_empty() => toned(format!("{cause} (at {})", rollup.version.0), Tone::Warning),
        Some(rollup) => toned(format!("{} (at {})", row.position, rollup.version.0), Tone::Warning),
        None if row.deposit_failed => toned(format!("{} (deposit failed)", row.position), Tone::Bad),
        None => plain(row.position.to_string()),
    };
    vec![
        plain(address),
        toned(row.state.to_string(), state_tone(row.state)),
        position,
        number(place),
        plain(row.arrival.as_ref().map(|arrival| arrival_text(arrival, now)).unwrap_or_default()),
        coinbase_value(&row.coinbase),
        number(amount_or_nothing(row.effective_balance.0)),
        number(row.pending_rewards.map(|rewards| amount_or_nothing(rewards.0)).unwrap_or_default()),
        plain(servers.join(", ")),
    ]
}

fn amount_or_nothing(amount: U256) -> String {
    if amount.is_zero() { String::new() } else { format::amount(amount, 4) }
}

/// The span from the earliest moment to the expected one.
fn arrival_text(arrival: &Arrival, now: u64) -> String {
    format!("{} – {}", format::distance(now, arrival.earliest), format::duration(arrival.expected.saturating_sub(now)))
}

fn coinbase_value(coinbase: &Coinbase) -> Value {
    let tone = match coinbase.severity {
        Severity::Ok if coinbase.verdict == "matches" => Tone::Good,
        Severity::Ok => Tone::Faint,
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Bad,
    };
    let text = match (coinbase.verdict, coinbase.deadline) {
        ("not_applicable", _) => String::new(),
        ("matches", _) => "ok".to_owned(),
        ("missing", Some("overdue")) => "MISSING, overdue".to_owned(),
        ("missing", Some("arrival")) => "missing".to_owned(),
        ("wrong", _) => "WRONG".to_owned(),
        (verdict, _) => verdict.to_owned(),
    };
    toned(text, tone)
}

fn state_tone(state: State) -> Tone {
    match state {
        State::New | State::NoLongerActive => Tone::Faint,
        State::InStakingProviderQueue | State::InStakingQueue => Tone::Plain,
        State::CoinbaseNeeded => Tone::Warning,
        State::Active => Tone::Good,
    }
}
