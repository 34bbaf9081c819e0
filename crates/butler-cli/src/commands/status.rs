//! `status`: one row per attester.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::arrival::Arrival;
use butler_core::domain::coinbase::{CoinbaseCheck, Deadline, Severity, Unverified};
use butler_core::domain::entry_queue::Refusal;
use butler_core::domain::fate::Fate;
use butler_core::domain::findings::attester::judge_what_is_known;
use butler_core::domain::findings::{Level, Subject};
use butler_core::domain::overview::{AttesterRow, StakeRow, counts_by_position, counts_by_state, overview};
use butler_core::domain::position::Position;
use butler_core::domain::state::State;
use butler_core::domain::view::OnChainStatus;
use butler_core::runtime::exit::Exit;
use ethers_core::types::{Address, U256};
use serde::Serialize;

use super::audit;
use crate::args::{Global, StatusArgs};
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather};
use crate::output::{Output, remark};
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{Tone, Value, number, painted, plain, table, toned};

/// The report of `status`.
#[derive(Debug, Serialize)]
pub(super) struct StatusReport {
    scope: Scope,
    /// Of all tracked attesters, filtered or not.
    counts_by_state: BTreeMap<State, u64>,
    counts_by_position: BTreeMap<Position, u64>,
    attesters: Vec<Attester>,
    /// What is wrong with key files; the attesters of such a file are missing above.
    key_file_faults: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Attester {
    address: JsonAddress,
    state: State,
    position: Position,
    status: OnChainStatus,
    provider_id: Option<u64>,
    provider_queue_place: Option<u64>,
    entry_queue_place: Option<u64>,
    arrival: Option<Arrival>,
    coinbase: Coinbase,
    effective_balance: JsonAmount,
    withdrawer: Option<JsonAddress>,
    staker: Option<JsonAddress>,
    exit: Option<Leaving>,
    pending_rewards: Option<JsonAmount>,
    deposit_failed: bool,
    /// What became of each of its stakes, where that is not the plain story of one.
    stakes: Vec<Stake>,
    servers: BTreeSet<String>,
}

#[derive(Debug, Serialize)]
struct Stake {
    provider_id: u64,
    staker: JsonAddress,
    coinbase: JsonAddress,
    block: u64,
    fate: Fate,
    counts: bool,
    /// Why it waits and will be refunded.
    refusal: Option<&'static str>,
    /// Whose deposit comes before it and takes its place.
    overtaken_by: Option<Rival>,
}

#[derive(Debug, Serialize)]
struct Rival {
    attester: JsonAddress,
    withdrawer: JsonAddress,
    entry_queue_place: u64,
    is_ours: bool,
}

#[derive(Debug, Serialize)]
struct Coinbase {
    verdict: &'static str,
    severity: Severity,
    configured: Vec<JsonAddress>,
    expected: Option<JsonAddress>,
    /// `overdue`, `arrival` (see there) or `unknown`, where a coinbase is missing.
    deadline: Option<&'static str>,
    /// What the log of its delegation names and the chain does not confirm: not to be configured because of this.
    claimed: Option<JsonAddress>,
    /// Why a coinbase cannot be verified.
    why: Option<Unverified>,
    /// As `FILE: why`, where a file cannot be read that may name it.
    unknown: Option<String>,
}

#[derive(Debug, Serialize)]
struct Leaving {
    withdrawal_id: JsonAmount,
    amount: JsonAmount,
    exitable_at: u64,
    recipient_or_withdrawer: JsonAddress,
    is_recipient: bool,
}

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

/// The overview of everything that was gathered. Without any keys, no coinbase is judged.
pub(super) fn rows(gathered: &Gathered) -> Vec<AttesterRow> {
    let network = &gathered.network;
    let book = &network.keys.book;
    let mut rows = overview(&gathered.snapshot, book, &BTreeMap::new(), network.config.coinbase_rules());
    judge_what_is_known(&mut rows, book);
    rows
}

fn report(gathered: &Gathered, args: &StatusArgs, rows: &[AttesterRow]) -> StatusReport {
    let needing = if args.attention { needing_attention(gathered, rows) } else { BTreeSet::new() };
    StatusReport {
        scope: gathered.scope(),
        counts_by_state: counts_by_state(rows),
        counts_by_position: counts_by_position(rows),
        attesters: rows
            .iter()
            .filter(|row| is_wanted(row, args, &needing))
            .map(|row| attester(row, gathered.knows_coinbases()))
            .collect(),
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

fn attester(row: &AttesterRow, knows_coinbases: bool) -> Attester {
    let deadline = match row.coinbase {
        CoinbaseCheck::Missing { deadline: Deadline::Overdue } => Some("overdue"),
        CoinbaseCheck::Missing { deadline: Deadline::Arrival(_) } => Some("arrival"),
        CoinbaseCheck::Missing { deadline: Deadline::Unknown } => Some("unknown"),
        CoinbaseCheck::NotApplicable
        | CoinbaseCheck::Matches
        | CoinbaseCheck::Wrong { .. }
        | CoinbaseCheck::Zero
        | CoinbaseCheck::Differs { .. }
        | CoinbaseCheck::Unknown
        | CoinbaseCheck::Unverifiable { .. } => None,
    };
    Attester {
        address: row.attester.into(),
        state: row.state,
        position: row.position,
        status: row.view.status,
        provider_id: row.provider_id.map(u64::from),
        provider_queue_place: row.provider_queue_place,
        entry_queue_place: row.entry_queue_place,
        arrival: row.arrival,
        coinbase: Coinbase {
            verdict: if knows_coinbases { verdict(&row.coinbase) } else { "unknown" },
            severity: row.coinbase_severity,
            configured: row.coinbase_configured.iter().map(|coinbase| (*coinbase).into()).collect(),
            expected: row.coinbase_expected.map(Into::into),
            deadline,
            claimed: row.coinbase_claimed.map(Into::into),
            why: match row.coinbase {
                CoinbaseCheck::Unverifiable { why, .. } => Some(why),
                CoinbaseCheck::Missing { .. } => row.coinbase_doubt,
                CoinbaseCheck::NotApplicable
                | CoinbaseCheck::Matches
                | CoinbaseCheck::Wrong { .. }
                | CoinbaseCheck::Zero
                | CoinbaseCheck::Unknown
                | CoinbaseCheck::Differs { .. } => None,
            },
            unknown: row.coinbase_unknown.clone(),
        },
        effective_balance: row.view.effective_balance.into(),
        withdrawer: row.view.withdrawer.map(Into::into),
        staker: row.staker.map(Into::into),
        exit: row.view.exit.map(|exit| Leaving {
            withdrawal_id: exit.withdrawal_id.into(),
            amount: exit.amount.into(),
            exitable_at: exit.exitable_at,
            recipient_or_withdrawer: exit.recipient_or_withdrawer.into(),
            is_recipient: exit.is_recipient,
        }),
        pending_rewards: row.pending_rewards.map(Into::into),
        deposit_failed: row.deposit_failed,
        stakes: row.stakes.iter().map(stake).collect(),
        servers: row.servers.clone(),
    }
}

fn stake(stake: &StakeRow) -> Stake {
    Stake {
        provider_id: stake.provider_id.into(),
        staker: stake.staker.into(),
        coinbase: stake.coinbase.into(),
        block: stake.block,
        fate: stake.fate,
        counts: stake.counts,
        refusal: stake.refusal.map(Refusal::name),
        overtaken_by: stake.rival.map(|rival| Rival {
            attester: rival.attester.into(),
            withdrawer: rival.withdrawer.into(),
            entry_queue_place: rival.place,
            is_ours: rival.is_ours,
        }),
    }
}

fn verdict(check: &CoinbaseCheck) -> &'static str {
    match check {
        CoinbaseCheck::NotApplicable => "not_applicable",
        CoinbaseCheck::Matches => "matches",
        CoinbaseCheck::Missing { .. } => "missing",
        CoinbaseCheck::Wrong { .. } => "wrong",
        CoinbaseCheck::Zero => "zero",
        CoinbaseCheck::Differs { .. } => "differs",
        CoinbaseCheck::Unknown => "unknown",
        CoinbaseCheck::Unverifiable { .. } => "unverifiable",
    }
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
    text
}

fn line(row: &Attester, now: u64, narrow: bool) -> Vec<Value> {
    let address = if narrow { format::short_address(&row.address.0) } else { format::address(&row.address.0) };
    let place = match (row.entry_queue_place, row.provider_queue_place) {
        (Some(place), _) | (None, Some(place)) => (place.saturating_add(1)).to_string(),
        (None, None) => String::new(),
    };
    let servers: Vec<&str> = row.servers.iter().map(String::as_str).collect();
    let position = if row.deposit_failed {
        toned(format!("{} (deposit failed)", row.position), Tone::Bad)
    } else {
        plain(row.position.to_string())
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
