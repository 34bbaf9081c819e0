//! How far one pipeline is: the last item that was begun, and those that are not over.
//!
//! Every change is made in memory and comes back as what the journal must commit with it. Where that fails, it is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use butler_core::config::PipelineConfig;
use butler_core::domain::action::{EffectKey, Phase};
use butler_core::domain::job::{Item, JobName};
use ethers_core::types::H256;

use super::actions::{id, plan};
use super::error::JobsError;
use super::open::{Kept, OpenItem, prefix};
use crate::journal::{Batch, Cursor, CursorMove, Journal, JournalError, Keep, Known, Plan};

/// One pipeline.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) config: Arc<PipelineConfig>,
    cursor: Option<Cursor>,
    pub(super) open: BTreeMap<Item, OpenItem>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is done, and made something with this SHA-256.
    Done(Option<H256>),
    /// Nobody wants it any more.
    Dropped,
}

/// What is to be committed.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) plans: Vec<Plan>,
    pub(super) keeps: Vec<Keep>,
}

impl Progress {
    /// Reads it from the journal.
    pub(super) fn load(config: Arc<PipelineConfig>, journal: &dyn Journal) -> Result<Self, JobsError> {
        let name = config.name.clone();
        let cursor = journal.cursor(&cursor_name(&config))?;
        let mut open = BTreeMap::new();
        for kept in journal.kept(&prefix(&name))?.into_values() {
            let kept: Kept = serde_json::from_value(kept).map_err(|_| JobsError::Kept(name.to_string()))?;
            open.insert(kept.item, OpenItem { kept, live: BTreeSet::new() });
        }
        let mut progress = Self { config, cursor, open };
        progress.look(journal)?;
        Ok(progress)
    }

    /// Looks what became of every job that is not known to be over; answers the items that changed.
    pub(super) fn look(&mut self, journal: &dyn Journal) -> Result<BTreeSet<Item>, JournalError> {
        let mut changed = BTreeSet::new();
        for (item, open) in &mut self.open {
            for job in self.config.jobs.keys() {
                if open.kept.done.contains_key(job) || open.kept.dropped.contains(job) {
                    continue;
                }
                let known = journal.look_up(&EffectKey::of_job(&id(&self.config, job), *item))?;
                let before = open.clone();
                match known {
                    Some(Known::Live(_)) => {
                        open.live.insert(job.clone());
                    }
                    Some(Known::Finished(finished)) => {
                        let end = if finished.phase == Phase::Done { End::Done(finished.made) } else { End::Dropped };
                        mark(open, job, end);
                    }
                    None => {
                        open.live.remove(job);
                    }
                }
                if before != *open {
                    changed.insert(*item);
                }
            }
        }
        Ok(changed)
    }

    /// The last item that was begun.
    pub(super) fn begun(&self) -> Option<Item> {
        let cursor = self.cursor?;
        Item::new(cursor.hash.to_low_u64_be(), cursor.block)
    }

    /// How many more items may be begun.
    pub(super) fn room(&self) -> usize {
        self.config.backlog.saturating_sub(self.open.len())
    }

    /// Begins items, which follow those that were begun; `None` where there is none.
    pub(super) fn begin(&mut self, items: &[Item], now: u64) -> Option<Batch> {
        let last = items.last()?;
        let to = Cursor { block: last.last(), hash: H256::from_low_u64_be(last.first()), time: now };
        let step = CursorMove { name: cursor_name(&self.config), expected: self.cursor, to };
        self.cursor = Some(to);
        self.open.extend(items.iter().map(|item| (*item, OpenItem::new(*item))));
        let change = self.follow(&items.iter().copied().collect(), now);
        Some(Batch { cursor: Some(step), plans: change.plans, keeps: change.keeps, ..Batch::default() })
    }

    /// Moves over items for which there is nothing to do.
    pub(super) fn skip(&mut self, item: Item, now: u64) -> Batch {
        let to = Cursor { block: item.last(), hash: H256::from_low_u64_be(item.first()), time: now };
        let step = CursorMove { name: cursor_name(&self.config), expected: self.cursor, to };
        self.cursor = Some(to);
        Batch { cursor: Some(step), ..Batch::default() }
    }

    /// A job ended.
    pub(super) fn ended(&mut self, item: Item, job: &JobName, end: End) {
        if let Some(open) = self.open.get_mut(&item) {
            mark(open, job, end);
        }
    }

    /// What follows from what changed for these items: jobs that can be created, items that are over.
    pub(super) fn follow(&mut self, changed: &BTreeSet<Item>, now: u64) -> Change {
        let mut change = Change::default();
        let config = Arc::clone(&self.config);
        let graph = &config.graph;
        let mut before: BTreeSet<JobName> = config.jobs.keys().cloned().collect();
        let mut over = Vec::new();
        for (item, open) in &mut self.open {
            for name in open.creatable(graph, &before) {
                if let Some(job) = config.jobs.get(&name) {
                    change.plans.push(plan(&config, job, *item, now));
                    open.live.insert(name);
                }
            }
            if open.is_over(graph) {
                over.push(*item);
                change.keeps.push(open.forget(&config.name));
            } else if changed.contains(item) {
                change.keeps.push(open.keep(&config.name));
            }
            let passed = open.passed(graph);
            before.retain(|job| passed.contains(job));
        }
        for item in over {
            self.open.remove(&item);
        }
        change
    }
}

fn mark(open: &mut OpenItem, job: &JobName, end: End) {
    open.live.remove(job);
    match end {
        End::Done(digest) => {
            open.kept.done.insert(job.clone(), digest);
        }
        End::Dropped => {
            open.kept.dropped.insert(job.clone());
        }
    }
}

fn cursor_name(config: &PipelineConfig) -> String {
    format!("jobs:{}", config.name)
}
