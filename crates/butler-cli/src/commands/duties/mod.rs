//! `proposals` and `duties`: what attesters really did at the canonical rollup and at former ones, from L1 alone.

mod audited;
mod reading;
mod report;
mod rollups;
mod tallies;
mod whose;

use butler_core::domain::duties::Used;
use butler_core::runtime::exit::Exit;

pub(super) use self::audited::{OnL1, on_l1};
pub(super) use self::reading::{Found, read};
pub(super) use self::report::Span;
use self::report::{Proposal, ProposalsReport, is_canonical_alone, span_lines};
use self::rollups::read_all;
pub(super) use self::tallies::tallies;
use crate::args::{Global, ProposalsArgs};
use crate::error::CliError;
use crate::output::Output;
use crate::view::format;
use crate::view::table::{Column, Tone, column, key, named, number, plain, table, toned};

/// Runs `proposals`.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn proposals(global: &Global, args: &ProposalsArgs, output: Output) -> Result<Exit, CliError> {
    let found = read_all(global, &args.rollups).await?;
    let mut report = ProposalsReport::new(&found);
    report.proposals.retain(|proposal| {
        (args.coinbase.is_empty() || proposal.coinbase.is_some_and(|coinbase| args.coinbase.contains(&coinbase.0)))
            && (!args.astray || proposal.used.is_some_and(Used::is_astray))
    });
    output.result(&report, render)?;
    let is_astray = report.proposals.iter().any(|proposal| proposal.used.is_some_and(Used::is_astray));
    Ok(found.whose.gathered.finish(if is_astray { Exit::CheckFailed } else { Exit::Success }))
}

fn render(report: &ProposalsReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&span_lines(&report.rollups));
    if report.proposals.is_empty() {
        text.push_str("no proposals of these attesters\n");
        return text;
    }
    let is_plain = is_canonical_alone(&report.rollups);
    let columns: Vec<Column> = (!is_plain).then_some(key("ROLLUP")).into_iter().chain(COLUMNS).collect();
    text.push_str(&table(output, &columns, report.proposals.iter().map(|one| row(one, is_plain))));
    let unread = report.proposals.iter().filter(|proposal| proposal.unread.is_some());
    for proposal in unread {
        let why = proposal.unread.as_deref().unwrap_or_default();
        text.push_str(&format!("\nnot readable: {} ({why})", proposal.transaction));
    }
    text
}

const COLUMNS: [Column; 7] = [
    key("SLOT"),
    column("WHEN", 3),
    key("PROPOSER"),
    key("COINBASE"),
    key("USED"),
    column("ATTESTED", 2),
    column("FATE", 1),
];

fn row(proposal: &Proposal, is_plain: bool) -> Vec<crate::view::table::Value> {
    let used = match proposal.used {
        Some(Used::Right) => toned(Used::Right.name(), Tone::Good),
        Some(used @ (Used::Unset | Used::Wrong)) => toned(used.name(), Tone::Bad),
        Some(Used::Unjudged) | None => toned(Used::Unjudged.name(), Tone::Faint),
    };
    let attested = proposal.attested.map(|attested| format!("{attested}/{}", proposal.committee.unwrap_or_default()));
    let rollup = (!is_plain).then(|| plain(proposal.rollup.version.0.to_string()));
    let rest = [
        number(proposal.slot.map(|slot| slot.to_string()).unwrap_or_default()),
        plain(proposal.slot_began.map(format::moment).unwrap_or_default()),
        proposal.proposer.map_or_else(|| plain(""), |proposer| named(&proposer.0)),
        plain(proposal.coinbase.map(|coinbase| format::address(&coinbase.0)).unwrap_or_default()),
        used,
        plain(attested.unwrap_or_default()),
        plain(proposal.fate.name()),
    ];
    rollup.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use butler_core::domain::duties::Fate;

    use super::report::SpanAt;
    use super::*;
    use crate::view::widths::{NOW, address, at_usual_widths, hash, rollup, scope};

    #[test]
    fn proposals_are_told_whole_at_every_width() {
        let proposal = |number: u64, used, unread: Option<&str>| Proposal {
            rollup: rollup(1),
            number,
            slot: Some(4_900 + number),
            epoch: Some(153),
            slot_began: Some(NOW),
            proposer: Some(address(1).into()),
            coinbase: Some(address(2).into()),
            used: Some(used),
            expected: Some(address(3).into()),
            attested: Some(40),
            committee: Some(48),
            fate: Fate::Stands,
            transaction: format!("{:#x}", hash(9)),
            block_number: 24_300_000,
            unread: unread.map(str::to_owned),
        };
        let span = Span {
            from_block: 24_299_000,
            to_block: 24_300_000,
            from_time: NOW - 86_400,
            to_time: NOW,
            epochs: 1,
            own_epochs: 1,
            is_complete: false,
            gap: Some("checkpoint 12 is missing".to_owned()),
            checkpoints: 3,
        };
        let proposals = vec![
            proposal(1, Used::Right, None),
            proposal(2, Used::Wrong, None),
            proposal(3, Used::Unjudged, Some("it calls the rollup by way of a contract that is not known")),
        ];
        let at = |version| SpanAt { rollup: rollup(version), span: Some(span.clone()), unread: None };
        let mut report = ProposalsReport { scope: scope(), span: span.clone(), rollups: vec![at(1)], proposals };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
        report.rollups.push(at(0));
        insta::assert_snapshot!("at_two_rollups", at_usual_widths(|output| render(&report, output)));
    }
}
