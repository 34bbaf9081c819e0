//! `duties`: what each attester did and missed.

use std::collections::BTreeMap;

use butler_core::domain::duties::{DutyKind, Rate, Tally, tally};
use butler_core::runtime::exit::Exit;
use ethers_core::types::Address;
use serde::Serialize;

use super::reading::ReadAt;
use super::report::{Span, SpanAt, is_canonical_alone, span_lines};
use super::rollups::{FoundAll, read_all};
use crate::args::{Global, RollupsArgs};
use crate::error::CliError;
use crate::output::Output;
use crate::view::json::{JsonAddress, JsonRollup, Scope};
use crate::view::table::{Column, Tone, Value, column, key, named, number, plain, table};

/// The report of `duties`.
#[derive(Debug, Serialize)]
struct DutiesReport {
    scope: Scope,
    span: Span,
    rollups: Vec<SpanAt>,
    /// All of these attesters together, at all rollups.
    total: Tally,
    attesters: Vec<AttesterDuties>,
}

#[derive(Debug, Serialize)]
struct AttesterDuties {
    rollup: JsonRollup,
    attester: JsonAddress,
    proposals: Rate,
    attestations: Rate,
    /// Slots in which it was to propose and did not.
    missed_proposals: Vec<u64>,
    /// Slots whose checkpoint it was to attest and did not.
    missed_attestations: Vec<u64>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn tallies(
    global: &Global,
    args: &RollupsArgs,
    output: Output,
) -> Result<Exit, CliError> {
    let found = read_all(global, args).await?;
    output.result(&report(&found), render)?;
    Ok(found.whose.gathered.finish(Exit::Success))
}

fn report(found: &FoundAll) -> DutiesReport {
    let canonical = found.whose.gathered.snapshot.canonical();
    let attesters = found.rollups.iter().flat_map(|at| attesters(at, JsonRollup::new(at.id, canonical))).collect();
    let (total, _) = tally(found.rollups.iter().flat_map(|at| &at.read.duties));
    let scope = found.whose.gathered.scope();
    DutiesReport { scope, span: found.span(), rollups: found.spans(), total, attesters }
}

/// What each attester did at one rollup.
fn attesters(at: &ReadAt, rollup: JsonRollup) -> Vec<AttesterDuties> {
    let duties = &at.read.duties;
    let mut missed = BTreeMap::<(Address, DutyKind), Vec<u64>>::new();
    for duty in duties.iter().filter(|duty| duty.done.is_missed()) {
        missed.entry((duty.attester, duty.kind)).or_default().push(duty.slot);
    }
    let mut missed_of = |attester, kind| missed.remove(&(attester, kind)).unwrap_or_default();
    let attesters = tally(duties).1.into_iter().map(|(attester, tally)| AttesterDuties {
        rollup,
        attester: attester.into(),
        proposals: tally.proposals,
        attestations: tally.attestations,
        missed_proposals: missed_of(attester, DutyKind::Propose),
        missed_attestations: missed_of(attester, DutyKind::Attest),
    });
    attesters.collect()
}

fn render(report: &DutiesReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&span_lines(&report.rollups));
    if report.attesters.is_empty() {
        text.push_str("no duties of these attesters\n");
        return text;
    }
    let is_plain = is_canonical_alone(&report.rollups);
    let mut columns = COLUMNS.to_vec();
    if !is_plain {
        columns.insert(1, key("ROLLUP"));
    }
    let names = |name: Value, rollup: String| {
        let rollup = (!is_plain).then(|| plain(rollup));
        std::iter::once(name).chain(rollup).collect::<Vec<_>>()
    };
    let rows = report.attesters.iter().map(|one| {
        let names = names(named(&one.attester.0), one.rollup.version.0.to_string());
        row(names, &Tally { proposals: one.proposals, attestations: one.attestations })
    });
    let total = (report.attesters.len() > 1).then(|| row(names(plain("all"), String::new()), &report.total));
    text.push_str(&table(output, &columns, rows.chain(total)));
    text
}

/// Turns to propose, then checkpoints to attest; of those that it missed, what it missed alone.
const COLUMNS: [Column; 8] = [
    key("ATTESTER"),
    column("PROPOSED", 3),
    column("MISSED", 1),
    column("MISSED ALONE", 4),
    column("ATTESTED", 3),
    column("ABSENT", 1),
    column("ABSENT ALONE", 4),
    column("UNREAD", 5),
];

fn row(mut names: Vec<Value>, Tally { proposals, attestations }: &Tally) -> Vec<Value> {
    let missed = |count: u64| if count == 0 { number("0") } else { number(count.to_string()).in_tone(Tone::Bad) };
    let unread = proposals.unread.saturating_add(attestations.unread);
    names.extend([
        number(proposals.done.to_string()),
        missed(proposals.missed()),
        missed(proposals.missed_alone),
        number(attestations.done.to_string()),
        missed(attestations.missed()),
        missed(attestations.missed_alone),
        number(unread.to_string()),
    ]);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{NOW, address, at_usual_widths, rollup, scope};

    #[test]
    fn tallies_are_told_whole_at_every_width() {
        let rate = |done, missed_alone| Rate { done, missed_alone, missed_with_many: 2, excused: 0, unread: 1 };
        let of = |number, missed| AttesterDuties {
            rollup: rollup(1),
            attester: address(number).into(),
            proposals: rate(3, missed),
            attestations: rate(1_234, missed),
            missed_proposals: Vec::new(),
            missed_attestations: Vec::new(),
        };
        let span = Span {
            from_block: 24_299_000,
            to_block: 24_300_000,
            from_time: NOW - 86_400,
            to_time: NOW,
            epochs: 38,
            own_epochs: 12,
            is_complete: true,
            gap: None,
            checkpoints: 1_190,
        };
        let total = Tally { proposals: rate(6, 1), attestations: rate(2_468, 1) };
        let at = |version| SpanAt { rollup: rollup(version), span: Some(span.clone()), unread: None };
        let attesters = vec![of(1, 0), of(2, 1)];
        let mut report = DutiesReport { scope: scope(), span: span.clone(), rollups: vec![at(1)], total, attesters };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
        report.rollups.push(at(0));
        insta::assert_snapshot!("at_two_rollups", at_usual_widths(|output| render(&report, output)));
    }
}
