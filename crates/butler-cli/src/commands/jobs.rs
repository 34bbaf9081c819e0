//! `jobs`: the pipelines of the configuration with how the watcher's queues stand; pausing and resuming.

use std::collections::BTreeMap;

use butler_core::config::{Config, JobConfig, PipelineConfig, WorkConfig};
use butler_core::control::{Answer, Ask, JobRow};
use butler_core::domain::action::{Phase, Policy};
use butler_core::domain::job::{JobId, JobName, PipelineName, mermaid};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::text::time::{count, distance};
use serde::Serialize;

use super::watcher::socket::{ask, strange};
use crate::args::{Global, JobsCommand};
use crate::error::{CliError, Named};
use crate::gather::load;
use crate::output::Output;
use crate::view::table::{Column, Tone, column, key, number, plain, table, words};

/// The report of `jobs show`.
#[derive(Debug, Serialize)]
struct JobsReport {
    pipelines: Vec<PipelineReport>,
}

/// One pipeline as it is configured.
#[derive(Debug, Serialize)]
struct PipelineReport {
    name: PipelineName,
    trigger: String,
    backlog: usize,
    /// The jobs, each after those that it waits for.
    jobs: Vec<JobReport>,
}

/// One job as it is configured, and its queue.
#[derive(Debug, Serialize)]
struct JobReport {
    job: JobId,
    after: Vec<JobName>,
    ordered: bool,
    concurrency: usize,
    policy: Policy,
    /// The program, or the service as scheme and host.
    by: String,
    /// The SHA-256 that approvals are bound to.
    definition: String,
    /// How it stands at the watcher.
    queue: JobRow,
}

/// The report of `jobs show --mermaid`.
#[derive(Debug, Serialize)]
struct ChartsReport {
    charts: BTreeMap<PipelineName, String>,
}

/// Shows jobs, or pauses and resumes one.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, command: JobsCommand, output: Output) -> Result<Exit, CliError> {
    let config = load(global)?;
    match command {
        JobsCommand::Show { pipeline, mermaid: true } => {
            let charts = selected(&config, pipeline.as_ref())?.into_iter();
            let charts = charts.map(|one| (one.name.clone(), mermaid(&one.name, &one.trigger.summary(), &one.graph)));
            let report = ChartsReport { charts: charts.collect() };
            output.verbatim(&report, |report| report.charts.values().map(|chart| format!("{chart}\n")).collect())?;
            Ok(Exit::Success)
        }
        JobsCommand::Show { pipeline, mermaid: false } => {
            let report = show(global, selected(&config, pipeline.as_ref())?).await?;
            output.result(&report, render)?;
            let is_parked = |job: &JobReport| job.queue.phases.get(&Phase::Parked).is_some_and(|count| *count > 0);
            let is_bad = report.pipelines.iter().flat_map(|pipeline| &pipeline.jobs).any(is_parked);
            Ok(if is_bad { Exit::CheckFailed } else { Exit::Success })
        }
        JobsCommand::Pause { job, reason } => pause(global, &config, (job, true, reason), output).await,
        JobsCommand::Resume { job, reason } => pause(global, &config, (job, false, reason), output).await,
    }
}

fn selected<'a>(config: &'a Config, wanted: Option<&PipelineName>) -> Result<Vec<&'a PipelineConfig>, CliError> {
    match wanted {
        None => Ok(config.pipelines.values().collect()),
        Some(name) => {
            let known = || config.pipelines.keys().map(ToString::to_string).collect();
            let unknown = || CliError::Unknown { kind: Named::Pipeline, name: name.to_string(), known: known() };
            config.pipelines.get(name).map(|one| vec![one]).ok_or_else(unknown)
        }
    }
}

/// The jobs of a pipeline, each after those that it waits for.
fn ids(pipeline: &PipelineConfig) -> Vec<JobId> {
    let id = |job: &JobName| JobId { pipeline: pipeline.name.clone(), job: job.clone() };
    pipeline.graph.order().iter().map(id).collect()
}

async fn show(global: &Global, pipelines: Vec<&PipelineConfig>) -> Result<JobsReport, CliError> {
    let mut report = JobsReport { pipelines: Vec::new() };
    // One question for each pipeline, which has a bounded number of jobs.
    for pipeline in pipelines {
        let Answer::Jobs(rows) = ask(global, Ask::Jobs { jobs: ids(pipeline) }).await? else { return Err(strange()) };
        let mut rows: BTreeMap<JobId, JobRow> = rows.into_iter().map(|row| (row.job.clone(), row)).collect();
        let jobs = ids(pipeline).into_iter().filter_map(|id| {
            let (job, queue) = (pipeline.jobs.get(&id.job)?, rows.remove(&id)?);
            Some(job_report(id, job, queue))
        });
        report.pipelines.push(PipelineReport {
            name: pipeline.name.clone(),
            trigger: pipeline.trigger.summary(),
            backlog: pipeline.backlog,
            jobs: jobs.collect(),
        });
    }
    Ok(report)
}

