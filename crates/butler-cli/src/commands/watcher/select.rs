//! Which actions are meant, and the hash that stands for all of them.

use butler_core::control::{ActionRow, Answer, Ask, ROWS_LIMIT};
use butler_core::domain::action::{ActionKind, ActionName, Phase};
use butler_core::runtime::clock::unix_now;
use ethers_core::utils::{hex, keccak256};

use super::report::Listed;
use super::socket::{ask, strange};
use crate::args::{Global, Selection};
use crate::error::CliError;

/// The actions in a phase, all that are not over without one, as far as they are selected, by their keys.
pub(super) async fn rows(
    global: &Global,
    phase: Option<Phase>,
    selection: &Selection,
) -> Result<Vec<ActionRow>, CliError> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let request = Ask::Actions { phase, after, limit: ROWS_LIMIT };
        let Answer::Actions { actions, next } = ask(global, request).await? else { return Err(strange()) };
        rows.extend(actions);
        after = next;
        if after.is_none() {
            break;
        }
    }
    let now = unix_now();
    rows.retain(|row| is_selected(row, selection, now));
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(rows)
}

/// The action that a name stands for; `None` when nothing is known of it.
pub(super) async fn one(global: &Global, name: ActionName) -> Result<Option<Listed>, CliError> {
    let told = name.to_string();
    match ask(global, Ask::Action { key: name }).await? {
        Answer::Action(found) => Ok(found.map(|row| Listed { short: row.key.short(), row: *row })),
        Answer::Several(rows) => {
            let known = Listed::all(rows).into_iter();
            let known = known.map(|Listed { short, row }| format!("{short} ({}, {})", row.kind, row.phase.name()));
            Err(CliError::SeveralActions { name: told, known: known.collect() })
        }
        Answer::Status(_)
        | Answer::Actions { .. }
        | Answer::Decided { .. }
        | Answer::Jobs(_)
        | Answer::Export(_)
        | Answer::History(_)
        | Answer::Refused(_) => Err(strange()),
    }
}

/// Whether an action is one of those that are asked for.
fn is_selected(row: &ActionRow, selection: &Selection, now: u64) -> bool {
    let Selection { kind, because, pipeline, job, older_than } = selection;
    let says = |text: &str| {
        let why = row.action.as_ref().map(|action| action.why.as_str());
        [row.reason.as_deref(), why].into_iter().flatten().any(|said| said.contains(text))
    };
    let is_older = |age: u64| row.due.is_some_and(|since| now.saturating_sub(since / 1000) >= age);
    // Of one that is over nothing but its key is left.
    let parts: Vec<&str> = row.key.as_str().split('/').collect();
    let part = |at: usize| (row.kind == ActionKind::RunJob).then(|| parts.get(at).copied()).flatten();
    kind.is_none_or(|kind| row.kind == kind)
        && pipeline.as_ref().is_none_or(|pipeline| part(3) == Some(pipeline.as_str()))
        && job.as_ref().is_none_or(|job| part(4) == Some(job.as_str()))
        && because.as_deref().is_none_or(says)
        && older_than.is_none_or(|age| is_older(age.as_secs()))
}

/// Stands for these actions as they are shown.
pub(super) fn digest(rows: &[ActionRow]) -> String {
    let text: String =
        rows.iter().map(|row| format!("{} {}\n", row.key, row.shown.as_deref().unwrap_or_default())).collect();
    hex::encode(keccak256(text))
}
