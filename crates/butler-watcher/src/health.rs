//! What is known of the watcher's work at this moment, for metrics and readiness. Whoever works writes, whoever asks reads.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use butler_core::control::NetworkStatus;
use butler_core::daemon::telemetry::metrics::sample::{Readings, Sample, number, truth};
use butler_core::domain::action::ActionKind;
use butler_core::domain::block::BlockRef;
use butler_core::domain::job::JobId;
use butler_core::runtime::clock::unix_now;
use tokio::time::Instant;

use crate::catalogue::{self, JobEnd, JobWork, ReloadOutcome};
use crate::figures::{JobFigures, JobQueue, KeystoreFigures, ProposalFigures};
use crate::journal::{Cursor, Status};
use crate::retries::Retries;
use crate::waiting::{WAITING, Waiting};

/// A loop that was not heard of for so long hangs.
const HANGS: Duration = Duration::from_secs(600);

/// What is shown of the watcher.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
    /// What persons had tried again.
    pub retries: Retries,
}

#[derive(Debug, Default)]
struct State {
    networks: BTreeMap<String, Network>,
    told: BTreeMap<(String, bool), u64>,
    channels: BTreeMap<String, Channel>,
    journal: Option<Status>,
    is_stopped: bool,
    /// Heartbeats that failed, and that were taken.
    beats: [u64; 2],
    waiting: Vec<Waiting>,
    jobs: JobFigures,
    has_jobs: bool,
}

/// What is shown of one channel.
#[derive(Debug, Default)]
struct Channel {
    /// Whether the last message was taken; absent before the first.
    is_up: Option<bool>,
    taken_at: Option<u64>,
    /// How many things wait to be told; absent where that is not counted by channel.
    waiting: Option<u64>,
}

