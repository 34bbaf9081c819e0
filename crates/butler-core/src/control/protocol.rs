//! What the command line asks the watcher and has it do, and what the watcher answers: JSON over HTTP over a Unix socket.
//!
//! A [`ControlRequest`] is posted to [`ROUTE`], and an [`Answer`] comes back, whatever the status: 200 when it was carried out, 403 for
//! whoever may not ask or decide, 400 and 413 for what is no question, 409 for a decision that does not count any more. A question of
//! another version is refused in so many words, and whatever is not understood is not guessed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::action::{Action, ActionKind, ActionName, EffectKey, Phase};
use crate::domain::job::JobId;

/// The version of questions and answers.
pub const PROTOCOL: u32 = 1;
/// Where questions are posted to.
pub const ROUTE: &str = "/v1/ask";
/// The longest question in bytes.
pub const REQUEST_LIMIT: usize = 64 * 1024;
/// The longest answer in bytes.
pub const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
/// The most actions or lines of one answer.
pub const ROWS_LIMIT: usize = 1_000;
/// The most jobs that one question asks for.
pub const JOBS_LIMIT: usize = 500;
/// The most actions that are shown of those that a short key may mean.
pub const SEVERAL_LIMIT: usize = 10;
/// The most actions that one request decides on.
pub const DECISIONS_LIMIT: usize = 100;

/// Where the watcher listens: in a folder of its own below that for running.
#[must_use]
pub fn socket_in(runtime_directory: &Path) -> PathBuf {
    runtime_directory.join("watcher").join("control.sock")
}

/// What somebody asks, with the version of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlRequest {
    /// [`PROTOCOL`].
    pub version: u32,
    /// What is asked.
    pub ask: Ask,
}

impl ControlRequest {
    /// Reads a request as it was posted.
    ///
    /// # Errors
    /// Why it is none, or none that is understood, in words of our own.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        if text.len() > REQUEST_LIMIT {
            return Err(format!("a question has at most {REQUEST_LIMIT} bytes"));
        }
        match serde_json::from_slice::<Head>(text) {
            Ok(Head { version: PROTOCOL }) => {}
            Ok(Head { version }) => return Err(format!("version {version} is not spoken here, version {PROTOCOL} is")),
            Err(_) => return Err("this is no question".to_owned()),
        }
        serde_json::from_slice(text).map_err(|_| "this question is not known here".to_owned())
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// How far it is, and how many actions there are.
    Status,
    /// Actions, page by page in the journal's order.
    Actions {
        /// In this phase; `None` for all that are not over.
        phase: Option<Phase>,
        /// Those after this key.
        after: Option<EffectKey>,
        /// The most; [`ROWS_LIMIT`] at most.
        limit: usize,
    },
    /// One action.
    Action {
        /// Its key, or a short one.
        key: ActionName,
    },
    /// Decides on actions, each on its own. Only what was shown is decided on: whatever changed since then is refused, and nothing is
    /// decided twice.
    Decide {
        /// The actions; [`DECISIONS_LIMIT`] at most.
        actions: Vec<Shown>,
        /// What is to become of them.
        choice: Choice,
        /// Why, for the history.
        reason: Option<String>,
    },
    /// Lines of the history as they are kept, each sealed together with all lines before it.
    Export {
        /// After this line; 0 begins at the first that is kept.
        after: u64,
        /// The most; [`ROWS_LIMIT`] at most.
        limit: usize,
    },
    /// The queues of these jobs.
    Jobs {
        /// The jobs; [`JOBS_LIMIT`] at most.
        jobs: Vec<JobId>,
    },
    /// Pauses a job, so that none of it is begun, or has it go on. What is under way ends.
    Pause {
        /// The job.
        job: JobId,
        /// Whether it is to be paused.
        paused: bool,
        /// Why, for the history.
        reason: Option<String>,
    },
    /// Lines of the history after a line.
    History {
        /// The line; 0 begins at the first that is kept.
        after: u64,
        /// The most; [`ROWS_LIMIT`] at most.
        limit: usize,
    },
}

/// An action as somebody saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Its key, or a short one: what was shown says which action it is.
    pub key: ActionName,
    /// What was shown: [`ActionRow::shown`].
    pub shown: String,
}

