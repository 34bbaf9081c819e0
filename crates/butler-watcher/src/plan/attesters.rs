//! What became of our attesters on a rollup: queued, let in, refunded, slashed, left.
//!
//! Whoever leaves needs no coinbase any more, and a delegation whose deposit was refunded none of its own: what was planned for it and not
//! begun is taken back.

use butler_core::domain::action::{ActionKind, ActionSubject, Priority};
use butler_core::text::address::checksummed;
use butler_core::text::amount::amount;
use ethers_core::types::U256;

use super::draft::Draft;
use super::event::{Happened, Occurred};
use super::known::Known;

/// Decimals that amounts are told with.
const DIGITS: usize = 2;

/// Plans to tell what a rollup says of an attester of ours.
pub(super) fn handle(draft: &mut Draft<'_>, known: &Known, event: &Occurred) {
    let tokens = |units: U256| format!("{} tokens", amount(units, DIGITS));
    let (kind, attester, priority, what) = match &event.what {
        Happened::Queued { attester, withdrawer } => {
            let what = format!("entered the entry queue; its withdrawer is {}", checksummed(withdrawer));
            (ActionKind::DepositQueued, attester, Priority::Normal, what)
        }
        Happened::Accepted { attester } => {
            (ActionKind::DepositAccepted, attester, Priority::Normal, "was let in".to_owned())
        }
        Happened::Refunded { attester, withdrawer, .. } => {
            let what = format!("was refused, and its stake went back to {}", checksummed(withdrawer));
            (ActionKind::DepositRefunded, attester, Priority::High, what)
        }
        Happened::Slashed { attester, amount } => {
            let what = format!("was slashed by {}", tokens(*amount));
            (ActionKind::Slashed, attester, Priority::Urgent, what)
        }
        Happened::ExitByWithdrawer { attester, recipient, amount } => {
            let what = format!("leaves: its withdrawer sends {} to {}", tokens(*amount), checksummed(recipient));
            (ActionKind::ExitByWithdrawer, attester, Priority::High, what)
        }
        Happened::ExitByAttester { attester, withdrawer, amount } => {
            let to = checksummed(withdrawer);
            let what = format!("began its own exit with its own key: {} wait for its withdrawer {to}", tokens(*amount));
            (ActionKind::ExitByAttester, attester, Priority::Urgent, what)
        }
        Happened::ExitFinalized { attester, recipient, amount } => {
            let what = format!("has left: {} went to {}", tokens(*amount), checksummed(recipient));
            (ActionKind::ExitFinalized, attester, Priority::Normal, what)
        }
        Happened::Staked { .. }
        | Happened::KeysAdded { .. }
        | Happened::Dripped { .. }
        | Happened::AdminChangeBegun { .. }
        | Happened::AdminChanged { .. }
        | Happened::TakeRateChanged { .. }
        | Happened::RecipientChanged { .. }
        | Happened::RollupChanged { .. }
        | Happened::SlasherChanged { .. }
        | Happened::SlashingPaused { .. }
        | Happened::SlashVetoed { .. } => return,
    };
    if !known.is_ours(draft.setting, *attester) {
        return;
    }
    let why = format!("{} {what} at the rollup {}", checksummed(attester), checksummed(&event.contract));
    draft.tell(kind, event, ActionSubject::Attester(*attester), priority, why);
    if let Happened::Refunded { splits, .. } = &event.what {
        // A stranger can deposit our key, too, and the event does not say whose deposit it was: the state does.
        for coinbase in splits {
            draft.retract_coinbase(*attester, *coinbase, "the deposit of its delegation was refunded");
        }
    }
    match kind {
        ActionKind::ExitFinalized => {
            for (_, coinbase) in known.delegations(*attester) {
                draft.retract_coinbase(*attester, *coinbase, "the attester has left");
            }
        }
        ActionKind::ConfigureCoinbase
        | ActionKind::ReloadKeystore
        | ActionKind::AddKeys
        | ActionKind::CreateProvider
        | ActionKind::SetTakeRate
        | ActionKind::SetRecipient
        | ActionKind::Drip
        | ActionKind::AcceptAdmin
        | ActionKind::FundPublishers
        | ActionKind::ProposalChanged
        | ActionKind::CoinbaseProven
        | ActionKind::CoinbaseContradicted
        | ActionKind::ApprovalNeeded
        | ActionKind::KeysAdded
        | ActionKind::KeyDripped
        | ActionKind::AdminChangeBegun
        | ActionKind::AdminChanged
        | ActionKind::TakeRateChanged
        | ActionKind::RecipientChanged
        | ActionKind::DepositQueued
        | ActionKind::DepositAccepted
        | ActionKind::DepositRefunded
        | ActionKind::QueuedKeyTaken
        | ActionKind::Slashed
        | ActionKind::ExitByWithdrawer
        | ActionKind::ExitByAttester
        | ActionKind::RollupChanged
        | ActionKind::SlasherChanged
        | ActionKind::SlashingPaused
        | ActionKind::SlashVetoed
        | ActionKind::ConditionBegan
        | ActionKind::ConditionEnded
        | ActionKind::RunJob => {}
    }
}
