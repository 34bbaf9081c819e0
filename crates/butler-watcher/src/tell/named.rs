//! What key files say of coinbases now, held against what an action asks for.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, ActionSubject, Goal, Place};
use butler_core::domain::attester::coinbase::{CoinbasePolicies, CoinbasePolicy};
use butler_core::domain::ids::Coinbase;
use butler_core::domain::operator::key_book::{CoinbaseSetting, KeyBook};
use ethers_core::types::Address;

use crate::plan::views::Views;

/// What key files name now, by the chain and registry that they are for: what the last look at them found.
pub type Configured = BTreeMap<Place, Named>;

/// What the key files of one network name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The coinbase of each attester that every server of it has, and no other one.
    coinbases: BTreeMap<Address, Coinbase>,
    policies: CoinbasePolicies,
    /// What the keystores say that the watcher may change; `None` where there are none.
    views: Option<Views>,
}

impl Named {
    /// What a book names. An attester that may stand in a file that cannot be read has no coinbase that is known.
    #[must_use]
    pub fn of(book: &KeyBook, policies: CoinbasePolicies, views: Option<Views>) -> Self {
        let entries = book.by_attester().into_iter();
        let agreed = entries.filter_map(|(attester, entries)| {
            let mut settings = entries.iter().map(|entry| entry.coinbase_setting());
            let CoinbaseSetting::Set(first) = settings.next()? else { return None };
            let is_agreed = settings.all(|setting| setting == CoinbaseSetting::Set(first)) && !book.may_have(attester);
            is_agreed.then_some((attester, first))
        });
        Self { coinbases: agreed.collect(), policies, views }
    }

    /// Where a coinbase is named already. A keystore counts more than what public files say of it, and one that was not seen could lack it.
    fn names(&self, attester: Address, coinbase: Coinbase) -> Option<&'static str> {
        if let Some(views) = &self.views {
            match views.has(attester, coinbase) {
                Some(true) => return Some("the keystores name this coinbase"),
                Some(false) => return None,
                None if views.problems().next().is_some() => return None,
                None => {}
            }
        }
        (self.coinbases.get(&attester) == Some(&coinbase)).then_some("the key files name this coinbase")
    }

    /// Why what an action asks for is so already, or is asked of nobody any more; `None` where it is to be told.
    #[must_use]
    pub fn fulfils(&self, action: &Action) -> Option<&'static str> {
        match (&action.goal, &action.subject) {
            (Goal::CoinbaseConfigured { provider_id, coinbase, .. }, ActionSubject::Attester(attester)) => {
                match self.policies.of(Some(*provider_id)) {
                    CoinbasePolicy::OwnAddress => Some("`coinbase_policy` is `own` by now, and asks for no split"),
                    CoinbasePolicy::Split => self.names(*attester, *coinbase),
                }
            }
            (
                Goal::CoinbaseConfigured { .. },
                ActionSubject::Provider(_)
                | ActionSubject::Rollup(_)
                | ActionSubject::Named(_)
                | ActionSubject::Network
                | ActionSubject::Job { .. },
            )
            | (Goal::Told | Goal::KeystoreLoaded { .. } | Goal::Executed(_) | Goal::JobDone { .. }, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use butler_core::domain::action::{ActionKind, Assurance, EffectKey, Place, Priority, Schema};
    use butler_core::domain::ids::ProviderId;
    use butler_core::domain::operator::key_book::{CoinbaseFault, KeyEntry, KeyFileGap};

    use super::*;

    fn coinbase(byte: u8) -> Coinbase {
        Coinbase::try_from(Address::repeat_byte(byte)).unwrap()
    }

    fn entry(attester: u8, file: &str, named: Option<u8>) -> KeyEntry {
        KeyEntry {
            attester: Address::repeat_byte(attester),
            coinbase: named.map(coinbase),
            coinbase_fault: None,
            publishers: Vec::new(),
            pays_itself: false,
            bls_public_key: None,
            server: file.to_owned(),
            file: file.to_owned(),
            index: 0,
            is_run: true,
        }
    }

    fn asks(attester: u8, split: u8) -> Action {
        let place = Place { chain_id: 1, contract: Address::repeat_byte(0xf0) };
        Action {
            schema: Schema,
            key: EffectKey::new(ActionKind::ConfigureCoinbase, &place, &[]),
            kind: ActionKind::ConfigureCoinbase,
            place,
            subject: ActionSubject::Attester(Address::repeat_byte(attester)),
            goal: Goal::CoinbaseConfigured {
                provider_id: ProviderId::try_from(1).unwrap(),
                rollup: Address::repeat_byte(0xe0),
                coinbase: coinbase(split),
            },
            priority: Priority::Urgent,
            until: None,
            why: String::new(),
            evidence: Vec::new(),
            assurance: Assurance::TwoEndpoints,
            edits: Vec::new(),
        }
    }

    fn is_done(entries: Vec<KeyEntry>, gaps: Vec<KeyFileGap>, split: u8) -> bool {
        let book = KeyBook { entries, gaps, ..KeyBook::default() };
        Named::of(&book, CoinbasePolicies::default(), None).fulfils(&asks(1, split)).is_some()
    }

    #[test]
    fn it_is_done_when_every_server_has_the_coinbase_that_is_asked_for() {
        assert!(is_done(vec![entry(1, "a", Some(5))], Vec::new(), 5));
        assert!(is_done(vec![entry(1, "a", Some(5)), entry(1, "b", Some(5))], Vec::new(), 5));
        assert!(!is_done(vec![entry(1, "a", Some(6))], Vec::new(), 5), "another one");
        assert!(!is_done(vec![entry(2, "a", Some(5))], Vec::new(), 5), "somebody else's");
        assert!(!is_done(vec![entry(1, "a", Some(5)), entry(1, "b", None)], Vec::new(), 5), "one server lacks it");
        assert!(!is_done(vec![entry(1, "a", Some(5)), entry(1, "b", Some(6))], Vec::new(), 5), "they disagree");
        let illegible = KeyEntry { coinbase_fault: Some(CoinbaseFault::Illegible), ..entry(1, "b", None) };
        assert!(!is_done(vec![entry(1, "a", Some(5)), illegible], Vec::new(), 5), "one is not legible");
        let gap = KeyFileGap::of_anybody("c", "it cannot be read");
        assert!(!is_done(vec![entry(1, "a", Some(5))], vec![gap], 5), "one more server may have it");
    }

    #[test]
    fn under_a_coinbase_of_the_operators_own_no_split_is_asked_for_any_more() {
        let policies = CoinbasePolicies { network: CoinbasePolicy::OwnAddress, ..CoinbasePolicies::default() };
        let named = Named::of(&KeyBook::default(), policies, None);
        assert!(named.fulfils(&asks(1, 5)).is_some());
        assert!(named.fulfils(&Action { goal: Goal::Told, ..asks(1, 5) }).is_none());
    }
}
