//! One Safe at a time: its state on chain, its service, and what was proposed from here.

use std::collections::BTreeSet;

use butler_core::chain::{SafeReadError, fetch_safe};
use butler_core::client::l1::BlockTag;
use butler_core::client::safe::{ListedTransaction, SafeService};
use butler_core::contracts::safe::{SafeAccount, SafeState};
use butler_core::network::http_settings;
use butler_core::proposing::{NotKnown, dead_of};
use ethers_core::types::{Address, H256};

use super::journal::Journal;
use crate::args::OfSafe;
use crate::error::{CliError, SafeFault};
use crate::gather::Gathered;

/// The Safe that is named, or the one admin of the configured providers.
pub(super) fn address(gathered: &Gathered, of: OfSafe) -> Result<Address, SafeFault> {
    let admins: BTreeSet<Address> = gathered.snapshot.providers.values().map(|facts| facts.admin).collect();
    match (of.safe, admins.first()) {
        (Some(safe), _) => Ok(safe),
        (None, Some(admin)) if admins.len() == 1 => Ok(*admin),
        (None, Some(_) | None) => Err(SafeFault::NotOneSafe(admins.len())),
    }
}

/// What is needed to look at a Safe, and to propose to it.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) gathered: &'a Gathered,
    /// At the snapshot's block.
    pub(super) state: SafeState,
    /// The nonce at the final block.
    pub(super) final_nonce: u64,
    pub(super) service: SafeService,
    pub(super) journal: Journal,
}

impl<'a> Desk<'a> {
    /// Reads the Safe on chain; the service is not asked yet.
    pub(super) async fn open(gathered: &'a Gathered, address: Address) -> Result<Self, CliError> {
        let (network, block) = (&gathered.network.config, &gathered.snapshot.block);
        let service = network.safe.service.as_ref().ok_or_else(|| SafeFault::NoService(network.name.clone()))?;
        let client = gathered.network.reader.client();
        let state = fetch_safe(client, block, address).await.map_err(SafeFault::Read)?;
        let last = match network.confirmations {
            None => BlockTag::Finalized,
            Some(blocks) => BlockTag::Number(block.number.saturating_sub(blocks)),
        };
        let last = client.head(last, &[]).await.map_err(CliError::Rpc)?.block;
        let final_nonce = match fetch_safe(client, &last, address).await {
            Ok(state) => state.nonce,
            // It was not there yet.
            Err(SafeReadError::NotASafe(_)) => 0,
            Err(error) => return Err(SafeFault::Read(error).into()),
        };
        let account = SafeAccount { chain_id: gathered.snapshot.chain_id, address };
        let journal = Journal::open(&gathered.network.folder, &account)?;
        let budget = journal.budget(network.safe.requests_per_month);
        let service = SafeService::new(&http_settings(service), None, account, budget).map_err(SafeFault::Setup)?;
        Ok(Self { gathered, state, final_nonce, service, journal })
    }

    /// Keeps what was counted and written down, whatever became of the work.
    pub(super) fn close<T>(mut self, done: Result<T, CliError>) -> Result<T, CliError> {
        self.journal.forget_below(self.final_nonce);
        let kept = self.journal.keep(self.service.budget());
        let value = done?;
        kept?;
        Ok(value)
    }

    /// Those that are not executed as things are.
    pub(super) async fn dead(&self, listed: &[ListedTransaction]) -> Result<BTreeSet<H256>, CliError> {
        let (client, block) = (self.gathered.network.reader.client(), &self.gathered.snapshot.block);
        let dead = dead_of((client, block), &self.service, &self.state, listed, &self.journal.kept()).await;
        dead.map_err(|error| match error {
            NotKnown::Rpc(error) => CliError::Rpc(error),
            NotKnown::Service(error) => SafeFault::from(error).into(),
        })
    }
}