/// What a person wants of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// One that waits for an approval is done.
    Approve,
    /// One that waits for an approval is not done, now or later.
    Reject,
    /// One that is parked is tried again, as if for the first time.
    Retry,
    /// One that is parked, or due, is not wanted any more.
    Drop,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// To `Status`.
    Status(WatcherStatus),
    /// To `Actions`.
    Actions {
        /// The actions.
        actions: Vec<ActionRow>,
        /// Where the next page begins; absent on the last.
        next: Option<EffectKey>,
    },
    /// To `Action`; `None` when nothing is known of it.
    Action(Option<Box<ActionRow>>),
    /// To `Action` by a short key that several actions have: the first of them.
    Several(Vec<ActionRow>),
    /// To `Decide`.
    Decided {
        /// Those that were decided on, as they are then.
        decided: Vec<ActionRow>,
        /// Those that were not, with why.
        refused: Vec<NotDecided>,
    },
    /// To `Jobs`, and to `Pause` the one that it was about.
    Jobs(Vec<JobRow>),
    /// To `Export`.
    Export(HistoryExport),
    /// To `History`.
    History(Vec<HistoryRow>),
    /// The question was not answered, and why.
    Refused(String),
}

/// How the watcher is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatcherStatus {
    /// The program's version.
    pub version: String,
    /// Every network.
    pub networks: BTreeMap<String, NetworkStatus>,
    /// How many actions there are, by kind and phase.
    pub actions: BTreeMap<ActionKind, BTreeMap<Phase, u64>>,
}

/// How far one network is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkStatus {
    /// The last block whose events were planned.
    pub checkpoint: Option<u64>,
    /// The newest final block, as far as an endpoint told it.
    pub last: Option<u64>,
    /// Why the last look failed; `None` when it did not.
    pub problem: Option<String>,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRow {
    /// Its key.
    pub key: EffectKey,
    /// What it is.
    pub kind: ActionKind,
    /// Where it stands.
    pub phase: Phase,
    /// Grows with every change.
    pub version: u64,
    /// How often it was tried; `None` of one that is over.
    pub tries: Option<u32>,
    /// Why it waits, failed, was parked or ended.
    pub reason: Option<String>,
    /// Who approved it.
    #[serde(default)]
    pub approved_by: Vec<String>,
    /// Until when it can be approved, or its approval counts, in unix milliseconds of the journal's clock.
    #[serde(default)]
    pub expires: Option<u64>,
    /// When it was planned, or is due, in unix milliseconds of the journal's clock; `None` of one that is over.
    #[serde(default)]
    pub due: Option<u64>,
    /// The action; `None` of one that is over, of which the history has the rest.
    pub action: Option<Action>,
    /// Stands for everything above in this one journal, in hex: a decision names it. `None` of one that is over.
    #[serde(default)]
    pub shown: Option<String>,
}

/// The queue of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRow {
    /// The job.
    pub job: JobId,
    /// Whether none of it is begun.
    pub paused: bool,
    /// How many stand where; those that are over are not counted.
    pub phases: BTreeMap<Phase, u64>,
    /// Since when the one that waits longest is due, to be done (`due`) and to be looked at (`verifying`), in unix milliseconds of the
    /// journal's clock.
    pub since: BTreeMap<Phase, u64>,
}

/// An action that was not decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotDecided {
    /// Its key; as it was asked for, where that is no action's.
    pub key: ActionName,
    /// Why not.
    pub why: String,
}

/// Lines of the history as they are kept: `seal json`, where the seal is the SHA-256, in hex, of the 32 bytes of the seal before it and of
/// the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryExport {
    /// The journal's random name.
    pub journal: String,
    /// The number of the line before the first one; 0 when there is none.
    pub after: u64,
    /// The seal of that line, in hex; zero when there is none.
    pub seal: String,
    /// The lines.
    pub lines: Vec<String>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryRow {
    /// Its number.
    pub line: u64,
    /// When, in unix milliseconds of the journal's clock.
    pub at: u64,
    /// What changed.
    pub change: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_as_it_is_written_and_nothing_is_guessed() {
        let ask = Ask::Actions { phase: Some(Phase::Parked), after: None, limit: 10 };
        let question = ControlRequest { version: PROTOCOL, ask };
        let text = serde_json::to_string(&question).unwrap();
        assert_eq!(text, r#"{"version":1,"ask":{"actions":{"phase":"parked","after":null,"limit":10}}}"#);
        assert_eq!(serde_json::from_str::<ControlRequest>(&text).unwrap(), question);
        let ask = Ask::Decide {
            actions: vec![Shown { key: "slashed/1/0x00/x".parse().unwrap(), shown: "ab".to_owned() }],
            choice: Choice::Retry,
            reason: None,
        };
        let text = serde_json::to_string(&ControlRequest { version: PROTOCOL, ask }).unwrap();
        assert_eq!(
            text,
            r#"{"version":1,"ask":{"decide":{"actions":[{"key":"slashed/1/0x00/x","shown":"ab"}],"choice":"retry","reason":null}}}"#
        );
        for wrong in [r#"{"version":1,"ask":"approve"}"#, r#"{"version":1,"ask":"status","more":1}"#, "{}", "[]"] {
            assert!(ControlRequest::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
