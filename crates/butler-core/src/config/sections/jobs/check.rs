//! What a job's arguments, inputs and artifact need of the rest of its pipeline.

use std::collections::BTreeMap;

use super::settings::listed;
use super::{JobConfig, TriggerConfig, WorkConfig};
use crate::config::reader::Section;
use crate::config::setting::Problem;
use crate::domain::job::{Argument, JobName, Value};

/// Reports every argument whose value there is not.
pub(super) fn check_job(
    section: &Section<'_>,
    job: &JobConfig,
    jobs: &BTreeMap<JobName, JobConfig>,
    trigger: Option<&TriggerConfig>,
) {
    let check = |key: &str, argument: &Argument| {
        let Some(value) = argument.value() else { return };
        if let Some(what) = fault(value, job, jobs, trigger) {
            section.fault(key, Problem::new(what));
        }
    };
    job.verify.iter().flatten().for_each(|argument| check("verify", argument));
    match &job.work {
        WorkConfig::Command(command) => command.iter().for_each(|argument| check("command", argument)),
        WorkConfig::Service(service) => {
            for argument in service.body.values() {
                if let Some(value @ (Value::Artifact | Value::Input(_))) = argument.value() {
                    let problem = Problem::new(format!("a service can do nothing with the path `{value}`"));
                    section.fault("body", problem.hint("`upload` sends an artifact, `{digest.JOB}` is its hash"));
                } else {
                    check("body", argument);
                }
            }
            if let Some(upload) = &service.upload {
                check("upload", &Argument::Value(Value::Input(upload.clone())));
            }
            if service.fetch.is_some() != job.artifact.is_some() {
                section.fault("fetch", Problem::new("`fetch` and `artifact` need each other"));
            }
        }
    }
}

fn fault(
    value: &Value,
    job: &JobConfig,
    jobs: &BTreeMap<JobName, JobConfig>,
    trigger: Option<&TriggerConfig>,
) -> Option<String> {
    match value {
        Value::Item | Value::First | Value::Last | Value::Key | Value::Try => None,
        Value::Previous => matches!(trigger, Some(TriggerConfig::Cron(_)))
            .then(|| "`{previous}` is not known of a schedule".to_owned()),
        Value::Artifact => job.artifact.is_none().then(|| "`{artifact}`: this job has no `artifact`".to_owned()),
        Value::Input(other) | Value::Digest(other) => {
            if !job.after.contains(other) {
                return Some(format!(
                    "`{value}`: this job does not wait for `{other}` (it waits for {})",
                    listed(&job.after)
                ));
            }
            let has_artifact = jobs.get(other).is_none_or(|other| other.artifact.is_some());
            (!has_artifact).then(|| format!("`{value}`: `{other}` has no `artifact`"))
        }
    }
}
