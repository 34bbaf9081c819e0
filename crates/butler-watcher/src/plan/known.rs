//! What earlier events told of our queues and delegations.
//!
//! It is made of the registry's events, from the registry's first block on, so that a restart makes it anew from the ledger; only
//! what was planned although its event was not seen is kept, by `terms`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use butler_core::domain::ids::{Coinbase, ProviderId};
use ethers_core::types::Address;

use super::event::{Happened, Occurred};
use super::setting::Setting;
use super::term::Term;

/// What is known before an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    queues: BTreeMap<ProviderId, VecDeque<Address>>,
    /// How often each key waits in a queue of ours.
    waiting: BTreeMap<Address, u64>,
    /// Every key that was ever added to a queue of ours, or delegated through one.
    attesters: BTreeSet<Address>,
    /// The delegations of each attester, oldest first.
    delegations: BTreeMap<Address, Vec<(Address, Coinbase)>>,
    /// Terms of providers that were planned without the event that tells them.
    unsaid: BTreeSet<(ProviderId, Term)>,
}

impl Known {
    /// Takes an event in.
    pub fn note(&mut self, setting: &Setting, event: &Occurred) {
        if event.contract == setting.staking_registry {
            self.note_change(&setting.providers, &event.what);
        }
    }

    /// Takes in what was planned although its event was not seen.
    pub fn expect(&mut self, unsaid: BTreeSet<(ProviderId, Term)>) {
        self.unsaid = unsaid;
    }

    /// Whether that was planned before, without this event of it.
    #[must_use]
    pub fn was_planned_unsaid(&self, what: &Happened) -> bool {
        Term::of_event(what).is_some_and(|told| self.unsaid.contains(&told))
    }

    /// Takes in what the registry told, when it is about one of these providers.
    pub fn note_change(&mut self, own: &BTreeSet<ProviderId>, what: &Happened) {
        if let Some((provider, term)) = Term::of_event(what) {
            self.unsaid.retain(|(whose, unsaid)| *whose != provider || !unsaid.is_like(term));
        }
        match what {
            Happened::KeysAdded { provider, attesters } if own.contains(provider) => {
                for attester in attesters {
                    self.attesters.insert(*attester);
                    let times = self.waiting.entry(*attester).or_default();
                    *times = times.saturating_add(1);
                }
                self.queues.entry(*provider).or_default().extend(attesters);
            }
            Happened::Dripped { provider, attester } if own.contains(provider) => self.leave(*provider, *attester),
            Happened::Staked { provider, rollup, attester, coinbase } if own.contains(provider) => {
                self.leave(*provider, *attester);
                self.attesters.insert(*attester);
                let delegations = self.delegations.entry(*attester).or_default();
                delegations.extend(coinbase.map(|coinbase| (*rollup, coinbase)));
            }
            Happened::KeysAdded { .. }
            | Happened::Dripped { .. }
            | Happened::Staked { .. }
            | Happened::AdminChangeBegun { .. }
            | Happened::AdminChanged { .. }
            | Happened::TakeRateChanged { .. }
            | Happened::RecipientChanged { .. }
            | Happened::Queued { .. }
            | Happened::Accepted { .. }
            | Happened::Refunded { .. }
            | Happened::Slashed { .. }
            | Happened::ExitByWithdrawer { .. }
            | Happened::ExitByAttester { .. }
            | Happened::ExitFinalized { .. }
            | Happened::RollupChanged { .. }
            | Happened::SlasherChanged { .. }
            | Happened::SlashingPaused { .. }
            | Happened::SlashVetoed { .. } => {}
        }
    }

    fn leave(&mut self, provider: ProviderId, attester: Address) {
        let queue = self.queues.entry(provider).or_default();
        let Some(place) = queue.iter().position(|waiting| *waiting == attester) else { return };
        queue.remove(place);
        if let Some(times) = self.waiting.get_mut(&attester) {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.waiting.remove(&attester);
            }
        }
    }

    /// Whether a key waits in a queue of ours.
    #[must_use]
    pub fn is_waiting(&self, attester: Address) -> bool {
        self.waiting.contains_key(&attester)
    }

    /// Whether an attester was ever in a queue of ours, or is ours by the setting.
    #[must_use]
    pub fn is_ours(&self, setting: &Setting, attester: Address) -> bool {
        self.attesters.contains(&attester) || setting.attesters.contains(&attester)
    }

    /// The delegations of an attester through our providers, oldest first: rollup and split.
    #[must_use]
    pub fn delegations(&self, attester: Address) -> &[(Address, Coinbase)] {
        self.delegations.get(&attester).map(Vec::as_slice).unwrap_or_default()
    }
}
