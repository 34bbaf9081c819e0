//! The report of `backtest`.

use butler_core::domain::backtest::{Change, Loss, Losses, Moment, Outcome};
use butler_core::domain::findings::Severity;
use ethers_core::types::Address;
use serde::Serialize;

use super::state::StateRead;
use crate::commands::duties::{Found, Span};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, Scope};
use crate::view::table::{Column, Tone, column, key, number, plain, subject, table, toned, words};

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// The report of `backtest`.
#[derive(Debug, Serialize)]
pub(super) struct BacktestReport {
    scope: Scope,
    span: Span,
    state: State,
    /// Blocks at which something happened, and findings were made anew.
    blocks: u64,
    said: Vec<Said>,
    open: Vec<Open>,
    losses: Total,
    attesters: Vec<Lost>,
}

/// What was read beside logs and transactions.
#[derive(Debug, Serialize)]
struct State {
    /// Blocks whose state was read.
    blocks: usize,
    /// Blocks at which something of own providers changed, and the first and the last block.
    changes: usize,
    /// Why it was not read of more of them.
    unread: Option<String>,
}

/// Something that would have been said.
#[derive(Debug, Serialize)]
struct Said {
    block_number: u64,
    time: u64,
    change: Change,
    severity: Severity,
    kind: &'static str,
    subject: String,
    message: String,
    /// Proposals of these attesters that had paid somebody else by then.
    astray: u64,
}

/// Something that is wrong at the end of the span.
#[derive(Debug, Serialize)]
struct Open {
    severity: Severity,
    kind: &'static str,
    subject: String,
    message: String,
    since_block: u64,
    since_time: u64,
}

/// What was lost by when.
#[derive(Debug, Serialize)]
struct Total {
    /// Proposals that paid somebody else.
    astray: u64,
    first_time: Option<u64>,
    last_time: Option<u64>,
    told_block: Option<u64>,
    told_time: Option<u64>,
    when_told: Option<u64>,
    /// An hour after it would have been told, and a day after.
    hour_later: Option<u64>,
    day_later: Option<u64>,
}

/// What one attester lost.
#[derive(Debug, Serialize)]
struct Lost {
    attester: JsonAddress,
    astray: u64,
    first_slot: u64,
    first_time: u64,
    last_slot: u64,
    last_time: u64,
    told_block: Option<u64>,
    told_time: Option<u64>,
    when_told: Option<u64>,
}

impl BacktestReport {
    pub(super) fn new(found: &Found, state: &StateRead, outcome: &Outcome) -> Self {
        let said = outcome.said.iter().map(|one| Said {
            block_number: one.at.block,
            time: one.at.time,
            change: one.change,
            severity: one.severity,
            kind: one.kind.code(),
            subject: one.subject.to_string(),
            message: one.message.clone(),
            astray: one.astray,
        });
        let open = outcome.open.iter().map(|one| Open {
            severity: one.severity,
            kind: one.kind.code(),
            subject: one.subject.to_string(),
            message: one.message.clone(),
            since_block: one.since.block,
            since_time: one.since.time,
        });
        Self {
            scope: found.gathered.scope(),
            span: Span::of(&found.read, &found.blocks),
            state: State { blocks: state.past.len(), changes: state.changes, unread: state.unread.clone() },
            blocks: outcome.blocks,
            said: said.collect(),
            open: open.collect(),
            losses: total(&outcome.losses),
            attesters: outcome.losses.by_attester.iter().map(lost).collect(),
        }
    }
}

fn total(losses: &Losses) -> Total {
    let (first, last) = losses.span().unzip();
    let (told, when_told) = losses.told().unzip();
    let time = |moment: Option<Moment>| moment.map(|moment| moment.time);
    let after = |seconds: u64| told.map(|told| losses.by(told.time.saturating_add(seconds)));
    Total {
        astray: losses.count(),
        first_time: time(first),
        last_time: time(last),
        told_block: told.map(|told| told.block),
        told_time: time(told),
        when_told,
        hour_later: after(HOUR),
        day_later: after(DAY),
    }
}

