//! The arguments of `actions`.

use std::time::Duration;

use butler_core::domain::action::{ActionKind, ActionName, InvalidKey, Phase};
use butler_core::domain::job::{JobName, PipelineName};
use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCandidates;

use super::closed::{kinds, phases};
use super::headings::SELECTION;
use super::jobs;
use crate::candidates;

/// What to show of the watcher's actions, and what to decide.
#[derive(Debug, Subcommand)]
pub enum ActionsCommand {
    /// List actions: all that are not over, or those in one phase.
    List {
        /// Only those in this phase: planned, awaiting_approval, due, running, verifying, done, parked, dropped.
        #[arg(long, value_name = "PHASE", value_parser = phases(), hide_possible_values = true)]
        phase: Option<Phase>,
        /// Which of them.
        #[command(flatten)]
        selection: Selection,
    },
    /// Show one action.
    Show {
        /// Its key as `actions list` has it, as many of its first digits as tell it from all others, or the whole one that `--json` has.
        #[arg(value_name = "KEY", value_parser = action)]
        key: ActionName,
    },
    /// Approve actions that wait for it: they are done.
    Approve(DecideArgs),
    /// Reject actions that wait for an approval: they are never done.
    Reject(DecideArgs),
    /// Have parked actions tried again.
    Retry(DecideArgs),
    /// Drop parked actions, or one that is due: nobody wants them any more.
    Drop(DecideArgs),
    /// Show what changed, oldest first.
    History {
        /// Only what came after this line.
        #[arg(long, value_name = "LINE", default_value_t = 0)]
        after: u64,
        /// The most lines.
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: usize,
    },
    /// Write the history as it is kept, line by line, each sealed together with all lines before it: whoever has it can verify it.
    Export {
        /// Only what came after this line.
        #[arg(long, value_name = "LINE", default_value_t = 0)]
        after: u64,
    },
}

/// Which actions are meant; together they narrow.
#[derive(Debug, Args)]
#[command(next_help_heading = SELECTION)]
pub struct Selection {
    /// Those of this kind.
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub kind: Option<ActionKind>,
    /// Those whose reason, or whose cause, holds this text.
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
    /// Jobs of this pipeline.
    #[arg(long, value_name = "PIPELINE", value_parser = jobs::pipeline, add = ArgValueCandidates::new(candidates::pipelines))]
    pub pipeline: Option<PipelineName>,
    /// Jobs of this name.
    #[arg(long, value_name = "JOB", value_parser = jobs::job_name, add = ArgValueCandidates::new(candidates::jobs))]
    pub job: Option<JobName>,
    /// Those that wait for at least so long.
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    pub older_than: Option<Duration>,
}

impl Selection {
    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { kind, because, pipeline, job, older_than } = self;
        kind.is_none() && because.is_none() && pipeline.is_none() && job.is_none() && older_than.is_none()
    }
}

/// On which actions is decided.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The key of one as `actions list` has it, as many of its first digits as tell it from all others, or the whole one that `--json` has.
    #[arg(value_name = "KEY", value_parser = action)]
    pub key: Option<ActionName>,
    /// Or all of these.
    #[command(flatten)]
    pub selection: Selection,
    /// What `actions show` or `actions list` gave as `shown`: whatever changed since then is left alone. Without it the actions are shown,
    /// and the terminal is asked.
    #[arg(long, value_name = "HASH")]
    pub shown: Option<String>,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn action(text: &str) -> Result<ActionName, String> {
    text.parse().map_err(|error: InvalidKey| error.to_string())
}
