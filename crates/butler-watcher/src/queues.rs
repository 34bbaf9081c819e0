//! The queues of jobs in the journal: how they stand, and which are paused.

use std::collections::BTreeMap;

use butler_core::domain::action::{Phase, lane_of};
use butler_core::domain::job::JobId;

use crate::figures::JobQueue;
use crate::journal::{Journal, JournalError};

/// The counter of pauses of a job: it is paused while the count is odd.
#[must_use]
pub fn paused_of(job: &JobId) -> String {
    format!("job-paused:{job}")
}

/// Whether a job is paused.
///
/// # Errors
/// The store cannot be read.
pub fn is_paused(job: &JobId, journal: &dyn Journal) -> Result<bool, JournalError> {
    Ok(journal.counter(&paused_of(job))? % 2 == 1)
}

/// The queues of these jobs as they are shown.
///
/// # Errors
/// The store cannot be read.
pub fn queues_of(
    jobs: impl Iterator<Item = JobId>,
    journal: &dyn Journal,
) -> Result<BTreeMap<JobId, JobQueue>, JournalError> {
    let mut lanes = journal.lanes()?;
    let queue = |id: JobId| {
        let lane = lanes.remove(&lane_of(&id)).unwrap_or_default();
        let since = [(Phase::Due, lane.due_since), (Phase::Verifying, lane.look_since)].into_iter();
        let since = since.filter_map(|(phase, since)| Some((phase, since?))).collect();
        let is_paused = is_paused(&id, journal)?;
        Ok((id, JobQueue { counts: lane.counts, since, is_paused }))
    };
    jobs.map(queue).collect()
}
