//! `status`: one row per attester.

mod report;

use std::collections::BTreeSet;

use butler_core::domain::attester::arrival::Arrival;
use butler_core::domain::attester::coinbase::Severity;
use butler_core::domain::attester::overview::{AttesterRow, counts_by_position, counts_by_state};
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::zombie::ZombieCause;
use butler_core::domain::findings::{Level, Subject};
use butler_core::network::server_names;
use butler_core::runtime::exit::Exit;
use ethers_core::types::{Address, U256};

use self::report::{Attester, Coinbase, Former, StatusReport, attester, former};
use super::audit;
use super::rows::{Askable, attesters, rows};
use crate::args::{Global, StatusArgs};
use crate::error::{CliError, Named};
use crate::gather::{Gathered, Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::table::{Column, Tone, Value, column, key, named, number, painted, plain, table, toned, words};

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &StatusArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at.at, Look::Overview).await?;
    let rows = rows(&gathered);
    let known: BTreeSet<Address> = gathered.snapshot.attesters.keys().copied().collect();
    let named = attesters(&args.attester, &known, Askable::Followed)?;
    expect_servers(&args.server, &gathered, &rows)?;
    let report = report(&gathered, (args, &named), &rows);
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

/// Whether there are such servers. One whose file cannot be read is one.
fn expect_servers(wanted: &[String], gathered: &Gathered, rows: &[AttesterRow]) -> Result<(), CliError> {
    let mut known = if wanted.is_empty() { BTreeSet::new() } else { server_names(&gathered.network.config) };
    known.extend(rows.iter().flat_map(|row| row.servers.iter().cloned()));
    match wanted.iter().find(|server| !known.contains(*server)) {
        Some(unknown) => {
            let known = known.into_iter().collect();
            Err(CliError::Unknown { kind: Named::Server, name: unknown.clone(), known })
        }
        None => Ok(()),
    }
}

fn report(gathered: &Gathered, (args, named): (&StatusArgs, &BTreeSet<Address>), rows: &[AttesterRow]) -> StatusReport {
    let needing = if args.attention { needing_attention(gathered, rows) } else { BTreeSet::new() };
    let here = (gathered.snapshot.canonical(), gathered.snapshot.block.timestamp);
    StatusReport {
        scope: gathered.scope(),
        counts_by_state: counts_by_state(rows),
        counts_by_position: counts_by_position(rows),
        attesters: rows
            .iter()
            .filter(|row| is_wanted(row, (args, named), &needing))
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

fn is_wanted(row: &AttesterRow, (args, named): (&StatusArgs, &BTreeSet<Address>), needing: &BTreeSet<Address>) -> bool {
    (args.state.is_empty() || args.state.contains(&row.state))
        && (args.position.is_empty() || args.position.contains(&row.position))
        && (args.server.is_empty() || args.server.iter().any(|server| row.servers.contains(server)))
        && (named.is_empty() || named.contains(&row.attester))
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
    let parts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    text.push_str(&format!("{}{parts}\n\n", format::count(total, "attester")));
    if report.attesters.is_empty() {
        text.push_str("no attester to show\n");
        return text;
    }
    let now = report.scope.block.timestamp;
    text.push_str(&table(output, &COLUMNS, report.attesters.iter().map(|row| line(row, now))));
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

const COLUMNS: [Column; 9] = [
    key("ATTESTER"),
    key("STATE"),
    column("POSITION", 3),
    column("PLACE", 5),
    column("ARRIVAL", 2),
    column("COINBASE", 1),
    column("BALANCE", 7),
    column("REWARDS", 6),
    column("SERVER", 4),
];

fn line(row: &Attester, now: u64) -> Vec<Value> {
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
        None if !cause.is_empty() => words(format!("{} ({cause})", row.position)),
        Some(rollup) if !cause.is_empty() => words(format!("{cause} (at {})", rollup.version.0)).in_tone(Tone::Warning),
        Some(rollup) => words(format!("{} (at {})", row.position, rollup.version.0)).in_tone(Tone::Warning),
        None if row.deposit_failed => words(format!("{} (deposit failed)", row.position)).in_tone(Tone::Bad),
        None => plain(row.position.to_string()),
    };
    vec![
        named(&row.address.0),
        toned(row.state.to_string(), state_tone(row.state)),
        position,
        number(place),
        plain(row.arrival.as_ref().map(|arrival| arrival_text(arrival, now)).unwrap_or_default()),
        coinbase_value(&row.coinbase),
        number(amount_or_nothing(row.effective_balance.0)),
        number(row.pending_rewards.map(|rewards| amount_or_nothing(rewards.0)).unwrap_or_default()),
        words(servers.join(", ")),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use butler_core::domain::attester::position::Position;
    use butler_core::domain::attester::view::OnChainStatus;

    use super::*;
    use crate::view::json::JsonRollup;
    use crate::view::widths::{NOW, address, at_usual_widths, scope};

    fn of(number: u8, state: State, position: Position, verdict: &'static str) -> Attester {
        let severity = if verdict == "matches" { Severity::Ok } else { Severity::Critical };
        let (configured, expected, claimed, why, unknown) = (Vec::new(), None, None, None, None);
        let deadline = (verdict == "missing").then_some("overdue");
        let is_waiting = position == Position::EntryQueue;
        let version = U256::from(3).into();
        Attester {
            address: address(number).into(),
            state,
            position,
            position_unknown: None,
            rollup: Some(JsonRollup {
                address: address(0).into(),
                version,
                is_canonical: position != Position::Zombie,
            }),
            status: OnChainStatus::None,
            provider_id: Some(4),
            provider_queue_place: None,
            entry_queue_place: is_waiting.then_some(11),
            arrival: is_waiting.then_some(Arrival { epoch: 9, earliest: NOW + 9_000, expected: NOW + 90_000 }),
            coinbase: Coinbase { verdict, severity, configured, expected, deadline, claimed, why, unknown },
            effective_balance: (U256::from(200_000) * U256::exp10(18)).into(),
            withdrawer: None,
            staker: None,
            zombie_cause: (position == Position::Zombie).then_some(ZombieCause::Unclear),
            exit: None,
            pending_rewards: Some((U256::from(12_345) * U256::exp10(16)).into()),
            rewards_left: Vec::new(),
            proof_checked: is_waiting.then_some(false),
            deposit_failed: false,
            stakes: Vec::new(),
            servers: ["server-1".to_owned(), "server-2".to_owned()].into(),
        }
    }

    #[test]
    fn attesters_are_told_whole_at_every_width() {
        let former = Former {
            address: address(9).into(),
            version: U256::from(2).into(),
            counts_by_position: [(Position::Zombie, 1)].into(),
            pending_rewards: (U256::from(7) * U256::exp10(18)).into(),
            coinbases: 1,
            unread: Some("getEntryQueueLength".to_owned()),
        };
        let report = StatusReport {
            scope: scope(),
            counts_by_state: [(State::CoinbaseNeeded, 1), (State::Active, 1), (State::NoLongerActive, 1)].into(),
            counts_by_position: BTreeMap::new(),
            attesters: vec![
                of(1, State::CoinbaseNeeded, Position::EntryQueue, "missing"),
                of(2, State::Active, Position::Validating, "matches"),
                of(3, State::NoLongerActive, Position::Zombie, "not_applicable"),
                of(4, State::InStakingProviderQueue, Position::ProviderQueue, "not_applicable"),
            ],
            former_rollups: vec![former],
            key_file_faults: Vec::new(),
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
