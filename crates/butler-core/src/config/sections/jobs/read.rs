//! Reads every pipeline, and checks them together.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check_job;
use super::definition::define;
use super::job::{absolute, read_job};
use super::settings::listed;
use super::trigger::read_trigger;
use super::{JobConfig, PipelineConfig, TriggerConfig};
use crate::config::reader::{Read, Reported, Section};
use crate::config::setting::Problem;
use crate::domain::action::Policy;
use crate::domain::job::{Graph, GraphFault, JobName, JobNode, PipelineName, Stream};

/// The most jobs of one pipeline.
const JOB_LIMIT: usize = 64;

/// Reads the pipelines; `networks` are those that are configured, `policy` is that of jobs which have none of their own.
pub(crate) fn read_pipelines(
    sections: &[(String, Section<'_>)],
    networks: &BTreeSet<&str>,
    policy: Policy,
) -> Read<BTreeMap<PipelineName, PipelineConfig>> {
    let read: Vec<_> =
        sections.iter().map(|(name, section)| read_pipeline((name, section), networks, policy)).collect();
    let mut pipelines = BTreeMap::new();
    let mut is_whole = true;
    for pipeline in read {
        match pipeline {
            Ok(pipeline) => {
                pipelines.insert(pipeline.name.clone(), pipeline);
            }
            Err(Reported) => is_whole = false,
        }
    }
    // Who follows one that has faults of its own is looked at when that one has none.
    if is_whole { follow(sections, &mut pipelines).map(|()| pipelines) } else { Err(Reported) }
}

/// Fills in the items of pipelines that follow another one.
fn follow(sections: &[(String, Section<'_>)], pipelines: &mut BTreeMap<PipelineName, PipelineConfig>) -> Read<()> {
    let mut result = Ok(());
    for (name, section) in sections {
        let Ok(name) = name.parse::<PipelineName>() else { continue };
        match source(&name, pipelines) {
            Ok(None) => {}
            Ok(Some(found)) => {
                if let Some(TriggerConfig::After { stream, .. }) = pipelines.get_mut(&name).map(|it| &mut it.trigger) {
                    *stream = found;
                }
            }
            Err((key, what)) => result = Err(section.fault(key, Problem::new(what))),
        }
    }
    result
}

/// The items of the pipeline at the beginning of those that this one follows.
fn source(
    name: &PipelineName,
    pipelines: &BTreeMap<PipelineName, PipelineConfig>,
) -> Result<Option<Stream>, (&'static str, String)> {
    let mut seen = BTreeSet::from([name]);
    let mut trigger = pipelines.get(name).map(|pipeline| &pipeline.trigger);
    let mut found = None;
    while let Some(TriggerConfig::After { pipeline, job, .. }) = trigger {
        let Some(other) = pipelines.get(pipeline) else {
            return Err((
                "pipeline",
                format!("there is no pipeline `{pipeline}` (known are {})", listed(pipelines.keys())),
            ));
        };
        if !other.jobs.contains_key(job) {
            return Err(("job", format!("`{pipeline}` has no job `{job}` (it has {})", listed(other.jobs.keys()))));
        }
        if !seen.insert(pipeline) {
            return Err(("pipeline", "pipelines follow each other in a circle".to_owned()));
        }
        found = other.trigger.stream();
        if found.is_none() {
            return Err((
                "pipeline",
                format!("`{pipeline}` has a schedule, whose items do not follow each other by number"),
            ));
        }
        trigger = Some(&other.trigger);
    }
    Ok(found)
}

fn read_pipeline(
    (name, section): (&str, &Section<'_>),
    networks: &BTreeSet<&str>,
    policy: Policy,
) -> Read<PipelineConfig> {
    let name = name.parse::<PipelineName>().map_err(|error| section.fault("", Problem::new(error.to_string())));
    let trigger = read_trigger(section, networks);
    let backlog = section.get::<u64>("backlog");
    let poll_interval = section.get("poll_interval");
    let folder = absolute(section, "folder");
    let sections = section.named("jobs");
    if sections.len() > JOB_LIMIT {
        section.fault("jobs", Problem::new(format!("more than {JOB_LIMIT} jobs")));
    }
    let mut jobs: BTreeMap<JobName, JobConfig> = BTreeMap::new();
    let mut is_whole = true;
    for (job, section) in &sections {
        let named = job.parse::<JobName>().map_err(|error| section.fault("", Problem::new(error.to_string())));
        match named.and_then(|name| read_job(&name, section, policy)) {
            Ok(job) => {
                jobs.insert(job.name.clone(), job);
            }
            Err(Reported) => is_whole = false,
        }
    }
    for (job, section) in &sections {
        let Some(job) = job.parse().ok().and_then(|job: JobName| jobs.get(&job)) else { continue };
        check_job(section, job, &jobs, trigger.as_ref().ok());
        if job.artifact.is_some() && matches!(folder, Ok(None)) {
            let problem = Problem::new("an artifact without a folder");
            section.fault("artifact", problem.hint("give the pipeline a `folder`"));
        }
    }
    // Who waits for a job that has faults of its own does not wait for an unknown one.
    let graph = if is_whole { read_graph(section, &jobs) } else { Err(Reported) };
    let mut pipeline = PipelineConfig {
        name: name?,
        trigger: trigger?,
        backlog: usize::try_from(backlog?).unwrap_or(usize::MAX),
        poll_interval: poll_interval?,
        folder: folder?,
        jobs,
        graph: graph?,
    };
    define(&mut pipeline);
    Ok(pipeline)
}

fn read_graph(section: &Section<'_>, jobs: &BTreeMap<JobName, JobConfig>) -> Read<Graph> {
    let nodes = jobs.values().map(|job| (job.name.clone(), JobNode { after: job.after.clone(), ordered: job.ordered }));
    Graph::new(nodes.collect()).map_err(|faults| {
        for fault in faults {
            let key = match &fault {
                GraphFault::Empty => "jobs".to_owned(),
                GraphFault::Unknown { job, .. } | GraphFault::Itself(job) | GraphFault::Twice { job, .. } => {
                    format!("jobs.{job}.after")
                }
                GraphFault::Circle(jobs) => jobs.first().map(|job| format!("jobs.{job}.after")).unwrap_or_default(),
            };
            section.fault_below(&key, Problem::new(fault.to_string()));
        }
        Reported
    })
}