fn job_report(id: JobId, job: &JobConfig, queue: JobRow) -> JobReport {
    let by = match &job.work {
        WorkConfig::Command(command) => command.first().map(ToString::to_string).unwrap_or_default(),
        WorkConfig::Service(service) => service.endpoint.url.to_string(),
    };
    JobReport {
        job: id,
        after: job.after.clone(),
        ordered: job.ordered,
        concurrency: job.concurrency,
        policy: job.policy,
        by,
        definition: format!("{:x}", job.definition),
        queue,
    }
}

async fn pause(
    global: &Global,
    config: &Config,
    (job, paused, reason): (JobId, bool, Option<String>),
    output: Output,
) -> Result<Exit, CliError> {
    let is_known = config.pipelines.get(&job.pipeline).is_some_and(|pipeline| pipeline.jobs.contains_key(&job.job));
    if !is_known {
        let ids = config.pipelines.values().flat_map(ids);
        let known = ids.map(|id| id.to_string()).collect();
        return Err(CliError::Unknown { kind: Named::Job, name: job.to_string(), known });
    }
    let answer = ask(global, Ask::Pause { job, paused, reason }).await;
    let rows = match answer {
        Ok(Answer::Jobs(rows)) => rows,
        Ok(_) => return Err(strange()),
        Err(CliError::WatcherRefused(why)) => return Err(CliError::DecisionRefused(why)),
        Err(error) => return Err(error),
    };
    let row = rows.into_iter().next().ok_or_else(strange)?;
    output.result(&row, |row, _| format!("{} is {}\n", row.job, if row.paused { "paused" } else { "not paused" }))?;
    Ok(Exit::Success)
}

const COLUMNS: [Column; 10] = [
    key("JOB"),
    column("AFTER", 5),
    column("POLICY", 1),
    column("ASKS", 2),
    column("DUE", 2),
    column("RUNNING", 3),
    column("VERIFYING", 4),
    column("PARKED", 1),
    column("OLDEST DUE", 3),
    column("BY", 6),
];

fn render(report: &JobsReport, output: &Output) -> String {
    let mut text = String::new();
    for pipeline in &report.pipelines {
        let PipelineReport { name, trigger, backlog, jobs } = pipeline;
        text.push_str(&format!("{name}: {trigger}, at most {} unfinished\n\n", count(*backlog, "item")));
        let rows = jobs.iter().map(|job| {
            let count = |phase: Phase| job.queue.phases.get(&phase).copied().unwrap_or_default();
            let parked = count(Phase::Parked);
            let oldest = job.queue.since.values().min();
            let oldest = oldest.map_or_else(|| "-".to_owned(), |since| distance(unix_now(), since / 1000));
            let after: Vec<String> = job.after.iter().map(ToString::to_string).collect();
            vec![
                plain(job.job.job.to_string()),
                words(after.join(", ")),
                plain(if job.queue.paused { "paused".to_owned() } else { job.policy.to_string() }),
                number(count(Phase::AwaitingApproval).to_string()),
                number(count(Phase::Due).to_string()),
                number(format!("{} of {}", count(Phase::Running), job.concurrency)),
                number(count(Phase::Verifying).to_string()),
                number(parked.to_string()).in_tone(if parked > 0 { Tone::Warning } else { Tone::Plain }),
                plain(oldest),
                plain(job.by.clone()),
            ]
        });
        text.push_str(&table(output, &COLUMNS, rows));
        text.push('\n');
    }
    if report.pipelines.is_empty() {
        text.push_str("no pipeline is configured\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::at_usual_widths;

    #[test]
    fn queues_of_jobs_are_told_whole_at_every_width() {
        let job = |name: &str, after: &[&str], parked| JobReport {
            job: name.parse().unwrap(),
            after: after.iter().map(|job| job.parse().unwrap()).collect(),
            ordered: false,
            concurrency: 4,
            policy: Policy::Approve,
            by: "/usr/local/lib/butler/fetch-attestations".to_owned(),
            definition: "0".repeat(64),
            queue: JobRow {
                job: name.parse().unwrap(),
                paused: parked > 0,
                phases: [(Phase::Due, 12), (Phase::Running, 4), (Phase::Parked, parked)].into(),
                since: BTreeMap::new(),
            },
        };
        let pipeline = PipelineReport {
            name: "nightly".parse().unwrap(),
            trigger: "cron 0 3 * * * UTC".to_owned(),
            backlog: 1,
            jobs: vec![job("nightly/fetch-attestations", &[], 0), job("nightly/report", &["fetch-attestations"], 2)],
        };
        let report = JobsReport { pipelines: vec![pipeline] };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
