//! One action of a round: what was approved, what was begun for it, and its lease.

use std::time::Duration;

use butler_core::domain::action::{Action, Phase, Proposal};

use super::record::Begun;
use crate::journal::{Journal, JournalError, Lease, Leased, Renewal};

/// How long a lease lasts from each step on: some requests, each with its deadline.
pub(super) const LEASE: Duration = Duration::from_secs(900);

/// An action whose owners are asked, or were.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) action: Action,
    pub(super) lease: Lease,
    pub(super) begun: Option<Begun>,
    /// Whether it was begun before, and is looked at.
    pub(super) is_look: bool,
    /// Whether what was begun for it is of another version of this program.
    pub(super) is_strange: bool,
}

impl Item {
    pub(super) fn of(leased: Leased) -> Self {
        let Leased { entry, lease } = leased;
        let record = entry.standing.intent.as_ref();
        let begun = Begun::of(record);
        let is_strange = begun.is_none() && Begun::is_any(record);
        let is_look = entry.standing.phase == Phase::Verifying;
        Self { action: entry.action, lease, begun, is_look, is_strange }
    }

    /// What was approved.
    pub(super) fn proposal(&self) -> Option<&Proposal> {
        self.action.proposal()
    }

    /// Makes durable what was begun, or what is known of it; whether it may be. Blocks.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub(super) fn intend(&mut self, journal: &dyn Journal, begun: Begun) -> Result<bool, JournalError> {
        let renewal = Renewal { lease: LEASE, intent: Some(begun.record()), number: None };
        match journal.renew(&self.lease, &renewal) {
            Ok(lease) => (self.lease, self.begun) = (lease, Some(begun)),
            Err(JournalError::LostLease { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}
