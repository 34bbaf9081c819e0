//! Rollups that were canonical once: which there are, and what of ours they still hold.
//!
//! All of it travels in the requests that a snapshot makes anyway. What a former rollup does not hold is kept in a book beside
//! the ledger, so that one with nothing of ours is asked about nothing; it is looked through again from time to time.

mod book;
mod dated;
mod holdings;
mod learnt;
mod look;
mod silence;
mod versions;

pub(super) use self::book::RollupBook;
pub(super) use self::dated::date_cut_over;
pub(super) use self::holdings::{FormerReads, Tracked};
pub(super) use self::versions::{AddressReads, VersionReads, Versions};
