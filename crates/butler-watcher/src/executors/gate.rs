//! Whether a node may be told to reload now: not close to a proposal of its own, not too often, not when it refused again and again, and
//! not while another one may be about it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use butler_core::key_files::edit::FolderView;
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
/// How long the other servers wait for one whose node did not answer in time: longer than any reload that was seen.
const HANGING: Duration = Duration::from_secs(60);

/// What is remembered of one server's reloads.
#[derive(Debug, Default)]
struct Reloads {
    at: VecDeque<Instant>,
    refused: u32,
    /// Since when its nodes may be about one.
    hangs: Option<Instant>,
    /// When it did not answer the last time.
    late: Option<Instant>,
    /// The publishers that its nodes took with their last one; `None` where none is known of.
    publishers: Option<BTreeSet<Address>>,
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
        let now = Instant::now();
        if let Some(wait) = self.servers.get(server).and_then(|reloads| reloads.wait(now)) {
            return Some(wait);
        }
        let others = self.servers.iter().filter(|(other, _)| *other != server);
        let hang = others.filter_map(|(other, reloads)| Some((reloads.hangs(now)?, other))).max();
        if let Some((left, other)) = hang {
            return Some((left, format!("the reload at {other} may still be under way")));
        }
        self.duties.wait(server, attesters, until, distance).await
    }

    /// A validator that a server's nodes may not take, since none of its publishers is one that they took with their last reload: they
    /// refuse the whole folder for it, unless they were started anew since. `None` where there is none, or no reload is known of.
    pub(super) fn stranger(&self, server: &str, view: &FolderView) -> Option<String> {
        let known = self.servers.get(server)?.publishers.as_ref()?;
        let all = view.files.iter().flat_map(|file| file.validators.iter().map(move |validator| (file, validator)));
        // Whose publishers are not legible is told by its node alone.
        let mut strange = all.filter(|(_, validator)| {
            !validator.publishers.is_empty() && !validator.publishers.iter().any(|publisher| known.contains(publisher))
        });
        let (file, validator) = strange.next()?;
        let more = match strange.count() {
            0 => String::new(),
            count => format!(", and {count} more"),
        };
        Some(format!("validators[{}] of {}{more}", validator.index, file.name))
    }

    /// Whether a server did not answer the last time: the others come before it.
    pub(super) fn is_late(&self, server: &str) -> bool {
        self.servers.get(server).is_some_and(|reloads| reloads.late.is_some())
    }

    /// A server whose keystore looks like that was told to reload.
    pub(super) fn reloaded(&mut self, server: &str, view: &FolderView, reloaded: &Reloaded) {
        let outcome = match reloaded {
            Reloaded::Accepted => ReloadOutcome::Accepted,
            Reloaded::Refused { .. } => ReloadOutcome::Refused,
            Reloaded::Unknown(_) | Reloaded::Late(_) | Reloaded::NotAsked(_) => ReloadOutcome::Unknown,
        };
        self.health.reloaded(&self.network, server, outcome);
        let reloads = self.servers.entry(server.to_owned()).or_default();
        reloads.note(Instant::now(), reloaded);
        if matches!(reloaded, Reloaded::Accepted) {
            let validators = view.files.iter().flat_map(|file| &file.validators);
            reloads.publishers = Some(validators.flat_map(|validator| &validator.publishers).copied().collect());
        }
    }
}

impl Reloads {
    fn note(&mut self, now: Instant, reloaded: &Reloaded) {
        // The others waited for it once: they do not wait for whoever hangs for ever.
        let is_late = matches!(reloaded, Reloaded::Late(_));
        self.hangs = if is_late { self.hangs.or(Some(now)) } else { None };
        self.late = is_late.then_some(now);
        // One that was not asked did not reload.
        if !matches!(reloaded, Reloaded::NotAsked(_)) {
            self.at.push_back(now);
        }
        if self.at.len() > HOURLY {
            self.at.pop_front();
        }
        let was_refused = matches!(reloaded, Reloaded::Refused { .. });
        self.refused = if was_refused { self.refused.saturating_add(1) } else { 0 };
    }

    /// How long its nodes may be about a reload yet.
    fn hangs(&self, now: Instant) -> Option<Duration> {
        let left = HANGING.checked_sub(now.saturating_duration_since(self.hangs?))?;
        Some(left).filter(|left| !left.is_zero())
    }

    fn wait(&self, now: Instant) -> Option<(Duration, String)> {
        let since = |at: &Instant| now.saturating_duration_since(*at);
        // Whoever is asked again at once keeps all others waiting for as long as it takes not to answer.
        if let Some(left) =
            self.late.as_ref().and_then(|late| HANGING.checked_sub(since(late))).filter(|left| !left.is_zero())
        {
            return Some((left, "its node did not answer in time and is left alone for a moment".to_owned()));
        }
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

    fn refused() -> Reloaded {
        Reloaded::Refused { why: String::new(), took: 0 }
    }

    #[test]
    fn whoever_did_not_answer_in_time_is_waited_for_once() {
        let (mut reloads, now) = (Reloads::default(), Instant::now());
        let unknown = || Reloaded::Late(String::new());
        assert_eq!(reloads.hangs(now), None);
        reloads.note(now, &unknown());
        assert_eq!(reloads.hangs(now + HANGING / 4), Some(HANGING * 3 / 4));
        assert_eq!(reloads.wait(now + HANGING / 4).unwrap().0, HANGING * 3 / 4, "it is not asked again before");
        assert_eq!(reloads.wait(now + HANGING), None);
        reloads.note(now + HANGING / 2, &unknown());
        assert_eq!(reloads.hangs(now + HANGING), None, "the second one hangs on");
        reloads.note(now + HANGING, &Reloaded::Accepted);
        reloads.note(now + HANGING, &Reloaded::NotAsked(String::new()));
        assert_eq!(reloads.hangs(now + HANGING), None);
        reloads.note(now + HANGING, &unknown());
        assert_eq!(reloads.hangs(now + HANGING), Some(HANGING));
    }

    #[test]
    fn a_node_that_refuses_again_and_again_is_left_alone_for_a_while() {
        let (mut reloads, now) = (Reloads::default(), Instant::now());
        for _ in 0..REFUSALS {
            assert_eq!(reloads.wait(now), None);
            reloads.note(now, &refused());
        }
        assert_eq!(reloads.wait(now).unwrap().0, REST);
        assert_eq!(reloads.wait(now + REST), None);
        reloads.note(now + REST, &Reloaded::Accepted);
        assert_eq!(reloads.wait(now + REST), None);
    }

    #[test]
    fn a_node_reloads_so_often_in_an_hour_and_no_oftener() {
        let (mut reloads, now) = (Reloads::default(), Instant::now());
        for _ in 0..HOURLY {
            assert_eq!(reloads.wait(now), None);
            reloads.note(now, &Reloaded::Accepted);
        }
        assert_eq!(reloads.wait(now).unwrap().0, HOUR);
        assert_eq!(reloads.wait(now + HOUR), None);
    }
}
