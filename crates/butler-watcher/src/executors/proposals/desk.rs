//! One Safe of one round: what the chain has of it, what the service lists, and the month's requests.

use std::collections::BTreeSet;

use butler_core::chain::{SafeReadError, fetch_safe};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::client::safe::{ListedTransaction, RequestBudget, SafeService};
use butler_core::config::NetworkConfig;
use butler_core::contracts::safe::{SafeAccount, SafeState};
use butler_core::domain::action::Phase;
use butler_core::domain::block::BlockRef;
use butler_core::network::http_settings;
use butler_core::proposing::dead_of;
use butler_core::transaction::safe::KeptProposal;
use ethers_core::types::{Address, H256};
use serde_json::to_value;

use super::record::Begun;
use super::trouble::Trouble;
use crate::journal::{Batch, Journal, JournalError, Keep, each_live};

/// Where something may have been proposed for an action.
const OPEN: [Phase; 5] = [Phase::AwaitingApproval, Phase::Due, Phase::Running, Phase::Verifying, Phase::Parked];

/// What is known of a Safe in a round.
#[derive(Debug)]
pub(super) struct Desk {
    /// At the newest block.
    pub(super) state: SafeState,
    pub(super) block: BlockRef,
    /// The newest final block, and the Safe's nonce there.
    pub(super) last: BlockRef,
    pub(super) final_nonce: u64,
    pub(super) service: SafeService,
    /// What the service lists from that nonce on, once it was asked.
    listed: Option<Vec<ListedTransaction>>,
}

impl Desk {
    /// Reads the Safe on chain; the service is not asked yet.
    pub(super) async fn open(
        (client, config): (&L1Client, &NetworkConfig),
        address: Address,
        journal: &dyn Journal,
    ) -> Result<Result<Self, Trouble>, JournalError> {
        let account = SafeAccount { chain_id: config.chain_id, address };
        let budget = budget(journal, &account, config.safe.requests_per_month)?;
        Ok(Self::read(client, config, account, budget).await)
    }

    async fn read(
        client: &L1Client,
        config: &NetworkConfig,
        account: SafeAccount,
        budget: RequestBudget,
    ) -> Result<Self, Trouble> {
        let service = config.safe.service.as_ref().ok_or(Trouble::NoService)?;
        let block = client.head(BlockTag::Latest, &[]).await?.block;
        let state = fetch_safe(client, &block, account.address).await?;
        let last = match config.confirmations {
            None => BlockTag::Finalized,
            Some(blocks) => BlockTag::Number(block.number.saturating_sub(blocks)),
        };
        let last = client.head(last, &[]).await?.block;
        let final_nonce = match fetch_safe(client, &last, account.address).await {
            Ok(state) => state.nonce,
            // It was not there yet.
            Err(SafeReadError::NotASafe(_)) => 0,
            Err(error) => return Err(error.into()),
        };
        let service = SafeService::new(&http_settings(service), None, account, budget)?;
        Ok(Self { state, block, last, final_nonce, service, listed: None })
    }

    /// The Safe.
    pub(super) fn safe(&self) -> Address {
        self.service.safe().address
    }

    /// What the service lists, asked once in a round.
    pub(super) async fn listed(&mut self) -> Result<&[ListedTransaction], Trouble> {
        if self.listed.is_none() {
            self.listed = Some(self.service.transactions_from(self.final_nonce).await?);
        }
        Ok(self.listed.as_deref().unwrap_or_default())
    }

    /// What the service lists from a nonce on that is used already.
    pub(super) async fn listed_from(&self, nonce: u64) -> Result<Vec<ListedTransaction>, Trouble> {
        Ok(self.service.transactions_from(nonce).await?)
    }

    /// After something was proposed, lists are old.
    pub(super) fn proposed(&mut self) {
        self.listed = None;
    }

    /// What of that is not executed as things are.
    pub(super) async fn dead(&mut self, client: &L1Client, kept: &[KeptProposal]) -> Result<BTreeSet<H256>, Trouble> {
        self.listed().await?;
        let listed = self.listed.as_deref().unwrap_or_default();
        Ok(dead_of((client, &self.block), &self.service, &self.state, listed, kept).await?)
    }

    /// What was proposed from here to this Safe and is not over. Blocks.
    pub(super) fn kept(&self, journal: &dyn Journal) -> Result<Vec<KeptProposal>, JournalError> {
        let (safe, mut kept) = (self.safe(), Vec::new());
        each_live(journal, &OPEN, |entry| {
            let begun = Begun::of(entry.standing.intent.as_ref()).filter(|begun| begun.safe == safe);
            kept.extend(begun.and_then(|begun| begun.kept()));
        })?;
        Ok(kept)
    }

    /// Keeps how many requests are used. Blocks.
    pub(super) fn close(&self, journal: &dyn Journal) -> Result<(), JournalError> {
        let account = self.service.safe();
        let now = to_value(self.service.budget()).ok();
        let name = name_of(account);
        if journal.kept(&name)?.into_values().next() != now {
            journal.commit(&Batch { keeps: vec![Keep { name, value: now }], ..Batch::default() })?;
        }
        Ok(())
    }
}

fn name_of(account: &SafeAccount) -> String {
    format!("safe-requests:{}:{:?}", account.chain_id, account.address)
}

/// The month's requests so far, under that limit.
fn budget(journal: &dyn Journal, account: &SafeAccount, per_month: u64) -> Result<RequestBudget, JournalError> {
    let kept = journal.kept(&name_of(account))?.into_values().next();
    let kept: Option<RequestBudget> = kept.and_then(|kept| serde_json::from_value(kept).ok());
    Ok(kept.map_or(RequestBudget::new(per_month), |budget| budget.with_limit(per_month)))
}
