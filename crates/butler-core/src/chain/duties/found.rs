//! What was read of a span of blocks.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;

use crate::domain::duties::{Duty, Gap, KnownCheckpoint};

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct ReadDuties {
    /// The checkpoints, in the order of their logs. Those of epochs that do not matter were not read.
    pub checkpoints: Vec<KnownCheckpoint>,
    /// Why transactions of epochs that matter could not be read, by the transaction.
    pub unread: BTreeMap<H256, String>,
    /// The duties of slots that are over, in their order.
    pub duties: Vec<Duty>,
    /// Epochs in which the escape hatch was open: nobody had a duty.
    pub hatches: BTreeSet<u64>,
    /// Where a log is missing that no endpoint told.
    pub gap: Option<Gap>,
    /// How many epochs the range touches, and in how many of them one of ours was in the committee.
    pub epochs: (u64, u64),
}
