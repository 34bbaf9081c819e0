//! What the watcher remembers: how far it read, what is to be done, and what was done.
//!
//! [`Journal`] is what the rest of the watcher sees, [`Keeper`] keeps it on this machine's disk: live state in sled, and beside it a
//! history of sealed lines, which says what was acknowledged and from which the state can be made again. A process that is killed at
//! any instruction, and a disk that fills up or loses its power, lose nothing that was acknowledged.

mod api;
mod check;
mod disk;
mod entry;
mod error;
mod history;
mod image;
mod keeper;
mod lists;
mod op;
mod opening;
mod pages;
mod request;
mod rules;
mod schema;
mod settings;
mod steps;
mod survey;
mod transfer;

pub use self::api::Journal;
pub use self::check::Checked;
pub use self::disk::anchor::folder_of as anchor_folder;
pub use self::disk::store::Durability;
pub use self::entry::{
    Counts, Cursor, Entry, Finished, Known, LaneCounts, LaneStatus, Lease, Leased, Standing, Status, Work,
};
pub use self::error::JournalError;
pub use self::keeper::Keeper;
pub use self::op::{Line, Mark, Op, Sealed};
pub use self::pages::each_live;
pub use self::request::{
    BATCH_LIMIT, BODY_LIMIT, Batch, Claim, Committed, CursorMove, Decision, Fulfilment, JobClaim, Keep, NAME_LIMIT,
    NextNumber, Note, Outcome, Page, Plan, Query, REASON_LIMIT, Renewal, Retraction, Settled, Settlement, Verdict,
};
pub(crate) use self::rules::millis;
pub use self::rules::{Clock, Rules, SystemClock, random};
pub use self::schema::JOURNAL_SCHEMA;
pub use self::settings::Settings;
pub use self::survey::Survey;
pub use self::transfer::export::EXPORT_VERSION;

use std::path::{Path, PathBuf};

/// Where the journal is kept, below the watcher's folder.
#[must_use]
pub fn journal_directory(state_directory: &Path) -> PathBuf {
    state_directory.join("journal")
}

#[cfg(test)]
mod tests;
