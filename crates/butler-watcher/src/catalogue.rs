//! Every family of metrics that the watcher has, once; `docs/watcher-metrics.md` is written from here.

use std::fmt::Write as _;

use butler_core::daemon::telemetry::metrics::family::Families;
use butler_core::daemon::telemetry::metrics::{process, usage};
use butler_core::domain::action::{ActionKind, Phase};
use butler_core::metric_families as families;
use butler_core::text::closed::names;
use serde::{Deserialize, Serialize};

families! {
    CHECKPOINT: Gauge "butler_watcher_checkpoint_block" ["network"] "" "The last block whose events were planned; absent before the first.";
    CHECKPOINT_TIME: Gauge "butler_watcher_checkpoint_timestamp_seconds" ["network"] "seconds" "The time of that block.";
    FINAL: Gauge "butler_watcher_final_block" ["network"] "" "The newest final block; absent before an endpoint told it.";
    READ: Gauge "butler_watcher_read_block" ["network"] "" "How far a range that is being read was read: it grows during a long catch-up.";
    LAG: Gauge "butler_watcher_lag_blocks" ["network"] "" "Final blocks whose events were not planned yet.";
    UNREAD: Gauge "butler_watcher_unread" ["network"] "" "Whether the last look failed, so that a range waits to be read; the log says why.";
    UNSAVED: Gauge "butler_watcher_memory_unsaved" ["network"] "" "Whether what is remembered of the key files cannot be written for the next start; the log says why.";
    LOOKED_AT: Gauge "butler_watcher_last_look_timestamp_seconds" ["network"] "seconds" "When the final block was last asked for with success, by this machine's clock.";
    LOOKS: Counter "butler_watcher_looks_total" ["network", "result": results] "" "How often the chain was looked at.";
    PLANNED: Counter "butler_watcher_planned_total" ["network", "kind": names::<ActionKind>] "" "Actions that were planned since the start, without those that were known already.";
    COINBASES: Gauge "butler_watcher_coinbases" ["network", "proof": proofs] "" "Attesters by what their last proposal proves: the coinbase that they must have, another one, or nothing, since none is known.";
    DUTIES_UNREAD: Gauge "butler_watcher_duties_unread" ["network"] "" "Whether some of what own attesters proposed could not be read: a log is missing, or a transaction is not told or not legible; or what they prove could not be kept. Nothing is planned of that; the log says why.";
    KEYSTORE_UP: Gauge "butler_watcher_keystore_up" ["network", "server"] "" "Whether a keystore that the watcher may change could be looked at the last time; 1 before the first.";
    RELOADS: Counter "butler_watcher_reloads_total" ["network", "server", "outcome": names::<ReloadOutcome>] "" "How often a server's nodes were told to reload their keystore, and whether they took it; unknown where no answer came.";
    REQUESTS: Counter "butler_watcher_endpoint_requests_total" ["network", "endpoint"] "" "HTTP requests to an L1 endpoint.";
    PROPOSALS: Gauge "butler_watcher_proposals" ["network", "proposal_state": names::<ProposalState>] "" "Proposals to owners of Safes whose actions are not over, by what is known of them; absent where nobody proposes.";
    SAFE_REQUESTS: Gauge "butler_watcher_safe_requests_left" ["network", "safe"] "" "Requests to the service of Safes that the month still has; absent before the first since the start.";
    ENDPOINT_UP: Gauge "butler_watcher_endpoint_up" ["network", "endpoint"] "" "Whether an L1 endpoint answered when it was asked last.";
}

/// Families without a network.
mod of_all {
    use super::{ActionKind, JobEnd, JobWork, Phase, families, names, results};

    families! {
        ACTIONS: Gauge "butler_watcher_actions" ["kind": names::<ActionKind>, "phase": names::<Phase>] "" "Actions in the journal, by kind and phase; those that ended count as long as the journal remembers them.";
        JOURNAL_SIZE: Gauge "butler_watcher_journal_bytes" ["part": parts] "bytes" "What the journal takes on the disk.";
        JOURNAL_STOPPED: Gauge "butler_watcher_journal_stopped" [] "" "Whether the journal refuses changes, for instance because the disk is full: then nothing is planned and nothing is told.";
        TOLD: Counter "butler_watcher_told_total" ["channel", "result": results] "" "What was told by each channel: `log`, and each webhook, chat and mailbox by its name. A message to people may tell many things.";
        CHANNEL_UP: Gauge "butler_watcher_channel_up" ["channel"] "" "Whether a channel took what it was sent last; 1 before the first time.";
        CHANNEL_TAKEN: Gauge "butler_watcher_channel_last_success_timestamp_seconds" ["channel"] "seconds" "When a channel last took a message, by this machine's clock; absent before the first since the start.";
        CHANNEL_WAITING: Gauge "butler_watcher_channel_waiting" ["channel"] "" "Things that wait to be told to people in a chat or by mail. What waits for webhooks are actions that are due.";
        HEARTBEATS: Counter "butler_watcher_heartbeats_total" ["result": results] "" "Requests to the heartbeat's URL. None is made while a network is not followed or the journal refuses.";
        JOBS: Gauge "butler_watcher_jobs" ["pipeline", "pipeline_job", "phase": names::<Phase>] "" "Jobs of pipelines that are not over, by phase; absent where none of that job was left since the start.";
        JOBS_SINCE: Gauge "butler_watcher_jobs_due_since_timestamp_seconds" ["pipeline", "pipeline_job", "phase": names::<Phase>] "seconds" "Since when the job that waits longest is due: to be done (`due`), or to be looked at (`verifying`).";
        JOBS_PAUSED: Gauge "butler_watcher_jobs_paused" ["pipeline", "pipeline_job"] "" "Whether a job is paused, so that none is begun.";
        JOB_ENDS: Counter "butler_watcher_job_ends_total" ["pipeline", "pipeline_job", "work": names::<JobWork>, "end": names::<JobEnd>] "" "How tries of jobs (`process`) and looks (`verify`) ended.";
        JOB_DURATION: Histogram "butler_watcher_job_duration_seconds" ["pipeline", "pipeline_job", "work": names::<JobWork>] "seconds" "How long tries of jobs and looks took, however they ended, in buckets from 1 s to a day.";
        WAITING_SINCE: Gauge "butler_watcher_waiting_since_timestamp_seconds" ["phase": waiting] "seconds" "Since when the oldest action waits for a person, of at most 100 that are looked at; absent where none does.";
    }

