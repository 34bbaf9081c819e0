//! Reading one network at one block.
//!
//! The block is resolved once; every read after that is pinned to its hash. Either everything was read and the snapshot
//! is complete, or there is an error and no snapshot. Four dependent round trips suffice when the ledger is up to date:
//! head, registries, rollup with attesters, queues with the active set.

mod at_head;
mod convicts;
mod delegation_times;
mod deposits;
mod duties;
mod error;
mod escrow;
mod exits;
mod governance;
mod ledger;
mod memo;
mod others;
mod proposers;
mod read_error;
mod reader;
mod reads;
mod refunds;
mod remedies;
mod request;
mod rollups;
mod safe;
mod slashing;
mod sources;
mod splits;
mod stages;
mod witnesses;

pub use at_head::{AtHead, BlockReadFailure};
pub use delegation_times::DelegationTimes;
pub use duties::{
    DutiesBook, DutiesRequest, Following, FormerBooks, FormerFollowing, PastRequest, ReadDuties, first_block_at,
    read_duties,
};
pub use error::{Contract, Giver, SnapshotError};
pub use governance::{GovernanceReader, GovernanceRequest};
pub use ledger::{Along, Heard, Keep, LedgerCache, LedgerKey};
pub use others::OtherQueues;
pub use proposers::{ProposersReader, ProposersRequest};
pub use reader::SnapshotReader;
pub use request::{Progress, SnapshotRequest};
pub use safe::{SafeReadError, fetch_safe, fetch_transaction_hash};
pub use slashing::{NetworkSlashingReader, SlashingReader, SlashingRequest};
pub use sources::{EventSources, event_sources};
