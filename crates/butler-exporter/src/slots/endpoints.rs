//! What the clients of L1 endpoints counted.

use std::collections::BTreeMap;

use butler_core::client::error::ErrorKind;
use butler_core::client::http::{DURATION_BUCKETS, DurationCounts};
use butler_core::daemon::telemetry::metrics::sample::Bucket;

use super::today::Used;
use crate::catalogue;
use crate::readings::{Readings, number, truth};

/// The counters of one L1 endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointFigures {
    /// Its name.
    pub name: String,
    /// Requests begun.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub sent: u64,
    /// Bytes of bodies received.
    pub received: u64,
    /// Credits that calls are estimated to have cost.
    pub credits: u64,
    /// The credits of one day, where they are given.
    pub credits_per_day: Option<u64>,
    /// How long exchanges took.
    pub durations: DurationCounts,
    /// Failures by kind.
    pub failures: BTreeMap<ErrorKind, u64>,
    /// Whether its last exchange was good.
    pub healthy: bool,
}

impl EndpointFigures {
    /// These counts and those of clients that are gone.
    pub(super) fn plus(mut self, before: &Self) -> Self {
        self.requests = self.requests.saturating_add(before.requests);
        self.sent = self.sent.saturating_add(before.sent);
        self.received = self.received.saturating_add(before.received);
        self.credits = self.credits.saturating_add(before.credits);
        self.durations = self.durations.plus(&before.durations);
        for (kind, failures) in &before.failures {
            let count = self.failures.entry(*kind).or_default();
            *count = count.saturating_add(*failures);
        }
        self
    }

    /// What it was used for since the start.
    pub(super) fn used(&self) -> (String, Used) {
        let bytes = self.sent.saturating_add(self.received);
        (self.name.clone(), Used { requests: self.requests, bytes, credits: self.credits })
    }

    /// Adds the samples.
    pub(super) fn push(&self, today: Used, own: &mut Readings) {
        let label = || [self.name.clone()];
        own.push(&catalogue::RPC_REQUESTS, label(), number(self.requests));
        own.push(&catalogue::RPC_SENT, label(), number(self.sent));
        own.push(&catalogue::RPC_RECEIVED, label(), number(self.received));
        own.push(&catalogue::RPC_CREDITS, label(), number(self.credits));
        own.push(&catalogue::RPC_REQUESTS_TODAY, label(), number(today.requests));
        own.push(&catalogue::RPC_BYTES_TODAY, label(), number(today.bytes));
        own.push(&catalogue::RPC_CREDITS_TODAY, label(), number(today.credits));
        if let Some(per_day) = self.credits_per_day {
            own.push(&catalogue::RPC_CREDITS_PER_DAY, label(), number(per_day));
        }
        let seconds = number(self.durations.microseconds) / 1_000_000.0;
        own.push_histogram(&catalogue::RPC_DURATION, label(), buckets(&self.durations), seconds);
        own.push(&catalogue::RPC_DURATION_FORMER, label(), seconds);
        for kind in ErrorKind::ALL {
            let failures = self.failures.get(&kind).copied().unwrap_or_default();
            own.push(&catalogue::RPC_ERRORS, [self.name.clone(), kind.name().to_owned()], number(failures));
        }
        own.push(&catalogue::ENDPOINT_HEALTHY, label(), truth(self.healthy));
    }
}

/// The counts by their ends in seconds.
fn buckets(durations: &DurationCounts) -> impl Iterator<Item = Bucket> {
    let ends = DURATION_BUCKETS.into_iter().map(|milliseconds| number(milliseconds) / 1_000.0).chain([f64::INFINITY]);
    ends.zip(durations.buckets).map(|(end, count)| Bucket { end, count })
}
