//! The journal as the rest of the watcher sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use butler_core::domain::action::{EffectKey, ShortKey};
use serde_json::Value;

use super::check::Checked;
use super::entry::{Cursor, Entry, Known, LaneStatus, Lease, Leased, Status};
use super::error::JournalError;
use super::op::{Line, Mark, Sealed};
use super::request::{
    Batch, Claim, Committed, JobClaim, NextNumber, Page, Query, Renewal, Settled, Settlement, Verdict,
};

/// What was planned, is being done and was done; durable before anything is answered.
///
/// Every call blocks, and is one transaction: it takes as a whole or not at all. Whatever is repeated because its answer was lost either
/// changes nothing or is refused with a conflict. Actions are known by their effect keys, and time is the store's own. After
/// [`JournalError::Io`], [`Corrupt`](JournalError::Corrupt) or [`Stopped`](JournalError::Stopped) it must be opened again.
pub trait Journal: Send + Sync + fmt::Debug {
    /// Moves a cursor and plans, drops and notes what comes with it.
    ///
    /// # Errors
    /// `CursorConflict` when the cursor is elsewhere; `Full` before anything was begun.
    fn commit(&self, batch: &Batch) -> Result<Committed, JournalError>;

    /// Hands out the most urgent actions that are due, within the hourly budgets; takes back leases that ran out before.
    ///
    /// # Errors
    /// `Full` before anything was begun.
    fn claim(&self, ask: &Claim) -> Result<Vec<Leased>, JournalError>;

    /// Hands out jobs of pipelines that are due, as far as their queues have a place; clears away what ran out before, and parks jobs whose
    /// deadline has passed.
    ///
    /// # Errors
    /// `Full` before anything was begun.
    fn claim_jobs(&self, ask: &JobClaim) -> Result<Vec<Leased>, JournalError>;

    /// Every queue that has live jobs.
    ///
    /// # Errors
    /// The store cannot be read.
    fn lanes(&self) -> Result<BTreeMap<String, LaneStatus>, JournalError>;

    /// Takes back every lease as if it had run out; answers how many. For whoever begins, and knows that nobody else is at work.
    ///
    /// # Errors
    /// `Full` before anything was begun.
    fn take_back(&self) -> Result<usize, JournalError>;

    /// Makes a lease last longer, and an intent durable.
    ///
    /// # Errors
    /// `LostLease` when somebody else may act: then nothing may be done any more.
    fn renew(&self, lease: &Lease, renewal: &Renewal) -> Result<Lease, JournalError>;

    /// Says how tries and looks ended; each on its own, in one transaction.
    ///
    /// # Errors
    /// `Full` before anything was begun.
    fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Settled>, JournalError>;

    /// Says how tries and looks ended, and commits what follows from that, in one transaction: `then` gets what became of them.
    ///
    /// # Errors
    /// Those of `settle` and `commit`; nothing took then, and what `then` remembers is of no use.
    fn settle_then(
        &self,
        settlements: &[Settlement],
        then: &mut dyn FnMut(&[Settled]) -> Batch,
    ) -> Result<(Vec<Settled>, Committed), JournalError>;

    /// Everything that is kept under names that begin so.
    ///
    /// # Errors
    /// The store cannot be read.
    fn kept(&self, begin: &str) -> Result<BTreeMap<String, Value>, JournalError>;

    /// Carries out what a person decided; answers the action as it is then.
    ///
    /// # Errors
    /// `VersionConflict` when it changed since it was shown, `Absent` when it is not live, `Life` when its phase does not allow it.
    fn decide(&self, verdict: &Verdict) -> Result<Entry, JournalError>;

    /// Carries out what a person decided on several actions, in one transaction: each as [`decide`](Self::decide) does, on its own.
    ///
    /// # Errors
    /// `Full` before anything was begun. Why one of them was not decided on is in its place of the answer.
    fn decide_all(&self, verdicts: &[Verdict]) -> Result<Vec<Result<Entry, JournalError>>, JournalError>;

    /// Actions, page by page.
    ///
    /// # Errors
    /// The store cannot be read.
    fn read(&self, query: &Query) -> Result<Page, JournalError>;

    /// What is known of one key.
    ///
    /// # Errors
    /// The store cannot be read.
    fn look_up(&self, key: &EffectKey) -> Result<Option<Known>, JournalError>;

    /// The first of the actions that a short key may stand for, those that are over last.
    ///
    /// # Errors
    /// The store cannot be read.
    fn beginning(&self, short: &ShortKey, most: usize) -> Result<Vec<Known>, JournalError>;

    /// Where a cursor is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn cursor(&self, name: &str) -> Result<Option<Cursor>, JournalError>;

    /// How far something is counted; 0 before the first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn counter(&self, name: &str) -> Result<u64, JournalError>;

    /// Makes durable how far something is counted that no lease is about. One that is there already, or further, stays.
    ///
    /// # Errors
    /// `Full` before anything was begun.
    fn count(&self, numbers: &[NextNumber]) -> Result<(), JournalError>;

    /// The journal in figures, without looking at every action.
    ///
    /// # Errors
    /// The store cannot be read.
    fn status(&self) -> Result<Status, JournalError>;

    /// Up to `limit` lines of the history after a line.
    ///
    /// # Errors
    /// The history cannot be read.
    fn history(&self, after: u64, limit: usize) -> Result<Vec<Line>, JournalError>;

    /// Up to `limit` lines of the history after a line, as they are kept.
    ///
    /// # Errors
    /// The history cannot be read.
    fn sealed(&self, after: u64, limit: usize) -> Result<Sealed, JournalError>;

    /// Looks at every record and every line of the history.
    ///
    /// # Errors
    /// Something cannot be read at all. What is wrong with what can be read is in the answer.
    fn verify(&self) -> Result<Checked, JournalError>;

    /// Writes everything that is live, and every key that is done, as lines of JSON; answers where the history stood.
    ///
    /// # Errors
    /// The store cannot be read or `to` not be written.
    fn export(&self, to: &mut dyn io::Write) -> Result<Mark, JournalError>;
}
