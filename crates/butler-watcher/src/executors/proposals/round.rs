//! What one round reads of a network at most once: the chain as a whole, and the keys of a proposal.

use std::time::Duration;

use butler_core::client::l1::{L1Client, Policy as Patience};
use butler_core::config::{Config, NetworkConfig};
use butler_core::contracts::bindings::staking_registry::KeyStore;
use butler_core::domain::action::Proposal;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::key_files::KeyFilesReport;
use butler_core::network::Network;
use butler_core::runtime::report::one_line;
use butler_core::transaction::wish::keys_of;
use tokio::task::block_in_place;

use super::ground::{Ground, JudgedKeys, look_at_all};
use super::trouble::Trouble;

/// Why nothing is proposed where it would be something else than a person saw.
pub const VOID: &str = "it is not what was shown any more";
/// How hard one round tries; the next one comes soon.
pub const PATIENCE: Patience = Patience { rounds: 2, patience: Duration::from_secs(20) };

/// A network in one round.
#[derive(Debug)]
pub(super) struct Round<'a> {
    config: &'a Config,
    network: &'a NetworkConfig,
    client: &'a L1Client,
    keys: &'a KeyFilesReport,
    snapshot: Option<NetworkSnapshot>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        (config, network): (&'a Config, &'a NetworkConfig),
        client: &'a L1Client,
        keys: &'a KeyFilesReport,
    ) -> Self {
        Self { config, network, client, keys, snapshot: None }
    }

    pub(super) fn config(&self) -> &'a NetworkConfig {
        self.network
    }

    pub(super) fn client(&self) -> &'a L1Client {
        self.client
    }

    /// Time between two looks.
    pub(super) fn pause(&self) -> Duration {
        self.network.wanted.look_interval
    }

    /// What the chain has: as it was read before in this round, or for keys as it is now, with what is found of them.
    pub(super) async fn ground(
        &mut self,
        adds: Option<&Proposal>,
    ) -> Result<(Ground<'_>, &'a L1Client, Option<JudgedKeys>), Trouble> {
        let keys: Vec<KeyStore> = adds.and_then(keys_of).unwrap_or_default();
        if self.snapshot.is_none() || !keys.is_empty() {
            // Its ledger is what the watch read last.
            let open = || Network::open_with(self.config, Some(&self.network.name), PATIENCE, self.keys.clone());
            let mut network = block_in_place(open).map_err(|error| Trouble::Snapshot(one_line(&error)))?;
            let read = Box::pin(look_at_all(&mut network, &keys)).await;
            self.snapshot = Some(read.map_err(Trouble::Snapshot)?);
        }
        let snapshot = self.snapshot.as_ref().ok_or_else(|| Trouble::Snapshot("nothing was read".to_owned()))?;
        let ground = Ground { config: self.network, book: &self.keys.book, snapshot };
        let provider = adds.and_then(|proposal| proposal.wish.provider());
        let judged = match provider {
            Some(provider) => Some(ground.judged(self.client, provider, keys).await?),
            None => None,
        };
        Ok((ground, self.client, judged))
    }
}
