//! Whether a node may be told to reload now: not close to a proposal of its own, not too often, and not when it refused again and again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ethers_core::types::Address;
use tokio::time::Instant;

use super::duties::Duties;
use super::keystore::Reloaded;
use crate::catalogue::ReloadOutcome;
use crate::health::Health;

/// The most reloads of one server in an hour.
const HOURLY: usize = 30;
const HOUR: Duration = Duration::from_secs(3600);
/// After so many refusals in a row a server is left alone for a while.
const REFUSALS: u32 = 3;
const REST: Duration = Duration::from_secs(900);

/// What is remembered of one server's reloads.
#[derive(Debug, Default)]
struct Reloads {
    at: VecDeque<Instant>,
    refused: u32,
}

/// Decides when servers of one network reload.
#[derive(Debug)]
pub(super) struct Gate {
    network: String,
    duties: Duties,
    health: Arc<Health>,
    servers: BTreeMap<String, Reloads>,
}

impl Gate {
    pub(super) fn new(network: &str, duties: Duties, health: Arc<Health>) -> Self {
        Self { network: network.to_owned(), duties, health, servers: BTreeMap::new() }
    }

    /// How long a server must wait that runs these attesters, and why; `None` where it need not. From `until` on, in unix seconds, the
    /// coinbase counts: that wins over the node's proposals, from which it is to be `distance` slots away.
    pub(super) async fn wait(
        &mut self,
        server: &str,
        attesters: &BTreeSet<Address>,
        until: Option<u64>,
        distance: u64,
    ) -> Option<(Duration, String)> {
        if let Some(wait) = self.servers.get(server).and_then(|reloads| reloads.wait(Instant::now())) {
            return Some(wait);
        }
        self.duties.wait(server, attesters, until, distance).await
    }

    /// A server was told to reload.
    pub(super) fn reloaded(&mut self, server: &str, reloaded: &Reloaded) {
        let (outcome, was_refused) = match reloaded {
            Reloaded::Accepted => (ReloadOutcome::Accepted, false),
            Reloaded::Refused { .. } => (ReloadOutcome::Refused, true),
            Reloaded::Unknown(_) => (ReloadOutcome::Unknown, false),
        };
        self.health.reloaded(&self.network, server, outcome);
        let reloads = self.servers.entry(server.to_owned()).or_default();
        reloads.note(Instant::now(), was_refused);
    }
}

impl Reloads {
    fn note(&mut self, now: Instant, was_refused: bool) {
        self.at.push_back(now);
        if self.at.len() > HOURLY {
            self.at.pop_front();
        }
        self.refused = if was_refused { self.refused.saturating_add(1) } else { 0 };
    }

    fn wait(&self, now: Instant) -> Option<(Duration, String)> {
        let since = |at: &Instant| now.saturating_duration_since(*at);
        let rests = self.at.back().map(since).filter(|since| self.refused >= REFUSALS && *since < REST);
        if let Some(since) = rests {
            let why = format!("its node refused {} times in a row and is left alone for a while", self.refused);
            return Some((REST.saturating_sub(since), why));
        }
        let oldest = self.at.front().map(since).filter(|since| self.at.len() >= HOURLY && *since < HOUR)?;
        Some((HOUR.saturating_sub(oldest), format!("its node reloaded {HOURLY} times within an hour")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_refuses_again_and_again_is_left_alone_for_a_while() {
        let (mut reloads, now) = (Reloads::default(), Instant::now());
        for _ in 0..REFUSALS {
            assert_eq!(reloads.wait(now), None);
            reloads.note(now, true);
        }
        assert_eq!(reloads.wait(now).unwrap().0, REST);
        assert_eq!(reloads.wait(now + REST), None);
        reloads.note(now + REST, false);
        assert_eq!(reloads.wait(now + REST), None);
    }

    #[test]
    fn a_node_reloads_so_often_in_an_hour_and_no_oftener() {
        let (mut reloads, now) = (Reloads::default(), Instant::now());
        for _ in 0..HOURLY {
            assert_eq!(reloads.wait(now), None);
            reloads.note(now, false);
        }
        assert_eq!(reloads.wait(now).unwrap().0, HOUR);
        assert_eq!(reloads.wait(now + HOUR), None);
    }
}
