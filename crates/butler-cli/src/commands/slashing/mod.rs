//! `slashing`: who may slash attesters of yours, at which rollup, until when or from when; and what their votes say.

mod report;

use butler_core::chain::NetworkSlashingReader;
use butler_core::domain::slashing::{Blindness, Stage};
use butler_core::runtime::exit::Exit;
use ethers_core::types::U256;

use self::report::{Rollup, Slasher, SlashingReport, Voted, report};
use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::table::{Column, Tone, Value, column, heading, key, named, number, plain, table, toned, words};

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at, Look::Overview).await?;
    let snapshot = &gathered.snapshot;
    let client = gathered.network.reader.client();
    let facts = NetworkSlashingReader::default().read(client, &snapshot.block, snapshot).await?;
    output.result(&report(gathered.scope(), snapshot, &facts), render)?;
    Ok(gathered.finish(Exit::Success))
}

fn render(report: &SlashingReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    let now = report.scope.block.timestamp;
    for rollup in &report.rollups {
        text.push_str(&render_rollup(rollup, now, output));
    }
    text
}

fn render_rollup(rollup: &Rollup, now: u64, output: &Output) -> String {
    let which = if rollup.rollup.is_canonical { "Rollup" } else { "Former rollup" };
    let title = format!("{which}, version {} ({})", rollup.rollup.version.0, format::address(&rollup.rollup.address.0));
    let mut text = heading(output, &title);
    if rollup.slashers.is_empty() {
        text.push_str("nobody may slash here\n");
        return text;
    }
    let rows = rollup.slashers.iter().map(|slasher| slasher_row(slasher, now));
    text.push_str(&table(output, &SLASHERS, rows));
    let voted = || rollup.slashers.iter().flat_map(|slasher| slasher.attesters.iter().map(move |one| (slasher, one)));
    if voted().next().is_some() {
        let rows = voted().map(|(slasher, voted)| voted_row(slasher, voted, now));
        text.push_str(&format!("\n{}", table(output, &VOTED, rows)));
    } else if rollup.slashers.iter().any(|slasher| slasher.round.is_some()) {
        text.push_str("no votes against attesters of yours in any open round\n");
    }
    text
}

const SLASHERS: [Column; 6] =
    [key("ROLE"), key("SLASHER"), column("PROPOSER", 2), column("WHEN", 1), key("VOTES"), column("ROUND", 1)];
const VOTED: [Column; 6] =
    [key("ATTESTER"), column("BY", 3), key("STAGE"), column("VOTES", 2), column("TOKENS", 1), key("EXECUTABLE")];

fn slasher_row(slasher: &Slasher, now: u64) -> Vec<Value> {
    let when = match (slasher.may_be_installed_at, slasher.may_slash_until) {
        (Some(at), _) if at <= now => format!("anybody may install it since {}", format::moment(at)),
        (Some(at), _) => format!("may be installed from {} ({})", format::moment(at), format::distance(now, at)),
        (None, Some(until)) => format!("until {} ({})", format::moment(until), format::distance(now, until)),
        (None, None) => String::new(),
    };
    let votes = match (slasher.unreadable, slasher.paused_until) {
        (Some(why @ Blindness::NoPause), _) => words(format!("can be read; {}", why.words())).in_tone(Tone::Warning),
        (Some(why), _) => words(format!("cannot be read: {}", why.words())).in_tone(Tone::Bad),
        (None, Some(until)) => words(format!("paused until {}", format::moment(until))).in_tone(Tone::Warning),
        (None, None) if slasher.may_be_installed_at.is_some() => toned("do not count yet", Tone::Faint),
        (None, None) => toned("can be read", Tone::Good),
    };
    let round = slasher.round.as_ref().map(|round| {
        format!(
            "{}: {} of {}, ends {}",
            round.number,
            round.votes,
            format::count(round.quorum, "vote"),
            format::distance(now, round.ends_at)
        )
    });
    vec![
        plain(slasher.role.name()),
        named(&slasher.address.0),
        slasher.proposer.map_or_else(|| plain(""), |proposer| named(&proposer.0)),
        words(when),
        votes,
        words(round.unwrap_or_default()),
    ]
}

fn voted_row(slasher: &Slasher, voted: &Voted, now: u64) -> Vec<Value> {
    let tone = match voted.stage {
        Stage::Spared | Stage::Vetoed => Tone::Faint,
        Stage::Voted => Tone::Warning,
        Stage::Decided | Stage::Executable => Tone::Bad,
    };
    let amount = voted.amount.map_or(U256::zero(), |amount| amount.0);
    vec![
        named(&voted.attester.0),
        plain(slasher.role.name()),
        toned(voted.stage.name(), tone),
        number(voted.votes.to_string()),
        number(if amount.is_zero() { String::new() } else { format::amount(amount, 4) }),
        plain(voted.executable_from.map(|at| format::distance(now, at)).unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use butler_core::domain::slashing::SlasherRole;

    use super::report::Round;
    use super::*;
    use crate::view::json::JsonRollup;
    use crate::view::widths::{NOW, address, at_usual_widths, scope};

    #[test]
    fn slashers_and_votes_are_told_whole_at_every_width() {
        let voted = |stage, tokens: u64| Voted {
            attester: address(1).into(),
            stage,
            votes: 33,
            amount: Some((U256::from(tokens) * U256::exp10(18)).into()),
            executable_from: Some(NOW + 90_000),
            expires_at: None,
        };
        let slasher = |role, number: u8, unreadable| Slasher {
            role,
            address: address(number).into(),
            proposer: Some(address(number + 1).into()),
            may_be_installed_at: None,
            may_slash_until: (role == SlasherRole::Legacy).then_some(NOW + 900_000),
            paused_until: None,
            unreadable,
            round: Some(Round { number: 12, votes: 1, quorum: 65, ends_at: NOW + 3_000, open_rounds: 1 }),
            attesters: vec![voted(Stage::Voted, 2_000), voted(Stage::Executable, 0)],
        };
        let version = U256::from(3).into();
        let rollup = Rollup {
            rollup: JsonRollup { address: address(0).into(), version, is_canonical: true },
            slashers: vec![
                slasher(SlasherRole::Current, 2, None),
                slasher(SlasherRole::Legacy, 4, Some(Blindness::UnknownProposer)),
            ],
            missing: Vec::new(),
        };
        let report = SlashingReport { scope: scope(), rollups: vec![rollup] };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
