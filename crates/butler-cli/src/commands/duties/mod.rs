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
use crate::view::table::{Tone, number, plain, table, toned};

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
    let mut header = vec!["SLOT", "WHEN", "PROPOSER", "COINBASE", "USED", "ATTESTED", "FATE"];
    let is_plain = is_canonical_alone(&report.rollups);
    if !is_plain {
        header.insert(0, "ROLLUP");
    }
    text.push_str(&table(output, &header, report.proposals.iter().map(|one| row(one, is_plain))));
    let unread = report.proposals.iter().filter(|proposal| proposal.unread.is_some());
    for proposal in unread {
        let why = proposal.unread.as_deref().unwrap_or_default();
        text.push_str(&format!("\nnot readable: {} ({why})", proposal.transaction));
    }
    text
}

fn row(proposal: &Proposal, is_plain: bool) -> Vec<crate::view::table::Value> {
    let used = match proposal.used {
        Some(Used::Right) => toned(Used::Right.name(), Tone::Good),
        Some(used @ (Used::Unset | Used::Wrong)) => toned(used.name(), Tone::Bad),
        Some(Used::Unjudged) | None => toned(Used::Unjudged.name(), Tone::Faint),
    };
    let attested = proposal.attested.map(|attested| format!("{attested}/{}", proposal.committee.unwrap_or_default()));
    let address = |one: &Option<crate::view::json::JsonAddress>| {
        plain(one.map(|one| format::address(&one.0)).unwrap_or_default())
    };
    let rollup = (!is_plain).then(|| plain(proposal.rollup.version.0.to_string()));
    let rest = [
        number(proposal.slot.map(|slot| slot.to_string()).unwrap_or_default()),
        plain(proposal.slot_began.map(format::moment).unwrap_or_default()),
        address(&proposal.proposer),
        address(&proposal.coinbase),
        used,
        plain(attested.unwrap_or_default()),
        plain(proposal.fate.name()),
    ];
    rollup.into_iter().chain(rest).collect()
}
