//! The closed sets behind labels: scrapers, kinds of failures, judgements.
//!
//! Every value of a set is served from the start, so that a rate over it exists before the first occurrence.

use strum::{EnumCount as _, VariantArray as _};

use butler_core::chain::SnapshotError;
use butler_core::client::error::ErrorKind;
use butler_core::domain::attester::transition::Judgement;
use butler_core::text::closed::every;

/// What a task scrapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
pub enum ScraperKind {
    /// The chain, in one snapshot.
    L1,
    /// Votes to slash, and what they decided.
    Slashing,
    /// Signals for payloads, and proposals.
    Governance,
    /// Our share of the rewards that wait.
    Rewards,
    /// The operator's Aztec nodes.
    Nodes,
    /// What these nodes saw of own attesters.
    Sentinel,
    /// What own attesters proposed and attested, by L1 alone.
    Duties,
    /// The operator's machines.
    Hosts,
}

impl ScraperKind {
    /// Every scraper.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels and logs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Why something could not be scraped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
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
    #[strum(serialize = "restless")]
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
    const BESIDE_RPC: [Self; 12] = [
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
        ErrorKind::ALL.into_iter().map(Self::Rpc).chain(Self::BESIDE_RPC)
    }

    /// The name of every kind.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::all().map(Self::name).collect()
    }

    /// The name that labels and logs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        if let Self::Rpc(kind) = self { kind.name() } else { self.into() }
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
            // Nothing answers there that belongs together.
            SnapshotError::ForeignRegistry { .. } => Self::NoContract,
            SnapshotError::Preset { source, .. } => Self::from(&**source),
            SnapshotError::Reorganised { .. } => Self::Reorganised,
        }
    }
}

/// A judgement that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum CountedJudgement {
    /// The step is a documented one.
    Documented,
    /// It is several documented ones.
    CaughtUp,
    /// It is none.
    Contradiction,
}

impl CountedJudgement {
    /// The counted form of a judgement; `None` for one that is not counted.
    #[must_use]
    pub fn of(judgement: &Judgement) -> Option<Self> {
        match judgement {
            Judgement::Unchanged => None,
            Judgement::Documented => Some(Self::Documented),
            Judgement::CaughtUp(_) => Some(Self::CaughtUp),
            Judgement::Contradiction => Some(Self::Contradiction),
        }
    }

    /// The name that labels and logs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// An end of the rollup's chain of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Tip {
    /// The newest checkpoint.
    Pending,
    /// The newest proven one.
    Proven,
}

impl Tip {
    /// The name that labels use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
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
}
