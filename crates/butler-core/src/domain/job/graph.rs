//! Which job of a pipeline waits for which, and what may be created next.
//!
//! A graph that was made has no circle and no unknown name. Creating is asked for one item at a time and answers from what is
//! created and done, so that asking again after a crash gives the same answer.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::name::JobName;

/// One job of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobNode {
    /// Jobs of the same item that must be done before.
    pub after: Vec<JobName>,
    /// Whether this job of the item before must be done before, too.
    pub ordered: bool,
}

/// The jobs of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    nodes: BTreeMap<JobName, JobNode>,
    order: Vec<JobName>,
}

/// What is wrong with the jobs of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum GraphFault {
    /// There is no job.
    #[error("the pipeline has no job")]
    Empty,
    /// A job waits for one that does not exist.
    #[error("`{job}` waits for `{after}`, which the pipeline does not have")]
    Unknown {
        /// Who waits.
        job: JobName,
        /// For whom.
        after: JobName,
    },
    /// A job waits for itself.
    #[error("`{0}` waits for itself")]
    Itself(JobName),
    /// A job waits for another one twice.
    #[error("`{job}` waits for `{after}` twice")]
    Twice {
        /// Who waits.
        job: JobName,
        /// For whom.
        after: JobName,
    },
    /// Jobs wait for each other in a circle.
    #[error("each waits for the next: {}", circle(.0))]
    Circle(Vec<JobName>),
}

fn circle(jobs: &[JobName]) -> String {
    let names = jobs.iter().chain(jobs.first()).map(|job| format!("`{job}`"));
    names.collect::<Vec<_>>().join(" → ")
}

/// How far the jobs of one item are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Those that were created, whatever became of them.
    pub created: BTreeSet<JobName>,
    /// Those of them that are done.
    pub done: BTreeSet<JobName>,
}

impl Graph {
    /// Checks the jobs of a pipeline.
    ///
    /// # Errors
    /// Everything that is wrong, each once, in order.
    pub fn new(nodes: BTreeMap<JobName, JobNode>) -> Result<Self, Vec<GraphFault>> {
        let mut faults = BTreeSet::new();
        if nodes.is_empty() {
            faults.insert(GraphFault::Empty);
        }
        for (job, node) in &nodes {
            let mut seen = BTreeSet::new();
            for after in &node.after {
                let (job, after) = (job.clone(), after.clone());
                if job == after {
                    faults.insert(GraphFault::Itself(job));
                } else if !seen.insert(after.clone()) {
                    faults.insert(GraphFault::Twice { job, after });
                } else if !nodes.contains_key(&after) {
                    faults.insert(GraphFault::Unknown { job, after });
                }
            }
        }
        let order = order(&nodes).unwrap_or_else(|circle| {
            faults.insert(GraphFault::Circle(circle));
            Vec::new()
        });
        if faults.is_empty() { Ok(Self { nodes, order }) } else { Err(faults.into_iter().collect()) }
    }

    /// Every job after those that it waits for.
    #[must_use]
    pub fn order(&self) -> &[JobName] {
        &self.order
    }

    /// The jobs by name.
    #[must_use]
    pub fn nodes(&self) -> &BTreeMap<JobName, JobNode> {
        &self.nodes
    }

    /// The jobs that wait for this one within an item, by name.
    pub fn dependants<'a>(&'a self, job: &'a JobName) -> impl Iterator<Item = &'a JobName> {
        self.nodes.iter().filter(move |(_, node)| node.after.contains(job)).map(|(name, _)| name)
    }

    /// The jobs of an item that may be created now, in order: not created yet, everything that they wait for done, and, where a
    /// job is ordered, done for the item before as well. `before` is what is done there; `None` where nothing is before.
    #[must_use]
    pub fn creatable(&self, item: &Standing, before: Option<&BTreeSet<JobName>>) -> Vec<JobName> {
        let may = |job: &&JobName| {
            let Some(node) = self.nodes.get(*job) else { return false };
            !item.created.contains(*job)
                && node.after.iter().all(|after| item.done.contains(after))
                && (!node.ordered || before.is_none_or(|done| done.contains(*job)))
        };
        self.order.iter().filter(may).cloned().collect()
    }

    /// Whether every job of an item is done.
    #[must_use]
    pub fn is_complete(&self, done: &BTreeSet<JobName>) -> bool {
        self.nodes.keys().all(|job| done.contains(job))
    }
}

/// The jobs so that each comes after those that it waits for; else one circle. Who is unknown is not waited for.
fn order(nodes: &BTreeMap<JobName, JobNode>) -> Result<Vec<JobName>, Vec<JobName>> {
    let mut order: Vec<JobName> = Vec::new();
    let mut left: BTreeSet<&JobName> = nodes.keys().collect();
    while !left.is_empty() {
        let is_free = |job: &&&JobName| {
            nodes.get(**job).is_none_or(|node| node.after.iter().all(|after| after == **job || !left.contains(after)))
        };
        let free: Vec<&JobName> = left.iter().filter(is_free).copied().collect();
        if free.is_empty() {
            return Err(circle_in(nodes, &left));
        }
        for job in free {
            left.remove(job);
            order.push(job.clone());
        }
    }
    Ok(order)
}

/// A circle among jobs each of which waits for another one of them; it begins with the least name.
fn circle_in(nodes: &BTreeMap<JobName, JobNode>, left: &BTreeSet<&JobName>) -> Vec<JobName> {
    let next = |job: &JobName| {
        let node = nodes.get(job)?;
        node.after.iter().filter(|after| *after != job && left.contains(after)).min().cloned()
    };
    let mut path: Vec<JobName> = left.first().map(|job| (*job).clone()).into_iter().collect();
    while let Some(job) = path.last().and_then(&next) {
        if let Some(at) = path.iter().position(|known| *known == job) {
            path.drain(..at);
            break;
        }
        path.push(job);
    }
    let least = path.iter().enumerate().min_by_key(|(_, job)| *job).map_or(0, |(at, _)| at);
    path.rotate_left(least);
    path
}
