//! A file of one job's figures for node_exporter's textfile collector, replaced as a whole after each check and each run.
//!
//! What was is read back from the file at start, so that a restart forgets no success. A file that cannot be written is told
//! once and disturbs nothing else. Where a `chain` is named, the five names of the prover daemon stand in it as well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use butler_core::domain::job::Item;
use butler_core::runtime::clock::Clock;
use butler_core::runtime::report::one_line;
use butler_core::store::file::{StoreError, load_bounded, save_atomic};
use tokio::task::spawn_blocking;

use super::task::Ended;

/// Everybody may read it: node_exporter runs as another user.
const MODE: u32 = 0o644;
/// The longest file that is read back.
const LONGEST: u64 = 64 * 1024;

/// Where a job's figures are written.
#[derive(Debug, Clone)]
pub struct TextfileSetup {
    /// The file.
    pub path: PathBuf,
    /// The names of the prover daemon, too, with this as their `chain`.
    pub chain: Option<String>,
    /// The time of day.
    pub clock: Clock,
}

/// What ran in a try or a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// Nothing.
    Nothing,
    /// The work of a service, which was submitted before.
    Service,
    /// A program.
    Program {
        /// How long it took.
        took: Duration,
        /// The code with which it ended; `None` when a signal ended it.
        code: Option<i32>,
    },
}

impl Ran {
    pub(super) fn is_program(self) -> bool {
        matches!(self, Self::Program { .. })
    }
}

/// The figures of one job.
#[derive(Debug)]
pub(super) struct Textfile {
    setup: TextfileSetup,
    labels: String,
    figures: BTreeMap<Figure, String>,
    is_failing: bool,
}

/// One family; in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Figure {
    Check,
    CheckSuccess,
    Item,
    Run,
    Success,
    Duration,
    Code,
    Status,
    Failures,
}

impl Figure {
    const ALL: [Self; 9] = [
        Self::Check,
        Self::CheckSuccess,
        Self::Item,
        Self::Run,
        Self::Success,
        Self::Duration,
        Self::Code,
        Self::Status,
        Self::Failures,
    ];

    /// Its name and its help.
    fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Check => ("butler_job_last_check_timestamp_seconds", "When it was last looked what is to be done."),
            Self::CheckSuccess => ("butler_job_last_check_success", "Whether that look told what is to be done."),
            Self::Item => ("butler_job_current_item", "The first number of the item that is done, or was last."),
            Self::Run => ("butler_job_last_run_timestamp_seconds", "When the last try was begun."),
            Self::Success => ("butler_job_last_success_timestamp_seconds", "When it was last done."),
            Self::Duration => ("butler_job_last_run_duration_seconds", "How long the last try took."),
            Self::Code => {
                ("butler_job_last_run_exit_code", "The code with which the last try's program ended; -1 for a signal.")
            }
            Self::Status => ("butler_job_last_run_status", "How the last try ended: 0 done, 1 not done."),
            Self::Failures => ("butler_job_consecutive_failures", "Tries that were not done since it was last done."),
        }
    }

    /// The prover daemon's name for it and what it said of it.
    fn compatible(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Check => ("prover_daemon_last_check_timestamp_seconds", "Timestamp of the last check loop."),
            Self::Run => {
                ("prover_daemon_last_run_timestamp_seconds", "Timestamp of the last proof generation attempt.")
            }
            Self::Duration => ("prover_daemon_last_run_duration_seconds", "Duration of the last proof generation."),
            Self::Status => ("prover_daemon_last_run_status", "Status of the last run (0 = success, 1 = error)."),
            Self::Item => ("prover_daemon_current_period", "The target period being processed or checked."),
            Self::CheckSuccess | Self::Success | Self::Code | Self::Failures => return None,
        })
    }
}

