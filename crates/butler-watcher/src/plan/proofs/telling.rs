//! What is needed to tell of proofs, and what all that is told of them has in common.

use std::collections::BTreeMap;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Place, Priority, Schema,
};
use butler_core::domain::duties::SeenProposal;
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::Address;

use super::contradiction::Contradiction;
use super::remedy::Remedy;
use crate::plan::conditions::shortened;

/// What is needed to tell of proofs.
#[derive(Debug)]
pub struct Telling<'a> {
    /// The chain and registry.
    pub place: Place,
    /// How many endpoints say it.
    pub assurance: Assurance,
    /// The clock of the rollup.
    pub clock: RollupClock,
    /// What would mend each attester whose coinbase is contradicted.
    pub remedies: &'a BTreeMap<Address, Remedy>,
}

/// What a contradiction is known by: who, the coinbase that is right, and since when.
pub(super) fn parts(attester: Address, one: &Contradiction) -> [Part<'static>; 3] {
    [Part::Address(attester), Part::Address(one.right.address()), Part::Number(one.id)]
}

/// A proposal as what something rests on.
pub(super) fn evidence(one: &SeenProposal) -> Evidence {
    Evidence::Proposal { slot: one.slot, transaction: one.transaction, block_number: one.block }
}

/// An action of this kind that only tells; whoever makes it gives it its key.
pub(super) fn action(
    kind: ActionKind,
    attester: Address,
    priority: Priority,
    why: String,
    by: &SeenProposal,
    telling: &Telling<'_>,
) -> Action {
    Action {
        schema: Schema,
        key: EffectKey::new(kind, &telling.place, &[]),
        kind,
        place: telling.place,
        subject: ActionSubject::Attester(attester),
        goal: Goal::Told,
        priority,
        until: None,
        why: shortened(why),
        evidence: vec![evidence(by)],
        assurance: telling.assurance,
        edits: Vec::new(),
    }
}
