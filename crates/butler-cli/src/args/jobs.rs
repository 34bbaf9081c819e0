//! The arguments of `jobs`.

use butler_core::domain::job::{InvalidJobId, InvalidName, JobId, JobName, PipelineName};
use clap::Subcommand;
use clap_complete::engine::ArgValueCandidates;

use crate::candidates;

/// What to show of jobs, and what to do with them.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Show every pipeline of the configuration with its jobs, and how the watcher's queues stand; exits with 5 when jobs are parked.
    Show {
        /// Only this pipeline.
        #[arg(long, value_name = "PIPELINE", value_parser = pipeline, add = ArgValueCandidates::new(candidates::pipelines))]
        pipeline: Option<PipelineName>,
        /// Print the pipelines as Mermaid charts instead; no watcher is asked.
        #[arg(long)]
        mermaid: bool,
    },
    /// Begin no work of a job until it is resumed. What is under way ends.
    Pause {
        /// The job.
        #[arg(value_name = "PIPELINE/JOB", value_parser = job, add = ArgValueCandidates::new(candidates::pipeline_jobs))]
        job: JobId,
        /// Why, for the history.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Have a paused job go on.
    Resume {
        /// The job.
        #[arg(value_name = "PIPELINE/JOB", value_parser = job, add = ArgValueCandidates::new(candidates::pipeline_jobs))]
        job: JobId,
        /// Why, for the history.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

fn job(text: &str) -> Result<JobId, String> {
    text.parse().map_err(|error: InvalidJobId| error.to_string())
}

pub(super) fn pipeline(text: &str) -> Result<PipelineName, String> {
    text.parse().map_err(|error: InvalidName| error.to_string())
}

pub(super) fn job_name(text: &str) -> Result<JobName, String> {
    text.parse().map_err(|error: InvalidName| error.to_string())
}
