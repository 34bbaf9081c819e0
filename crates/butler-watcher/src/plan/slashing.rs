//! What a slasher says of itself. Whom it slashes the rollup tells (`attesters`), and who is about to be is a condition.

use butler_core::domain::action::{ActionKind, ActionSubject, Priority};
use butler_core::text::address::checksummed;
use butler_core::text::time::moment;

use super::draft::Draft;
use super::event::{Happened, Occurred};

/// Plans to tell that slashing rests, or that a slash was stopped.
pub(super) fn handle(draft: &mut Draft<'_>, event: &Occurred) {
    let slasher = checksummed(&event.contract);
    match &event.what {
        Happened::SlashingPaused { until } => {
            let until = u64::try_from(*until).map_or_else(|_| "further notice".to_owned(), moment);
            let why = format!("the slasher {slasher} slashes nobody until {until}");
            draft.tell(ActionKind::SlashingPaused, event, ActionSubject::Network, Priority::Normal, why);
        }
        Happened::SlashVetoed { payload } => {
            let why = format!("the vetoer of the slasher {slasher} stopped the slash {}", checksummed(payload));
            draft.tell(ActionKind::SlashVetoed, event, ActionSubject::Network, Priority::Normal, why);
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
        | Happened::RollupChanged { .. }
        | Happened::SlasherChanged { .. } => {}
    }
}
