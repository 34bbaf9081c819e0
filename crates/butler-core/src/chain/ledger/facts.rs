//! What a ledger says of providers at a block.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::LedgerCache;
use super::book::Entry;
use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::ledger::{Change, Corroboration, LedgerEvent};
use crate::domain::provider::terms::TermsEvent;

impl LedgerCache {
    fn events<'a>(
        &'a self,
        providers: &'a BTreeSet<ProviderId>,
        number: u64,
    ) -> impl Iterator<Item = &'a LedgerEvent> + 'a {
        let events = self.book.entries.iter().map(|entry| &entry.event);
        events.filter(move |event| event.log.block_number <= number && providers.contains(&event.provider_id))
    }

    pub(super) fn events_of(&self, provider: ProviderId, number: u64) -> impl Iterator<Item = &LedgerEvent> {
        let events = self.book.entries.iter().map(|entry| &entry.event);
        events.filter(move |event| event.log.block_number <= number && event.provider_id == provider)
    }

    /// Where the events of these providers stand in blocks `from` to `to`, as (block, index).
    #[must_use]
    pub fn places(&self, providers: &BTreeSet<ProviderId>, from: u64, to: u64) -> BTreeSet<(u64, u64)> {
        let places = self.events(providers, to).map(|event| (event.log.block_number, event.log.log_index));
        places.filter(|(block, _)| *block >= from).collect()
    }

    /// Everything that the registry told of the providers that are covered, in the chain's order.
    pub fn all_told(&self) -> impl Iterator<Item = &LedgerEvent> {
        self.book.entries.iter().map(|entry| &entry.event)
    }

    /// What the registry told of these providers in blocks `from` to `to`, in the chain's order.
    pub fn told<'a>(
        &'a self,
        providers: &'a BTreeSet<ProviderId>,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = &'a LedgerEvent> + 'a {
        self.events(providers, to).filter(move |event| event.log.block_number >= from)
    }

    /// Delegations of `providers` up to and including block `number`, oldest first, with what is known of their splits.
    #[must_use]
    pub fn delegations(&self, providers: &BTreeSet<ProviderId>, number: u64) -> Vec<Delegation> {
        let with_split = |delegation: Delegation| Delegation {
            split: self.book.splits.get(&delegation.coinbase).copied(),
            ..delegation
        };
        let delegations = || self.events(providers, number).filter_map(LedgerEvent::delegation);
        let mut found = Vec::with_capacity(delegations().count());
        found.extend(delegations().map(with_split));
        found
    }

    /// The events of these providers' terms up to and including block `number`.
    #[must_use]
    pub fn terms(&self, providers: &BTreeSet<ProviderId>, number: u64) -> Vec<TermsEvent> {
        self.events(providers, number).filter_map(LedgerEvent::terms).collect()
    }

    /// Attesters that these providers took out of their queues up to and including block `number`, and that were not
    /// delegated since.
    #[must_use]
    pub fn dripped(&self, providers: &BTreeSet<ProviderId>, number: u64) -> BTreeSet<Address> {
        let mut dripped = BTreeSet::new();
        for event in self.events(providers, number) {
            match &event.change {
                Change::Dripped { attester } => {
                    dripped.insert(*attester);
                }
                Change::Staked { attester, .. } => {
                    dripped.remove(attester);
                }
                Change::Terms(_) | Change::Added { .. } => {}
            }
        }
        dripped
    }

    /// Coinbases about whose delegations endpoints disagree.
    #[must_use]
    pub fn disputed(&self) -> BTreeSet<Coinbase> {
        let is_disputed = |entry: &&Entry| entry.seen == Corroboration::Disputed || self.is_contradicted(entry);
        let disputed = self.book.entries.iter().filter(is_disputed);
        disputed.filter_map(|entry| entry.event.delegation()).map(|delegation| delegation.coinbase).collect()
    }

    /// Whether one endpoint tells its block otherwise now than two told it.
    pub(super) fn is_contradicted(&self, entry: &Entry) -> bool {
        self.contradicted.contains(&entry.event.log.block_number)
    }

    /// The delegations that two endpoints tell alike, and nobody otherwise.
    pub(in crate::chain) fn confirmed(&self) -> BTreeSet<LogId> {
        let is_confirmed = |entry: &&Entry| entry.seen == Corroboration::Confirmed && !self.is_contradicted(entry);
        let confirmed = self.book.entries.iter().filter(is_confirmed);
        confirmed.map(|entry| entry.event.log).collect()
    }
}
