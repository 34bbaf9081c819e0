//! Answers from the journal and the health.

use butler_core::control::{
    Answer, Ask, Choice, DECISIONS_LIMIT, HistoryExport, HistoryRow, JOBS_LIMIT, JobRow, ROWS_LIMIT, WatcherStatus,
};
use butler_core::domain::job::JobId;
use butler_core::runtime::report::one_line;

use super::access::Right;
use super::decisions::{self, Wanted};
use super::lookup::{Found, look_up, row};
use super::record::{NowAndThen, record};
use super::rights::Rights;
use super::rows::{of_entry, of_finished};
use crate::health::Health;
use crate::journal::{Journal, JournalError, NextNumber, Query};
use crate::queues::{is_paused, paused_of, queues_of};

/// The answer to a question of this user, who has that right.
pub(super) fn answer(
    ask: &Ask,
    asker: (u32, Right),
    rights: &Rights,
    journal: &dyn Journal,
    health: &Health,
) -> Answer {
    found(ask, asker, rights, journal, health).unwrap_or_else(|error| Answer::Refused(one_line(&error)))
}

fn found(
    ask: &Ask,
    (asker, right): (u32, Right),
    rights: &Rights,
    journal: &dyn Journal,
    health: &Health,
) -> Result<Answer, JournalError> {
    Ok(match ask {
        Ask::Status => Answer::Status(WatcherStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            networks: health.statuses(),
            actions: journal.status()?.counts,
        }),
        Ask::Actions { phase, after, limit } => {
            let query = Query { phase: *phase, after: after.clone(), limit: (*limit).clamp(1, ROWS_LIMIT) };
            let (place, page) = (journal.status()?.place, journal.read(&query)?);
            let live = page.live.into_iter().map(|entry| of_entry(entry, &place));
            Answer::Actions {
                actions: live.chain(page.finished.into_iter().map(of_finished)).collect(),
                next: page.next,
            }
        }
        Ask::Action { key } => {
            let place = journal.status()?.place;
            match look_up(key, journal)? {
                Found::Nothing => Answer::Action(None),
                Found::One(known) => Answer::Action(Some(Box::new(row(known, &place)))),
                Found::Several(known) => Answer::Several(known.into_iter().map(|known| row(known, &place)).collect()),
            }
        }
        Ask::Decide { .. } if right < Right::Approve => {
            static TOLD: NowAndThen = NowAndThen::new();
            if TOLD.is_time(asker) {
                let what = serde_json::json!({ "refused": "may not decide", "actor": format!("uid {asker}") });
                record(what, journal)?;
                tracing::warn!(uid = asker, "user {asker} wanted to decide and may not");
            }
            Answer::Refused("you may ask, but not decide: `watcher.approvers` does not name you".to_owned())
        }
        Ask::Decide { actions, .. } if actions.len() > DECISIONS_LIMIT => {
            Answer::Refused(format!("one request decides on at most {DECISIONS_LIMIT} actions"))
        }
        Ask::Decide { actions, choice, reason } => {
            let Rights { access, rules } = rights;
            let wanted = Wanted { choice: *choice, reason: reason.as_deref(), asker, rules: *rules, access };
            let answer = decisions::decide_all(actions, wanted, journal)?;
            if *choice == Choice::Retry {
                health.retries.note();
            }
            answer
        }
        Ask::Jobs { jobs } if jobs.len() > JOBS_LIMIT => {
            Answer::Refused(format!("one question asks for at most {JOBS_LIMIT} jobs"))
        }
        Ask::Jobs { jobs } => Answer::Jobs(jobs_of(jobs, journal)?),
        Ask::Pause { .. } if right < Right::Approve => {
            Answer::Refused("you may ask, but not decide: `watcher.approvers` does not name you".to_owned())
        }
        Ask::Pause { job, paused, reason } => {
            pause(job, *paused, (asker, reason.as_deref()), journal)?;
            Answer::Jobs(jobs_of(std::slice::from_ref(job), journal)?)
        }
        Ask::Export { after, limit } => {
            let kept = journal.sealed(*after, (*limit).clamp(1, ROWS_LIMIT))?;
            Answer::Export(HistoryExport {
                journal: journal.status()?.id,
                after: kept.before.lines,
                seal: format!("{:x}", kept.before.seal),
                lines: kept.lines,
            })
        }
        Ask::History { after, limit } => {
            let lines = journal.history(*after, (*limit).clamp(1, ROWS_LIMIT))?;
            let rows = lines
                .into_iter()
                .map(|line| Ok(HistoryRow { line: line.line, at: line.at, change: serde_json::to_value(&line.op)? }));
            match rows.collect::<Result<_, serde_json::Error>>() {
                Ok(rows) => Answer::History(rows),
                Err(error) => Answer::Refused(one_line(&error)),
            }
        }
    })
}

fn jobs_of(jobs: &[JobId], journal: &dyn Journal) -> Result<Vec<JobRow>, JournalError> {
    let queues = queues_of(jobs.iter().cloned(), journal)?.into_iter();
    let row = |(job, queue): (JobId, crate::figures::JobQueue)| JobRow {
        job,
        paused: queue.is_paused,
        phases: queue.counts,
        since: queue.since,
    };
    Ok(queues.map(row).collect())
}

/// Pauses a job or has it go on, and keeps who wanted that. One that stands so already stays.
fn pause(
    job: &JobId,
    paused: bool,
    (asker, reason): (u32, Option<&str>),
    journal: &dyn Journal,
) -> Result<(), JournalError> {
    if is_paused(job, journal)? == paused {
        return Ok(());
    }
    let what = serde_json::json!({ "job": job, "paused": paused, "actor": format!("uid {asker}"), "reason": reason });
    record(what, journal)?;
    let name = paused_of(job);
    let to = journal.counter(&name)?.saturating_add(1);
    journal.count(&[NextNumber { name, to }])?;
    tracing::info!(uid = asker, %job, paused, "job {job} is {} by user {asker}", if paused { "paused" } else { "resumed" });
    Ok(())
}
