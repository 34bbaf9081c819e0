//! Another rollup is the canonical one, or a rollup has another slasher.

use butler_core::domain::action::{Action, ActionKind, ActionSubject, EffectKey, Part, Priority};
use butler_core::text::address::checksummed;

use super::draft::Draft;
use super::event::{Happened, Occurred};

/// Plans to tell of a cut-over, once for each rollup, and of a slasher's change.
pub(super) fn handle(draft: &mut Draft<'_>, event: &Occurred) {
    match &event.what {
        Happened::RollupChanged { rollup, version } => {
            let why = format!("the rollup {} (version {version}) is the canonical one", checksummed(rollup));
            let subject = ActionSubject::Rollup(*rollup);
            let action = draft.action(ActionKind::RollupChanged, event, subject, Priority::Urgent, why);
            let key = EffectKey::new(ActionKind::RollupChanged, &action.place, &[Part::Address(*rollup)]);
            draft.push(Action { key, ..action });
        }
        Happened::SlasherChanged { old, new } => {
            let (from, to) = (checksummed(old), checksummed(new));
            let why = format!("the rollup {} has the slasher {to}, before {from}", checksummed(&event.contract));
            let subject = ActionSubject::Rollup(event.contract);
            draft.tell(ActionKind::SlasherChanged, event, subject, Priority::High, why);
        }
        Happened::Staked { .. }
        | Happened::KeysAdded { .. }
        | Happened::Dripped { .. }
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
        | Happened::SlashingPaused { .. }
        | Happened::SlashVetoed { .. } => {}
    }
}
