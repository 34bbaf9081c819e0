//! A delegation took a key of ours: from now on its node must have the split as coinbase.

use butler_core::domain::action::{ActionKind, ActionSubject, Goal, Priority};
use butler_core::domain::attester::coinbase::CoinbasePolicy;
use butler_core::text::address::checksummed;

use super::draft::Draft;
use super::event::{Happened, Occurred};
use super::known::Known;

/// Plans the coinbase of a delegation through one of our providers.
pub(super) fn handle(draft: &mut Draft<'_>, known: &Known, event: &Occurred) {
    let Happened::Staked { provider, rollup, attester, coinbase: Some(coinbase) } = &event.what else { return };
    if event.contract != draft.setting.staking_registry || !draft.setting.providers.contains(provider) {
        return;
    }
    // With a coinbase of the operator's own no delegation asks for another one; one that lacks it is a condition.
    match draft.setting.policies.of(Some(*provider)) {
        CoinbasePolicy::OwnAddress => return,
        CoinbasePolicy::Split => {}
    }
    let again = if known.delegations(*attester).is_empty() { "" } else { ", once more" };
    let why = format!(
        "provider {provider}: {} was staked{again}, its node needs the coinbase {coinbase}",
        checksummed(attester)
    );
    let subject = ActionSubject::Attester(*attester);
    let action = draft.action(ActionKind::ConfigureCoinbase, event, subject, Priority::Urgent, why);
    draft.push(butler_core::domain::action::Action {
        key: draft.coinbase_key(*attester, *coinbase),
        goal: Goal::CoinbaseConfigured { provider_id: *provider, rollup: *rollup, coinbase: *coinbase },
        until: draft.setting.next_epoch(*rollup, event.time),
        ..action
    });
}
