//! `watcher status` and `actions`: what the watcher answers over its socket, and what a person decides.

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use butler_core::control::{
    ANSWER_LIMIT, ActionRow, Answer, Ask, Choice, ControlRequest, HistoryRow, PROTOCOL, ROWS_LIMIT, WatcherStatus,
    socket_in,
};
use butler_core::domain::action::EffectKey;
use butler_core::runtime::exit::Exit;
use serde::Serialize;

use crate::args::{ActionsCommand, DecideArgs, Global};
use crate::error::CliError;
use crate::gather::load;
use crate::output::Output;
use crate::view::table::{number, plain, table};

/// How long the watcher may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Shows how the watcher is.
///
/// # Errors
/// See [`CliError`].
pub(super) fn status(global: &Global, output: Output) -> Result<Exit, CliError> {
    let Answer::Status(status) = ask(global, Ask::Status)? else { return Err(strange()) };
    output.result(&status, render_status)?;
    let is_stuck = status.networks.values().any(|network| network.problem.is_some());
    Ok(if is_stuck { Exit::CheckFailed } else { Exit::Success })
}

/// Shows actions.
///
/// # Errors
/// See [`CliError`].
pub(super) fn actions(global: &Global, command: ActionsCommand, output: Output) -> Result<Exit, CliError> {
    match command {
        ActionsCommand::List { phase } => {
            let mut report = ActionsReport { actions: Vec::new() };
            let mut after = None;
            loop {
                let request = Ask::Actions { phase, after, limit: ROWS_LIMIT };
                let Answer::Actions { actions, next } = ask(global, request)? else { return Err(strange()) };
                report.actions.extend(actions);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            report.actions.sort_by(|one, other| one.key.cmp(&other.key));
            output.result(&report, render_actions)?;
            Ok(Exit::Success)
        }
        ActionsCommand::Show { key } => {
            let Answer::Action(found) = ask(global, Ask::Action { key })? else { return Err(strange()) };
            let exit = if found.is_some() { Exit::Success } else { Exit::CheckFailed };
            output.result(&ActionReport { action: found.map(|row| *row) }, render_action)?;
            Ok(exit)
        }
        ActionsCommand::Retry(wanted) => decide(global, wanted, Choice::Retry, output),
        ActionsCommand::Drop(wanted) => decide(global, wanted, Choice::Drop, output),
        ActionsCommand::History { after, limit } => {
            let mut report = HistoryReport { lines: Vec::new() };
            let mut after = after;
            while report.lines.len() < limit {
                let wanted = (limit - report.lines.len()).min(ROWS_LIMIT);
                let Answer::History(lines) = ask(global, Ask::History { after, limit: wanted })? else {
                    return Err(strange());
                };
                let Some(last) = lines.last() else { break };
                after = last.line;
                report.lines.extend(lines);
            }
            output.result(&report, render_history)?;
            Ok(Exit::Success)
        }
    }
}

/// Decides on an action, as it was shown before or is shown now.
fn decide(global: &Global, wanted: DecideArgs, choice: Choice, output: Output) -> Result<Exit, CliError> {
    let DecideArgs { key, shown, reason } = wanted;
    let shown = match shown {
        Some(shown) => shown,
        None => match confirmed(global, &key, choice, &output)? {
            Some(shown) => shown,
            None => return Err(CliError::DecisionRefused("nothing was decided".to_owned())),
        },
    };
    let decided = match ask(global, Ask::Decide { key, shown, choice, reason }) {
        Ok(Answer::Decided(row)) => *row,
        Ok(_) => return Err(strange()),
        Err(CliError::WatcherRefused(why)) => return Err(CliError::DecisionRefused(why)),
        Err(error) => return Err(error),
    };
    output.result(&ActionReport { action: Some(decided) }, render_action)?;
    Ok(Exit::Success)
}

/// Shows an action on the terminal and asks; the hash of what was shown, `None` for a no.
fn confirmed(global: &Global, key: &EffectKey, choice: Choice, output: &Output) -> Result<Option<String>, CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CliError::NothingShown);
    }
    let Answer::Action(found) = ask(global, Ask::Action { key: key.clone() })? else { return Err(strange()) };
    let Some(row) = found.map(|row| *row) else {
        return Err(CliError::DecisionRefused("nothing is known of that action".to_owned()));
    };
    let shown = row.shown.clone();
    let what = match choice {
        Choice::Retry => "Try it again?",
        Choice::Drop => "Drop it for good?",
    };
    let mut screen = io::stderr().lock();
    write!(screen, "{}\n{what} [y/N] ", render_action(&ActionReport { action: Some(row) }, output))?;
    screen.flush()?;
    let mut line = String::new();
    io::stdin().lock().take(16).read_line(&mut line)?;
    let is_yes = matches!(line.trim(), "y" | "Y" | "yes");
    match shown {
        None if is_yes => Err(CliError::DecisionRefused("that action is over".to_owned())),
        shown => Ok(shown.filter(|_| is_yes)),
    }
}

