//! What a provider asked for when an attester was delegated to it: who receives its part, and how much that is.
//!
//! The StakingRegistry tells each change in an event, but for the recipient that a provider registers with. Before the
//! first change such a term is not known, unless there never was one: then it is the one that the registry has now.

use std::collections::BTreeMap;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::domain::attester::delegation::LogId;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;

/// What one event says of a provider's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermsChange {
    /// `ProviderRegistered`, which tells the take rate and not the recipient.
    Registered {
        /// The provider's part in basis points.
        take_rate_bps: u16,
    },
    /// `ProviderTakeRateUpdated`.
    TakeRate {
        /// The provider's part in basis points.
        take_rate_bps: u16,
    },
    /// `ProviderRewardsRecipientUpdated`.
    Recipient {
        /// Who receives the provider's part.
        recipient: Address,
    },
}

/// One such event and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsEvent {
    /// Where the event stands.
    pub log: LogId,
    /// Whose terms they are.
    pub provider_id: ProviderId,
    /// What it says.
    pub change: TermsChange,
}

/// One term at one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term<T> {
    /// The chain says what it was.
    Known(T),
    /// It was whatever the provider registered with.
    AsRegistered,
    /// The events contradict what the registry says now: one of them was kept from us, or made up.
    Contradicted,
}

/// The history of one term of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
struct History<T> {
    /// What it was changed to, oldest first.
    changes: Vec<(LogId, T)>,
    /// Whether the first change is the registration itself, so that nothing came before it.
    is_whole: bool,
    /// What the registry says now.
    now: T,
}

impl<T: Copy + PartialEq> History<T> {
    fn new(mut changes: Vec<(LogId, T)>, is_whole: bool, now: T) -> Self {
        changes.sort_by_key(|(log, _)| *log);
        Self { changes, is_whole, now }
    }

    fn at(&self, log: LogId) -> Term<T> {
        match self.changes.last() {
            None => return Term::Known(self.now),
            Some((_, last)) if *last != self.now => return Term::Contradicted,
            Some(_) => {}
        }
        match self.changes.iter().rev().find(|(changed, _)| *changed < log) {
            Some((_, term)) => Term::Known(*term),
            // Nobody delegates to a provider that is not registered yet.
            None if self.is_whole => Term::Contradicted,
            None => Term::AsRegistered,
        }
    }
}

/// The terms of one provider over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderTerms {
    recipient: History<Address>,
    take_rate_bps: History<u16>,
}

impl ProviderTerms {
    /// Who received the provider's part of a split that was made beside `log`.
    #[must_use]
    pub fn recipient_at(&self, log: LogId) -> Term<Address> {
        self.recipient.at(log)
    }

    /// The provider's part in basis points of a split that was made beside `log`.
    #[must_use]
    pub fn take_rate_at(&self, log: LogId) -> Term<u16> {
        self.take_rate_bps.at(log)
    }
}

/// The terms of each of these providers, from all events of theirs up to the block that `providers` were read at.
#[must_use]
pub fn provider_terms(
    providers: &BTreeMap<ProviderId, ProviderFacts>,
    events: &[TermsEvent],
) -> BTreeMap<ProviderId, ProviderTerms> {
    let terms = |(id, now): (&ProviderId, &ProviderFacts)| {
        let own = || events.iter().filter(|event| event.provider_id == *id);
        let recipients = own().filter_map(|event| match event.change {
            TermsChange::Recipient { recipient } => Some((event.log, recipient)),
            TermsChange::Registered { .. } | TermsChange::TakeRate { .. } => None,
        });
        let rates = own().filter_map(|event| match event.change {
            TermsChange::Registered { take_rate_bps } | TermsChange::TakeRate { take_rate_bps } => {
                Some((event.log, take_rate_bps))
            }
            TermsChange::Recipient { .. } => None,
        });
        let is_whole = own().any(|event| matches!(event.change, TermsChange::Registered { .. }));
        let terms = ProviderTerms {
            recipient: History::new(recipients.collect(), false, now.rewards_recipient),
            take_rate_bps: History::new(rates.collect(), is_whole, now.take_rate_bps),
        };
        (*id, terms)
    };
    providers.iter().map(terms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{address, coinbase, delegation, provider, provider_id};

    fn log(block_number: u64) -> LogId {
        delegation(block_number, 1, coinbase(1)).log
    }

    fn event(block_number: u64, change: TermsChange) -> TermsEvent {
        TermsEvent { log: log(block_number), provider_id: provider_id(1), change }
    }

    fn terms(events: &[TermsEvent]) -> ProviderTerms {
        // The sample's provider has the recipient 8001 and takes 1,000 basis points.
        let providers = BTreeMap::from([(provider_id(1), provider(&[]))]);
        provider_terms(&providers, events).remove(&provider_id(1)).unwrap()
    }

    #[test]
    fn terms_that_never_changed_are_those_of_today() {
        let never = terms(&[event(5, TermsChange::Registered { take_rate_bps: 1_000 })]);
        assert_eq!(never.recipient_at(log(9)), Term::Known(address(8_001)));
        assert_eq!(never.take_rate_at(log(9)), Term::Known(1_000));
        assert_eq!(terms(&[]).take_rate_at(log(9)), Term::Known(1_000));
    }

    #[test]
    fn each_change_counts_from_its_own_log_on() {
        let changed = terms(&[
            event(5, TermsChange::Registered { take_rate_bps: 700 }),
            event(20, TermsChange::TakeRate { take_rate_bps: 1_000 }),
            event(30, TermsChange::Recipient { recipient: address(8_001) }),
        ]);
        assert_eq!(changed.take_rate_at(log(19)), Term::Known(700));
        assert_eq!(changed.take_rate_at(log(21)), Term::Known(1_000));
        assert_eq!(changed.recipient_at(log(29)), Term::AsRegistered);
        assert_eq!(changed.recipient_at(log(31)), Term::Known(address(8_001)));
        // Several things happen in one block: the log's index decides.
        let beside = LogId { log_index: 1, ..log(30) };
        assert_eq!(changed.recipient_at(beside), Term::Known(address(8_001)));
        assert_eq!(changed.recipient_at(log(30)), Term::AsRegistered);
    }

    #[test]
    fn events_that_do_not_lead_to_what_the_registry_says_are_not_believed() {
        let hidden = terms(&[event(30, TermsChange::Recipient { recipient: address(1) })]);
        assert_eq!(hidden.recipient_at(log(40)), Term::Contradicted);
        assert_eq!(hidden.recipient_at(log(20)), Term::Contradicted);
        let early = terms(&[event(5, TermsChange::Registered { take_rate_bps: 1_000 })]);
        assert_eq!(early.take_rate_at(log(4)), Term::Contradicted, "delegated before it was registered");
    }

    #[test]
    fn terms_of_others_do_not_count() {
        let other =
            TermsEvent { provider_id: provider_id(2), ..event(30, TermsChange::Recipient { recipient: address(1) }) };
        assert_eq!(terms(&[other]).recipient_at(log(40)), Term::Known(address(8_001)));
    }
}
