//! Carrying out what was approved: coinbases into keystores, and the nodes told of it; or a keystore loaded by its nodes as it is.
//!
//! What is due is claimed from the journal and carried out one network and one server after the other, so no two nodes ever reload at
//! once. An action is done when every keystore of its network was seen, every one that has the attester has the coinbase, and the node of
//! each took it. `watch/` looks up what would be changed.

mod command;
mod duties;
mod examine;
mod gate;
mod intent;
mod item;
mod keystore;
mod keystores;
mod load;
mod loaded;
mod orphans;
pub mod proposals;
mod round;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::WatcherConfig;
use butler_core::domain::action::{ActionKind, Goal, Phase, Place};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;
use ethers_core::types::H256;
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::sleep;

pub use self::duties::Rollups;
pub use self::examine::{Examined, Obstructed, Reach};
use self::gate::Gate;
pub use self::intent::is_begun;
use self::intent::{Intent, Written};
use self::item::{Item, LEASE};
pub use self::keystores::{KeystoreSetupError, Keystores};
pub use self::loaded::{loaded_at, record_of};
use crate::health::Health;
use crate::journal::{Claim, Journal, JournalError, Leased, Outcome, Settlement, Work, each_live};

/// Actions that are carried out together: each server's file is written once, and its node reloads once.
const AT_ONCE: usize = 200;
/// How long nothing is looked for where nothing was due.
const QUIET: Duration = Duration::from_secs(1);

/// Carries out what is due.
#[derive(Debug)]
pub struct Executor {
    networks: BTreeMap<Place, (Arc<Keystores>, Gate)>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    wishes: watch::Receiver<Arc<WatcherConfig>>,
}

impl Executor {
    /// Carries out what changes these keystores.
    #[must_use]
    pub fn new(
        networks: Vec<Arc<Keystores>>,
        (journal, health): (Arc<dyn Journal>, Arc<Health>),
        wishes: watch::Receiver<Arc<WatcherConfig>>,
    ) -> Self {
        let networks = networks.into_iter().map(|keystores| {
            let gate = Gate::new(keystores.network(), keystores.duties(), Arc::clone(&health));
            (keystores.place(), (keystores, gate))
        });
        Self { networks: networks.collect(), journal, health, wishes }
    }