/// What is shown of one network.
#[derive(Debug, Default)]
struct Network {
    heard: Option<Instant>,
    checkpoint: Option<Cursor>,
    last: Option<BlockRef>,
    read: Option<u64>,
    looked_at: Option<u64>,
    problem: Option<String>,
    looks: [u64; 2],
    planned: BTreeMap<ActionKind, u64>,
    endpoints: BTreeMap<String, (u64, bool)>,
    keystores: BTreeMap<String, KeystoreFigures>,
    /// What is remembered of its key files cannot be kept.
    is_unsaved: bool,
    /// Attesters by what their proposals prove; absent before that was read.
    proofs: Option<[u64; 3]>,
    /// Some of what they proposed could not be read.
    is_duty_unread: bool,
    proposals: ProposalFigures,
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        // Plain figures are good also after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn network(&self, name: &str, change: impl FnOnce(&mut Network)) {
        let mut state = self.state();
        let network = state.networks.entry(name.to_owned()).or_default();
        network.heard = Some(Instant::now());
        change(network);
    }

    /// A network is followed from this checkpoint on.
    pub fn begin(&self, network: &str, checkpoint: Option<Cursor>) {
        self.network(network, |network| network.checkpoint = checkpoint);
    }

    /// A network is being read.
    pub fn heard(&self, network: &str) {
        self.network(network, |_| ());
    }

    /// A range was read up to that block, not as a whole yet.
    pub fn progress(&self, network: &str, block: u64) {
        self.network(network, |network| network.read = Some(block));
    }

    /// The final block, and when it was told.
    pub fn final_block(&self, network: &str, last: BlockRef, now: u64) {
        self.network(network, |network| {
            network.last = Some(last);
            network.looked_at = Some(now);
        });
    }

    /// A look ended; `problem` is why it failed.
    pub fn looked(&self, network: &str, problem: Option<String>) {
        self.network(network, |network| {
            let count = &mut network.looks[usize::from(problem.is_none())];
            network.problem = problem;
            *count = count.saturating_add(1);
        });
    }

    /// A range was planned.
    pub fn planned(&self, network: &str, checkpoint: Cursor, kinds: impl IntoIterator<Item = ActionKind>) {
        self.network(network, |network| {
            network.checkpoint = Some(checkpoint);
            network.read = Some(checkpoint.block);
            for kind in kinds {
                let count = network.planned.entry(kind).or_default();
                *count = count.saturating_add(1);
            }
        });
    }

    /// How often each endpoint was asked, and whether it answered last.
    pub fn endpoints(&self, network: &str, endpoints: BTreeMap<String, (u64, bool)>) {
        self.network(network, |network| network.endpoints = endpoints);
    }

    /// Whether a server's keystore could be looked at.
    pub fn keystore(&self, network: &str, server: &str, is_up: bool) {
        let mut state = self.state();
        let network = state.networks.entry(network.to_owned()).or_default();
        network.keystores.entry(server.to_owned()).or_default().is_down = !is_up;
    }

    /// A server's nodes were told to reload.
    pub fn reloaded(&self, network: &str, server: &str, outcome: ReloadOutcome) {
        let mut state = self.state();
        let network = state.networks.entry(network.to_owned()).or_default();
        let reloads = &mut network.keystores.entry(server.to_owned()).or_default().reloads;
        let count = reloads.entry(outcome).or_default();
        *count = count.saturating_add(1);
    }

    /// What is counted of proposals to owners of Safes changes.
    pub fn proposals(&self, network: &str, change: impl FnOnce(&mut ProposalFigures)) {
        let mut state = self.state();
        change(&mut state.networks.entry(network.to_owned()).or_default().proposals);
    }

    /// Whether what is remembered of the key files is kept for the next start.
    pub fn remembered(&self, network: &str, is_kept: bool) {
        self.network(network, |network| network.is_unsaved = !is_kept);
    }

    /// What the proposals of so many attesters prove, where that was read, and whether something could not be.
    pub fn proofs(&self, network: &str, proofs: Option<[u64; 3]>, is_unread: bool) {
        self.network(network, |network| {
            network.proofs = proofs.or(network.proofs);
            network.is_duty_unread = is_unread;
        });
    }

    /// A heartbeat was taken, or was not.
    pub fn beat(&self, is_taken: bool) {
        let mut state = self.state();
        let count = &mut state.beats[usize::from(is_taken)];
        *count = count.saturating_add(1);
    }

    /// There are pipelines of jobs, so there is work also where no network is followed.
    pub fn begin_jobs(&self) {
        self.state().has_jobs = true;
    }

    /// These are the queues of jobs.
    pub fn queues(&self, queues: BTreeMap<JobId, JobQueue>) {
        self.state().jobs.queues(queues);
    }

    /// A job was done or looked at, and how that ended.
    pub fn job_ended(&self, job: &JobId, how: (JobWork, JobEnd), took: Duration) {
        self.state().jobs.ended(job, how, took);
    }

    /// The actions that wait for a person, as many as are shown.
    pub fn waits(&self, waiting: Vec<Waiting>) {
        self.state().waiting = waiting;
    }

    /// The actions that wait for a person, as many as are shown, and how many there are in all.
    #[must_use]
    pub fn waiting(&self) -> (Vec<Waiting>, u64) {
        let state = self.state();
        let counts = state.journal.iter().flat_map(|journal| journal.counts.values()).flatten();
        let count = counts.filter(|(phase, _)| WAITING.contains(phase)).map(|(_, count)| *count).sum();
        (state.waiting.clone(), count)
    }

    /// Whether the journal refuses.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    /// Whether every network is followed and the journal takes what is planned.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let state = self.state();
        let is_well = |network: &Network| network.problem.is_none() && network.looked_at.is_some();
        let well =
            (state.has_jobs || !state.networks.is_empty()) && !state.is_stopped && state.networks.values().all(is_well);
        drop(state);
        well && self.is_alive()
    }

    /// Something was told through a channel, or could not be.
    pub fn told(&self, channel: &str, is_good: bool) {
        let mut state = self.state();
        let count = state.told.entry((channel.to_owned(), is_good)).or_default();
        *count = count.saturating_add(1);
        if let Some(channel) = state.channels.get_mut(channel) {
            channel.is_up = Some(is_good);
            if is_good {
                channel.taken_at = Some(unix_now());
            }
        }
    }

    /// These are the channels from now on, beside the log.
    pub fn channels(&self, names: &[String]) {
        let mut state = self.state();
        state.channels.retain(|name, _| names.contains(name));
        for name in names {
            state.channels.entry(name.clone()).or_default();
        }
    }

    /// So many things wait to be told through a channel.
    pub fn untold(&self, channel: &str, count: usize) {
        if let Some(channel) = self.state().channels.get_mut(channel) {
            channel.waiting = u64::try_from(count).ok();
        }
    }

    /// The journal in figures; `None` when it refuses.
    pub fn journal(&self, status: Option<Status>) {
        let mut state = self.state();
        state.is_stopped = status.is_none();
        if let Some(status) = status {
            state.journal = Some(status);
        }
    }

    /// Whether every loop was heard of lately.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let now = Instant::now();
        self.state()
            .networks
            .values()
            .all(|network| network.heard.is_none_or(|heard| now.saturating_duration_since(heard) < HANGS))
    }

    /// Whether every network was followed up to its final block once and nothing is unread now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.state();
        let is_up = |network: &Network| {
            let block = network.checkpoint.map(|checkpoint| checkpoint.block);
            network.problem.is_none()
                && network.last.is_some_and(|last| block.is_some_and(|block| block >= last.number))
        };
        (state.has_jobs || !state.networks.is_empty()) && !state.is_stopped && state.networks.values().all(is_up)
    }

    /// How far every network is.
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<String, NetworkStatus> {
        let status = |network: &Network| NetworkStatus {
            checkpoint: network.checkpoint.map(|checkpoint| checkpoint.block),
            last: network.last.map(|last| last.number),
            problem: network.problem.clone(),
        };
        self.state().networks.iter().map(|(name, network)| (name.clone(), status(network))).collect()
    }

    /// What is served of the process as a whole.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let state = self.state();
        let result = |is_good: bool| if is_good { "success" } else { "failure" };
        let told = state.told.iter().map(|((channel, is_good), count)| {
            Sample::of_process(&catalogue::TOLD, [channel, result(*is_good)], number(*count))
        });
        let mut samples: Vec<Sample> = told.collect();
        for (name, channel) in &state.channels {
            // Nobody knows of one that was never tried that it is down.
            let is_up = truth(channel.is_up.unwrap_or(true));
            samples.push(Sample::of_process(&catalogue::CHANNEL_UP, [name.as_str()], is_up));
            let taken = channel.taken_at.map(|at| (&catalogue::CHANNEL_TAKEN, at));
            let waiting = channel.waiting.map(|count| (&catalogue::CHANNEL_WAITING, count));
            for (family, figure) in taken.into_iter().chain(waiting) {
                samples.push(Sample::of_process(family, [name.as_str()], number(figure)));
            }
        }
        samples.extend(state.jobs.samples());
        samples.push(Sample::of_process(&catalogue::JOURNAL_STOPPED, [], truth(state.is_stopped)));
        for (result, count) in ["failure", "success"].into_iter().zip(state.beats) {
            samples.push(Sample::of_process(&catalogue::HEARTBEATS, [result], number(count)));
        }
        for phase in WAITING {
            let since = state.waiting.iter().filter(|one| one.phase == phase).map(|one| one.since).min();
            let since = since.map(|since| Sample::of_process(&catalogue::WAITING_SINCE, [phase.name()], number(since)));
            samples.extend(since);
        }
        if let Some(journal) = &state.journal {
            for (part, bytes) in [("store", journal.store_bytes), ("history", journal.history_bytes)] {
                samples.push(Sample::of_process(&catalogue::JOURNAL_SIZE, [part], number(bytes)));
            }
            for (kind, phases) in &journal.counts {
                for (phase, count) in phases {
                    let labels = [kind.name(), phase.name()];
                    samples.push(Sample::of_process(&catalogue::ACTIONS, labels, number(*count)));
                }
            }
        }
        samples
    }

    /// What is served of each network.
    #[must_use]
    pub fn networks(&self) -> BTreeMap<String, Readings> {
        let state = self.state();
        state.networks.iter().map(|(name, network)| (name.clone(), network.readings())).collect()
    }
}

