//! A job for an item as an action.

use butler_core::config::{JobConfig, PipelineConfig, TriggerConfig, WorkConfig};
use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, Budget, EffectKey, Goal, Place, Schema, WHY_LIMIT,
};
use butler_core::domain::job::{Item, JobId, JobName};

use crate::journal::{Plan, millis};

/// The job of a pipeline.
pub(super) fn id(pipeline: &PipelineConfig, job: &JobName) -> JobId {
    JobId { pipeline: pipeline.name.clone(), job: job.clone() }
}

/// A job that is to be done for an item, created at `now` in unix seconds.
pub(super) fn plan(pipeline: &PipelineConfig, job: &JobConfig, item: Item, now: u64) -> Plan {
    let id = id(pipeline, &job.name);
    let budget = Budget {
        tries: job.tries,
        retry_pause: millis(job.retry_interval),
        looks: job.looks,
        look_pause: millis(job.look_interval),
    };
    let by = match &job.work {
        WorkConfig::Command(command) => command.first().map(ToString::to_string).unwrap_or_default(),
        WorkConfig::Service(service) => service.endpoint.url.to_string(),
    };
    let action = Action {
        schema: Schema,
        key: EffectKey::of_job(&id, item),
        kind: ActionKind::RunJob,
        place: Place::NO_CHAIN,
        why: cut(format!("{id} is to be done for {item} by {by}")),
        subject: ActionSubject::Job { job: id, item },
        goal: Goal::JobDone { definition: job.definition, budget },
        priority: job.priority,
        until: Some(now.saturating_add(job.deadline.as_secs())),
        evidence: Vec::new(),
        assurance: assurance(&pipeline.trigger),
        edits: Vec::new(),
    };
    Plan { action, policy: job.policy }
}

fn assurance(trigger: &TriggerConfig) -> Assurance {
    match trigger {
        TriggerConfig::BeaconPeriod { agreeing, .. } if *agreeing > 1 => Assurance::TwoEndpoints,
        TriggerConfig::BeaconPeriod { .. } | TriggerConfig::L1Blocks { .. } | TriggerConfig::L2Blocks { .. } => {
            Assurance::OneEndpoint
        }
        // It is on nobody's word.
        TriggerConfig::Cron(_) | TriggerConfig::After { .. } => Assurance::TwoEndpoints,
    }
}

fn cut(mut text: String) -> String {
    let mut end = text.len().min(WHY_LIMIT);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text
}
