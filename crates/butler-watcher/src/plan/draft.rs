//! Actions in the making: what all of one transaction's have in common.

use std::collections::BTreeMap;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Priority, Schema,
};
use butler_core::domain::ids::Coinbase;
use ethers_core::types::Address;

use super::event::Occurred;
use super::plans::{Plans, Retracted};
use super::setting::Setting;

/// What the handlers of one transaction write to.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) setting: &'a Setting,
    assurance: Assurance,
    plans: &'a mut Plans,
    /// How many of a kind about a subject this transaction told.
    counts: BTreeMap<(ActionKind, ActionSubject), u64>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(setting: &'a Setting, assurance: Assurance, plans: &'a mut Plans) -> Self {
        Self { setting, assurance, plans, counts: BTreeMap::new() }
    }

    /// Plans to tell the operator that this happened. Its key is the transaction and the how manieth of it this is, so that
    /// it is told once, wherever the transaction is mined in the end.
    pub(super) fn tell(
        &mut self,
        kind: ActionKind,
        event: &Occurred,
        subject: ActionSubject,
        priority: Priority,
        why: String,
    ) {
        let count = self.counts.entry((kind, subject.clone())).or_default();
        let happened = Part::Occurrence(event.log.transaction_hash, *count);
        *count = count.saturating_add(1);
        let about = match &subject {
            ActionSubject::Attester(address) | ActionSubject::Rollup(address) => Part::Address(*address),
            ActionSubject::Provider(id) => Part::Number(id.get()),
            ActionSubject::Named(name) => Part::Name(name),
            // A chain's log asks for no job.
            ActionSubject::Network | ActionSubject::Job { .. } => Part::Name("network"),
        };
        let place = self.setting.at(event.contract);
        let key = EffectKey::new(kind, &place, &[about, happened]);
        self.push(Action { key, goal: Goal::Told, ..self.action(kind, event, subject, priority, why) });
    }

    /// Counts what is told by another action already, so that the rest of the transaction keeps its keys.
    pub(super) fn pass_over(&mut self, kind: ActionKind, subject: ActionSubject) {
        let count = self.counts.entry((kind, subject)).or_default();
        *count = count.saturating_add(1);
    }

    /// Plans an action whose key and goal the handler knows better.
    pub(super) fn push(&mut self, action: Action) {
        self.plans.actions.push(action);
    }

    /// An action at the contract that told of it, to be changed by its handler.
    pub(super) fn action(
        &self,
        kind: ActionKind,
        event: &Occurred,
        subject: ActionSubject,
        priority: Priority,
        why: String,
    ) -> Action {
        let place = self.setting.at(event.contract);
        Action {
            schema: Schema,
            key: EffectKey::new(kind, &place, &[]),
            kind,
            place,
            subject,
            goal: Goal::Told,
            priority,
            until: None,
            why,
            evidence: vec![Evidence::Log(event.log)],
            assurance: self.assurance,
            edits: Vec::new(),
        }
    }

    /// The key of the action that gives an attester its coinbase.
    pub(super) fn coinbase_key(&self, attester: Address, coinbase: Coinbase) -> EffectKey {
        let about = [Part::Address(attester), Part::Address(coinbase.address())];
        EffectKey::new(ActionKind::ConfigureCoinbase, &self.setting.at(self.setting.staking_registry), &about)
    }

    /// Takes the action back that gives an attester this coinbase.
    pub(super) fn retract_coinbase(&mut self, attester: Address, coinbase: Coinbase, why: &'static str) {
        let key = self.coinbase_key(attester, coinbase);
        self.plans.retractions.push(Retracted { key, why });
    }
}
