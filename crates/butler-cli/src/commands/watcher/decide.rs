//! Deciding: nothing is decided but what was shown, on this terminal or by an earlier command.

use butler_core::control::{ActionRow, Answer, Ask, Choice, DECISIONS_LIMIT, Shown};
use butler_core::domain::action::{ActionName, Phase};
use butler_core::runtime::exit::Exit;

use super::render::{render_action, render_actions, render_decided};
use super::report::{ActionReport, ActionsReport, DecidedReport, Listed, Refused};
use super::select::{self, digest, rows};
use super::socket::{ask, strange};
use crate::args::{DecideArgs, Global};
use crate::error::CliError;
use crate::output::{self, Output, can_ask};

/// Decides on one action, or on all that are selected.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, wanted: DecideArgs, choice: Choice, output: Output) -> Result<Exit, CliError> {
    let DecideArgs { key, selection, shown, reason } = wanted;
    let actions = match (key, selection.is_empty()) {
        (Some(key), true) => vec![one(global, key, shown, choice, &output).await?],
        (None, false) => {
            let rows = rows(global, Some(phase(choice)), &selection).await?;
            all(rows, shown, choice, &output)?
        }
        (Some(_), false) | (None, true) => return Err(CliError::NothingChosen),
    };
    let mut report = DecidedReport::default();
    for part in actions.chunks(DECISIONS_LIMIT) {
        let request = Ask::Decide { actions: part.to_vec(), choice, reason: reason.clone() };
        match ask(global, request).await {
            Ok(Answer::Decided { decided, refused }) => {
                report.decided.extend(Listed::all(decided));
                report.refused.extend(refused.into_iter().map(Refused::from));
            }
            Ok(_) => return Err(strange()),
            Err(CliError::WatcherRefused(why)) => return Err(CliError::DecisionRefused(why)),
            Err(error) => return Err(error),
        }
    }
    if let ([], [refused]) = (report.decided.as_slice(), report.refused.as_slice()) {
        return Err(CliError::DecisionRefused(refused.refused.why.clone()));
    }
    output.result(&report, render_decided)?;
    Ok(if report.refused.is_empty() { Exit::Success } else { Exit::Refused })
}

/// Where an action stands that this is decided on.
fn phase(choice: Choice) -> Phase {
    match choice {
        Choice::Approve | Choice::Reject => Phase::AwaitingApproval,
        Choice::Retry | Choice::Drop => Phase::Parked,
    }
}

/// One action, as it was shown before or is shown now.
async fn one(
    global: &Global,
    key: ActionName,
    shown: Option<String>,
    choice: Choice,
    output: &Output,
) -> Result<Shown, CliError> {
    if let Some(shown) = shown {
        return Ok(Shown { key, shown });
    }
    terminal()?;
    let Some(action) = select::one(global, key).await? else {
        return Err(refused("nothing is known of that action"));
    };
    // Whatever it was asked for by: what is decided on is the very one that is shown here.
    let (key, shown) = (action.row.key.clone().into(), action.row.shown.clone());
    confirm(&render_action(&ActionReport { action: Some(action) }, output), choice, output)?;
    shown.map(|shown| Shown { key, shown }).ok_or_else(|| refused("that action is over"))
}

/// All that were selected, as they were listed before or are shown now.
fn all(rows: Vec<ActionRow>, shown: Option<String>, choice: Choice, output: &Output) -> Result<Vec<Shown>, CliError> {
    if rows.is_empty() {
        return Err(refused("no action is one of those"));
    }
    let now = digest(&rows);
    match shown {
        Some(shown) if shown != now => {
            return Err(refused("these are not the actions that were shown: list them again"));
        }
        Some(_) => {}
        None => {
            terminal()?;
            let report = ActionsReport { actions: Listed::all(rows.clone()), shown: now };
            confirm(&render_actions(&report, output), choice, output)?;
        }
    }
    Ok(rows.into_iter().filter_map(|row| Some(Shown { key: row.key.into(), shown: row.shown? })).collect())
}

fn terminal() -> Result<(), CliError> {
    if can_ask() { Ok(()) } else { Err(CliError::NothingShown) }
}

/// Shows what is decided on, and asks.
fn confirm(text: &str, choice: Choice, output: &Output) -> Result<(), CliError> {
    let what = match choice {
        Choice::Approve => "Approve?",
        Choice::Reject => "Reject for good?",
        Choice::Retry => "Try again?",
        Choice::Drop => "Drop for good?",
    };
    if output::ask(&output.fitted(text), what)? { Ok(()) } else { Err(refused("nothing was decided")) }
}

fn refused(why: &str) -> CliError {
    CliError::DecisionRefused(why.to_owned())
}
