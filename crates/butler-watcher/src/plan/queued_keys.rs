//! A key that waits in a queue of ours was registered by somebody else: the delegation that takes it from us would fail.

use butler_core::domain::action::{ActionKind, ActionSubject, Priority};
use butler_core::text::address::checksummed;

use super::draft::Draft;
use super::event::{Happened, Occurred};
use super::known::Known;

/// Plans to tell of a deposit of a waiting key that no delegation of ours made. The rollup tells the deposit before the
/// registry tells the delegation, in one transaction.
pub(super) fn handle(draft: &mut Draft<'_>, known: &Known, transaction: &[Occurred], event: &Occurred) {
    let Happened::Queued { attester, withdrawer } = &event.what else { return };
    if !known.is_waiting(*attester) {
        return;
    }
    let is_our_stake = |other: &Occurred| {
        let Happened::Staked { provider, rollup, attester: staked, .. } = &other.what else { return false };
        other.contract == draft.setting.staking_registry
            && other.log > event.log
            && *rollup == event.contract
            && staked == attester
            && draft.setting.providers.contains(provider)
    };
    if transaction.iter().any(is_our_stake) {
        return;
    }
    let why = format!(
        "{} waits in a queue of ours and was deposited by somebody else, whose withdrawer is {}: the delegation that takes it \
         would come back",
        checksummed(attester),
        checksummed(withdrawer)
    );
    draft.tell(ActionKind::QueuedKeyTaken, event, ActionSubject::Attester(*attester), Priority::High, why);
}
