//! The closed sets behind labels: scrapers, kinds of failures, judgements.
//!
//! Every value of a set is served from the start, so that a rate over it exists before the first occurrence.

use butler_core::client::error::ErrorKind;
use butler_core::domain::transition::Judgement;
use butler_core::snapshot::SnapshotError;

/// What a task scrapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScraperKind {
    /// The chain, in one snapshot.
    L1,
    /// The operator's Aztec nodes.
    Nodes,
    /// Votes to slash, and what they decided.
    Slashing,
    /// Signals for payloads, and proposals.
    Governance,
    /// What these nodes saw of own attesters.
    Sentinel,
    /// The operator's machines.
    Hosts,
    /// Our share of the rewards that wait.
    Rewards,
}

impl ScraperKind {
    /// Every scraper.
    pub const ALL: [Self; 7] =
        [Self::L1, Self::Slashing, Self::Governance, Self::Rewards, Self::Nodes, Self::Sentinel, Self::Hosts];

    /// The name that labels and logs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Nodes => "nodes",
            Self::Slashing => "slashing",
            Self::Governance => "governance",
            Self::Sentinel => "sentinel",
            Self::Hosts => "hosts",
            Self::Rewards => "rewards",
        }
    }
}

/// Why something could not be scraped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// What an endpoint or a node did instead of answering.
    Rpc(ErrorKind),
    /// No contract, or another one, at an address.
    NoContract,
    /// A contract that lacks a function.
    Unsupported,
    /// A contract's answer that cannot be.
    Nonsense,
    /// A log that does not decode.
    Ledger,
    /// A configured provider or admin that is not registered.
    UnknownProvider,
    /// The chain moved away under the snapshot, time and again.
    Reorganised,
    /// The scrape took longer than it may.
    Deadline,
    /// A figure that does not fit.
    Overflow,
    /// The network's clients could not be built.
    Setup,
    /// A file of the program's own could not be written.
    LocalFile,
    /// There is no recent snapshot that says what is ours.
    NoSnapshot,
    /// A host's name leads elsewhere.
    WrongAddress,
}

impl FailureKind {
    const OWN: [Self; 12] = [
        Self::NoContract,
        Self::Unsupported,
        Self::Nonsense,
        Self::Ledger,
        Self::UnknownProvider,
        Self::Reorganised,
        Self::Deadline,
        Self::Overflow,
        Self::Setup,
        Self::LocalFile,
        Self::NoSnapshot,
        Self::WrongAddress,
    ];

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        ErrorKind::ALL.into_iter().map(Self::Rpc).chain(Self::OWN)
    }

    /// The name that labels and logs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpc(kind) => kind.name(),
            Self::NoContract => "no_contract",
            Self::Unsupported => "unsupported",
            Self::Nonsense => "nonsense",
            Self::Ledger => "ledger",
            Self::UnknownProvider => "unknown_provider",
            Self::Reorganised => "restless",
            Self::Deadline => "deadline",
            Self::Overflow => "overflow",
            Self::Setup => "setup",
            Self::LocalFile => "local_file",
            Self::NoSnapshot => "no_snapshot",
            Self::WrongAddress => "wrong_address",
        }
    }
}

impl From<&SnapshotError> for FailureKind {
    fn from(error: &SnapshotError) -> Self {
        match error {
            SnapshotError::Rpc(error) => Self::Rpc(error.failure.kind()),
            SnapshotError::NoContract { .. } => Self::NoContract,
            SnapshotError::Unsupported { .. } => Self::Unsupported,
            SnapshotError::Nonsense { giver: Some(_), .. } => Self::Rpc(ErrorKind::Malformed),
            SnapshotError::Nonsense { giver: None, .. } => Self::Nonsense,
            SnapshotError::Ledger(_) => Self::Ledger,
            SnapshotError::UnknownProvider(_) | SnapshotError::UnknownAdmin(_) => Self::UnknownProvider,
            SnapshotError::Restless { .. } => Self::Reorganised,
        }
    }
}

/// The judgements that are counted.
pub const JUDGEMENTS: [&str; 3] = ["documented", "caught_up", "contradiction"];

/// The label of a judgement; `None` for one that is not counted.
#[must_use]
pub fn judgement_name(judgement: &Judgement) -> Option<&'static str> {
    match judgement {
        Judgement::Unchanged => None,
        Judgement::Documented => Some("documented"),
        Judgement::CaughtUp(_) => Some("caught_up"),
        Judgement::Contradiction => Some("contradiction"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_kinds_share_a_name() {
        let names: BTreeSet<_> = FailureKind::all().map(FailureKind::name).collect();
        assert_eq!(names.len(), FailureKind::all().count());
    }

    #[test]
    fn every_counted_judgement_is_listed() {
        let judgements =
            [Judgement::Documented, Judgement::CaughtUp(Vec::new()), Judgement::Contradiction, Judgement::Unchanged];
        let names: Vec<_> = judgements.iter().filter_map(judgement_name).collect();
        assert_eq!(names, JUDGEMENTS);
    }
}
