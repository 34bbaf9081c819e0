//! `watcher status` and `actions`: what the watcher answers over its socket, and what a person decides.

mod decide;
mod outline;
mod render;
mod report;
mod select;
pub(super) mod socket;

use butler_core::control::{Answer, Ask, Choice, HistoryExport, ROWS_LIMIT};
use butler_core::runtime::exit::Exit;

use self::render::{render_action, render_actions, render_export, render_history, render_status};
use self::report::{ActionReport, ActionsReport, HistoryReport, Listed};
use self::select::{digest, rows};
use self::socket::{ask, strange};
use crate::args::{ActionsCommand, Global};
use crate::error::CliError;
use crate::output::Output;

/// Shows how the watcher is.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn status(global: &Global, output: Output) -> Result<Exit, CliError> {
    let Answer::Status(status) = ask(global, Ask::Status).await? else { return Err(strange()) };
    output.result(&status, render_status)?;
    let is_stuck = status.networks.values().any(|network| network.problem.is_some());
    Ok(if is_stuck { Exit::CheckFailed } else { Exit::Success })
}

/// Shows actions, and decides on them.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn actions(global: &Global, command: ActionsCommand, output: Output) -> Result<Exit, CliError> {
    match command {
        ActionsCommand::List { phase, selection } => {
            let actions = rows(global, phase, &selection).await?;
            output.result(&ActionsReport { shown: digest(&actions), actions: Listed::all(actions) }, render_actions)?;
        }
        ActionsCommand::Show { key } => {
            let action = select::one(global, key).await?;
            let exit = if action.is_some() { Exit::Success } else { Exit::CheckFailed };
            output.result(&ActionReport { action }, render_action)?;
            return Ok(exit);
        }
        ActionsCommand::Approve(wanted) => return decide::run(global, wanted, Choice::Approve, output).await,
        ActionsCommand::Reject(wanted) => return decide::run(global, wanted, Choice::Reject, output).await,
        ActionsCommand::Retry(wanted) => return decide::run(global, wanted, Choice::Retry, output).await,
        ActionsCommand::Drop(wanted) => return decide::run(global, wanted, Choice::Drop, output).await,
        ActionsCommand::History { after, limit } => {
            let mut report = HistoryReport { lines: Vec::new() };
            let mut after = after;
            while report.lines.len() < limit {
                let wanted = (limit - report.lines.len()).min(ROWS_LIMIT);
                let Answer::History(lines) = ask(global, Ask::History { after, limit: wanted }).await? else {
                    return Err(strange());
                };
                let Some(last) = lines.last() else { break };
                after = last.line;
                report.lines.extend(lines);
            }
            output.result(&report, render_history)?;
        }
        ActionsCommand::Export { after } => output.verbatim(&export(global, after).await?, render_export)?,
    }
    Ok(Exit::Success)
}

/// The whole history after a line, as it is kept.
async fn export(global: &Global, after: u64) -> Result<HistoryExport, CliError> {
    let mut whole: Option<HistoryExport> = None;
    let mut after = after;
    loop {
        let Answer::Export(part) = ask(global, Ask::Export { after, limit: ROWS_LIMIT }).await? else {
            return Err(strange());
        };
        let count = u64::try_from(part.lines.len()).unwrap_or(u64::MAX);
        after = part.after.saturating_add(count);
        match &mut whole {
            None => whole = Some(part),
            Some(whole) if whole.journal == part.journal => whole.lines.extend(part.lines),
            Some(_) => return Err(strange()),
        }
        if count == 0 {
            return whole.ok_or_else(strange);
        }
    }
}
