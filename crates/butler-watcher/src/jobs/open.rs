//! An item that is not over: which of its jobs are done, dropped or created.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::job::{Graph, Item, JobName, PipelineName, Standing};
use ethers_core::types::H256;
use serde::{Deserialize, Serialize};

use crate::journal::Keep;

/// What is kept of it in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) item: Item,
    /// The jobs that are done, with the SHA-256 of what they made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) done: BTreeMap<JobName, Option<H256>>,
    /// The jobs that nobody wants any more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) dropped: BTreeSet<JobName>,
}

/// An item that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenItem {
    pub(super) kept: Kept,
    /// The jobs that are actions of the journal, and not over.
    pub(super) live: BTreeSet<JobName>,
}

/// What the records of a pipeline's items begin with.
pub(super) fn prefix(pipeline: &PipelineName) -> String {
    format!("job-item:{pipeline}:")
}

impl OpenItem {
    pub(super) fn new(item: Item) -> Self {
        let kept = Kept { item, done: BTreeMap::new(), dropped: BTreeSet::new() };
        Self { kept, live: BTreeSet::new() }
    }

    /// Its record.
    pub(super) fn keep(&self, pipeline: &PipelineName) -> Keep {
        Keep { value: serde_json::to_value(&self.kept).ok(), ..self.forget(pipeline) }
    }

    /// That it is not kept any more.
    pub(super) fn forget(&self, pipeline: &PipelineName) -> Keep {
        let item = self.kept.item;
        Keep { name: format!("{}{:020}-{:020}", prefix(pipeline), item.first(), item.last()), value: None }
    }

    /// The jobs that will never be done for it: those that were dropped, and whoever waits for them.
    fn lost(&self, graph: &Graph) -> BTreeSet<JobName> {
        let mut lost = self.kept.dropped.clone();
        for job in graph.order() {
            let waits_in_vain =
                graph.nodes().get(job).is_some_and(|node| node.after.iter().any(|after| lost.contains(after)));
            if waits_in_vain && !self.kept.done.contains_key(job) {
                lost.insert(job.clone());
            }
        }
        lost
    }

    /// The jobs that nobody has to wait for any more.
    pub(super) fn passed(&self, graph: &Graph) -> BTreeSet<JobName> {
        let mut passed = self.lost(graph);
        passed.extend(self.kept.done.keys().cloned());
        passed
    }

    /// The jobs that may be created, where `before` is passed for all items before.
    pub(super) fn creatable(&self, graph: &Graph, before: &BTreeSet<JobName>) -> Vec<JobName> {
        let done: BTreeSet<JobName> = self.kept.done.keys().cloned().collect();
        let created = self.live.iter().chain(&done).chain(&self.kept.dropped).cloned().collect();
        graph.creatable(&Standing { created, done }, Some(before))
    }

    /// Whether nothing is left to do for it.
    pub(super) fn is_over(&self, graph: &Graph) -> bool {
        self.live.is_empty() && graph.is_complete(&self.passed(graph))
    }
}
