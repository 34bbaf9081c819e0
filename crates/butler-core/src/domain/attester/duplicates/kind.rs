//! The closed list of duplicates, and the table that says which two places on chain make which of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use DuplicateKind as Kind;
use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

/// A kind of place on chain. An attester may be in one of them, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChainPlace {
    OwnQueue,
    OtherQueue,
    EntryQueue,
    ActiveSet,
    Exiting,
    Zombie,
    History,
}

/// What is there twice. Every pair of places that excludes each other has its own kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DuplicateKind {
    /// Twice in our providers' queues.
    OwnQueueTwice,
    /// In our provider's queue and in another provider's.
    OwnQueueAndOtherQueue,
    /// In our provider's queue, and already deposited.
    OwnQueueAndEntryQueue,
    /// In our provider's queue, and already active.
    OwnQueueAndActiveSet,
    /// In our provider's queue, and on its way out.
    OwnQueueAndExiting,
    /// In our provider's queue, and slashed out.
    OwnQueueAndZombie,
    /// In our provider's queue, and was active once: it can never be activated again.
    OwnQueueAndHistory,
    /// Twice in other providers' queues.
    OtherQueueTwice,
    /// In another provider's queue, and already deposited.
    OtherQueueAndEntryQueue,
    /// In another provider's queue, and already active.
    OtherQueueAndActiveSet,
    /// In another provider's queue, and on its way out.
    OtherQueueAndExiting,
    /// In another provider's queue, and slashed out.
    OtherQueueAndZombie,
    /// In another provider's queue, and was active once.
    OtherQueueAndHistory,
    /// Deposited twice: the second deposit will fail.
    EntryQueueTwice,
    /// Deposited, and already active: the deposit will fail.
    EntryQueueAndActiveSet,
    /// Deposited, and on its way out.
    EntryQueueAndExiting,
    /// Deposited, and slashed out.
    EntryQueueAndZombie,
    /// Deposited, and was active once: the deposit will fail.
    EntryQueueAndHistory,
    /// Listed twice as active, which the contract's set excludes: doubt the node.
    ActiveSetTwice,
    /// Listed as active, and on its way out by its view: doubt the node.
    ActiveSetAndExiting,
    /// Listed as active, and slashed out by its view: doubt the node.
    ActiveSetAndZombie,
    /// Listed as active, and gone by its view: doubt the node.
    ActiveSetAndHistory,
    /// An attester twice in one key file.
    KeyFileTwice,
    /// An attester in several key files, where the operator does not run replicas.
    SeveralKeyFiles,
    /// Key files name different coinbases for one attester.
    ConflictingCoinbase,
    /// One key file names a coinbase for an attester, and another has the attester without any.
    PartialCoinbase,
    /// A publisher on several servers: they will use the same nonces.
    SharedPublisher,
    /// One BLS key for different attesters: only the first can be activated.
    SharedBlsKey,
}

/// Which kind two places on chain make. A place beside itself means: there twice. Exiting, zombie and history exclude
/// each other because they are answers of one view.
pub(super) const CHAIN_PAIRS: [(ChainPlace, ChainPlace, Kind); 22] = {
    use ChainPlace::{ActiveSet, EntryQueue, Exiting, History, OtherQueue, OwnQueue, Zombie};
    [
        (OwnQueue, OwnQueue, Kind::OwnQueueTwice),
        (OwnQueue, OtherQueue, Kind::OwnQueueAndOtherQueue),
        (OwnQueue, EntryQueue, Kind::OwnQueueAndEntryQueue),
        (OwnQueue, ActiveSet, Kind::OwnQueueAndActiveSet),
        (OwnQueue, Exiting, Kind::OwnQueueAndExiting),
        (OwnQueue, Zombie, Kind::OwnQueueAndZombie),
        (OwnQueue, History, Kind::OwnQueueAndHistory),
        (OtherQueue, OtherQueue, Kind::OtherQueueTwice),
        (OtherQueue, EntryQueue, Kind::OtherQueueAndEntryQueue),
        (OtherQueue, ActiveSet, Kind::OtherQueueAndActiveSet),
        (OtherQueue, Exiting, Kind::OtherQueueAndExiting),
        (OtherQueue, Zombie, Kind::OtherQueueAndZombie),
        (OtherQueue, History, Kind::OtherQueueAndHistory),
        (EntryQueue, EntryQueue, Kind::EntryQueueTwice),
        (EntryQueue, ActiveSet, Kind::EntryQueueAndActiveSet),
        (EntryQueue, Exiting, Kind::EntryQueueAndExiting),
        (EntryQueue, Zombie, Kind::EntryQueueAndZombie),
        (EntryQueue, History, Kind::EntryQueueAndHistory),
        (ActiveSet, ActiveSet, Kind::ActiveSetTwice),
        (ActiveSet, Exiting, Kind::ActiveSetAndExiting),
        (ActiveSet, Zombie, Kind::ActiveSetAndZombie),
        (ActiveSet, History, Kind::ActiveSetAndHistory),
    ]
};

impl DuplicateKind {
    /// Every kind, for zero-filled counts.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that reports, labels and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for DuplicateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