impl Network {
    fn readings(&self) -> Readings {
        let mut readings = Readings::default();
        if let Some(checkpoint) = self.checkpoint {
            readings.push(&catalogue::CHECKPOINT, [], number(checkpoint.block));
            readings.push(&catalogue::CHECKPOINT_TIME, [], number(checkpoint.time));
        }
        if let Some(last) = self.last {
            readings.push(&catalogue::FINAL, [], number(last.number));
            if let Some(checkpoint) = self.checkpoint {
                readings.push(&catalogue::LAG, [], number(last.number.saturating_sub(checkpoint.block)));
            }
        }
        if let Some(read) = self.read {
            readings.push(&catalogue::READ, [], number(read));
        }
        if let Some(at) = self.looked_at {
            readings.push(&catalogue::LOOKED_AT, [], number(at));
        }
        readings.push(&catalogue::UNSAVED, [], truth(self.is_unsaved));
        readings.push(&catalogue::UNREAD, [], truth(self.problem.is_some()));
        for (proof, count) in catalogue::PROOFS.into_iter().zip(self.proofs.into_iter().flatten()) {
            readings.push(&catalogue::COINBASES, [proof.to_owned()], number(count));
        }
        readings.push(&catalogue::DUTIES_UNREAD, [], truth(self.is_duty_unread));
        for (result, count) in ["failure", "success"].into_iter().zip(self.looks) {
            readings.push(&catalogue::LOOKS, [result.to_owned()], number(count));
        }
        for kind in ActionKind::ALL {
            let count = self.planned.get(&kind).copied().unwrap_or_default();
            readings.push(&catalogue::PLANNED, [kind.name().to_owned()], number(count));
        }
        for (server, keystore) in &self.keystores {
            keystore.read(server, &mut readings);
        }
        self.proposals.read(&mut readings);
        for (endpoint, (requests, is_up)) in &self.endpoints {
            readings.push(&catalogue::REQUESTS, [endpoint.clone()], number(*requests));
            readings.push(&catalogue::ENDPOINT_UP, [endpoint.clone()], truth(*is_up));
        }
        readings
    }
}
