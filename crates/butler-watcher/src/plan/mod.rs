//! From what happened on the chain to what is to be done: one handler for each subject, nothing else.
//!
//! A plan is a function of the final chain, of what is ours, and of nothing else: whatever way the logs were cut into ranges,
//! read again or moved by a reorg, the same effects are planned under the same keys. Who acts, and when, is the journal's and
//! the executors' affair. Pure: no clock, no files, nothing waits.

pub mod approvals;
mod attesters;
pub mod conditions;
mod draft;
mod event;
mod known;
mod plans;
pub mod proofs;
pub mod proposals;
mod provider;
mod queued_keys;
pub mod quiet;
mod rollups;
mod setting;
mod slashing;
mod stakes;
mod term;
pub mod terms;
pub mod views;

use butler_core::domain::action::Assurance;

use self::draft::Draft;
pub use self::event::{Happened, Occurred};
pub use self::known::Known;
pub use self::plans::{Plans, Retracted};
pub use self::setting::Setting;

/// Plans what events ask for. They are whole blocks, in the chain's order, and `known` is what was known before the first of
/// them; it is brought up to the last.
#[must_use]
pub fn plan(setting: &Setting, known: &mut Known, events: &[Occurred], assurance: Assurance) -> Plans {
    let mut plans = Plans::default();
    for transaction in events.chunk_by(|one, next| one.log.transaction_hash == next.log.transaction_hash) {
        let mut draft = Draft::new(setting, assurance, &mut plans);
        for event in transaction {
            stakes::handle(&mut draft, known, event);
            provider::handle(&mut draft, known, event);
            queued_keys::handle(&mut draft, known, transaction, event);
            attesters::handle(&mut draft, known, event);
            rollups::handle(&mut draft, event);
            slashing::handle(&mut draft, event);
            known.note(setting, event);
        }
    }
    plans
}

#[cfg(test)]
mod tests;