/// The report of `actions list`.
#[derive(Debug, Serialize)]
struct ActionsReport {
    actions: Vec<ActionRow>,
}

/// The report of `actions show`.
#[derive(Debug, Serialize)]
struct ActionReport {
    action: Option<ActionRow>,
}

/// The report of `actions history`.
#[derive(Debug, Serialize)]
struct HistoryReport {
    lines: Vec<HistoryRow>,
}

fn ask(global: &Global, ask: Ask) -> Result<Answer, CliError> {
    let config = load(global)?;
    let watcher = &config.watcher;
    let runtime = watcher.runtime_directory.as_ref().or(watcher.state_directory.as_ref()).ok_or(CliError::NoSocket)?;
    let path = socket_in(runtime);
    let failed = |source: io::Error| CliError::Watcher { path: path.display().to_string(), source };
    let mut stream = UnixStream::connect(&path).map_err(failed)?;
    stream.set_read_timeout(Some(DEADLINE)).map_err(failed)?;
    stream.set_write_timeout(Some(DEADLINE)).map_err(failed)?;
    let request =
        serde_json::to_vec(&ControlRequest { version: PROTOCOL, ask }).map_err(|error| failed(error.into()))?;
    stream.write_all(&[request.as_slice(), b"\n"].concat()).map_err(failed)?;
    let mut line = Vec::new();
    BufReader::new(stream.take(ANSWER_LIMIT)).read_until(b'\n', &mut line).map_err(failed)?;
    match serde_json::from_slice(&line) {
        Ok(Answer::Refused(why)) => Err(CliError::WatcherRefused(why)),
        Ok(answer) => Ok(answer),
        Err(_) => Err(strange()),
    }
}

fn strange() -> CliError {
    CliError::WatcherRefused("its answer is not understood; is it of another version?".to_owned())
}

fn render_status(status: &WatcherStatus, output: &Output) -> String {
    let shown = |block: Option<u64>| block.map_or_else(|| "-".to_owned(), |block| block.to_string());
    let networks = status.networks.iter().map(|(name, network)| {
        vec![
            plain(name.clone()),
            number(shown(network.checkpoint)),
            number(shown(network.last)),
            plain(network.problem.clone().unwrap_or_else(|| "followed".to_owned())),
        ]
    });
    let mut text = format!("butler-watcher {}\n\n", status.version);
    text.push_str(&table(output, &["NETWORK", "PLANNED TO", "FINAL", "STATE"], networks));
    let counts = status.actions.iter().flat_map(|(kind, phases)| {
        phases.iter().map(|(phase, count)| {
            vec![plain(kind.name().to_owned()), plain(phase.name().to_owned()), number(count.to_string())]
        })
    });
    text.push('\n');
    text.push_str(&table(output, &["ACTION", "PHASE", "COUNT"], counts));
    text
}

fn render_actions(report: &ActionsReport, output: &Output) -> String {
    let rows = report.actions.iter().map(|row| {
        let why = row.action.as_ref().map(|action| action.why.clone()).or_else(|| row.reason.clone());
        vec![
            plain(row.phase.name().to_owned()),
            plain(row.kind.name().to_owned()),
            plain(row.key.to_string()),
            plain(why.unwrap_or_default()),
        ]
    });
    table(output, &["PHASE", "ACTION", "KEY", "WHY"], rows)
}

fn render_action(report: &ActionReport, output: &Output) -> String {
    let Some(row) = &report.action else { return "nothing is known of it\n".to_owned() };
    let mut text = render_actions(&ActionsReport { actions: vec![row.clone()] }, output);
    if let Ok(whole) = serde_json::to_string_pretty(row) {
        text.push_str(&format!("\n{whole}\n"));
    }
    text
}

fn render_history(report: &HistoryReport, output: &Output) -> String {
    let rows = report.lines.iter().map(|row| {
        let time = butler_core::text::time::moment(row.at / 1000);
        vec![number(row.line.to_string()), plain(time), plain(row.change.to_string())]
    });
    table(output, &["LINE", "WHEN", "CHANGE"], rows)
}
