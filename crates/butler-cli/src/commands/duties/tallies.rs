//! `duties`: what each attester did and missed.

use std::collections::BTreeMap;

use butler_core::domain::duties::{DutyKind, Rate, Tally, tally};
use butler_core::runtime::exit::Exit;
use ethers_core::types::Address;
use serde::Serialize;

use super::reading::{Found, read};
use super::report::Span;
use crate::args::{DutiesArgs, Global};
use crate::error::CliError;
use crate::output::Output;
use crate::view::json::{JsonAddress, Scope};
use crate::view::table::{Column, Tone, Value, column, key, named, number, plain, table};

/// The report of `duties`.
#[derive(Debug, Serialize)]
struct DutiesReport {
    scope: Scope,
    span: Span,
    /// All of these attesters together.
    total: Tally,
    attesters: Vec<AttesterDuties>,
}

#[derive(Debug, Serialize)]
struct AttesterDuties {
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
pub(in crate::commands) async fn tallies(global: &Global, args: &DutiesArgs, output: Output) -> Result<Exit, CliError> {
    let found = read(global, args).await?;
    output.result(&report(&found), render)?;
    Ok(found.gathered.finish(Exit::Success))
}

fn report(found: &Found) -> DutiesReport {
    let duties = &found.read.duties;
    let mut missed = BTreeMap::<(Address, DutyKind), Vec<u64>>::new();
    for duty in duties.iter().filter(|duty| duty.done.is_missed()) {
        missed.entry((duty.attester, duty.kind)).or_default().push(duty.slot);
    }
    let mut missed_of = |attester, kind| missed.remove(&(attester, kind)).unwrap_or_default();
    let (total, tallies) = tally(duties);
    let attesters = tallies.into_iter().map(|(attester, tally)| AttesterDuties {
        attester: attester.into(),
        proposals: tally.proposals,
        attestations: tally.attestations,
        missed_proposals: missed_of(attester, DutyKind::Propose),
        missed_attestations: missed_of(attester, DutyKind::Attest),
    });
    let attesters = attesters.collect();
    DutiesReport { scope: found.gathered.scope(), span: Span::of(found), total, attesters }
}

fn render(report: &DutiesReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&report.span.line());
    if report.attesters.is_empty() {
        text.push_str("no duties of these attesters\n");
        return text;
    }
    let rows = report
        .attesters
        .iter()
        .map(|one| row(named(&one.attester.0), &Tally { proposals: one.proposals, attestations: one.attestations }));
    let total = (report.attesters.len() > 1).then(|| row(plain("all"), &report.total));
    text.push_str(&table(output, &COLUMNS, rows.chain(total)));
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

fn row(name: Value, Tally { proposals, attestations }: &Tally) -> Vec<Value> {
    let missed = |count: u64| if count == 0 { number("0") } else { number(count.to_string()).in_tone(Tone::Bad) };
    let unread = proposals.unread.saturating_add(attestations.unread);
    vec![
        name,
        number(proposals.done.to_string()),
        missed(proposals.missed()),
        missed(proposals.missed_alone),
        number(attestations.done.to_string()),
        missed(attestations.missed()),
        missed(attestations.missed_alone),
        number(unread.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{NOW, address, at_usual_widths, scope};

    #[test]
    fn tallies_are_told_whole_at_every_width() {
        let rate = |done, missed_alone| Rate { done, missed_alone, missed_with_many: 2, excused: 0, unread: 1 };
        let of = |number, missed| AttesterDuties {
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
        let report = DutiesReport { scope: scope(), span, total, attesters: vec![of(1, 0), of(2, 1)] };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