    fn waiting() -> Vec<&'static str> {
        vec!["awaiting_approval", "parked"]
    }

    fn parts() -> Vec<&'static str> {
        vec!["store", "history"]
    }
}

pub use self::of_all::{
    ACTIONS, CHANNEL_TAKEN, CHANNEL_UP, CHANNEL_WAITING, HEARTBEATS, JOB_DURATION, JOB_ENDS, JOBS, JOBS_PAUSED,
    JOBS_SINCE, JOURNAL_SIZE, JOURNAL_STOPPED, TOLD, WAITING_SINCE,
};

/// What the last proposal of an attester proves, in the order in which the plan counts them.
pub const PROOFS: [&str; 3] = ["proven", "contradicted", "unknown"];

fn proofs() -> Vec<&'static str> {
    PROOFS.to_vec()
}

fn results() -> Vec<&'static str> {
    vec!["success", "failure"]
}

/// What became of a reload of a server's nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ReloadOutcome {
    /// Every node took what was written.
    Accepted,
    /// One did not.
    Refused,
    /// No answer came from one.
    Unknown,
}

/// What is known of a proposal to the owners of a Safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// It is signed here, and may not have arrived at the service.
    Unsent,
    /// It waits for signatures, or to be executed.
    Waits,
    /// It waits for longer than the operator wants.
    Stale,
    /// It cannot be executed as things are.
    Dead,
    /// It was executed, and did what it was for.
    Executed,
    /// It was executed, and what it called reverted.
    Failed,
    /// Its owners rejected it.
    Rejected,
    /// Another transaction was executed with its nonce.
    Replaced,
    /// Somebody deleted it at the service.
    Deleted,
}

impl ProposalState {
    /// Whether it stands at the service, and something may become of it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Waits | Self::Stale | Self::Dead => true,
            Self::Unsent | Self::Executed | Self::Failed | Self::Rejected | Self::Replaced | Self::Deleted => false,
        }
    }
}

/// What is done with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum JobWork {
    /// It is done.
    Process,
    /// It is looked whether it is done.
    Verify,
}

/// How that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum JobEnd {
    /// It is done.
    Done,
    /// It goes on elsewhere.
    Pending,
    /// It is not done, and is tried again while tries are left.
    Retry,
    /// Nobody knows.
    Unknown,
    /// It cannot be done as things are.
    Refused,
}

/// The families by subject, in the order in which they are served.
pub static ALL: Families = Families(&[process::FAMILIES, usage::FAMILIES, of_all::FAMILIES, FAMILIES]);

/// The page `docs/watcher-metrics.md`.
#[must_use]
pub fn render_page() -> String {
    let mut page = String::from(
        "# Metrics of the watcher

What `butler-watcher` serves at `/metrics`. This page is written from `crates/butler-watcher/src/catalogue.rs`; a test keeps
both the same. Counters begin at 0 when the program starts.

| metric | type | labels | unit | meaning |
| --- | --- | --- | --- | --- |
",
    );
    for family in ALL.all() {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{}`", label.name)).collect();
        // Writing to a string can not fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            family.name,
            family.kind.name(),
            labels.join(", "),
            family.unit,
            family.help
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use butler_core::daemon::telemetry::metrics::family::Kind;

    use super::*;

    #[test]
    fn names_follow_the_rules_and_the_page_is_current() {
        for family in ALL.all() {
            let unit = if family.unit.is_empty() { String::new() } else { format!("_{}", family.unit) };
            assert_eq!(format!("{}{unit}{}", family.stem(), family.kind.suffix()), family.name);
            assert!(family.kind != Kind::Gauge || !family.name.ends_with("_total"), "{}", family.name);
            assert!(!family.help.contains(['\\', '\n', '"']) && family.help.ends_with('.'), "{}", family.name);
        }
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/watcher-metrics.md"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            butler_core::store::file::save_atomic(path, render_page().as_bytes(), 0o644).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == render_page(), "docs/watcher-metrics.md is old: run with UPDATE_DOCS=1");
    }
}
