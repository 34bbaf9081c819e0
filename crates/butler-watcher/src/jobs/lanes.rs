//! How much of each job may be under way.

use std::collections::BTreeMap;

use butler_core::config::PipelineConfig;
use butler_core::domain::action::lane_of;

use super::actions::id;
use crate::journal::{Journal, JournalError};
use crate::queues::is_paused;

/// How much each queue of these pipelines may have under way: none where it is paused.
pub(super) fn places<'a>(
    pipelines: impl Iterator<Item = &'a PipelineConfig>,
    journal: &dyn Journal,
) -> Result<BTreeMap<String, u64>, JournalError> {
    let mut places = BTreeMap::new();
    for pipeline in pipelines {
        for job in pipeline.jobs.values() {
            let id = id(pipeline, &job.name);
            let most = u64::try_from(job.concurrency).unwrap_or(u64::MAX);
            places.insert(lane_of(&id), if is_paused(&id, journal)? { 0 } else { most });
        }
    }
    Ok(places)
}
