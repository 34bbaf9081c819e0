//! What must hold before anything is done: every job of the journal is configured, and what has not begun is what is configured now.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::config::{JobConfig, PipelineConfig};
use butler_core::domain::action::{Action, Goal, Phase};
use butler_core::domain::job::{JobId, PipelineName};

use super::actions::plan;
use super::error::JobsError;
use crate::journal::{Entry, Journal, Plan, each_live};

const LIVE: [Phase; 5] = [Phase::AwaitingApproval, Phase::Due, Phase::Running, Phase::Verifying, Phase::Parked];

/// The configuration of a job.
pub(super) fn find<'a>(
    pipelines: &'a BTreeMap<PipelineName, PipelineConfig>,
    job: &JobId,
) -> Option<(&'a PipelineConfig, &'a JobConfig)> {
    let pipeline = pipelines.get(&job.pipeline)?;
    Some((pipeline, pipeline.jobs.get(&job.job)?))
}

/// Whether an action is of another definition than the one that is configured.
pub(super) fn is_stale(action: &Action, job: &JobConfig) -> bool {
    matches!(&action.goal, Goal::JobDone { definition, .. } if *definition != job.definition)
}

/// The plans that replace what has not begun under another definition. An approval of the old one is void.
///
/// # Errors
/// A job is gone from the configuration that has work which is not over.
pub(super) fn replaced(
    pipelines: &BTreeMap<PipelineName, PipelineConfig>,
    journal: &dyn Journal,
    now: u64,
) -> Result<Vec<Plan>, JobsError> {
    let (mut gone, mut plans) = (BTreeSet::new(), Vec::new());
    each_live(journal, &LIVE, |Entry { action, standing }| {
        let Some((id, item)) = action.job() else { return };
        match find(pipelines, id) {
            None => {
                gone.insert(format!("`{id}`"));
            }
            Some((pipeline, job)) => {
                let has_not_begun = matches!(standing.phase, Phase::AwaitingApproval | Phase::Due);
                if has_not_begun && is_stale(&action, job) {
                    plans.push(plan(pipeline, job, item, now));
                }
            }
        }
    })?;
    if gone.is_empty() {
        return Ok(plans);
    }
    Err(JobsError::Gone(gone.into_iter().collect::<Vec<_>>().join(", ")))
}
