//! What would give an attester whose coinbase is contradicted the right one: written into its files, or loaded from them.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, ActionKind, EffectKey, Goal, Part, Place, Priority};
use butler_core::domain::attester::delegation::Delegation;
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_core::text::address::checksummed;
use ethers_core::types::Address;

use super::contradiction::Contradiction;
use super::telling::{Telling, action, parts};

/// A delegation: whose coinbase it is that an attester must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delegated {
    /// Our provider.
    pub provider_id: ProviderId,
    /// The rollup that was staked for.
    pub rollup: Address,
}

/// The keys of what gives an attester whose coinbase is contradicted the right one: the effect that its delegation asked for, and the same
/// once more for this contradiction, where that is over.
#[must_use]
pub fn mend_keys(attester: Address, one: &Contradiction, place: &Place) -> [EffectKey; 2] {
    let [who, what, since] = parts(attester, one);
    let key = |about: &[Part<'_>]| EffectKey::new(ActionKind::ConfigureCoinbase, place, about);
    [key(&[who, what]), key(&[who, what, since])]
}

/// The action that gives it the right one.
#[must_use]
pub fn mend(
    key: EffectKey,
    attester: Address,
    one: &Contradiction,
    delegated: Delegated,
    telling: &Telling<'_>,
) -> Action {
    let Delegated { provider_id, rollup } = delegated;
    let why = format!(
        "provider {provider_id}: {} proposed with {} in slot {}, its node needs the coinbase {}",
        checksummed(&attester),
        checksummed(&one.first.coinbase),
        one.first.slot,
        one.right
    );
    let goal = Goal::CoinbaseConfigured { provider_id, rollup, coinbase: one.right };
    let kind = ActionKind::ConfigureCoinbase;
    Action { key, goal, ..action(kind, attester, Priority::Urgent, why, &one.first, telling) }
}

/// The keys of what has the nodes load files that are right, of this contradiction: one for each time that it was told to be worse.
#[must_use]
pub fn load_keys(attester: Address, one: &Contradiction, place: &Place) -> Vec<EffectKey> {
    let [who, what, since] = parts(attester, one);
    let key = |rung| EffectKey::new(ActionKind::ConfigureCoinbase, place, &[who, what, since, Part::Number(rung)]);
    one.rungs().map(key).collect()
}

/// The action that has the nodes load files that are right.
#[must_use]
pub fn load(
    key: EffectKey,
    attester: Address,
    one: &Contradiction,
    delegated: Delegated,
    telling: &Telling<'_>,
) -> Action {
    let Delegated { provider_id, rollup } = delegated;
    let why = format!(
        "provider {provider_id}: {} proposed with {} in slot {}, though every file has the coinbase {}: its node needs to load them",
        checksummed(&attester),
        checksummed(&one.last.coinbase),
        one.last.slot,
        one.right
    );
    let goal = Goal::CoinbaseLoaded { provider_id, rollup, coinbase: one.right };
    Action { key, goal, ..action(ActionKind::ConfigureCoinbase, attester, Priority::Urgent, why, &one.last, telling) }
}

/// The delegation of each attester whose coinbase is one of these.
#[must_use]
pub fn delegated(delegations: &[Delegation]) -> BTreeMap<(Address, Coinbase), Delegated> {
    let of = |one: &Delegation| {
        ((one.attester, one.coinbase), Delegated { provider_id: one.provider_id, rollup: one.rollup })
    };
    delegations.iter().map(of).collect()
}