    /// Carries out until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(mut self) -> Result<(), JournalError> {
        let mut streak = FailureStreak::default();
        let mut is_tidy = false;
        loop {
            match self.turn().await {
                Ok(0) => {
                    streak.ended();
                    if !std::mem::replace(&mut is_tidy, true) {
                        self.tidy().await?;
                    }
                    sleep(QUIET).await;
                }
                Ok(_) => {
                    streak.ended();
                    is_tidy = false;
                }
                Err(error @ JournalError::Full { .. }) => {
                    if streak.failed().is_some() {
                        tracing::error!("nothing is carried out: {}", one_line(&error));
                    }
                    sleep(QUIET).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Carries out what is due; how many actions that was.
    async fn turn(&mut self) -> Result<usize, JournalError> {
        // Between a look and a reload nothing is left half done because a window began: what was begun before it ends after it.
        if self.wishes.borrow().holds(unix_now()) {
            return Ok(0);
        }
        let ask = Claim { limit: AT_ONCE, lease: LEASE, chain_time: 0, holds: false, work: Work::CarryOut };
        let leased = block_in_place(|| self.journal.claim(&ask))?;
        let count = leased.len();
        let mut by_place = BTreeMap::<Place, Vec<Leased>>::new();
        for leased in leased {
            by_place.entry(leased.entry.action.place).or_default().push(leased);
        }
        let mut settlements = Vec::with_capacity(count);
        for (place, leased) in by_place {
            settlements.extend(self.carry_out(place, leased).await?);
        }
        log(&settlements);
        if !settlements.is_empty() {
            block_in_place(|| self.journal.settle(&settlements))?;
        }
        Ok(count)
    }

    /// Carries out what is due of one network.
    async fn carry_out(&mut self, place: Place, leased: Vec<Leased>) -> Result<Vec<Settlement>, JournalError> {
        let distance = self.wishes.borrow().proposal_distance;
        let Some((keystores, gate)) = self.networks.get_mut(&place) else {
            let reason = "no keystore of this network is configured any more".to_owned();
            let refused = |leased: Leased| Settlement {
                lease: leased.lease,
                outcome: Outcome::Refused { reason: reason.clone() },
            };
            return Ok(leased.into_iter().map(refused).collect());
        };
        let is_load = |leased: &Leased| leased.entry.action.kind == ActionKind::ReloadKeystore;
        let (loads, leased): (Vec<_>, Vec<_>) = leased.into_iter().partition(is_load);
        let (mut items, mut settlements) = (Vec::new(), Vec::new());
        for leased in leased {
            let lease = leased.lease.clone();
            match Item::of(leased) {
                Some(item) => items.push(item),
                None => {
                    let reason = "what it asks for, or what was begun of it, is of another version".to_owned();
                    settlements.push(Settlement { lease, outcome: Outcome::Refused { reason } });
                }
            }
        }
        let mut all: Vec<&keystore::Keystore> = keystores.all().iter().collect();
        // Whoever does not answer in time holds up those that come after it.
        all.sort_by_key(|keystore| gate.is_late(keystore.server()));
        if all.len() > 1 && !items.is_empty() {
            for keystore in &all {
                round::look_first(keystore, &mut items).await;
            }
        }
        if !items.is_empty() {
            for keystore in all {
                round::at_server(keystore, &mut items, (gate, distance), self.journal.as_ref()).await?;
            }
        }
        let known: Vec<&str> = keystores.all().iter().map(keystore::Keystore::server).collect();
        for item in &mut items {
            let gone: Vec<String> =
                item.servers().filter(|server| !known.contains(server)).map(str::to_owned).collect();
            for server in gone {
                item.end(&server, verdict::AtServer::Refused("its keystore is not configured any more".to_owned()));
            }
        }
        settlements.extend(items.into_iter().filter_map(Item::settlement));
        for leased in loads {
            let server = match &leased.entry.action.goal {
                Goal::KeystoreLoaded { server, .. } => Some(server.as_str()),
                Goal::Told | Goal::CoinbaseConfigured { .. } | Goal::Executed(_) | Goal::JobDone { .. } => None,
            };
            let keystore = keystores.all().iter().find(|keystore| Some(keystore.server()) == server);
            settlements.extend(load::at_server(keystore, leased, (gate, distance), self.journal.as_ref()).await?);
        }
        Ok(settlements)
    }

    /// Removes what a kill left beside keystores, and the old contents that nothing needs any more.
    async fn tidy(&self) -> Result<(), JournalError> {
        let configured: BTreeSet<String> = self.networks.values().flat_map(|(keystores, _)| keystores.kept()).collect();
        if let Some((keystores, _)) = self.networks.values().next() {
            match block_in_place(|| orphans::remove(keystores.kept_below(), &configured)) {
                Ok(0) => {}
                Ok(count) => tracing::warn!(
                    count,
                    "{count} old contents of keystores that are not configured any more are removed"
                ),
                Err(error) => tracing::warn!(
                    "old contents of keystores that are not configured any more cannot be removed: {error}"
                ),
            }
        }
        for (place, (keystores, _)) in &self.networks {
            for keystore in keystores.all() {
                let server = keystore.server();
                let Some(needed) = block_in_place(|| self.needed(*place, server))? else { continue };
                let tidied = async {
                    let (_, kept) = keystore.look_through().await?;
                    let old: Vec<H256> = kept.into_iter().filter(|backup| !needed.contains(backup)).collect();
                    if old.is_empty() { Ok(()) } else { keystore.finish(old).await }
                };
                let tidied: Result<(), keystore::Trouble> = tidied.await;
                self.health.keystore(keystores.network(), server, tidied.is_ok());
                if let Err(trouble) = tidied {
                    tracing::warn!(server, "{server}: its keystore cannot be looked at: {trouble}");
                }
            }
        }
        Ok(())
    }

    /// The old contents of a server's files that something may put back; `None` where that is not known.
    fn needed(&self, place: Place, server: &str) -> Result<Option<BTreeSet<H256>>, JournalError> {
        let mut needed = Some(BTreeSet::new());
        each_live(self.journal.as_ref(), &[Phase::Due, Phase::Running, Phase::Verifying], |entry| {
            if entry.action.place != place {
                return;
            }
            match (Intent::of(entry.standing.intent.as_ref()), &mut needed) {
                (Some(intent), Some(needed)) => {
                    let open = intent.keystores.get(server).filter(|written| !written.accepted);
                    needed.extend(open.map(Written::backup));
                }
                (None, _) => needed = None,
                (Some(_), None) => {}
            }
        })?;
        Ok(needed)
    }
}

/// Says how tries ended: one line for all that did so for the same reason.
fn log(settlements: &[Settlement]) {
    let mut alike = BTreeMap::<(&str, &str), Vec<&str>>::new();
    for settlement in settlements {
        let how = match &settlement.outcome {
            Outcome::Acted { .. } => ("written, and taken by every node", ""),
            Outcome::Proven { proof } => ("done", proof.as_deref().unwrap_or_default()),
            Outcome::Postponed { reason, .. } => ("not now", reason.as_str()),
            Outcome::Made { proof, .. } => ("done", proof.as_str()),
            Outcome::Pending { reason } => ("goes on", reason.as_str()),
            Outcome::Retry { reason, .. } | Outcome::Unknown { reason } => ("not done yet", reason.as_str()),
            Outcome::Refused { reason } => ("not done", reason.as_str()),
        };
        alike.entry(how).or_default().push(settlement.lease.key.as_str());
    }
    for ((how, why), keys) in alike {
        let Some(key) = keys.first() else { continue };
        let more = keys.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let count = keys.len();
        match how {
            "not done" => tracing::error!(key, count, "{how}: {key}{more}: {why}"),
            "not done yet" => tracing::warn!(key, count, "{how}: {key}{more}: {why}"),
            _ => tracing::info!(key, count, "{how}: {key}{more}: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
