//! What is counted for metrics: of jobs, how many stand where, how long they took, how they ended; of keystores and
//! proposals, what is known of them.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::daemon::telemetry::metrics::sample::{Bucket, Readings, Sample, number, truth};
use butler_core::domain::action::Phase;
use butler_core::domain::job::JobId;
use butler_core::text::address::checksummed;
use ethers_core::types::Address;
use strum::VariantArray as _;

use crate::catalogue::{self, JobEnd, JobWork, ProposalState, ReloadOutcome};

/// The ends of the buckets, in seconds; the last one has none.
const ENDS: [u32; 11] = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 86_400];

/// One job's queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobQueue {
    /// How many stand where.
    pub counts: BTreeMap<Phase, u64>,
    /// Since when the one that waits longest is due, to be done and to be looked at; unix milliseconds.
    pub since: BTreeMap<Phase, u64>,
    /// Whether it is paused.
    pub is_paused: bool,
}

/// How long something took.
#[derive(Debug, Clone, Default)]
struct Durations {
    buckets: [u64; ENDS.len() + 1],
    sum: f64,
}

/// What is counted of all jobs.
#[derive(Debug, Default)]
pub struct JobFigures {
    queues: BTreeMap<JobId, JobQueue>,
    durations: BTreeMap<(JobId, JobWork), Durations>,
    ends: BTreeMap<(JobId, JobWork, JobEnd), u64>,
}

impl JobFigures {
    /// These are the queues now.
    pub fn queues(&mut self, queues: BTreeMap<JobId, JobQueue>) {
        self.queues = queues;
    }

    /// A job was done or looked at, and how that ended.
    pub fn ended(&mut self, job: &JobId, (work, end): (JobWork, JobEnd), took: Duration) {
        let durations = self.durations.entry((job.clone(), work)).or_default();
        let place = ENDS.iter().position(|end| took <= Duration::from_secs(u64::from(*end))).unwrap_or(ENDS.len());
        if let Some(bucket) = durations.buckets.get_mut(place) {
            *bucket = bucket.saturating_add(1);
        }
        durations.sum += took.as_secs_f64();
        let count = self.ends.entry((job.clone(), work, end)).or_default();
        *count = count.saturating_add(1);
    }

    /// What is served.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (id, queue) in &self.queues {
            let (pipeline, job) = (id.pipeline.as_str(), id.job.as_str());
            for phase in Phase::ALL.into_iter().filter(|phase| !phase.is_final()) {
                let count = queue.counts.get(&phase).copied().unwrap_or_default();
                samples.push(Sample::of_process(&catalogue::JOBS, [pipeline, job, phase.name()], number(count)));
            }
            for (phase, since) in &queue.since {
                let labels = [pipeline, job, phase.name()];
                samples.push(Sample::of_process(&catalogue::JOBS_SINCE, labels, number(since / 1000)));
            }
            let is_paused = truth(queue.is_paused);
            samples.push(Sample::of_process(&catalogue::JOBS_PAUSED, [pipeline, job], is_paused));
        }
        for ((id, work), durations) in &self.durations {
            let labels = [id.pipeline.as_str(), id.job.as_str(), work.into()];
            let mut sample = Sample::of_process(&catalogue::JOB_DURATION, labels, durations.sum);
            let ends = ENDS.into_iter().map(f64::from).chain([f64::INFINITY]);
            let buckets = ends.zip(durations.buckets).map(|(end, count)| Bucket { end, count });
            sample.buckets = Some(buckets.collect());
            samples.push(sample);
            for end in JobEnd::VARIANTS {
                let count = self.ends.get(&(id.clone(), *work, *end)).copied().unwrap_or_default();
                let labels = [id.pipeline.as_str(), id.job.as_str(), work.into(), end.into()];
                samples.push(Sample::of_process(&catalogue::JOB_ENDS, labels, number(count)));
            }
        }
        samples
    }
}

/// What is counted of one server's keystore.
#[derive(Debug, Default)]
pub struct KeystoreFigures {
    /// Whether it could not be looked at the last time.
    pub is_down: bool,
    /// How often its nodes were told to reload, by what became of it.
    pub reloads: BTreeMap<ReloadOutcome, u64>,
}

impl KeystoreFigures {
    /// Reads them for whoever serves them.
    pub fn read(&self, server: &str, readings: &mut Readings) {
        readings.push(&catalogue::KEYSTORE_UP, [server.to_owned()], truth(!self.is_down));
        for outcome in ReloadOutcome::VARIANTS {
            let count = self.reloads.get(outcome).copied().unwrap_or_default();
            readings.push(&catalogue::RELOADS, [server.to_owned(), <&str>::from(outcome).to_owned()], number(count));
        }
    }
}

/// What is counted of proposals to owners of Safes.
#[derive(Debug, Default)]
pub struct ProposalFigures {
    /// By what is known of them; absent where nobody proposes.
    pub states: Option<BTreeMap<ProposalState, u64>>,
    /// Requests to the service that the month still has, by Safe.
    pub requests_left: BTreeMap<Address, u64>,
}

impl ProposalFigures {
    /// Reads them for whoever serves them.
    pub fn read(&self, readings: &mut Readings) {
        for state in self.states.iter().flat_map(|_| ProposalState::VARIANTS) {
            let count = self.states.as_ref().and_then(|states| states.get(state)).copied().unwrap_or_default();
            readings.push(&catalogue::PROPOSALS, [<&str>::from(state).to_owned()], number(count));
        }
        for (safe, left) in &self.requests_left {
            readings.push(&catalogue::SAFE_REQUESTS, [checksummed(safe).to_string()], number(*left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_where_they_belong_and_ends_by_how_they_came() {
        let mut figures = JobFigures::default();
        let job: JobId = "blocks/snos".parse().unwrap();
        for seconds in [0, 1, 2, 100_000] {
            figures.ended(&job, (JobWork::Process, JobEnd::Done), Duration::from_secs(seconds));
        }
        figures.ended(&job, (JobWork::Process, JobEnd::Refused), Duration::from_secs(1));
        let samples = figures.samples();
        let duration = samples.iter().find(|sample| sample.family == &catalogue::JOB_DURATION).unwrap();
        let counts: Vec<u64> =
            duration.buckets.iter().flat_map(|buckets| buckets.iter()).map(|bucket| bucket.count).collect();
        assert_eq!(counts, [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let ends = samples.iter().filter(|sample| sample.family == &catalogue::JOB_ENDS && sample.value > 0.0);
        assert_eq!(ends.map(|sample| sample.value).collect::<Vec<_>>(), [4.0, 1.0]);
    }
}