impl Textfile {
    /// Goes on from what the file says, if it is this job's. Blocks.
    pub(super) fn open(setup: TextfileSetup, pipeline: &str, job: &str) -> Self {
        let labels = format!("{{pipeline=\"{pipeline}\",job=\"{job}\"}}");
        let text = load_bounded(&setup.path, LONGEST).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let mut figures = BTreeMap::new();
        for line in text.iter().flat_map(|text| text.lines()) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let figure = Figure::ALL.into_iter().find(|figure| name.strip_prefix(figure.named().0) == Some(&labels));
            if let Some(figure) = figure.filter(|_| value.parse::<f64>().is_ok_and(f64::is_finite)) {
                figures.insert(figure, value.to_owned());
            }
        }
        Self { setup, labels, figures, is_failing: false }
    }

    /// It was looked what is to be done: an item, nothing, or that cannot be told.
    pub(super) async fn checked(&mut self, looked: Result<Option<Item>, ()>) {
        self.set(Figure::Check, &(self.setup.clock)());
        self.set(Figure::CheckSuccess, &u8::from(looked.is_ok()));
        if let Ok(Some(item)) = looked {
            self.set(Figure::Item, &item.first());
        }
        self.write().await;
    }

    /// A try, or a look at one of a service, ended.
    pub(super) async fn ended(&mut self, item: Item, ended: &Ended, ran: Ran) {
        let now = (self.setup.clock)();
        let is_done = matches!(ended, Ended::Done { .. });
        match ended {
            Ended::Submitted { .. } => self.set(Figure::Run, &now),
            Ended::Pending { .. } | Ended::Busy { .. } | Ended::Unknown { .. } if !ran.is_program() => return,
            Ended::Done { .. } if !ran.is_program() && !self.is_begun() => return,
            Ended::Done { .. }
            | Ended::Pending { .. }
            | Ended::Retry { .. }
            | Ended::Unknown { .. }
            | Ended::Refused { .. }
            | Ended::Busy { .. } => {
                let failures = self.number(Figure::Failures).unwrap_or_default();
                self.set(Figure::Failures, &if is_done { 0 } else { failures.saturating_add(1) });
                self.set(Figure::Status, &u8::from(!is_done));
            }
        }
        match ran {
            Ran::Program { took, code } => {
                self.set(Figure::Run, &now.saturating_sub(took.as_secs()));
                self.set(Figure::Duration, &format!("{:.3}", took.as_secs_f64()));
                self.set(Figure::Code, &code.unwrap_or(-1));
            }
            Ran::Service => {
                let begun = self.number(Figure::Run).unwrap_or(now);
                self.set(Figure::Duration, &now.saturating_sub(begun));
            }
            Ran::Nothing => {}
        }
        if is_done {
            self.set(Figure::Success, &now);
        }
        self.set(Figure::Item, &item.first());
        self.write().await;
    }

    /// Whether a try is not known to be done.
    fn is_begun(&self) -> bool {
        let (run, success) = (self.number(Figure::Run), self.number(Figure::Success));
        run.is_some_and(|run| success.is_none_or(|success| success < run))
    }

    fn set(&mut self, figure: Figure, value: &impl ToString) {
        self.figures.insert(figure, value.to_string());
    }

    fn number(&self, figure: Figure) -> Option<u64> {
        self.figures.get(&figure)?.parse().ok()
    }

    async fn write(&mut self) {
        let (path, text) = (self.setup.path.clone(), self.text());
        let written = spawn_blocking(move || save_atomic(&path, text.as_bytes(), MODE)).await;
        let why = match written {
            Ok(Ok(()) | Err(StoreError::Sync { .. })) => {
                self.is_failing = false;
                return;
            }
            Ok(Err(error)) => one_line(&error),
            Err(error) => one_line(&error),
        };
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!("a job's textfile is not written: {why}");
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (figure, value) in &self.figures {
            let (name, help) = figure.named();
            family(&mut text, name, help, &self.labels, value);
        }
        let chain = self.setup.chain.as_ref().map(|chain| format!("{{chain=\"{}\"}}", escaped(chain)));
        for (figure, value) in self.figures.iter().filter(|_| chain.is_some()) {
            // The daemon told no period before it knew one.
            let is_told = *figure != Figure::Item || value != "0";
            if let (Some((name, help)), Some(labels), true) = (figure.compatible(), &chain, is_told) {
                family(&mut text, name, help, labels, value);
            }
        }
        text
    }
}

fn family(text: &mut String, name: &str, help: &str, labels: &str, value: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{labels} {value}");
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
