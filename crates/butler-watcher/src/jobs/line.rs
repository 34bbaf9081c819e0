//! One pipeline with whoever tells its items and does its jobs; which items are next.

use std::collections::BTreeMap;
use std::sync::Arc;

use butler_core::config::TriggerConfig;
use butler_core::domain::action::{EffectKey, Phase};
use butler_core::domain::job::{Item, JobId, JobName, PipelineName, Stream};
use tokio::sync::watch;

use super::progress::Progress;
use crate::journal::{Batch, Journal, JournalError, Known};

/// One pipeline.
#[derive(Debug)]
pub(super) struct Line<R> {
    pub(super) progress: Progress,
    /// The newest number that its trigger told.
    pub(super) newest: Option<watch::Receiver<Option<u64>>>,
    pub(super) runs: BTreeMap<JobName, Arc<R>>,
}

/// What comes next, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// These items are begun.
    Items(Vec<Item>),
    /// There is nothing to do for this one.
    Skip(Item),
}

impl<R> Line<R> {
    /// The pipeline that it follows.
    pub(super) fn source(&self) -> Option<&PipelineName> {
        match &self.progress.config.trigger {
            TriggerConfig::After { pipeline, .. } => Some(pipeline),
            TriggerConfig::BeaconPeriod { .. }
            | TriggerConfig::L1Blocks { .. }
            | TriggerConfig::L2Blocks { .. }
            | TriggerConfig::Cron(_) => None,
        }
    }

    /// What comes next at `now`, with room for so many items; `source` is the pipeline that it follows.
    pub(super) fn next(
        &self,
        source: Option<&Progress>,
        journal: &dyn Journal,
        (now, room): (u64, usize),
    ) -> Result<Vec<Next>, JournalError> {
        let begun = self.progress.begun();
        match &self.progress.config.trigger {
            TriggerConfig::BeaconPeriod { stream, .. }
            | TriggerConfig::L1Blocks { stream, .. }
            | TriggerConfig::L2Blocks { stream, .. } => {
                let newest = self.newest.as_ref().and_then(|newest| *newest.borrow());
                let items = newest.map(|newest| stream.items(begun, newest, room)).unwrap_or_default();
                Ok(Some(items).filter(|items| !items.is_empty()).map(Next::Items).into_iter().collect())
            }
            // Before the first run it is known since when one is waited for.
            TriggerConfig::Cron(schedule) => Ok(match begun {
                None => vec![Next::Skip(Item::one(now))],
                Some(last) => {
                    let due = schedule.due(last.last(), now);
                    due.map(|due| Next::Items(vec![Item::one(due)])).into_iter().collect()
                }
            }),
            TriggerConfig::After { pipeline, job, stream } => {
                let Some(source) = source else { return Ok(Vec::new()) };
                let id = JobId { pipeline: pipeline.clone(), job: job.clone() };
                after(&id, (*stream, begun), source, (journal, room))
            }
        }
    }

    /// Takes these in; answers what is to be committed, in order.
    pub(super) fn take(&mut self, next: Vec<Next>, now: u64) -> Vec<Batch> {
        let batch = |next| match next {
            Next::Items(items) => self.progress.begin(&items, now),
            Next::Skip(item) => Some(self.progress.skip(item, now)),
        };
        next.into_iter().filter_map(batch).collect()
    }
}

/// The items that another pipeline's job has done, in the order of that one's items.
fn after(
    id: &JobId,
    (stream, begun): (Stream, Option<Item>),
    source: &Progress,
    (journal, room): (&dyn Journal, usize),
) -> Result<Vec<Next>, JournalError> {
    let mut next = Vec::new();
    let mut item = stream.next(begun);
    while let Some(one) = item.filter(|_| next.len() < room) {
        next.push(match journal.look_up(&EffectKey::of_job(id, one))? {
            Some(Known::Finished(finished)) if finished.phase == Phase::Done => Next::Items(vec![one]),
            Some(Known::Live(_)) => break,
            // Somebody dropped it, or what it waits for.
            Some(Known::Finished(_)) => Next::Skip(one),
            None => {
                let is_over = source.begun().is_some_and(|begun| begun.last() >= one.last());
                if !is_over || source.open.contains_key(&one) {
                    break;
                }
                Next::Skip(one)
            }
        });
        item = stream.next(Some(one));
    }
    Ok(next)
}
