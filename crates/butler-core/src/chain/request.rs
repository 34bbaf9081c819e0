//! What is asked of a snapshot, and what its reader tells meanwhile.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use crate::client::l1::BlockTag;
use crate::domain::ids::{Coinbase, ProviderId};

/// What to read.
#[derive(Debug, Clone)]
pub struct SnapshotRequest {
    /// The block.
    pub at: BlockTag,
    /// Aztec's registry of rollups.
    pub aztec_registry: Address,
    /// The registry of staking providers.
    pub staking_registry: Address,
    /// Our providers, by id.
    pub provider_ids: BTreeSet<ProviderId>,
    /// Our providers, by admin.
    pub provider_admins: BTreeSet<Address>,
    /// Whether our providers are read all the same where one of these admins has none and `provider_ids` names some. A program that
    /// goes on must not go blind when somebody takes an admin's place; a command fails, since it may be mistyped.
    pub admins_may_be_gone: bool,
    /// Attesters to track besides those of our providers: the ones in key files.
    pub attesters: BTreeSet<Address>,
    /// Coinbases whose rewards are read besides those of our delegations: the ones in key files.
    pub coinbases: BTreeSet<Coinbase>,
    /// Publishers whose balances are read.
    pub publishers: BTreeSet<Address>,
    /// Whether the queues of all other providers are read too.
    pub with_other_providers: bool,
    /// Whether proofs of own keys that wait, in our queues and in the entry queue, and were never tried are put to the staking
    /// escrow's verifier; what it said before is told in any case, and those that compete with another deposit are always tried.
    pub with_queue_proofs: bool,
    /// Whether it is asked when the last cut-over was, once and while that matters, which costs two requests: for whoever judges nodes
    /// and duties by it.
    pub with_cut_over_time: bool,
    /// The preset that all addresses and the chain id come from; an error that says that they do not fit the chain names it.
    pub preset: Option<&'static str>,
}

/// What a reader is doing, for people who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Resolving the block.
    Head,
    /// Scanning the ledger: at `block` of `last`.
    Ledger {
        /// The next block to scan.
        block: u64,
        /// The last block to scan.
        last: u64,
    },
    /// Reading contracts.
    Contracts {
        /// How many reads.
        reads: usize,
    },
    /// Logs of checkpoints are scanned.
    Checkpoints {
        /// The block that is reached.
        block: u64,
        /// The last one.
        last: u64,
    },
    /// Transactions are read.
    Transactions {
        /// How many.
        count: usize,
    },
}
