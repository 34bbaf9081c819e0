//! What was done to a provider of ours: by us, as far as the configuration says who we are, or by somebody else.

use butler_core::domain::action::{ActionKind, ActionSubject, Priority};
use butler_core::domain::ids::ProviderId;
use butler_core::text::address::checksummed;
use ethers_core::types::Address;

use super::draft::Draft;
use super::event::{Happened, Occurred};
use super::known::Known;
use super::setting::{Setting, Whose};

/// One thing that was done to a provider.
pub(super) struct Change {
    pub(super) kind: ActionKind,
    pub(super) provider: ProviderId,
    pub(super) priority: Priority,
    /// What, in words after the provider's name.
    pub(super) what: String,
}

/// Plans to tell what changed about one of our providers.
pub(super) fn handle(draft: &mut Draft<'_>, known: &Known, event: &Occurred) {
    if event.contract != draft.setting.staking_registry {
        return;
    }
    let Some(Change { kind, provider, priority, what }) = change(draft.setting, &event.what) else { return };
    if !draft.setting.providers.contains(&provider) {
        return;
    }
    let subject = ActionSubject::Provider(provider);
    if known.was_planned_unsaid(&event.what) {
        draft.pass_over(kind, subject);
    } else {
        draft.tell(kind, event, subject, priority, format!("provider {provider}: {what}"));
    }
}

/// What an event says was done to a provider, whoever that is.
pub(super) fn change(setting: &Setting, event: &Happened) -> Option<Change> {
    let (kind, provider, priority, what) = match event {
        Happened::KeysAdded { provider, attesters } => {
            let were = if attesters.len() == 1 { "was" } else { "were" };
            let keys = butler_core::text::time::count(attesters.len(), "key");
            let what = format!("{keys} {were} added to its queue");
            (ActionKind::KeysAdded, provider, Priority::Normal, what)
        }
        Happened::Dripped { provider, attester } => {
            let what = format!("{} was taken out of its queue by its admin", checksummed(attester));
            (ActionKind::KeyDripped, provider, Priority::High, what)
        }
        Happened::AdminChangeBegun { provider, admin } => {
            let (priority, whose) = judged(setting, *admin);
            let what = format!("{}{whose} may become its admin", checksummed(admin));
            (ActionKind::AdminChangeBegun, provider, priority, what)
        }
        Happened::AdminChanged { provider, admin } => {
            let (priority, whose) = judged(setting, *admin);
            let what = format!("{}{whose} is its admin now", checksummed(admin));
            (ActionKind::AdminChanged, provider, priority, what)
        }
        Happened::TakeRateChanged { provider, bps } => {
            let what = format!("its share of future delegations is {bps} basis points now");
            (ActionKind::TakeRateChanged, provider, Priority::High, what)
        }
        Happened::RecipientChanged { provider, recipient } => {
            let what = format!("{} receives its share of future delegations", checksummed(recipient));
            (ActionKind::RecipientChanged, provider, Priority::High, what)
        }
        Happened::Staked { .. }
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
        | Happened::SlashVetoed { .. } => return None,
    };
    Some(Change { kind, provider: *provider, priority, what })
}

/// How urgent another admin is, and what to say of who it is.
fn judged(setting: &Setting, admin: Address) -> (Priority, &'static str) {
    match setting.whose(admin) {
        Whose::Ours => (Priority::Normal, " (ours)"),
        Whose::Theirs => (Priority::Urgent, " (not one of `provider_admins`)"),
        Whose::Unknown => (Priority::High, ""),
    }
}
