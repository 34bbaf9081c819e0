//! What went through the proxy, and how deep the chain of requests was that waited for each other.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyStats {
    /// HTTP requests; a batch is one.
    pub http_requests: u64,
    /// JSON-RPC calls by method, those inside batches included.
    pub calls_by_method: BTreeMap<String, u64>,
    /// Bytes of all request bodies.
    pub request_bytes: u64,
    /// Bytes of all answer bodies.
    pub response_bytes: u64,
    /// Those of them that compression saved, so that they did not travel.
    pub saved_bytes: u64,
    /// Most requests that were in work at once.
    pub max_concurrent: u64,
    /// The longest chain of requests of which each began after the one before had been answered: what latency multiplies.
    pub round_trips: u64,
}

impl ProxyStats {
    /// JSON-RPC calls of all methods.
    pub fn calls(&self) -> u64 {
        self.calls_by_method.values().sum()
    }
}

#[derive(Debug, Default)]
struct State {
    stats: ProxyStats,
    in_work: u64,
    /// The deepest generation among the answered requests.
    answered: u64,
    /// Tells requests from before a reset.
    epoch: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<Mutex<State>>);

/// A request in work; counts as answered when dropped.
#[derive(Debug)]
pub(super) struct InWork {
    recorder: Recorder,
    generation: u64,
    epoch: u64,
}

impl Recorder {
    pub(super) fn begin<'a>(&self, bytes: usize, methods: impl Iterator<Item = &'a str>) -> InWork {
        let mut state = self.lock();
        let generation = state.answered + 1;
        state.in_work += 1;
        let in_work = state.in_work;
        let stats = &mut state.stats;
        stats.http_requests += 1;
        stats.request_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        stats.max_concurrent = stats.max_concurrent.max(in_work);
        stats.round_trips = stats.round_trips.max(generation);
        for method in methods {
            *stats.calls_by_method.entry(method.to_owned()).or_default() += 1;
        }
        let epoch = state.epoch;
        drop(state);
        InWork { recorder: self.clone(), generation, epoch }
    }

    pub(super) fn snapshot(&self) -> ProxyStats {
        self.lock().stats.clone()
    }

    pub(super) fn reset(&self) {
        let mut state = self.lock();
        state.stats = ProxyStats::default();
        state.answered = 0;
        state.epoch += 1;
    }

    /// Notes bytes of an answer that compression saved.
    pub(super) fn saved(&self, bytes: usize) {
        let mut state = self.lock();
        state.stats.saved_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InWork {
    pub(super) fn answered(&self, bytes: usize) {
        let mut state = self.recorder.lock();
        if state.epoch == self.epoch {
            state.stats.response_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        let mut state = self.recorder.lock();
        state.in_work -= 1;
        if state.epoch == self.epoch {
            state.answered = state.answered.max(self.generation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_is_a_request_that_waited_for_another() {
        let recorder = Recorder::default();
        let first = recorder.begin(10, ["a"].into_iter());
        let beside = recorder.begin(10, ["a", "b"].into_iter());
        assert_eq!(recorder.snapshot().round_trips, 1);
        drop(first);
        let second = recorder.begin(10, ["a"].into_iter());
        drop(beside);
        drop(second);
        drop(recorder.begin(10, ["a"].into_iter()));
        let stats = recorder.snapshot();
        assert_eq!(stats.round_trips, 3);
        assert_eq!(stats.max_concurrent, 2);
        assert_eq!(stats.http_requests, 4);
        assert_eq!(stats.calls_by_method["a"], 4);
        assert_eq!(stats.calls(), 5);
        recorder.reset();
        assert_eq!(recorder.snapshot(), ProxyStats::default());
    }
}