fn lost((attester, loss): (&Address, &Loss)) -> Lost {
    let (told, when_told) = loss.told.unzip();
    let ((first, began), (last, ended)) = (loss.first, loss.last);
    Lost {
        attester: (*attester).into(),
        astray: loss.count,
        first_slot: first.slot,
        first_time: began.time,
        last_slot: last.slot,
        last_time: ended.time,
        told_block: told.map(|told| told.block),
        told_time: told.map(|told| told.time),
        when_told,
    }
}

/// The report for people.
pub(super) fn render(report: &BacktestReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&report.span.line());
    if report.said.is_empty() {
        text.push_str("nothing would have been said\n");
    } else {
        text.push_str(&table(output, &COLUMNS, report.said.iter().map(row)));
    }
    text.push('\n');
    text.push_str(&losses(&report.losses));
    let read = format::count(report.state.blocks, "block");
    text.push_str(&match (&report.state.unread, report.state.blocks) {
        (Some(why), 0) => format!("only logs and transactions were used, no state: {why}\n"),
        (Some(why), _) => format!("the state of {read} was read, and no more: {why}\n"),
        (None, _) => format!("the state of {read} of {} with changes was read\n", report.state.changes),
    });
    text.push_str("key files, and which coinbases are right, are those of now\n");
    text
}

const COLUMNS: [Column; 8] = [
    key("WHEN"),
    column("BLOCK", 3),
    key("CHANGE"),
    column("SEVERITY", 2),
    key("FINDING"),
    key("SUBJECT"),
    column("ASTRAY", 1),
    key("WHAT"),
];

fn row(said: &Said) -> Vec<crate::view::table::Value> {
    let tone = match (said.change, said.severity) {
        (Change::Eased | Change::Ended, _) => Tone::Good,
        (Change::Began | Change::Worsened, Severity::Critical) => Tone::Bad,
        (Change::Began | Change::Worsened, Severity::Warning) => Tone::Warning,
        (Change::Began | Change::Worsened, Severity::Info) => Tone::Faint,
    };
    vec![
        plain(format::moment(said.time)),
        number(said.block_number.to_string()),
        plain(said.change.name()),
        toned(said.severity.name(), tone),
        plain(said.kind),
        subject(&said.subject),
        number(said.astray.to_string()),
        words(said.message.clone()),
    ]
}

fn losses(total: &Total) -> String {
    let Some((first, last)) = total.first_time.zip(total.last_time) else {
        return "no proposal of these attesters paid somebody else\n".to_owned();
    };
    let mut text = format!(
        "{} paid somebody else, the first at {}, the last at {}\n",
        proposals(total.astray),
        format::moment(first),
        format::moment(last)
    );
    let told = total.told_time.zip(total.when_told).zip(total.hour_later.zip(total.day_later));
    text.push_str(&match told {
        Some(((time, when_told), (hour, day))) => format!(
            "it would have been told at {}: {} by then, {hour} an hour later, {day} a day later\n",
            format::moment(time),
            proposals(when_told)
        ),
        None => "nothing would have been told of it\n".to_owned(),
    });
    text
}

fn proposals(count: u64) -> String {
    format::count(count, "proposal")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{NOW, at_usual_widths, scope, told};

    #[test]
    fn what_would_have_been_said_is_told_whole_at_every_width() {
        let said = |change, severity, astray| Said {
            block_number: 24_200_000,
            time: NOW,
            change,
            severity,
            kind: "coinbase_used_wrong",
            subject: told(1),
            message: format!("its proposal of slot 4904 paid {} instead of {}", told(2), told(3)),
            astray,
        };
        let losses = Total {
            astray: 12,
            first_time: Some(NOW),
            last_time: Some(NOW + DAY),
            told_block: Some(24_200_000),
            told_time: Some(NOW),
            when_told: Some(1),
            hour_later: Some(2),
            day_later: Some(12),
        };
        let span = Span {
            from_block: 24_100_000,
            to_block: 24_300_000,
            from_time: NOW - DAY,
            to_time: NOW + DAY,
            epochs: 75,
            own_epochs: 1,
            is_complete: true,
            gap: None,
            checkpoints: 1_200,
        };
        let report = BacktestReport {
            scope: scope(),
            span,
            state: State { blocks: 1, changes: 4, unread: None },
            blocks: 2,
            said: vec![said(Change::Began, Severity::Critical, 1), said(Change::Ended, Severity::Critical, 12)],
            open: Vec::new(),
            losses,
            attesters: Vec::new(),
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
