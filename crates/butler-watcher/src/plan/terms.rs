//! What the registry says of our providers, held against what its events told last.
//!
//! Whoever tells logs alone can leave the change of an admin or of a recipient out, and no counter shows that; the registry's own
//! getters do. What stood there in a block that is final by now, with every event up to that block read and none that told it, is
//! planned as the change that it is, and says that its event was not seen. Should the event come after all, it is not planned
//! once more. The memory is the caller's to keep.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::action::{Action, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Schema};
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::ProviderFacts;
use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::event::Occurred;
use super::provider::{Change, change};
use super::setting::Setting;
use super::term::Term;

/// A value with the block at which it was read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    term: Term,
    at: BlockRef,
}

/// What is known of one term of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    provider: ProviderId,
    /// What was told last: by an event, by the first look, or as one that was read and not told.
    told: Term,
    /// What is read and was not told yet: its event may be in a block that is not final, or the block may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<Read>,
    /// What was planned without its event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsaid: Option<Read>,
}

/// What the registry was found to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Terms(Vec<Held>);

/// What one look knows.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// The newest block, at which the registry was asked.
    pub block: BlockRef,
    /// What it answered.
    pub providers: &'a BTreeMap<ProviderId, ProviderFacts>,
    /// The last block whose events are told.
    pub to: u64,
    /// The events since the look before, up to there.
    pub events: &'a [Occurred],
    /// Which blocks the final chain has at the heights of [`Terms::due`]. Of a height that is not here nothing is known.
    pub final_blocks: &'a BTreeMap<u64, H256>,
}

/// What the registry's events say of terms, oldest first.
fn told(events: &[Occurred], registry: Address) -> impl DoubleEndedIterator<Item = (ProviderId, Term)> {
    events.iter().filter(move |event| event.contract == registry).filter_map(|event| Term::of_event(&event.what))
}

impl Terms {
    /// Takes in what a look read. What is first seen of a provider counts as told.
    pub fn look(&mut self, registry: Address, looked: &Looked<'_>) {
        for (provider, facts) in looked.providers {
            for term in Term::all(facts) {
                self.hold(*provider, term, registry, looked);
            }
        }
    }

    fn hold(&mut self, provider: ProviderId, term: Term, registry: Address, looked: &Looked<'_>) {
        let is_of = |(whose, other): &(ProviderId, Term)| *whose == provider && other.is_like(term);
        let last = told(looked.events, registry).rev().find(is_of).map(|(_, last)| last);
        let place = self.0.iter().position(|held| held.provider == provider && held.told.is_like(term));
        let Some(held) = place.and_then(|place| self.0.get_mut(place)) else {
            let told = last.unwrap_or(term);
            let doubt = (told != term).then_some(Read { term, at: looked.block });
            self.0.push(Held { provider, told, doubt, unsaid: None });
            return;
        };
        held.told = last.unwrap_or(held.told);
        let fresh = Some(Read { term, at: looked.block });
        held.doubt = match held.doubt.filter(|doubt| doubt.term == term) {
            _ if term == held.told => None,
            None => fresh,
            Some(doubt) if doubt.at.number > looked.to => Some(doubt),
            Some(doubt) => match looked.final_blocks.get(&doubt.at.number) {
                None => Some(doubt),
                // It was read on a branch that is gone.
                Some(hash) if *hash != doubt.at.hash => fresh,
                // It stood there in a final block, every event up to that block is read, and none told it.
                Some(_) => {
                    (held.told, held.unsaid) = (term, Some(doubt));
                    None
                }
            },
        };
    }

    /// The heights of blocks up to `to` at which something was read that no event told.
    #[must_use]
    pub fn due(&self, to: u64) -> BTreeSet<u64> {
        let doubts = self.0.iter().filter_map(|held| Some(held.doubt?.at.number));
        doubts.filter(|number| *number <= to).collect()
    }

    /// What was planned without its event, so that the event is not planned once more.
    #[must_use]
    pub fn unsaid(&self) -> BTreeSet<(ProviderId, Term)> {
        self.0.iter().filter_map(|held| Some((held.provider, held.unsaid?.term))).collect()
    }

    /// Forgets what was planned without its event where a later event says more. To be called once these events are planned durably.
    pub fn settle(&mut self, registry: Address, events: &[Occurred]) {
        for (provider, term) in told(events, registry) {
            for held in self.0.iter_mut().filter(|held| held.provider == provider && held.told.is_like(term)) {
                held.unsaid = None;
            }
        }
    }

    /// Plans to tell what the registry says and no event told. Planned again at each look, which changes nothing.
    #[must_use]
    pub fn plan(&self, setting: &Setting, assurance: Assurance) -> Vec<Action> {
        let place = setting.at(setting.staking_registry);
        let action = |held: &Held| {
            let Read { term, at } = held.unsaid?;
            let Change { kind, provider, priority, what } = change(setting, &term.event(held.provider))?;
            let value = term.part();
            let about =
                [Part::Number(provider.get()), Part::Name(&value), Part::Number(at.number), Part::Name("unseen")];
            Some(Action {
                schema: Schema,
                key: EffectKey::new(kind, &place, &about),
                kind,
                place,
                subject: ActionSubject::Provider(provider),
                goal: Goal::Told,
                priority,
                until: None,
                why: format!("provider {provider}: {what}; seen in the registry, its event was not"),
                evidence: vec![Evidence::State { block_number: at.number, block_hash: at.hash }],
                assurance,
                edits: Vec::new(),
            })
        };
        self.0.iter().filter_map(action).collect()
    }
}
